"""From a decision to one journal entry: what is written, what is sent on, what is answered.

Nothing here takes effect. The runtime appends the draft's entry, and only if the journal takes it
does the actor's state change and do its messages leave; so a decision happens whole or not at all.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import attrs
import msgspec

from actors.runtime.answers import Answer
from actors.runtime.chains import FreshId, next_steps, taking_back
from actors.runtime.keys import STORED_REFUSALS, Keys
from actors.runtime.outcome import LATER, CancelTimer, Event, Outcome, SetTimer
from actors.runtime.rooms import RoomCursors
from protocol.addresses import Address
from protocol.codec import to_json
from protocol.entries import Entry, RoomEvent
from protocol.errors import Refusal
from protocol.messages import KeyScope, Message, Origin
from protocol.ownership import may_write
from protocol.records.base import Record
from protocol.records.platform import ActorTimer, IdempotencyKey

Removal = tuple[str, tuple[Any, ...]]


@attrs.define(eq=False, kw_only=True)
class Draft:
    """What one message leads to. `entry` is None if nothing is to be written."""

    entry: Entry | None
    answer: Answer | None
    """For whoever waits at this actor."""
    ends: UUID | None
    """The message that began the saga which `answer` ends."""
    begins: bool
    """Whether a saga begins here, whose answer comes later."""
    fleeting: tuple[RoomEvent, ...]
    """Ephemeral events: not in the entry, and out with it."""
    urgent: tuple[RoomEvent, ...]
    """Unnumbered copies of the entry's urgent events: out before it is durable."""


@attrs.define(eq=False, kw_only=True)
class Drafter:
    """Makes the drafts of one actor."""

    address: Address
    keys: Keys
    timers: dict[str, ActorTimer]
    rooms: RoomCursors
    fresh_id: FreshId

    def draft(self, message: Message, outcome: Outcome, *, now: datetime, origin: Origin) -> Draft:
        """Everything that follows from one decided message.

        Args:
            message: what was decided.
            outcome: the decision; a refusal comes as its `reply`.
            now: the time of the decision.
            origin: of the message; or what it would be of a saga that begins here, with the status
                and the key of the request.

        Raises:
            ChainTooLong: the sends would make a chain longer than HOPS_MAX.
        """
        at_home = origin.address == self.address
        refusal = outcome.reply if isinstance(outcome.reply, Refusal) else None
        answer = _answer_of(outcome, origin.status)
        assert at_home or refusal or answer is None, (
            f"{self.address} answers {type(message.command).__name__}, sent to {origin.address}"
        )
        begins = message.origin is None and outcome.reply is LATER
        ends = at_home and answer is not None
        chain = origin if begins or (message.origin is not None and not ends) else None
        sends = next_steps(
            self.address, message, outcome.sends, chain, now=now, fresh_id=self.fresh_id
        )
        if refusal is not None:
            told = None if at_home else origin
            sends += taking_back(message, refusal, told, now=now, fresh_id=self.fresh_id)
        key = self._key(origin.scope, now, answer if ends else None) if begins or ends else None
        forgotten = None
        if ends and key is None and origin.scope and self.keys.stored(origin.scope):
            forgotten = origin.scope
        fleeting: tuple[RoomEvent, ...] = ()
        if outcome.events:
            fleeting = tuple(_unnumbered(e, self.fresh_id(), now) for e in _fleeting(outcome))
        # Last, because it gives numbers in rooms: what fails before that leaves no gap.
        entry = self._entry(message, outcome, sends, key, forgotten, now)
        return Draft(
            entry=entry,
            answer=answer if at_home else None,
            ends=origin.message_id if ends and message.origin is not None else None,
            begins=begins,
            fleeting=fleeting,
            urgent=_urgent_copies(outcome, entry) if entry is not None and entry.events else (),
        )

    def _key(
        self, scope: KeyScope | None, now: datetime, answer: Answer | None
    ) -> IdempotencyKey | None:
        """The key's row: in progress without an answer; none for answers that are not kept."""
        if scope is None:
            return None
        if answer is not None and answer.refusal and answer.status not in STORED_REFUSALS:
            return None
        return self.keys.row(scope, now, answer)

    def _entry(
        self,
        message: Message,
        outcome: Outcome,
        sends: tuple[Message, ...],
        key: IdempotencyKey | None,
        forgotten: KeyScope | None,
        now: datetime,
    ) -> Entry | None:
        handed_on = message.hops > 0 or message.timer is not None
        if not (outcome.writes or sends or key or forgotten or handed_on):
            return None
        for record in (*outcome.changes, *outcome.removes, *outcome.appends):
            assert may_write(self.address.kind, record.table.name), (
                f"{self.address} writes {record.table.name}, which is not its own"
            )
        changes: list[Record] = [*outcome.changes]
        if key is not None:
            changes.append(key)
        removes: list[Removal] = [
            (record.table.name, record.primary_key) for record in outcome.removes
        ]
        if forgotten is not None and (row := self.keys.stored(forgotten)) is not None:
            removes.append((IdempotencyKey.table.name, row))
        if outcome.timers or message.timer is not None:
            self._draft_timers(message, outcome, now, changes, removes)
        return Entry(
            actor=self.address,
            at=now,
            cause=message.id,
            changes=tuple(changes),
            removes=tuple(removes),
            appends=outcome.appends,
            events=tuple(self._numbered(e, now) for e in outcome.events if e.durable),
            sends=sends,
        )

    def _draft_timers(
        self,
        message: Message,
        outcome: Outcome,
        now: datetime,
        changes: list[Record],
        removes: list[Removal],
    ) -> None:
        touched = {timer.name for timer in outcome.timers}
        if message.timer is not None and message.timer[0] not in touched:
            fired = self.timers[message.timer[0]]
            changes.append(fired.revised(fired_at=now))
        for timer in outcome.timers:
            known = self.timers.get(timer.name)
            match timer:
                case SetTimer():
                    row = self._timer(timer, 1 if known is None else known.version + 1)
                    if not _is_set(known, row, message):
                        changes.append(row)
                case CancelTimer() if known is not None:
                    removes.append((ActorTimer.table.name, known.primary_key))

    def _timer(self, timer: SetTimer, version: int) -> ActorTimer:
        return ActorTimer(
            actor_type=self.address.kind,
            actor_id=self.address.id,
            name=timer.name,
            due_at=timer.due_at,
            payload={
                "command": type(timer.command).__name__,
                "data": msgspec.to_builtins(timer.command),
            },
            fired_at=None,
            version=version,
        )

    def _numbered(self, event: Event, now: datetime) -> RoomEvent:
        rooms = tuple((room, self.rooms.next(room)) for room in event.rooms)
        return _told_in(rooms, event, self.fresh_id(), now)


def _answer_of(outcome: Outcome, status: int) -> Answer | None:
    if outcome.reply is None or outcome.reply is LATER:
        return None
    if isinstance(outcome.reply, Refusal):
        return Answer(status=outcome.reply.status, refusal=outcome.reply)
    return Answer(
        status=outcome.status or status,
        body=to_json(outcome.reply),
        version=getattr(outcome.reply, "version", None),
    )


def _is_set(known: ActorTimer | None, row: ActorTimer, message: Message) -> bool:
    """Whether a timer stands as it is to be set: then there is nothing to write.

    What tells at most once a second sets its timer with everything there is to tell.
    """
    return (
        known is not None
        and known.fired_at is None
        and known.due_at == row.due_at
        and known.payload == row.payload
        and (message.timer is None or message.timer[0] != row.name)
    )


def _unnumbered(event: Event, id_: UUID, now: datetime) -> RoomEvent:
    return _told_in(tuple((room, None) for room in event.rooms), event, id_, now)


def _told_in(
    rooms: tuple[tuple[str, int | None], ...], event: Event, id_: UUID, now: datetime
) -> RoomEvent:
    return RoomEvent(
        id=id_,
        type=event.type,
        venue_id=event.venue_id,
        occurred_at=now,
        data=event.data,
        rooms=rooms,
        version=event.version,
        hide_from=event.hide_from,
    )


def _fleeting(outcome: Outcome) -> tuple[Event, ...]:
    return tuple(event for event in outcome.events if not event.durable)


def _urgent_copies(outcome: Outcome, entry: Entry) -> tuple[RoomEvent, ...]:
    durable = (event for event in outcome.events if event.durable)
    return tuple(
        attrs.evolve(numbered, rooms=tuple((room, None) for room, _ in numbered.rooms))
        for event, numbered in zip(durable, entry.events, strict=True)
        if event.urgent
    )
