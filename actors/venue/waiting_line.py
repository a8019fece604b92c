"""The line for rooms, and the hours of a booking: what happens by itself (Rule 14).

A room that becomes free goes to the first in line whom it takes for as long as they want to stay,
each in their order. They are kept it for as long as anybody who booked.
"""

from __future__ import annotations

from typing import Final

from actors.rules.slots import is_no_show, slot
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.venue.booking_draft import BookingDraft, expires_at
from actors.venue.booking_ends import have_come, nobody_came, not_called, refuse_step
from actors.venue.bookings import in_line, is_slot, stay_minutes
from actors.venue.room_choice import room_on_show
from actors.venue.state import VenueState
from protocol.errors import Code, Refusal
from protocol.internal.booking import OfferRooms, TurnBooking
from protocol.operations.reservations import UpdateReservation
from protocol.records.inventory import KaraokeRoom
from protocol.records.money_states import RoomStatus
from protocol.records.states import ReservationStatus, VenueStatus
from protocol.records.venues import Reservation

_IDLE: Final = (RoomStatus.READY, RoomStatus.RESERVED)


@decides(OfferRooms)
def decide_offer_rooms(state: VenueState, command: OfferRooms, context: Context) -> Decision:
    """Give what is free to those in line, first come first."""
    draft = BookingDraft(state=state, context=context)
    given: set[object] = set()
    for booking in state.bookings.line() if state.venue.status is VenueStatus.OPEN else ():
        free = [
            room
            for room in state.all(KaraokeRoom)
            if room.id not in given and may_have(draft, room, booking)
        ]
        if free:
            room = min(free, key=lambda room: (room.capacity, room.name))
            given.add(room.id)
            draft.put(
                booking,
                status=ReservationStatus.CONFIRMED,
                place=None,
                room_id=room.id,
                during=slot(context.now, stay_minutes(booking), room.cleaning_minutes),
                cleaning_minutes=room.cleaning_minutes,
            )
    return draft.outcome()


@decides(TurnBooking)
def decide_turn_booking(state: VenueState, command: TurnBooking, context: Context) -> Decision:
    """A booking's next moment has come; what it means depends on how the booking stands now."""
    booking = state.get(Reservation, command.reservation_id)
    if booking is None:
        return Outcome()
    draft = BookingDraft(state=state, context=context)
    match booking.status:
        case ReservationStatus.REQUESTED if in_line(booking):
            if context.now >= expires_at(booking, state):
                draft.put(booking, status=ReservationStatus.EXPIRED, place=None)
        case ReservationStatus.CONFIRMED:
            settings = state.profile.settings
            begun, minutes = booking.during.start, stay_minutes(booking)
            if booking.pending is None and is_no_show(begun, minutes, context.now, settings):
                nobody_came(draft, booking)
            else:
                # The room is kept from now on, and the next moment is that of a no-show.
                draft.look_at(booking)
        case ReservationStatus.ARRIVED if context.now >= booking.during.end:
            draft.release(booking)
            draft.put(booking, status=ReservationStatus.COMPLETED)
            draft.offer()
        case ReservationStatus.ARRIVED:
            draft.look_at(booking)
    return draft.outcome()


def may_have(draft: BookingDraft, room: KaraokeRoom, booking: Reservation) -> bool:
    """Whether a party in line could go into a room now and stay."""
    wanted = slot(draft.now, stay_minutes(booking), room.cleaning_minutes)
    empty = room.session_id is None and room.status in _IDLE and room.retired_at is None
    fits = room.capacity >= booking.party_size
    return empty and fits and draft.state.bookings.is_free(room.id, wanted, but=booking.id)


def seat(draft: BookingDraft, booking: Reservation, command: UpdateReservation) -> Refusal | None:
    """Somebody from the line has a room now, whoever stands before them: staff say so."""
    if is_slot(booking):
        return not_called(booking)
    if (refusal := refuse_step(booking, ReservationStatus.ARRIVED)) is not None:
        return refusal
    if booking.status is ReservationStatus.CONFIRMED and command.room_id in (
        None,
        booking.room_id,
    ):
        have_come(draft, booking)
        return None
    room = _free_room(draft, booking, command)
    if isinstance(room, Refusal):
        return room
    have_come(
        draft,
        booking,
        place=None,
        room_id=room.id,
        during=slot(draft.now, stay_minutes(booking), room.cleaning_minutes),
        cleaning_minutes=room.cleaning_minutes,
    )
    if booking.room_id is not None:
        # Whoever had been given another room does not need that one.
        draft.offer()
    return None


def _free_room(
    draft: BookingDraft, booking: Reservation, command: UpdateReservation
) -> KaraokeRoom | Refusal:
    state = draft.state
    named = None if command.room_id is None else room_on_show(state, command.room_id)
    if command.room_id is not None and named is None:
        return Refusal(Code.NOT_FOUND, f"room {command.room_id} is not here")
    free = [
        room
        for room in ((named,) if named is not None else state.all(KaraokeRoom))
        if may_have(draft, room, booking)
    ]
    if not free:
        return Refusal(
            Code.ROOM_RESERVED,
            f"no room for {booking.party_size} is free now for {stay_minutes(booking)} min",
        )
    return min(free, key=lambda room: (room.capacity, room.name))
