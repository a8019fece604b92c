"""One decision's work on bookings: what follows for the line, the rooms, money and timers.

A draft starts from the state, which it never changes. However many bookings a decision touches,
each gets one new version; those in line are numbered anew, and each whose place moved is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import attrs

from actors.rules.business_day import bounds, business_day_of
from actors.rules.slots import Place, expected, no_show_at, slot
from actors.runtime.auditing import audited
from actors.runtime.outcome import CancelTimer, Context, Event, Outcome, Send, SetTimer
from actors.venue.bookings import (
    BINDING,
    OFFERING,
    in_line,
    is_slot,
    stay_minutes,
    told_of,
    view_of,
    waiting,
)
from actors.venue.state import VenueState
from actors.venue.stations import told
from protocol.addresses import ActorKind, Address
from protocol.internal.booking import OfferRooms, TurnBooking
from protocol.internal.wallet import ReleaseDeposit, SettleDeposit
from protocol.records.inventory import KaraokeRoom
from protocol.records.money_states import RoomStatus
from protocol.records.platform import AuditEntry
from protocol.records.states import ReservationStatus
from protocol.records.values import Period
from protocol.records.venues import Reservation
from protocol.replies.reservations import ReservationView

_MINUTE: Final = timedelta(minutes=1)
_IDLE: Final = (RoomStatus.READY, RoomStatus.RESERVED)


@attrs.define(eq=False, kw_only=True)
class BookingDraft:
    """What a decision does to bookings."""

    state: VenueState
    context: Context
    _rows: dict[UUID, Reservation] = attrs.field(factory=dict)
    _rooms: dict[UUID, None] = attrs.field(factory=dict)
    _booked: dict[UUID, None] = attrs.field(factory=dict)
    _told: dict[UUID, None] = attrs.field(factory=dict)
    _sends: list[Send] = attrs.field(factory=list)
    _audit: list[AuditEntry] = attrs.field(factory=list)
    _due: list[Reservation] = attrs.field(factory=list)
    _offers: bool = False

    @property
    def now(self) -> datetime:
        """When this is decided."""
        return self.context.now

    def put(self, booking: Reservation, *, tell: bool = True, **changes: Any) -> Reservation:
        """A booking, new or with other values; its rooms are looked at again."""
        stored = self.state.get(Reservation, booking.id)
        version = 1 if stored is None else stored.version + 1
        changed = booking.evolve(**changes, version=version)
        self._rows[changed.id] = changed
        for room_id in (booking.room_id, changed.room_id):
            if room_id is not None and tell:
                self._rooms[room_id] = self._booked[room_id] = None
        if tell:
            self._told[changed.id] = None
        return changed

    def look_at(self, booking: Reservation) -> None:
        """Nothing changes but that its time has come: see to its room and its next moment."""
        self._due.append(booking)
        if booking.room_id is not None:
            self._rooms[booking.room_id] = None

    def join_line(self, booking: Reservation) -> None:
        """Somebody stands last in line."""
        self.put(booking, place=len(self.state.bookings.line()) + 1)

    def audit(self, action: str, before: Reservation, **more: object) -> None:
        """Write down what somebody did to another's booking, or that money was taken for it."""
        after = self._rows[before.id]
        self._audit.append(
            audited(
                self.context,
                action,
                "reservation",
                before.id,
                venue_id=before.venue_id,
                before=_shown(before),
                after=_shown(after) | more,
            )
        )

    def release(self, booking: Reservation) -> None:
        """The deposit returns."""
        self._send(booking, ReleaseDeposit, {})

    def capture(self, booking: Reservation) -> None:
        """The deposit is taken, up to its amount."""
        captured = {"capture_minor": booking.deposit_minor}
        self._send(booking, SettleDeposit, captured)

    def send(self, send: Send) -> None:
        """Ask somebody, as a step of the saga."""
        self._sends.append(send)

    def offer(self) -> None:
        """A room may be free now: see who gets it, in a message of its own."""
        self._offers = True

    def outcome(self, reply_of: UUID | None = None, *, reply: object = None) -> Outcome:
        """Everything that was done; `reply_of` names the booking that is the answer."""
        self._number_line()
        rooms = tuple(self._room_changes())
        line_left = any(in_line(row) for row in self._all())
        timers: list[SetTimer | CancelTimer] = [
            timer_of(row, self.state, self.now) for row in (*self._rows.values(), *self._due)
        ]
        if self._offers and line_left:
            timers.append(SetTimer(OFFERING, self.now, OfferRooms()))
        events: list[Event] = [told_of(self._rows[id_], self.now) for id_ in self._told]
        events += [told(room, until) for room, until in rooms]
        if reply_of is not None and self.context.in_saga:
            reply = self.view(reply_of)
        return Outcome(
            reply=reply,
            changes=(*self._rows.values(), *(room for room, _ in rooms)),
            appends=tuple(self._audit),
            events=tuple(events),
            sends=tuple(self._sends),
            timers=tuple(timers),
        )

    def view(self, id_: UUID) -> ReservationView:
        """A booking as it will be."""
        return view_of(self._rows[id_], self.now)

    def _send(self, booking: Reservation, kind: type[Any], more: Mapping[str, Any]) -> None:
        # Without a deposit nothing is held, and nobody need be told.
        if booking.hold_id is not None and booking.deposit_minor > 0:
            account = Address(ActorKind.ACCOUNT, booking.user_id)
            self._sends.append(Send(account, kind(hold_id=booking.hold_id, **more), detached=True))

    def _all(self) -> Iterator[Reservation]:
        for row in self.state.bookings.live():
            yield self._rows.get(row.id, row)
        for id_, row in self._rows.items():
            if self.state.get(Reservation, id_) is None:
                yield row

    def _number_line(self) -> None:
        """Those in line have the places 1, 2, 3 …, and new ones an estimate of their wait."""
        line = sorted(filter(in_line, self._all()), key=lambda row: (row.place or 0, row.id))
        moved = [
            (n, row) for n, row in enumerate(line, 1) if row.place != n or row.id in self._rows
        ]
        if not moved:
            return
        estimates = expected([waiting(row) for row in line], self._places(), self.now)
        for n, row in moved:
            at = estimates[row.id] or row.during.start
            minutes = stay_minutes(row)
            self.put(row, place=n, during=slot(max(at, self.now), minutes, 0), cleaning_minutes=0)

    def _places(self) -> tuple[Place, ...]:
        """The rooms that those in line may hope for, with what is known of their times."""
        rooms = [
            room
            for room in self.state.all(KaraokeRoom)
            if room.retired_at is None and room.status is not RoomStatus.OUT_OF_ORDER
        ]
        rows = tuple(self._all())
        return tuple(
            Place(
                id=room.id,
                capacity=room.capacity,
                cleaning_minutes=room.cleaning_minutes,
                taken=(
                    *(row.during for row in rows if row.room_id == room.id),
                    *presence(self.state, room, self.now),
                ),
            )
            for room in rooms
        )

    def _room_changes(self) -> Iterator[tuple[KaraokeRoom, datetime | None]]:
        """Rooms with other bookings than before: a new version, and whether one is kept now."""
        for room_id in self._rooms:
            room = self.state.get(KaraokeRoom, room_id)
            if room is None or room.retired_at is not None:
                continue
            kept = next(
                (
                    row
                    for row in self._all()
                    if row.room_id == room_id
                    and row.status in BINDING
                    and row.during.start <= self.now < row.during.end
                ),
                None,
            )
            status = room.status
            if status in _IDLE:
                status = RoomStatus.READY if kept is None else RoomStatus.RESERVED
            until = kept.during.end if kept is not None and status is RoomStatus.RESERVED else None
            if room_id in self._booked or status is not room.status:
                yield room.revised(status=status), until


def presence(state: VenueState, room: KaraokeRoom, now: datetime) -> tuple[Period, ...]:
    """Until when a room is used or cleaned, as far as that can be known beforehand.

    Who came without a booking is thought to stay for the least time that the room is had for.
    """
    cleaning = _MINUTE * room.cleaning_minutes
    if room.session_id is not None or room.status is RoomStatus.OCCUPIED:
        seat = None if room.session_id is None else state.place(room.session_id)
        ends_at = now + _MINUTE * room.min_minutes
        if seat is not None and seat.booked_until is not None:
            ends_at = max(now + _MINUTE, seat.booked_until)
        return (Period(start=now, end=ends_at + cleaning),)
    if room.status is RoomStatus.CLEANING and cleaning:
        return (Period(start=now, end=now + cleaning),)
    return ()


def timer_of(booking: Reservation, state: VenueState, now: datetime) -> SetTimer | CancelTimer:
    """The one timer of a booking, as the booking now stands."""
    name = f"booking:{booking.id}"
    due_at = _due_at(booking, state, now)
    if due_at is None:
        return CancelTimer(name)
    return SetTimer(name, max(due_at, now), TurnBooking(reservation_id=booking.id))


def expires_at(booking: Reservation, state: VenueState) -> datetime:
    """When nobody waits any more: the end of the business day on which they stood in line."""
    profile = state.profile
    cutover = profile.settings.cutover
    day = business_day_of(booking.created_at, profile.tz, cutover)
    return bounds(day, profile.tz, cutover).end


def _due_at(booking: Reservation, state: VenueState, now: datetime) -> datetime | None:
    match booking.status:
        case ReservationStatus.CONFIRMED if is_slot(booking) and now < booking.during.start:
            return booking.during.start
        case ReservationStatus.CONFIRMED:
            settings = state.profile.settings
            late = no_show_at(booking.during.start, stay_minutes(booking), settings)
            # A booking that is just moving is asked again when it has moved.
            return late if booking.pending is None else max(late, now + _MINUTE)
        case ReservationStatus.ARRIVED:
            # Who came early has the room from its time on: it is reserved then.
            early = now < booking.during.start
            return booking.during.start if early else booking.during.end
        case ReservationStatus.REQUESTED if in_line(booking):
            return expires_at(booking, state)
    return None


def _shown(booking: Reservation) -> dict[str, Any]:
    return {
        "status": booking.status.value,
        "room_id": booking.room_id,
        "starts_at": booking.during.start,
        "ends_at": booking.during.end,
        "party_size": booking.party_size,
        "deposit_minor": booking.deposit_minor,
    }
