"""Events of visits."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from protocol.events.base import MANAGEMENT, STAFF, USER, EventData, event
from protocol.records.states import Activity, CheckOutCause, LimitKind, SessionStatus
from protocol.values import Amount, Currency, Name, Zone


@event("session.checked_in", STAFF, MANAGEMENT, USER)
class SessionCheckedIn(EventData):
    """CheckIn committed."""

    session_id: UUID
    user_id: UUID
    display_name: Name
    party_size: int
    activity: Activity
    zone: Zone | None
    started_at: datetime
    assisted: bool
    age_ok: bool


@event("session.checked_out", STAFF, MANAGEMENT, USER)
class SessionCheckedOut(EventData):
    """Session reached closed (any cause), after settlement commit."""

    session_id: UUID
    user_id: UUID
    ended_at: datetime
    duration_s: int
    billable_s: int
    time_charge_minor: Amount
    total_minor: Amount
    currency: Currency
    receipt_id: UUID
    cause: CheckOutCause


@event("session.status_changed", STAFF, MANAGEMENT, USER)
class SessionStatusChanged(EventData):
    """Any lifecycle transition other than check-in; timers too (auto-pause, auto-checkout,
    exhausted).
    """

    session_id: UUID
    from_: SessionStatus
    to: SessionStatus
    reason: str
    effective_at: datetime
    deadline_at: datetime | None


@event("session.activity_changed", STAFF, MANAGEMENT, USER)
class SessionActivityChanged(EventData):
    """SwitchActivity committed, or a rate band boundary split the segment."""

    session_id: UUID
    from_: Activity
    to: Activity
    station_id: UUID | None
    rate_minor_per_h: Amount
    effective_at: datetime


@event("session.meter_tick", USER, durable=False)
class SessionMeterTick(EventData):
    """Every 60 s while active; last value wins."""

    session_id: UUID
    as_of: datetime
    billable_s: int
    charge_minor: Amount
    available_minor: Amount
    runs_out_at: datetime | None


@event("session.low_credit", USER, STAFF)
class SessionLowCredit(EventData):
    """Funds cover 10 minutes or less at the current rate (once per crossing)."""

    session_id: UUID
    available_minor: Amount
    runs_out_at: datetime
    minutes_left: int


@event("session.exhausted", USER, STAFF, MANAGEMENT)
class SessionExhausted(EventData):
    """The next hold failed; session became paused(exhausted), 10 min to top up."""

    session_id: UUID
    at: datetime
    deadline_at: datetime
    charge_minor: Amount


@event("session.extended", USER, STAFF, MANAGEMENT)
class SessionExtended(EventData):
    """ExtendSession committed."""

    session_id: UUID
    room_id: UUID | None
    new_end_at: datetime
    added_minutes: int
    hold_minor: Amount


@event("session.voided", USER, STAFF, MANAGEMENT)
class SessionVoided(EventData):
    """VoidSession committed."""

    session_id: UUID
    reason: str
    reversed_minor: Amount
    by: UUID


@event("session.geofence_warning", USER, STAFF, durable=False)
class SessionGeofenceWarning(EventData):
    """First out-of-fence fix; a second one confirms and auto-pauses."""

    session_id: UUID
    distance_m: int
    radius_m: int
    accuracy_m: int
    confirm_by: datetime


@event("session.limit_reached", USER, MANAGEMENT)
class SessionLimitReached(EventData):
    """80 % and 100 % of a patron's own limit, once each per period."""

    session_id: UUID
    kind: LimitKind
    limit: int
    used: int
    percent: int
    action: Literal["warn", "block"]
