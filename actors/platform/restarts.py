"""What the owners of everything hear of actors that belong to no venue."""

from __future__ import annotations

from actors.platform.house_settings import to_owners
from actors.platform.state import PlatformState
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.runtime.restarting import restarted
from actors.runtime.telling import tell
from protocol.internal.faults import ActorRestarted


@decides(ActorRestarted)
def decide_actor_restarted(
    state: PlatformState, command: ActorRestarted, context: Context
) -> Decision:
    """Tell the owners."""
    return Outcome(events=(to_owners(tell(restarted(command))),))
