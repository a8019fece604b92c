"""The floor as staff see it live, and a visit's end there. Answered from memory alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.runtime.telling import tell
from actors.venue.booking_draft import BookingDraft
from actors.venue.booking_ends import have_come
from actors.venue.presence import alerts, occupancy_soon
from actors.venue.singing import gone
from actors.venue.state import VenueState, is_open
from actors.venue.stations import Moved, freed, others_of
from protocol.addresses import Role
from protocol.events.venue import VenueOccupancyChanged
from protocol.internal.floor import TellOccupancy
from protocol.internal.visits import FloorChanged, FreeSeat
from protocol.operations.sessions import ListActiveSessions
from protocol.records.runtime import FloorPlace
from protocol.records.states import ReservationStatus
from protocol.replies.sessions import SessionList, SessionSummary


@decides(FloorChanged)
def decide_floor_changed(state: VenueState, command: FloorChanged, context: Context) -> Decision:
    """Note how a session stands. A station that it has left is free."""
    place = state.place(command.session_id)
    if place is None:
        return Outcome()
    noted = place.evolve(
        status=command.status,
        activity=command.activity,
        station_id=command.station_id,
        zone=command.zone,
        party_size=command.party_size,
        safety_level=command.safety_level,
        last_fix_at=command.last_fix_at,
        charged_minor=command.charged_minor,
        display_name=command.display_name or place.display_name,
        booked_until=command.booked_until,
    )
    if noted == place:
        return Outcome()
    moved, arrived = Moved(), Outcome()
    # A message that says nothing new of the station may be older than a station taken since.
    if noted.station_id != place.station_id:
        left = others_of(state, command.session_id, noted.station_id)
        moved = freed(state, left, context.now, used=True)
        arrived = _arrived(state, noted, context)
    counted = (noted.party_size, noted.activity) != (place.party_size, place.activity)
    return Outcome(
        changes=(noted.revised(), *moved.changes, *arrived.changes),
        appends=arrived.appends,
        events=(
            *moved.events,
            *alerts(state, noted.party_size - place.party_size),
            *arrived.events,
        ),
        sends=arrived.sends,
        timers=(
            *moved.timers,
            *((occupancy_soon(context.now),) if counted else ()),
            *arrived.timers,
        ),
    )


def _arrived(state: VenueState, seat: FloorPlace, context: Context) -> Outcome:
    """Who moves into the room that they booked has come: nothing is held for it any more."""
    draft = BookingDraft(state=state, context=context)
    room_id = seat.station_id
    booking = None if room_id is None else state.booking_of(room_id, context.now)
    own = booking is not None and booking.user_id == seat.user_id
    if booking is not None and own and booking.status is ReservationStatus.CONFIRMED:
        have_come(draft, booking)
    return draft.outcome()


@decides(FreeSeat)
def decide_free_seat(state: VenueState, command: FreeSeat, context: Context) -> Decision:
    """The visit is over: seat and station are free."""
    place = state.place(command.session_id)
    if place is None:
        return Outcome()
    moved = freed(state, others_of(state, command.session_id), context.now, used=True)
    songs = gone(state, context, command.session_id)
    return Outcome(
        removes=(place,),
        changes=(*moved.changes, *songs.changes),
        events=(*moved.events, *songs.events, *alerts(state, -place.party_size * is_open(place))),
        timers=(*moved.timers, occupancy_soon(context.now)),
    )


@decides(TellOccupancy)
def decide_tell_occupancy(state: VenueState, command: TellOccupancy, context: Context) -> Decision:
    """Tell who is there: at most once in two seconds."""
    told = VenueOccupancyChanged(
        venue_id=state.venue_id,
        present=state.present,
        sessions=sum(1 for _ in state.open_places()),
        capacity=state.venue.capacity,
        by_activity=state.by_activity(),
        as_of=context.now,
    )
    return Outcome(events=(tell(told, venue_id=state.venue_id),))


@decides(ListActiveSessions)
def decide_list_active_sessions(
    state: VenueState, command: ListActiveSessions, context: Context
) -> Decision:
    """All open sessions for staff, the own one for anybody else."""
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    sees_all = principal.role_at(state.venue_id) >= Role.STAFF
    seen = [p for p in state.open_places() if sees_all or p.user_id == principal.user_id]
    seen.sort(key=lambda place: (place.started_at, place.session_id), reverse=True)
    return Outcome(reply=SessionList(items=tuple(_summary(p, context.now) for p in seen)))


def _summary(place: FloorPlace, now: datetime) -> SessionSummary:
    fix_at = place.last_fix_at
    return SessionSummary(
        session_id=place.session_id,
        user_id=place.user_id,
        venue_id=place.venue_id,
        display_name=place.display_name,
        status=place.status,
        activity=place.activity,
        station_id=place.station_id,
        zone=place.zone,
        party_size=place.party_size,
        checked_in_at=place.started_at,
        charge_minor=place.charged_minor,
        safety_level=place.safety_level,
        last_fix_age_s=None if fix_at is None else max(0, (now - fix_at) // timedelta(seconds=1)),
        version=place.version,
    )
