"""Venue Operations: places, their settings, and who comes when.

All rows here belong to the venue actor; settings with `venue_id` None to the platform.
"""

from __future__ import annotations

from datetime import datetime, time
from uuid import UUID

from protocol.records.base import Record, Table, Unique, record
from protocol.records.states import (
    BroadcastAudience,
    BroadcastKind,
    ReservationKind,
    ReservationStatus,
    TurnStatus,
    VenueStatus,
)
from protocol.records.values import Json, Period, SlotWanted


@record(Table(name="venues", key=("id",), tenant="id"))
class Venue(Record):
    """A place: time zone (IANA), fence, currency (frozen after the first journal), hours.

    `lat` and `lon` are degrees, WGS 84; `cutover_local` is wall time, 00:00 to 12:00 (Rule 5).
    """

    id: UUID
    name: str
    tz: str
    currency: str
    cutover_local: time
    lat: float
    lon: float
    radius_m: int
    capacity: int
    hours: Json
    status: VenueStatus
    status_reason: str | None = None
    last_orders_at: datetime | None = None
    address: str | None = None
    tax_id: str | None = None
    created_at: datetime
    deleted_at: datetime | None = None
    version: int = 1


@record(
    Table(
        name="venue_settings",
        key=("id",),
        unique=(Unique(("venue_id", "key"), where=(("superseded_at", (None,)),)),),
        tenant="venue_id",
    )
)
class VenueSetting(Record):
    """One typed setting with its effective time. `value` holds it under the name `value`."""

    id: UUID
    venue_id: UUID
    key: str
    value: Json
    effective_at: datetime
    set_by: UUID | None
    superseded_at: datetime | None = None
    version: int = 1


@record(Table(name="broadcasts", key=("id",), tenant="venue_id"))
class Broadcast(Record):
    """An emergency broadcast; `sent` and `acked` count receipts, `acked_by` says whose."""

    id: UUID
    venue_id: UUID
    kind: BroadcastKind
    message: str
    audience: BroadcastAudience
    by_user: UUID
    at: datetime
    sent: int = 0
    acked: int = 0
    acked_by: tuple[UUID, ...] = ()
    version: int = 1


@record(Table(name="reservations", key=("id",), tenant="venue_id"))
class Reservation(Record):
    """A room at a time, or a place in line. `during` includes the cleaning time (Rule 14).

    Two confirmed or arrived bookings of one room never overlap: the venue decides, an exclusion
    constraint is the alarm. `place` counts from 1 in the waitlist, and `during` of those who wait
    is an estimate. `deposit_minor` is what `hold_id` holds; `pending` is a move under way.
    """

    id: UUID
    venue_id: UUID
    user_id: UUID
    kind: ReservationKind
    room_id: UUID | None
    during: Period
    party_size: int
    status: ReservationStatus
    hold_id: UUID | None = None
    place: int | None = None
    cleaning_minutes: int = 0
    """The last minutes of `during`."""
    deposit_minor: int = 0
    pending: SlotWanted | None = None
    created_at: datetime
    version: int = 1


@record(
    Table(
        name="karaoke_queue",
        key=("id",),
        unique=(Unique(("room_id",), where=(("status", (TurnStatus.NEXT,)),)),),
        tenant="venue_id",
    )
)
class KaraokeTurn(Record):
    """A singer's place tonight: fewest turns taken, then earliest added (Rule 14)."""

    id: UUID
    venue_id: UUID
    room_id: UUID
    session_id: UUID | None
    user_id: UUID
    song: str
    turn: int
    taken: int
    status: TurnStatus
    added_at: datetime
    show_name: bool = False
    version: int = 1
