"""What becomes of a message whose decision failed, and of an actor that fails again and again.

The message goes to the dead letters. If a timer of an emergency sent it, that is set again as well:
an alarm must not stand still until an operator comes. The state of an actor that failed often is
not trusted any more: it is loaded anew from what is written, and whoever watches it tells the
people concerned.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import trio

from actors.runtime.loading import reload
from actors.runtime.outcome import Outcome, SetTimer
from protocol.entries import encode_message
from protocol.errors import Code, Refusal
from protocol.events.system import SystemActorRestarted
from protocol.internal.faults import ActorRestarted
from protocol.limits import (
    DEAD_LETTER_BYTES_MAX,
    EMERGENCY_AGAIN_S,
    FAILURE_WINDOW_S,
    FAILURES_BEFORE_RELOAD,
)
from protocol.messages import Message
from protocol.records.runtime import DeadLetter

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


def _has_caller(message: Message) -> bool:
    """Whether somebody asked for it, who was told and may have asked again."""
    return message.hops == 0 and message.timer is None


def outcome_of_failure(actor: Actor, message: Message, failure: str, now: datetime) -> Outcome:
    """What follows from a message whose decision failed: its dead letter, and 500 with its id."""
    payload = encode_message(message)
    whole = len(payload) <= DEAD_LETTER_BYTES_MAX
    letter = DeadLetter(
        message_id=message.id,
        actor_type=actor.address.kind,
        actor_id=actor.address.id,
        command=type(message.command).__name__,
        error=failure[:2000],
        payload=payload if whole else b"",
        replayable=whole and message.origin is None and not _has_caller(message),
        at=now,
    )
    actor.generation.counts.dead_letters += 1
    refusal = Refusal(
        Code.INTERNAL, f"this failed and was recorded as {message.id}; tell the operator"
    )
    return Outcome(reply=refusal, appends=(letter,), timers=_again(message, now))


def _again(message: Message, now: datetime) -> tuple[SetTimer, ...]:
    """The timer of an emergency, set anew; by the third time its actor has been loaded anew."""
    if message.timer is None or not message.command.emergency:
        return ()
    name, _ = message.timer
    return (SetTimer(name, now + timedelta(seconds=EMERGENCY_AGAIN_S), message.command),)
