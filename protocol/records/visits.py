"""Venue Operations: a patron's visit, from check-in to the row that is kept.

Rows belong to the session actor; `session_history` takes the place of `sessions` when it ends.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from protocol.records.base import Record, Table, Unique, record
from protocol.records.states import (
    OPEN_SESSION,
    Activity,
    CheckOutCause,
    SafetyCheckKind,
    SafetyCheckResponse,
    SegmentMode,
    SessionStatus,
)
from protocol.records.values import Json


@record(
    Table(
        name="sessions",
        key=("id",),
        unique=(Unique(("user_id",), where=(("status", OPEN_SESSION),)),),
        tenant="venue_id",
    )
)
class Session(Record):
    """A visit that is not over. One open per user over all venues (Rule 2).

    `charged_minor` is what was posted for time, `held_minor` what is reserved for it; `cause`
    says why the status is what it is (such as exhausted), `ended_at` when the meter stopped.
    `geofence` and `meter` are the session's own notes: fixes under consideration, ticks taken.
    """

    id: UUID
    venue_id: UUID
    user_id: UUID
    display_name: str
    status: SessionStatus
    activity: Activity
    zone: str | None = None
    station_id: UUID | None = None
    party_size: int = 1
    business_day: date
    started_at: datetime
    status_since: datetime
    ended_at: datetime | None = None
    cause: str | None = None
    paused_ms: int = 0
    pauses_used: int = 0
    safety_level: int = 0
    held_minor: int = 0
    hold_id: UUID | None = None
    charged_minor: int = 0
    reservation_id: UUID | None = None
    assisted: bool = False
    note: str | None = None
    table_name: str | None = None
    geofence: Json | None = None
    meter: Json | None = None
    deadline_at: datetime | None = None
    version: int = 1


@record(
    Table(
        name="session_segments",
        key=("id",),
        unique=(Unique(("session_id", "seq")),),
        tenant="venue_id",
    )
)
class SessionSegment(Record):
    """A metered interval `[started_at, ended_at)` with its rate frozen at the start (Rule 3).

    `active_ms` and `charge_minor` are given when it ends. `user_id` is here because the rule on
    who reads a segment names it.
    """

    id: UUID
    session_id: UUID
    venue_id: UUID
    user_id: UUID
    seq: int
    activity: Activity
    station_id: UUID | None
    rate_minor_per_h: int
    mode: SegmentMode
    started_at: datetime
    ended_at: datetime | None = None
    active_ms: int = 0
    business_day: date
    charge_minor: int = 0
    version: int = 1


@record(
    Table(
        name="session_history",
        key=("id",),
        tenant="venue_id",
    )
)
class SessionHistory(Record):
    """A closed or voided visit. `cause` is None for a voided one.

    `user_id` is the pseudonym once the account is erased. It changes where a device that was
    offline tells that its patron had left earlier (Rule 12).
    """

    id: UUID
    venue_id: UUID
    user_id: UUID
    status: SessionStatus
    business_day: date
    started_at: datetime
    ended_at: datetime
    duration_ms: int
    billable_ms: int
    time_charge_minor: int
    total_minor: int
    cause: CheckOutCause | None
    receipt_id: UUID | None
    summary: Json
    version: int = 1


@record(
    Table(
        name="location_reports",
        key=("id",),
        versioned=False,
        append_only=True,
        tenant="venue_id",
    )
)
class LocationReport(Record):
    """A fix used for a geofence decision; kept 72 h (Rule 6). Degrees and metres."""

    id: UUID
    session_id: UUID
    venue_id: UUID
    user_id: UUID
    lat: float
    lon: float
    accuracy_m: float
    distance_m: float
    fix_at: datetime
    received_at: datetime
    verdict: str
    incident_id: UUID | None = None


@record(Table(name="safety_checks", key=("id",), tenant="venue_id"))
class SafetyCheck(Record):
    """A prompt to a patron and its answer; none within 3 min raises the level (Rule 7)."""

    id: UUID
    session_id: UUID
    venue_id: UUID
    user_id: UUID
    kind: SafetyCheckKind
    sent_at: datetime
    answer_by: datetime
    answered_at: datetime | None = None
    response: SafetyCheckResponse | None = None
    score: int | None = None
    version: int = 1
