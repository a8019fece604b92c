"""Games by time and karaoke rooms: who has which, decided here and nowhere else.

A session that moves takes the new station first and keeps the old one until it says that it has
moved (`FloorChanged`), so what is taken back needs nobody else to have waited.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import attrs

from actors.rules.permissions import not_found
from actors.rules.slots import overlap, slot
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Event, Outcome, Send, SetTimer
from actors.runtime.telling import tell
from actors.venue.bookings import offer_soon, periods_in
from actors.venue.state import Station, VenueState
from actors.venue.terms import terms_of
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, FieldError, Refusal
from protocol.events.inventory import GameStatusChanged, RoomStatusChanged
from protocol.internal.floor import EndCleaning
from protocol.internal.visits import KeepStation, ReserveStation, StationReserved
from protocol.records.inventory import Game, KaraokeRoom
from protocol.records.money_states import GamePricing, GameStatus, RoomStatus
from protocol.records.runtime import FloorPlace
from protocol.records.states import Activity


@attrs.frozen(kw_only=True)
class Moved:
    """What follows for stations that change hands."""

    changes: tuple[Station, ...] = ()
    events: tuple[Event, ...] = ()
    timers: tuple[SetTimer, ...] = ()


@decides(ReserveStation)
def decide_reserve_station(
    state: VenueState, command: ReserveStation, context: Context
) -> Decision:
    """Give a session the station that its next activity needs, if it needs one."""
    place = state.place(command.session_id)
    if place is None:
        return not_found(f"session {command.session_id}")
    station = _station(state, command)
    if isinstance(station, Refusal):
        return station
    moved = Moved()
    if station is not None and station.session_id != command.session_id:
        if (refusal := refuse_station(state, station, place, context.now)) is not None:
            return refusal
        moved = taken(station, command.session_id)
    terms = terms_of(
        state.profile, command.activity, place.party_size, at=context.now, station=station
    )
    reserved = StationReserved(
        session_id=command.session_id,
        activity=command.activity,
        station_id=None if station is None else station.id,
        mode=terms.mode,
        rate_minor_per_h=terms.rate_minor_per_h,
        rate_bands=terms.rate_bands,
    )
    keep = KeepStation(
        session_id=command.session_id, station_id=place.station_id, activity=place.activity
    )
    undo = keep if context.in_saga else None
    session = Address(ActorKind.SESSION, command.session_id)
    return Outcome(
        changes=moved.changes, events=moved.events, sends=(Send(session, reserved, undo=undo),)
    )


@decides(KeepStation)
def decide_keep_station(state: VenueState, command: KeepStation, context: Context) -> Decision:
    """The move was taken back: the session has what it had, and nothing was used."""
    others = others_of(state, command.session_id, command.station_id)
    moved = freed(state, others, context.now, used=False)
    return Outcome(changes=moved.changes, events=moved.events, timers=moved.timers)


@decides(EndCleaning)
def decide_end_cleaning(state: VenueState, command: EndCleaning, context: Context) -> Decision:
    """The room is ready, unless somebody said otherwise meanwhile."""
    room = state.get(KaraokeRoom, command.room_id)
    if room is None or room.status is not RoomStatus.CLEANING:
        return Outcome()
    ready = room.revised(status=idle_status(state, room.id, context.now))
    return Outcome(
        changes=(ready,),
        events=(told(ready),),
        timers=offer_soon(state.bookings, context.now),
    )


def refuse_station(
    state: VenueState, station: Station, place: FloorPlace, now: datetime
) -> Refusal | None:
    """Why a station can't be had now by those of a seat."""
    if station.status in (GameStatus.OUT_OF_ORDER, RoomStatus.OUT_OF_ORDER):
        return Refusal(Code.STATION_OUT_OF_ORDER, f"{station.name} is out of order; choose another")
    booking = None
    if isinstance(station, KaraokeRoom):
        booking = state.booking_of(station.id, now)
        if place.party_size > station.capacity:
            return _unfit("/room_id", f"{station.name} takes {station.capacity} persons")
    kept_for_them = booking is not None and booking.user_id == place.user_id
    free = station.status in (GameStatus.AVAILABLE, RoomStatus.READY)
    free = free and booking is None and not _is_kept_soon(state, station, place, now)
    if station.session_id is None and (kept_for_them or free):
        return None
    return Refusal(Code.STATION_BUSY, f"{station.name} is {station.status.value}; choose another")


def _is_kept_soon(state: VenueState, station: Station, place: FloorPlace, now: datetime) -> bool:
    """Whether others booked the room before anybody could have been in it for its least time."""
    if isinstance(station, Game):
        return False
    stay = slot(now, station.min_minutes, station.cleaning_minutes)
    return any(
        overlap(stay, period)
        for booking in state.bookings.in_room(station.id)
        if booking.user_id != place.user_id
        for period in periods_in(booking, station.id)
    )


def taken(station: Station, session_id: UUID) -> Moved:
    """A station goes to a session."""
    after: Station
    if isinstance(station, Game):
        after = station.revised(session_id=session_id, status=GameStatus.IN_USE)
    else:
        after = station.revised(session_id=session_id, status=RoomStatus.OCCUPIED)
    return Moved(changes=(after,), events=(told(after),))


def freed(state: VenueState, stations: Iterable[Station], now: datetime, *, used: bool) -> Moved:
    """Stations are left. A room that was used is cleaned first; what is out of order stays so."""
    changes: list[Station] = []
    events: list[Event] = []
    timers: list[SetTimer] = []
    for station in stations:
        if isinstance(station, Game):
            in_use = station.status is GameStatus.IN_USE
            status = GameStatus.AVAILABLE if in_use else station.status
            game = station.revised(session_id=None, status=status)
            changes.append(game)
            events.append(told(game))
            continue
        until = None
        room_status = station.status
        if station.status is RoomStatus.OCCUPIED:
            cleaned = used and station.cleaning_minutes > 0
            idle = idle_status(state, station.id, now)
            room_status = RoomStatus.CLEANING if cleaned else idle
            timers += () if cleaned else offer_soon(state.bookings, now)
            if cleaned:
                until = now + timedelta(minutes=station.cleaning_minutes)
                done = EndCleaning(room_id=station.id)
                timers.append(SetTimer(f"cleaning:{station.id}", until, done))
        room = station.revised(session_id=None, status=room_status)
        changes.append(room)
        events.append(told(room, until))
    return Moved(changes=tuple(changes), events=tuple(events), timers=tuple(timers))


def idle_status(state: VenueState, room_id: UUID, now: datetime) -> RoomStatus:
    """How a room stands in which nobody is: ready, unless it is kept for somebody."""
    return RoomStatus.READY if state.booking_of(room_id, now) is None else RoomStatus.RESERVED


def others_of(
    state: VenueState, session_id: UUID, station_id: UUID | None = None
) -> tuple[Station, ...]:
    """The stations of a session besides one."""
    return tuple(s for s in state.stations_of(session_id) if s.id != station_id)


def told(station: Station, until: datetime | None = None) -> Event:
    """What people are told of a station's state."""
    if isinstance(station, Game):
        game = GameStatusChanged(
            game_id=station.id,
            status=station.status,
            fault=station.fault,
            version=station.version,
        )
        return tell(game, venue_id=station.venue_id, version=station.version)
    room = RoomStatusChanged(
        room_id=station.id, status=station.status, until=until, version=station.version
    )
    return tell(room, venue_id=station.venue_id, version=station.version)


def _station(state: VenueState, command: ReserveStation) -> Station | Refusal | None:
    """The station that was asked for; None if the activity needs none and none was named."""
    found: Station | None
    if command.room_id is not None:
        if command.activity is not Activity.KARAOKE_ROOM:
            return _unfit("/room_id", f"{command.activity.value} has no room")
        found = state.get(KaraokeRoom, command.room_id)
        if found is None or found.status is RoomStatus.RETIRED:
            return not_found(f"room {command.room_id}")
        return found
    if command.activity is Activity.KARAOKE_ROOM:
        return _unfit("/room_id", "karaoke_room needs the room")
    if command.game_id is None:
        return None
    found = state.get(Game, command.game_id)
    if found is None or found.status is GameStatus.RETIRED:
        return not_found(f"game {command.game_id}")
    if command.activity is not Activity.ARCADE_TIME or found.pricing is not GamePricing.TIME:
        return _unfit(
            "/game_id",
            f"{found.name} is priced by {found.pricing.value}; only a game that is "
            "priced by time is had for arcade_time",
        )
    return found


def _unfit(pointer: str, detail: str) -> Refusal:
    return Refusal(
        Code.VALIDATION_FAILED, detail, errors=(FieldError(pointer, "not_allowed", detail),)
    )
