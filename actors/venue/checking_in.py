"""Coming in: the venue's part of a check-in, first and last word (Rules 3 and 6).

Chain: CheckIn = venue → account → session → venue. The venue's verdict travels with the question to
the account, because the contract asks some of the account's questions first. The capacity is kept
here: a seat is taken before anybody else is asked, and given back if they refuse.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import attrs

from actors.rules.checkin_code import refuse_step
from actors.rules.geofence import Fence, refuse_entry
from actors.rules.geofence import Fix as JudgedFix
from actors.rules.permissions import not_found
from actors.rules.slots import refuse_coming
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from actors.venue.booking_draft import BookingDraft
from actors.venue.booking_ends import have_come
from actors.venue.bookings import BINDING
from actors.venue.caring import refuse_held
from actors.venue.presence import alerts, occupancy_soon, refuse_closed
from actors.venue.state import VenueState
from actors.venue.stations import Moved, freed, others_of, refuse_station, taken
from actors.venue.terms import terms_of
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, Refusal
from protocol.internal.visits import AdmitPatron, ReleaseSeat, SessionOpened
from protocol.operations.sessions import CheckIn
from protocol.records.inventory import KaraokeRoom
from protocol.records.runtime import FloorPlace
from protocol.records.states import Activity, ReservationStatus, SessionStatus
from protocol.records.venues import Reservation
from protocol.replies.sessions import CheckedIn

HOLD_LASTS: Final = timedelta(hours=24)
"""A hold ends by itself should its session never settle it; each tick makes it last anew."""
GUEST: Final = "Guest"
"""Who came in until the session tells the name."""


@attrs.frozen(kw_only=True)
class _Station:
    """The room that goes with the seat, and for how long it was booked."""

    room: KaraokeRoom | None = None
    booked_minutes: int | None = None
    booking: Reservation | None = None
    """The booking that they came with."""

    def booked_until(self) -> datetime | None:
        """The end of the booking; it keeps the room for its cleaning too, which nobody pays."""
        if self.booking is None or self.room is None:
            return None
        return self.booking.during.end - timedelta(minutes=self.booking.cleaning_minutes)


@decides(CheckIn)
def decide_check_in(state: VenueState, command: CheckIn, context: Context) -> Decision:
    """Take a seat, or say why not, and ask the account. The session opens after that."""
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    guest_id = command.user_id or principal.user_id
    assisted = guest_id != principal.user_id
    if assisted and principal.role_at(state.venue_id) < Role.STAFF:
        return not_found(f"user {guest_id}")
    seat = FloorPlace(
        session_id=context.fresh_id(),
        venue_id=state.venue_id,
        user_id=guest_id,
        display_name=GUEST if assisted else principal.display_name,
        party_size=command.party_size,
        activity=command.activity,
        status=SessionStatus.ACTIVE,
        started_at=context.happened_at,
    )
    station = _station(state, command, seat, context.now)
    verdict = refuse_held(state, guest_id, context) or _refuse_entry(
        state, command, context, assisted=assisted
    )
    if isinstance(station, Refusal):
        verdict, station = verdict or station, _Station()
    admission = _admission(state, command, seat, station, verdict, context, assisted=assisted)
    account = Address(ActorKind.ACCOUNT, guest_id)
    if verdict is not None:
        return Outcome(reply=LATER, sends=(Send(account, admission),))
    room = station.room
    moved = Moved() if room is None else taken(room, seat.session_id)
    seat = seat.evolve(station_id=admission.station_id, booked_until=admission.booked_until)
    return Outcome(
        reply=LATER,
        changes=(seat, *moved.changes),
        events=moved.events,
        sends=(Send(account, admission, undo=ReleaseSeat(session_id=seat.session_id)),),
    )


@decides(SessionOpened)
def decide_session_opened(state: VenueState, command: SessionOpened, context: Context) -> Decision:
    """The session is open: answer, and let the floor know."""
    answer = CheckedIn(
        session_id=command.session_id,
        user_id=command.user_id,
        venue_id=state.venue_id,
        status=command.status,
        activity=command.activity,
        party_size=command.party_size,
        checked_in_at=command.checked_in_at,
        held_minor=command.held_minor,
        assisted=command.assisted,
        version=command.version,
    )
    reply = answer if context.in_saga else None
    seat = state.place(command.session_id)
    assert seat is not None, f"session {command.session_id} opened without a seat"
    opened = seat.revised(
        display_name=command.display_name,
        status=command.status,
        activity=command.activity,
        party_size=command.party_size,
        started_at=command.checked_in_at,
    )
    arrived = _arrived(state, command, context)
    return Outcome(
        reply=reply,
        changes=(opened, *arrived.changes),
        appends=arrived.appends,
        events=(*alerts(state, command.party_size), *arrived.events),
        sends=arrived.sends,
        timers=(occupancy_soon(context.now), *arrived.timers),
    )


@decides(ReleaseSeat)
def decide_release_seat(state: VenueState, command: ReleaseSeat, context: Context) -> Decision:
    """Nobody came in after all: the seat and its station are free, and were not used."""
    seat = state.place(command.session_id)
    moved = freed(state, others_of(state, command.session_id), context.now, used=False)
    return Outcome(
        removes=() if seat is None else (seat,),
        changes=moved.changes,
        events=moved.events,
        timers=moved.timers,
    )


def _arrived(state: VenueState, command: SessionOpened, context: Context) -> Outcome:
    """The booking that they came with is no no-show any more, and its deposit returns."""
    draft = BookingDraft(state=state, context=context)
    came_with = command.reservation_id
    booking = None if came_with is None else state.get(Reservation, came_with)
    if booking is not None and booking.status is ReservationStatus.CONFIRMED:
        have_come(draft, booking)
    return draft.outcome()


def _own_booking(state: VenueState, seat: FloorPlace, now: datetime) -> Reservation | None:
    """The booking of a room that those of a seat have now."""
    for booking in state.bookings.of_user(seat.user_id):
        binding = booking.status in BINDING and booking.room_id is not None
        if binding and booking.during.start <= now < booking.during.end:
            return booking
    return None


def _refuse_entry(
    state: VenueState, command: CheckIn, context: Context, *, assisted: bool
) -> Refusal | None:
    """The venue's verdict, in the order of the contract: open, code, fence, capacity.

    What is told late was to be right when it was done; there must be room for it now (Rule 12).
    """
    at = context.happened_at
    return (
        refuse_closed(state, context.now)
        or (None if assisted else _refuse_stranger(state, command, at))
        or _refuse_full(state, command.party_size)
    )


def _refuse_stranger(state: VenueState, command: CheckIn, now: datetime) -> Refusal | None:
    """Who comes by themselves shows the code of the door, and is there."""
    profile = state.profile
    refusal = refuse_step(command.code_step_at, at=now, step_s=profile.settings.code_step_s)
    if refusal is not None:
        return refusal
    fix = command.location
    if fix is None:
        return Refusal(
            Code.LOCATION_INACCURATE, "no location was sent; allow it, or ask staff to let you in"
        )
    judged = JudgedFix(
        lat=fix.lat, lon=fix.lon, accuracy_m=fix.accuracy_m, fix_at=fix.fix_at, mock=fix.mock
    )
    return refuse_entry(judged, now, Fence.of(profile.lat, profile.lon, profile.settings))


def _refuse_full(state: VenueState, party_size: int) -> Refusal | None:
    capacity = state.venue.capacity
    if state.seated + party_size <= capacity:
        return None
    return Refusal(
        Code.CAPACITY_FULL,
        f"{state.seated} of {capacity} persons are in, and {party_size} more would be too many; "
        "wait until somebody leaves",
        extra={"present": state.seated, "capacity": capacity},
    )


def _station(
    state: VenueState, command: CheckIn, seat: FloorPlace, now: datetime
) -> _Station | Refusal:
    """The room that was booked, or for karaoke the smallest free one that takes the party."""
    booking: Reservation | None = None
    if command.reservation_id is not None:
        booking = state.get(Reservation, command.reservation_id)
        if booking is None or booking.user_id != seat.user_id or booking.status not in BINDING:
            return not_found(f"reservation {command.reservation_id}")
        if (refusal := refuse_coming(booking.during, now)) is not None:
            return refusal
    if command.activity is not Activity.KARAOKE_ROOM:
        return _Station(booking=booking)
    booking = booking or _own_booking(state, seat, now)
    if booking is not None and booking.room_id is not None:
        return _booked(state, booking, booking.room_id, seat, now)
    free = [
        room for room in state.all(KaraokeRoom) if refuse_station(state, room, seat, now) is None
    ]
    if not free:
        return Refusal(
            Code.CAPACITY_FULL,
            f"no karaoke room for {seat.party_size} is free; wait in the lounge for one",
        )
    return _Station(room=min(free, key=lambda room: (room.capacity, room.name)), booking=booking)


def _booked(
    state: VenueState, booking: Reservation, room_id: UUID, seat: FloorPlace, now: datetime
) -> _Station | Refusal:
    room = state.get(KaraokeRoom, room_id)
    if room is None:
        return not_found(f"room {room_id}")
    if (refusal := refuse_station(state, room, seat, now)) is not None:
        return refusal
    minutes = (booking.during.end - booking.during.start) // timedelta(minutes=1)
    return _Station(room=room, booked_minutes=minutes - room.cleaning_minutes, booking=booking)


def _admission(
    state: VenueState,
    command: CheckIn,
    seat: FloorPlace,
    station: _Station,
    verdict: Refusal | None,
    context: Context,
    *,
    assisted: bool,
) -> AdmitPatron:
    profile = state.profile
    terms = terms_of(
        profile,
        command.activity,
        command.party_size,
        at=context.now,
        station=station.room,
        booked_minutes=station.booked_minutes,
    )
    return AdmitPatron(
        session_id=seat.session_id,
        venue_id=state.venue_id,
        venue_refusal=verdict,
        party_size=command.party_size,
        activity=command.activity,
        mode=terms.mode,
        rate_minor_per_h=terms.rate_minor_per_h,
        rate_bands=terms.rate_bands,
        station_id=None if station.room is None else station.room.id,
        zone=None,
        reservation_id=None if station.booking is None else station.booking.id,
        booked_until=station.booked_until(),
        assisted=assisted,
        age_required=profile.settings.entry_age_years or None,
        hold_minor=terms.hold_minor,
        hold_until=context.now + HOLD_LASTS,
        funds_least_minor=profile.settings.checkin_funds_least_minor,
        currency=profile.currency,
        deposit_hold_id=None if station.booking is None else station.booking.hold_id,
    )
