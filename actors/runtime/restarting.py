"""What becomes of an actor that fails again and again: its state is not trusted any more.

It is loaded anew from what is written, and whoever watches over it tells the people concerned.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import trio

from actors.runtime.loading import reload
from protocol.events.system import SystemActorRestarted
from protocol.internal.faults import ActorRestarted
from protocol.limits import FAILURE_WINDOW_S, FAILURES_BEFORE_RELOAD
from protocol.messages import Message

if TYPE_CHECKING:
    from actors.runtime.actor import Actor


async def count_failure(actor: Actor, failure: str) -> None:
    """The third failure within a minute: the actor's state is not trusted, load it anew."""
    now = trio.current_time()
    actor.failures = actor.failures or deque(maxlen=10)
    actor.failed_at = actor.failed_at or deque(maxlen=FAILURES_BEFORE_RELOAD)
    actor.failures.append(failure[:500])
    actor.failed_at.append(now)
    full = len(actor.failed_at) == FAILURES_BEFORE_RELOAD
    if full and now - actor.failed_at[0] <= FAILURE_WINDOW_S:
        actor.failed_at.clear()
        if await reload(actor):
            _tell(actor, failure, trio.current_time() - now)


def restarted(command: ActorRestarted) -> SystemActorRestarted:
    """What owners hear of it; no command was lost by it."""
    return SystemActorRestarted(
        actor_type=command.actor_type,
        actor_id=command.actor_id,
        reason=command.reason,
        restarts=command.restarts,
        recovered_ms=command.recovered_ms,
        lost_commands=0,
    )


def _tell(actor: Actor, failure: str, took_s: float) -> None:
    """Have it told. The name of the exception must do: its text may quote personal data."""
    generation = actor.generation
    told = ActorRestarted(
        actor_type=actor.address.kind.value,
        actor_id=str(actor.address.id),
        reason=failure.partition("(")[0][:100],
        restarts=actor.restarts,
        recovered_ms=round(took_s * 1000),
    )
    message = Message(
        id=generation.ports.ids.fresh(),
        target=actor.behaviour.watched_by(actor.state),
        command=told,
        at=generation.now(),
    )
    # Its word of itself is durable once the watcher has it; a crash before that restarts all.
    generation.deliver(message, actor.position)
