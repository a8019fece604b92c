"""What a venue knows of its bookings: those that still count, by room, and the line.

A booking counts from the moment that it is asked for, so nobody else gets its time while the
account is asked for the deposit. One that moves counts at both its times until it has moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from actors.rules.slots import LIVE, Waiting, is_free, overlap, wait_minutes
from actors.runtime.outcome import Event, SetTimer
from actors.runtime.telling import tell
from protocol.events.inventory import ReservationStatusChanged
from protocol.internal.booking import OfferRooms
from protocol.records.base import Record
from protocol.records.states import ReservationKind, ReservationStatus
from protocol.records.values import Period
from protocol.records.venues import Reservation
from protocol.replies.reservations import ReservationView

BINDING = (ReservationStatus.CONFIRMED, ReservationStatus.ARRIVED)
OFFERING = "waitlist"
"""The timer by which rooms are offered to those in line."""
_MINUTE = timedelta(minutes=1)


class Bookings:
    """The index of a venue's bookings: what is over is not in it."""

    __slots__ = ("_by_room", "_live")

    def __init__(self) -> None:
        self._live: dict[UUID, Reservation] = {}
        self._by_room: dict[UUID, dict[UUID, Reservation]] = {}

    def put(self, booking: Reservation) -> None:
        """Take a new or changed booking in."""
        self.discard(booking)
        if booking.status in LIVE:
            self._live[booking.id] = booking
            for room_id in _rooms_of(booking):
                self._by_room.setdefault(room_id, {})[booking.id] = booking

    def discard(self, booking: Record) -> None:
        """Let a booking go, if it is there."""
        known = self._live.pop(booking.primary_key[0], None)
        if known is None:
            return
        for room_id in _rooms_of(known):
            held = self._by_room[room_id]
            held.pop(known.id, None)
            if not held:
                del self._by_room[room_id]

    def live(self) -> Iterable[Reservation]:
        """All that still count."""
        return self._live.values()

    def in_room(self, room_id: UUID) -> Iterable[Reservation]:
        """Those that keep a room, or are about to."""
        return self._by_room.get(room_id, {}).values()

    def of_user(self, user_id: UUID) -> tuple[Reservation, ...]:
        """Those of one patron."""
        return tuple(booking for booking in self._live.values() if booking.user_id == user_id)

    def line(self) -> tuple[Reservation, ...]:
        """Those who stand in line, in their order."""
        return tuple(sorted(filter(in_line, self._live.values()), key=_place))

    def taken(self, room_id: UUID, *, but: UUID | None = None) -> tuple[Period, ...]:
        """When a room is kept for somebody; `but` names a booking that does not count."""
        return tuple(
            period
            for booking in self.in_room(room_id)
            if booking.id != but
            for period in periods_in(booking, room_id)
        )

    def is_free(self, room_id: UUID, during: Period, *, but: UUID | None = None) -> bool:
        """Whether nobody has the room at any moment of a time."""
        return is_free(during, self.taken(room_id, but=but))

    def kept_at(self, room_id: UUID, at: datetime) -> Reservation | None:
        """The booking that a room is kept for at a moment."""
        now = Period(start=at, end=at + timedelta(milliseconds=1))
        for booking in self.in_room(room_id):
            kept = booking.status in BINDING and booking.room_id == room_id
            if kept and overlap(booking.during, now):
                return booking
        return None


def _rooms_of(booking: Reservation) -> set[UUID]:
    rooms = {booking.room_id, None if booking.pending is None else booking.pending.room_id}
    return {room_id for room_id in rooms if room_id is not None}


def _place(booking: Reservation) -> tuple[int, UUID]:
    return (booking.place or 0, booking.id)


def periods_in(booking: Reservation, room_id: UUID) -> tuple[Period, ...]:
    """When a booking keeps a room."""
    moving = booking.pending
    return (
        *((booking.during,) if booking.room_id == room_id else ()),
        *((moving.during,) if moving is not None and moving.room_id == room_id else ()),
    )


def in_line(booking: Reservation) -> bool:
    """Whether somebody waits for a room; before the account has agreed they don't yet."""
    return booking.status is ReservationStatus.REQUESTED and booking.place is not None


def stay_minutes(booking: Reservation) -> int:
    """How long the guests stay, the cleaning not counted."""
    during = booking.during
    return (during.end - during.start) // _MINUTE - booking.cleaning_minutes


def waiting(booking: Reservation) -> Waiting:
    """A party in line as the rule sees it."""
    return Waiting(id=booking.id, party_size=booking.party_size, minutes=stay_minutes(booking))


def view_of(booking: Reservation, now: datetime) -> ReservationView:
    """A booking as its answer shows it."""
    during = booking.during
    return ReservationView(
        reservation_id=booking.id,
        venue_id=booking.venue_id,
        user_id=booking.user_id,
        kind=booking.kind,
        status=booking.status,
        room_id=booking.room_id,
        starts_at=during.start,
        ends_at=during.end - _MINUTE * booking.cleaning_minutes,
        minutes=stay_minutes(booking),
        party_size=booking.party_size,
        deposit_minor=booking.deposit_minor,
        place=booking.place,
        wait_minutes=wait_minutes(during.start, now) if in_line(booking) else None,
        created_at=booking.created_at,
        version=booking.version,
    )


def told_of(booking: Reservation, now: datetime) -> Event:
    """What its patron and the staff are told of a booking."""
    changed = ReservationStatusChanged(
        reservation_id=booking.id,
        kind=booking.kind,
        status=booking.status,
        room_id=booking.room_id,
        starts_at=booking.during.start,
        place=booking.place,
        wait_minutes=wait_minutes(booking.during.start, now) if in_line(booking) else None,
    )
    return tell(
        changed, venue_id=booking.venue_id, user_id=booking.user_id, version=booking.version
    )


def is_slot(booking: Reservation) -> bool:
    """Whether a time was booked, and not a place in line."""
    return booking.kind is ReservationKind.SLOT


def offer_soon(bookings: Bookings, now: datetime) -> tuple[SetTimer, ...]:
    """Have a room that may be free now offered to those in line, if there is anybody."""
    if not any(in_line(booking) for booking in bookings.live()):
        return ()
    return (SetTimer(OFFERING, now, OfferRooms()),)
