"""Answers about visits to those who run the floor, and about visits that are over."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from protocol.records.states import Activity, CheckOutCause, SessionStatus
from protocol.replies.base import reply
from protocol.values import Amount, Currency, Name, Note, PartySize, Zone


@reply
class SessionRow:
    """One session in a list, open or over; the name is known while it is open."""

    session_id: UUID
    user_id: UUID
    venue_id: UUID
    display_name: Name | None
    status: SessionStatus
    activity: Activity
    station_id: UUID | None
    table: str | None
    zone: Zone | None
    party_size: PartySize
    safety_level: int
    business_day: date
    checked_in_at: datetime
    ended_at: datetime | None
    charged_minor: Amount
    held_minor: Amount


@reply
class SessionRows:
    """A page of sessions, newest first."""

    items: tuple[SessionRow, ...]
    next_cursor: str | None


@reply
class TimeCharge:
    """What one activity cost on one business day."""

    business_day: date
    activity: Activity
    charge_minor: Amount


@reply
class SessionHistoryRow:
    """One session that is over. `reason` says why it was voided or ended by management."""

    session_id: UUID
    user_id: UUID
    venue_id: UUID
    status: SessionStatus
    cause: CheckOutCause | None
    reason: str | None
    business_day: date
    checked_in_at: datetime
    ended_at: datetime
    duration_ms: int
    billable_ms: int
    time_charge_minor: Amount
    total_minor: Amount
    currency: Currency
    charges: tuple[TimeCharge, ...]
    receipt_id: UUID | None


@reply
class SessionHistoryList:
    """A page of sessions that are over, newest first."""

    items: tuple[SessionHistoryRow, ...]
    next_cursor: str | None


@reply
class SessionUpdated:
    """What staff said of a visit, as it stands now."""

    session_id: UUID
    status: SessionStatus
    party_size: PartySize
    table: str | None
    zone: Zone | None
    note: Note | None
    display_name: Name
    version: int


@reply
class VoidedSession:
    """A visit that never should have been; what was charged is back in the wallet."""

    session_id: UUID
    status: SessionStatus
    reversed_minor: Amount
    version: int


@reply
class SessionLengthened:
    """A booking that lasts longer, and what is held for it in all."""

    session_id: UUID
    room_id: UUID | None
    new_end_at: datetime
    added_minutes: int
    held_minor: Amount
    version: int
