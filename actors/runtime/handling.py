"""How one message is handled: checked, decided, written, applied, passed on.

A decision that raises is a bug, harmless to state because nothing was mutated. Its caller is told,
the message goes to the dead letters, its saga is taken back, and the actor goes on.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import structlog
import trio

from actors.runtime.answers import ActorUnavailable, Answer
from actors.runtime.containing import Bug, contained, contained_now
from actors.runtime.drafting import Draft
from actors.runtime.inspection import Handled
from actors.runtime.keys import answer_from
from actors.runtime.loading import leave_out, take_in
from actors.runtime.mailbox import Envelope
from actors.runtime.outcome import Context, Outcome
from actors.runtime.restarting import count_failure, outcome_of_failure
from actors.runtime.telling import with_notices
from protocol.entries import Entry, encode_entry
from protocol.errors import Code, LastLightError, Refusal
from protocol.internal.forgetting import ForgetFiredTimers
from protocol.internal.sagas import SagaRefused
from protocol.journal import CommitLost, JournalFull, Urgency
from protocol.limits import (
    ENTRY_BYTES_MAX,
    MAILBOX_AGE_MAX_S,
)
from protocol.messages import KeyScope, Origin
from protocol.replies.base import Done

if TYPE_CHECKING:
    from actors.runtime.actor import Actor

log = structlog.get_logger(__name__)
_AGAIN_S = 0.5
"""Between two tries at a message; an emergency that comes meanwhile waits no longer than this."""


class EntryTooLong(Exception):
    """An outcome is over ENTRY_BYTES_MAX. It is a bug of its decision, and nothing is done."""


async def handle(actor: Actor, envelope: Envelope) -> None:
    """Handle one message, whatever it is and whatever becomes of it."""
    started = actor.last_used = trio.current_time()
    generation = actor.generation
    message = envelope.message
    if envelope.withdrawn or _expired(envelope, started):
        generation.counts.expired += 1
        assert envelope.reply is not None
        envelope.reply.give(ActorUnavailable(actor.address, "did not come to this in time"))
        return
    if message.timer is not None and not _still_set(actor, message.timer):
        return
    envelope.begun = True
    if envelope.position > actor.position:
        actor.position = envelope.position
    now = generation.now()
    try:
        if envelope.scope is None:
            # Most messages have no key, and each coroutine that nobody needs costs a little.
            result = await _decide(actor, envelope, now)
        else:
            result = await _handle_once(actor, envelope, envelope.scope, now)
    except CommitLost:
        # The node resets and tells everyone who waits; a pending send comes back by itself.
        envelope.begun = False
        return
    except LastLightError as error:
        envelope.begun = False
        await _could_not_begin(actor, envelope, error)
        return
    actor.remember(
        Handled(
            command=type(message.command).__name__,
            at=now,
            waited_ms=(started - envelope.enqueued_at) * 1000,
            took_ms=(trio.current_time() - started) * 1000,
            result=result,
        )
    )


def _expired(envelope: Envelope, now: float) -> bool:
    if envelope.reply is None or envelope.emergency:
        return False
    late = envelope.deadline is not None and now > envelope.deadline
    return late or now - envelope.enqueued_at > MAILBOX_AGE_MAX_S


def _still_set(actor: Actor, timer: tuple[str, datetime]) -> bool:
    """Whether the timer was not cancelled or set anew since it was sent."""
    known = actor.timers.get(timer[0])
    return known is not None and known.fired_at is None and known.due_at == timer[1]


async def _handle_once(actor: Actor, envelope: Envelope, scope: KeyScope, now: datetime) -> str:
    stored = await _stored_answer(actor, scope, now)
    if stored is not None:
        _answer(actor, envelope, stored)
        return stored.refusal.code.value if stored.refusal else "replayed"
    return await _decide(actor, envelope, now)


async def _stored_answer(actor: Actor, scope: KeyScope, now: datetime) -> Answer | None:
    """What the idempotency key of a command says, if it has been used."""
    verdict = actor.keys.verdict(scope, now)
    if isinstance(verdict, tuple):
        key = (actor.address.kind, actor.address.id, *verdict)
        stored = await actor.generation.ports.loader.answer(key)
        if stored is None:
            # The database was away for longer than answers are kept here, and is behind.
            raise ActorUnavailable(actor.address, "waits for an old answer to reach the database")
        return answer_from(stored)
    if isinstance(verdict, Refusal):
        return Answer(status=verdict.status, refusal=verdict)
    return verdict


async def _decide(actor: Actor, envelope: Envelope, now: datetime) -> str:
    message = envelope.message
    failure: str | None = None
    outcome = contained_now(_decision, actor, envelope, now)
    if isinstance(outcome, Outcome) and _lacks_cursors(actor, outcome):
        brought = await contained(partial(_bring_cursors, actor, outcome))
        outcome = outcome if brought is None else brought
    drafted = (
        outcome
        if isinstance(outcome, Bug)
        else contained_now(_draft, actor, envelope, outcome, now)
    )
    if isinstance(drafted, Bug):
        failure = repr(drafted.error)
        log.error(
            "decision_failed",
            actor=str(actor.address),
            message=str(message.id),
            exc_info=drafted.error,
        )
        outcome = outcome_of_failure(actor, message, failure, now)
        drafted = _draft(actor, envelope, outcome, now)
    assert isinstance(outcome, Outcome)
    commit(actor, envelope, *drafted)
    if failure is not None:
        await count_failure(actor, failure)
        return "failed"
    return outcome.reply.code.value if isinstance(outcome.reply, Refusal) else "ok"


def _decision(actor: Actor, envelope: Envelope, now: datetime) -> Outcome:
    message = envelope.message
    command = message.command
    generation = actor.generation
    decide = actor.behaviour.decisions.get(type(command))
    if decide is None:
        # What every actor knows how to take, unless it has a decision of its own.
        if isinstance(command, SagaRefused):
            return Outcome(reply=command.refusal)
        if isinstance(command, ForgetFiredTimers):
            return Outcome(reply=Done(), timers=actor.fired_before(command.before))
    if not actor.state.exists and type(command) not in actor.behaviour.founded_by:
        return Outcome(
            reply=Refusal(Code.NOT_FOUND, f"there is no {actor.address.kind.value} of this id")
        )
    assert decide is not None, f"{actor.address} has no decision for {type(command).__name__}"
    context = Context(
        now=now,
        principal=message.principal,
        address=actor.address,
        message_id=message.id,
        fresh_id=generation.ports.ids.fresh,
        shared=lambda address: generation.shared(address, actor),
        expected_version=envelope.expected_version,
        in_saga=envelope.reply is not None or message.origin is not None,
        provenance=message.provenance,
    )
    decision = decide(actor.state, command, context)
    if isinstance(decision, Refusal):
        return Outcome(reply=decision)
    by = None if message.principal is None else message.principal.user_id
    return with_notices(decision, by) if decision.events else decision


def _lacks_cursors(actor: Actor, outcome: Outcome) -> bool:
    """Whether an outcome speaks in a room whose cursor is not here; hardly any does."""
    knows = actor.generation.rooms.knows
    return bool(outcome.events) and any(
        event.durable and not all(map(knows, event.rooms)) for event in outcome.events
    )


async def _bring_cursors(actor: Actor, outcome: Outcome) -> None:
    """Have the cursors of all rooms that an outcome speaks in.

    Raises:
        LastLightError: a cursor can't be read. Nothing happened.
    """
    rooms = actor.generation.rooms
    spoken_in = {room for event in outcome.events if event.durable for room in event.rooms}
    # While one cursor is read, another may be forgotten with the actor that retires.
    while missing := tuple(room for room in spoken_in if not rooms.knows(room)):
        await rooms.ensure(missing)


def _draft(
    actor: Actor, envelope: Envelope, outcome: Outcome, now: datetime
) -> tuple[Draft, bytes]:
    """The draft of an outcome, the cursors of whose rooms are here, and its entry's bytes.

    Raises:
        EntryTooLong: the outcome is more than an entry may hold. Nothing happened.
    """
    message = envelope.message
    origin = message.origin or Origin(
        address=actor.address,
        message_id=message.id,
        status=envelope.status,
        scope=envelope.scope,
    )
    draft = actor.drafter.draft(message, outcome, now=now, origin=origin)
    return draft, b"" if draft.entry is None else _encoded(actor, draft.entry)


def _encoded(actor: Actor, entry: Entry) -> bytes:
    """The entry as it is journaled; what can't be has no numbers in its rooms either."""
    fits = False
    try:
        data = encode_entry(entry)
        if len(data) > ENTRY_BYTES_MAX:
            raise EntryTooLong(f"{actor.address} would write {len(data)} bytes at once")
        fits = True
    finally:
        if not fits:
            actor.generation.rooms.take_back(entry.events)
    return data


def commit(actor: Actor, envelope: Envelope, draft: Draft, data: bytes) -> None:
    """Append the draft's entry, which is `data` in bytes, and make it so.

    Raises:
        JournalFull: nothing happened.
        CommitLost: nothing happened, and the node resets.
    """
    generation = actor.generation
    entry = draft.entry
    if entry is not None:
        try:
            position = generation.append(data, _urgency(envelope), actor.address)
        except (JournalFull, CommitLost):
            generation.rooms.take_back(entry.events)
            raise
        actor.position = position
        if entry.events:
            generation.rooms.written(entry.events, position)
        for event in draft.urgent:
            generation.ports.publisher.publish_urgent(event)
        take_in(actor, entry.changes)
        leave_out(actor, entry.removes)
        generation.applied(actor, entry)
    for event in draft.fleeting:
        generation.publish(event, actor.position)
    if draft.begins and envelope.reply is not None:
        actor.waiting[envelope.message.id] = envelope.reply
    elif draft.answer is not None:
        _answer(actor, envelope, draft.answer, ends=draft)


def _answer(actor: Actor, envelope: Envelope, answer: Answer, ends: Draft | None = None) -> None:
    reply = envelope.reply
    if ends is not None and ends.ends is not None:
        reply = actor.waiting.pop(ends.ends, None)
    if reply is not None:
        give = reply.give
        actor.generation.gate.pass_out(actor.position, lambda: give(answer))


def _urgency(envelope: Envelope) -> Urgency:
    if envelope.emergency:
        return Urgency.EMERGENCY
    return Urgency.COMMAND if envelope.reply is not None else Urgency.INTERNAL


async def _could_not_begin(actor: Actor, envelope: Envelope, error: LastLightError) -> None:
    """Nothing was done: a command's caller is told; anything else keeps its place in line."""
    if envelope.reply is not None:
        envelope.reply.give(error)
        return
    log.warning("message_waits", actor=str(actor.address), reason=str(error))
    actor.put_back(envelope)
    await trio.sleep(_AGAIN_S)
