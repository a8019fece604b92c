"""Everything happens in its time and once: timers as they were set, and what rules say is due.

Two looks at one thing. Each timer that was written fires at or after its time, soon, and once. And
whatever set it to which time, what waits by the rules waits no longer than they say.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

import attrs

from protocol.addresses import Address
from protocol.entries import Entry
from protocol.records.base import Record
from protocol.records.money import Transaction
from protocol.records.money_states import PaymentStatus, TransactionStatus
from protocol.records.payments import Payment
from protocol.records.platform import ActorTimer
from protocol.records.runtime import DeadLetter
from protocol.records.safety import Incident, Intervention
from protocol.records.states import SessionStatus
from protocol.records.venues import Venue
from protocol.records.visits import Session
from tests.simulation.clients import entry_of
from tests.simulation.clocks import KeepingClock
from tests.simulation.faults import was_planted
from tests.simulation.night import Night
from tests.simulation.oracle.alarms import Alarms
from tests.simulation.oracle.deadlines import (
    DEADLINES,
    LEADS,
    MINUTE,
    rest_over_at,
    taken_on_by,
    ticked_by,
)
from tests.simulation.oracle.dues import LATE_MAX, Due, Dues

UNPAID: Final = 60 * MINUTE
"""Rule 11; what the bank works on is waited for."""
CANCELLED_WITHIN: Final = 10 * MINUTE
"""The provider is asked first, and again, each time later, while it says nothing."""


@attrs.define(eq=False)
class Timely:
    """What is due, as far as the journal is read."""

    dues: Dues
    read: int = 0
    timers: dict[tuple[Any, ...], ActorTimer] = attrs.field(factory=dict)
    zones: dict[UUID, ZoneInfo] = attrs.field(factory=dict)
    payments: dict[UUID, Payment] = attrs.field(factory=dict)
    unpaid: dict[UUID, Transaction] = attrs.field(factory=dict)
    visits: set[UUID] = attrs.field(factory=set)
    cases: dict[UUID, Intervention] = attrs.field(factory=dict)
    """The last case of each visit."""
    since: dict[tuple[UUID, object], datetime] = attrs.field(factory=dict)
    """When a case came to a level, or a guest to rest."""
    alarms: Alarms = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.alarms = Alarms(self.dues)

    def go_on(self, night: Night) -> None:
        """Read what was written since the last time, and look at what stands."""
        history = night.world.disk.known()
        for data in history[self.read :]:
            self._take(entry_of(data))
        self.read = len(history)
        self.dues.judge_all(night.now)

    def _take(self, entry: Entry) -> None:
        for row in entry.appends:
            if isinstance(row, DeadLetter) and was_planted(row):
                self.dues.note_raised(Address(row.actor_type, row.actor_id), entry.at)
        for table, key in entry.removes:
            self.dues.put((table, *key), None, entry.at)
            if table == Session.table.name:
                self._over(key[0], entry.at)
            if table == ActorTimer.table.name:
                self.timers.pop(key, None)
        for row in (*entry.changes, *entry.appends):
            self._look(row, entry)

    def _look(self, row: Record, entry: Entry) -> None:
        table, now, whose = row.table.name, entry.at, entry.actor.id
        if isinstance(row, ActorTimer):
            self._timer(row, now)
        elif isinstance(row, Venue):
            self.zones[row.id] = ZoneInfo(row.tz)
        elif isinstance(row, Incident):
            self.alarms.take(row, now)
        elif isinstance(row, Intervention):
            self._case(row, now)
        elif isinstance(row, (Payment, Transaction)):
            self._payment(row, now, whose)
        elif isinstance(row, Session):
            self._visit(row, now)
        elif (rule := DEADLINES.get(table)) is not None:
            zone = self.zones.get(getattr(row, "venue_id", None) or whose)
            at = rule(row, now, zone)
            lead = LEADS.get(table, timedelta())
            due = None if at is None else _due(at, now, whose, row, lead=lead)
            self.dues.put((table, *row.primary_key), due, now)

    def _timer(self, row: ActorTimer, now: datetime) -> None:
        """A timer was set, or it fired."""
        key = row.primary_key
        before = self.timers.get(key)
        if row.fired_at is not None:
            assert before is not None, f"{row} fired and was never set"
            assert before.fired_at is None, f"{row} fired twice"
            assert row.fired_at >= row.due_at, f"{row} fired before its time"
        self.timers[key] = row
        fired = row.fired_at is not None
        due = None if fired else _due(row.due_at, now, row.actor_id, row)
        self.dues.put((ActorTimer.table.name, *key), due, now)

    def _visit(self, row: Session, now: datetime) -> None:
        """A guest is here, rests, or has gone."""
        self.visits.add(row.id)
        # Who can't pay for a first block rests from the moment at which they came.
        since = self.since.setdefault((row.id, (row.status, row.status_since)), now)
        rest_over = rest_over_at(row, since)
        due = None if rest_over is None else _due(rest_over, now, row.id, row)
        self.dues.put(("rest", row.id), due, now)
        tick = ticked_by(row, now)
        # Whatever is done to a visit, a meter that was made to raise waits for the operator.
        ticked = self.since.setdefault((row.id, f"charged {row.meter['charged_until']}"), now)
        due = None if tick is None else Due(at=tick, whose=row.id, what=row, excused_since=ticked)
        self.dues.put(("tick", row.id), due, now)
        if row.status is SessionStatus.CLOSING:
            self._over(row.id, now)

    def _case(self, row: Intervention, now: datetime) -> None:
        """Somebody has to see to a guest, for as long as they are here."""
        since = self.since.setdefault((row.id, row.level), now)
        self.cases[row.session_id] = row
        at = taken_on_by(row, since) if row.session_id in self.visits else None
        due = None if at is None else Due(at=at, whose=row.session_id, what=row)
        self.dues.put((Intervention.table.name, row.id), due, now)

    def _over(self, session_id: UUID, now: datetime) -> None:
        """A guest is out: what is left of a case waits for management, and has no time."""
        self.visits.discard(session_id)
        self.dues.put(("rest", session_id), None, now)
        self.dues.put(("tick", session_id), None, now)
        if (case := self.cases.get(session_id)) is not None:
            self.dues.put((Intervention.table.name, case.id), None, now)

    def _payment(self, row: Payment | Transaction, now: datetime, whose: UUID) -> None:
        """Rule 11: what nobody pays is void after an hour."""
        if isinstance(row, Payment):
            self.payments[row.id] = row
            waiting = [one for one in self.unpaid.values() if one.payment_id == row.id]
        else:
            waiting = [row]
        for one in waiting:
            pending = one.status is TransactionStatus.PENDING
            if pending:
                self.unpaid[one.id] = one
            else:
                self.unpaid.pop(one.id, None)
            payment = None if one.payment_id is None else self.payments.get(one.payment_id)
            under_way = payment is not None and payment.status is PaymentStatus.PROCESSING
            due = None
            if pending and not under_way:
                due = _due(one.occurred_at + UNPAID, now, whose, one, late_max=CANCELLED_WITHIN)
            self.dues.put(("unpaid", one.id), due, now)


def _due(
    at: datetime,
    now: datetime,
    whose: UUID,
    what: object,
    *,
    late_max: timedelta = LATE_MAX,
    lead: timedelta = timedelta(),
) -> Due:
    """What is due by a rule, looked at now.

    Its time may be over; a message that was made to raise since that time may be why, or one of
    the timer before the one that counts, which comes so much sooner.
    """
    return Due(at=max(at, now), whose=whose, what=what, late_max=late_max, excused_since=at - lead)


_TIMELY: Final[WeakKeyDictionary[Night, Timely]] = WeakKeyDictionary()


def assert_all_is_in_time(night: Night) -> None:
    """To be asked when all is written down."""
    clock = night.world.clock
    assert isinstance(clock, KeepingClock)
    if night not in _TIMELY:
        _TIMELY[night] = Timely(Dues(clock))
    _TIMELY[night].go_on(night)
