"""How long a seat is booked and how many it is for: the venue's word on a visit that goes on."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from actors.rules.permissions import not_found
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from actors.venue.booking_draft import BookingDraft
from actors.venue.presence import alerts, occupancy_soon
from actors.venue.state import VenueState
from protocol.addresses import ActorKind, Address
from protocol.chains import rfc3339
from protocol.errors import Code, Refusal
from protocol.internal.managing import KeepStay, LengthenStay, MoreSeated, SeatFewer, SeatMore
from protocol.records.inventory import KaraokeRoom
from protocol.records.runtime import FloorPlace
from protocol.records.venues import Reservation


@decides(LengthenStay)
def decide_lengthen_stay(state: VenueState, command: LengthenStay, context: Context) -> Decision:
    """Keep the place for longer, if nobody else has it by then; cleaning counts (Rule 14)."""
    place = state.place(command.session_id)
    if place is None:
        return not_found(f"session {command.session_id}")
    room = None if place.station_id is None else state.get(KaraokeRoom, place.station_id)
    draft = BookingDraft(state=state, context=context)
    own = None
    if room is not None:
        cleaned_at = command.new_end_at + timedelta(minutes=room.cleaning_minutes)
        own = _own(state, place, room, context.now)
        taken = state.bookings.taken(room.id, but=None if own is None else own.id)
        starts = [during.start for during in taken if during.end > context.now]
        if starts and min(starts) < cleaned_at:
            return _reserved(room, min(starts))
        if own is not None and own.during.end < cleaned_at:
            draft.put(own, during=attrs.evolve(own.during, end=cleaned_at))
    undo = KeepStay(
        session_id=command.session_id,
        reservation_id=None if own is None else own.id,
        reservation_end_at=None if own is None else own.during.end,
        booked_until=place.booked_until,
    )
    account = Address(ActorKind.ACCOUNT, place.user_id)
    step = Send(account, command.hold, undo=undo if context.in_saga else None)
    booked = draft.outcome()
    longer = place.revised(booked_until=command.new_end_at)
    return attrs.evolve(
        booked, changes=(longer, *booked.changes), sends=(step, *booked.sends), reply=None
    )


@decides(KeepStay)
def decide_keep_stay(state: VenueState, command: KeepStay, context: Context) -> Decision:
    """The longer stay could not be paid: it ends when it did before."""
    draft = BookingDraft(state=state, context=context)
    booking = _booking(state, command)
    end = command.reservation_end_at
    if booking is not None and end is not None and booking.during.end != end:
        draft.put(booking, during=attrs.evolve(booking.during, end=end))
    booked = draft.outcome()
    place = state.place(command.session_id)
    if place is None or place.booked_until == command.booked_until:
        return booked
    shorter = place.revised(booked_until=command.booked_until)
    return attrs.evolve(booked, changes=(shorter, *booked.changes))


@decides(SeatMore)
def decide_seat_more(state: VenueState, command: SeatMore, context: Context) -> Decision:
    """Give seats to more people, if there are any left, in the room too."""
    place = state.place(command.session_id)
    if place is None:
        return not_found(f"session {command.session_id}")
    more = command.party_size - place.party_size
    room = None if place.station_id is None else state.get(KaraokeRoom, place.station_id)
    refusal = _refuse_room(room, command.party_size) or _refuse_full(state, more)
    if refusal is not None:
        return refusal
    fewer = SeatFewer(session_id=command.session_id, party_size=place.party_size)
    seated = MoreSeated(session_id=command.session_id, party_size=command.party_size)
    session = Address(ActorKind.SESSION, command.session_id)
    step = Send(session, seated, undo=fewer if context.in_saga else None)
    return Outcome(
        changes=(place.revised(party_size=command.party_size),),
        events=alerts(state, more),
        sends=(step,),
        timers=(occupancy_soon(context.now),),
    )


@decides(SeatFewer)
def decide_seat_fewer(state: VenueState, command: SeatFewer, context: Context) -> Decision:
    """The visit was over before more people joined it."""
    place = state.place(command.session_id)
    if place is None or place.party_size == command.party_size:
        return Outcome()
    return Outcome(
        changes=(place.revised(party_size=command.party_size),),
        timers=(occupancy_soon(context.now),),
    )


def _own(
    state: VenueState, place: FloorPlace, room: KaraokeRoom, now: datetime
) -> Reservation | None:
    """The booking that the visit itself is in the room by."""
    booking = state.booking_of(room.id, now)
    return booking if booking is not None and booking.user_id == place.user_id else None


def _booking(state: VenueState, command: KeepStay) -> Reservation | None:
    if command.reservation_id is None:
        return None
    return state.get(Reservation, command.reservation_id)


def _reserved(room: KaraokeRoom, at: datetime) -> Refusal:
    starts_at = rfc3339(at)
    return Refusal(
        Code.ROOM_RESERVED,
        f"{room.name} is reserved from {starts_at}, and cleaned for {room.cleaning_minutes} min "
        "before that; end earlier, or move to another room",
        extra={"reserved_from": starts_at},
    )


def _refuse_room(room: KaraokeRoom | None, party_size: int) -> Refusal | None:
    if room is None or party_size <= room.capacity:
        return None
    return Refusal(
        Code.CAPACITY_FULL, f"{room.name} takes {room.capacity} persons, and not {party_size}"
    )


def _refuse_full(state: VenueState, more: int) -> Refusal | None:
    capacity = state.venue.capacity
    if more <= 0 or state.seated + more <= capacity:
        return None
    return Refusal(
        Code.CAPACITY_FULL,
        f"{state.seated} of {capacity} persons are in, and {more} more would be too many",
        extra={"present": state.seated, "capacity": capacity},
    )
