"""Answers about bookings."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.records.states import ReservationKind, ReservationStatus
from protocol.replies.base import reply
from protocol.values import Amount


@reply
class ReservationView:
    """A booking, or a place in line: then `starts_at` is when a room is expected to be free.

    `ends_at` is without the cleaning; `wait_minutes` is for who waits.
    """

    reservation_id: UUID
    venue_id: UUID
    user_id: UUID
    kind: ReservationKind
    status: ReservationStatus
    room_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    minutes: int
    party_size: int
    deposit_minor: Amount
    place: int | None
    wait_minutes: int | None
    created_at: datetime
    version: int


@reply
class ReservationList:
    """Bookings and places in line, newest first."""

    items: tuple[ReservationView, ...]
    next_cursor: str | None = None
