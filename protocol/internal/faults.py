"""What the runtime says of its own troubles."""

from __future__ import annotations

from protocol.commands import Command, command


@command
class ActorRestarted(Command):
    """Runtime → venue or platform: an actor was loaded anew, after failing again and again."""

    actor_type: str
    actor_id: str
    reason: str
    restarts: int
    recovered_ms: int
