"""When each thing that waits has waited long enough, by the rules: one row of a table says it.

A row looks at a thing as it was just written and names what has to happen to it and when; None if
nothing has to. Where settings may shorten a time the longest that nights choose is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from protocol.records.ledger import BusinessDay
from protocol.records.money import CreditGrant, CreditHold
from protocol.records.money_states import CreditSource, HoldStatus
from protocol.records.runtime import PlannedSettings
from protocol.records.safety import Intervention
from protocol.records.staff import StaffShift, StaffTask
from protocol.records.states import (
    Activity,
    InterventionStatus,
    ReservationKind,
    ReservationStatus,
    SessionStatus,
    ShiftStatus,
    TaskPriority,
    TaskStatus,
)
from protocol.records.venues import Reservation
from protocol.records.visits import Session
from tests.simulation.oracle.days import end_of_day

MINUTE: Final = timedelta(minutes=1)
PAUSED: Final = 45 * MINUTE
AUTO_PAUSED: Final = 30 * MINUTE
EXHAUSTED: Final = 10 * MINUTE
HELD_AHEAD: Final = 15 * MINUTE
NO_SHOW: Final = 15 * MINUTE
AFTER_CUTOVER: Final = 60 * MINUTE
OVERDUE: Final = 5 * MINUTE
TAKEN_ON: Final = {2: 5 * MINUTE, 3: 2 * MINUTE, 4: 1 * MINUTE}
"""Rule 7: by level, until when somebody has taken a case on."""
BATCH: Final = 2 * MINUTE
"""Whoever tells of a rest late may have more to tell, such as its end."""
BY_THE_MINUTE: Final = (Activity.LOUNGE, Activity.ARCADE_TIME)


def rest_over_at(row: Session, since: datetime) -> datetime | None:
    """Rule 2: who rests for too long is out; `since` is when it was written that they rest.

    What a device tells late counts from before. What the system says counts from then.
    """
    match row.status:
        case SessionStatus.PAUSED if row.cause is None:
            over = row.status_since + PAUSED
        case SessionStatus.PAUSED:
            return since + (EXHAUSTED if row.cause == "exhausted" else PAUSED)
        case SessionStatus.AUTO_PAUSED:
            over = row.status_since + AUTO_PAUSED
        case _:
            return None
    return over if row.status_since == since else max(over, since + BATCH)


def ticked_by(row: Session, now: datetime) -> datetime | None:
    """Rule 3: a tick takes what is due before what is held ahead is over."""
    ticks = row.status is SessionStatus.ACTIVE and row.activity in BY_THE_MINUTE
    return now + HELD_AHEAD if ticks else None


def _booking(row: Reservation, _now: datetime, zone: ZoneInfo | None) -> datetime | None:
    """Rule 14: nobody came; or the night is over for those in line."""
    if row.status is ReservationStatus.CONFIRMED and row.pending is None:
        return row.during.start + NO_SHOW
    if row.status is ReservationStatus.REQUESTED and row.kind is ReservationKind.WAITLIST and zone:
        return end_of_day(row.created_at, zone)
    return None


def _shift(row: StaffShift, _now: datetime, zone: ZoneInfo | None) -> datetime | None:
    """Rules 5 and 13: a forgotten shift needs review when its day closes."""
    at_work = row.status in (ShiftStatus.OPEN, ShiftStatus.ON_BREAK)
    return end_of_day(row.started_at, zone) + AFTER_CUTOVER if at_work and zone else None


def _day(row: BusinessDay, _now: datetime, _zone: ZoneInfo | None) -> datetime | None:
    """Rule 5: a day closes by itself."""
    return row.ends_at + AFTER_CUTOVER if row.z_number is None else None


def _hold(row: CreditHold, _now: datetime, _zone: ZoneInfo | None) -> datetime | None:
    """What is put aside expires by itself."""
    return row.expires_at if row.status is HoldStatus.OPEN else None


def _lot(row: CreditGrant, _now: datetime, _zone: ZoneInfo | None) -> datetime | None:
    """Rule 4: bonus may end; paid credit does not."""
    ends = row.source is CreditSource.BONUS and row.remaining_minor > 0
    return row.expires_at if ends else None


def _task(row: StaffTask, _now: datetime, _zone: ZoneInfo | None) -> datetime | None:
    """Rule 13: what is urgent and overdue is told to others."""
    urgent = row.priority in (TaskPriority.HIGH, TaskPriority.CRITICAL)
    over = row.status in (TaskStatus.DONE, TaskStatus.CANCELLED)
    if not urgent or over or row.due_at is None or row.overdue_level > 0:
        return None
    return row.due_at + OVERDUE


def taken_on_by(row: Intervention, since: datetime) -> datetime | None:
    """Rule 7: whom nobody looks after is told to more people; `since` is when it became so bad."""
    waits = row.status is InterventionStatus.OPEN and row.tier == 0 and row.level in TAKEN_ON
    return since + TAKEN_ON[row.level] if waits else None


def _planned(row: PlannedSettings, _now: datetime, _zone: ZoneInfo | None) -> datetime | None:
    """Settings come into force at their time."""
    return row.effective_at


Rule = Callable[[Any, datetime, ZoneInfo | None], datetime | None]
DEADLINES: Final[Mapping[str, Rule]] = {
    Reservation.table.name: _booking,
    StaffShift.table.name: _shift,
    BusinessDay.table.name: _day,
    CreditHold.table.name: _hold,
    CreditGrant.table.name: _lot,
    StaffTask.table.name: _task,
    PlannedSettings.table.name: _planned,
}
"""By table: until when a row may stay as it is, by the zone of its house."""
LEADS: Final[Mapping[str, timedelta]] = {
    Reservation.table.name: NO_SHOW,
    StaffShift.table.name: AFTER_CUTOVER,
    BusinessDay.table.name: AFTER_CUTOVER,
    StaffTask.table.name: OVERDUE,
}
"""By table: how long before that its first timer fires, which sets the one that counts."""
