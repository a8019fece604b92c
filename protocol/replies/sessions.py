"""Answers about visits. Durations are whole milliseconds, money is in minor units."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from protocol.records.money_states import HoldStatus
from protocol.records.states import Activity, SegmentMode, SessionStatus
from protocol.replies.base import reply
from protocol.values import Amount, Currency, Name, Note, PartySize, Zone


@reply
class CheckedIn:
    """A session has begun."""

    session_id: UUID
    user_id: UUID
    venue_id: UUID
    status: SessionStatus
    activity: Activity
    party_size: PartySize
    checked_in_at: datetime
    held_minor: Amount
    assisted: bool
    version: int


@reply
class CheckedOut:
    """A session is over and paid; repeating the command gives this very answer."""

    session_id: UUID
    status: SessionStatus
    ended_at: datetime
    duration_ms: int
    charge_minor: Amount
    receipt_id: UUID
    version: int


@reply
class SessionChanged:
    """Where a session stands after a change. `deadline_at`: then it goes on by itself."""

    session_id: UUID
    status: SessionStatus
    activity: Activity
    station_id: UUID | None
    effective_at: datetime
    deadline_at: datetime | None
    version: int


@reply
class LocationTaken:
    """What became of the fixes, and in how many seconds the next are wanted."""

    session_id: UUID
    status: SessionStatus
    accepted: int
    ignored: int
    next_in_s: int
    version: int


@reply
class Segment:
    """One metered interval `[started_at, ended_at)` at a frozen rate."""

    segment_id: UUID
    activity: Activity
    station_id: UUID | None
    rate_minor_per_h: Amount
    mode: SegmentMode
    started_at: datetime
    ended_at: datetime | None
    active_ms: int
    business_day: date


@reply
class Hold:
    """Credit reserved for a session."""

    hold_id: UUID
    amount_minor: Amount
    captured_minor: Amount
    status: HoldStatus
    expires_at: datetime


@reply
class SessionDetail:
    """One session as it is now; masked for those who may not see more."""

    session_id: UUID
    user_id: UUID
    venue_id: UUID
    status: SessionStatus
    activity: Activity
    station_id: UUID | None
    zone: Zone | None
    party_size: PartySize
    business_day: date
    checked_in_at: datetime
    status_since: datetime
    deadline_at: datetime | None
    ended_at: datetime | None
    safety_level: int | None
    """For staff alone."""
    held_minor: Amount
    charged_minor: Amount
    charge_minor: Amount
    receipt_id: UUID | None
    segments: tuple[Segment, ...]
    holds: tuple[Hold, ...]
    table: str | None
    booked_until: datetime | None
    note: Note | None
    """For staff alone."""
    version: int


@reply
class SessionSummary:
    """One open session on the floor."""

    session_id: UUID
    user_id: UUID
    venue_id: UUID
    display_name: Name
    status: SessionStatus
    activity: Activity
    station_id: UUID | None
    zone: Zone | None
    party_size: PartySize
    checked_in_at: datetime
    charge_minor: Amount
    safety_level: int | None
    """For staff alone."""
    last_fix_age_s: int | None
    version: int


@reply
class SessionList:
    """Open sessions, latest first."""

    items: tuple[SessionSummary, ...]
    next_cursor: str | None = None


@reply
class MeterQuote:
    """The running figures of a session at `as_of` (Rule 3)."""

    session_id: UUID
    as_of: datetime
    status: SessionStatus
    currency: Currency
    elapsed_ms: Mapping[SessionStatus, int]
    billable_ms: Mapping[Activity, int]
    charge_by_activity: Mapping[Activity, int]
    charge_minor: Amount
    held_minor: Amount
    available_minor: Amount
    funds_end_at: datetime | None
    cap_left_minor: Amount | None
    limit_left_minor: Amount | None
    time_limit_at: datetime | None
    """When the patron's own limits of time are used up, if nothing changes."""
    next_rate_change_at: datetime | None
    version: int
