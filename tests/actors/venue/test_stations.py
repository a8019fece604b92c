"""Games by time and karaoke rooms: who has which, and what is taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.venue.floor import decide_floor_changed
from actors.venue.state import VenueState
from actors.venue.stations import (
    decide_end_cleaning,
    decide_keep_station,
    decide_reserve_station,
)
from protocol.addresses import ActorKind, Address
from protocol.errors import Code
from protocol.internal.floor import EndCleaning
from protocol.internal.visits import KeepStation, ReserveStation, StationReserved
from protocol.records.inventory import Game, KaraokeRoom
from protocol.records.money_states import GameStatus, RoomStatus
from protocol.records.states import Activity, SegmentMode
from protocol.records.values import RateBand
from tests.actors.deciding import NOW, accepted, after, refused_with
from tests.actors.venue.floors import (
    BIG_ROOM,
    DANCE,
    HOCKEY,
    OTHER_SESSION,
    SESSION,
    SMALL_ROOM,
    a_floor,
    a_game,
    a_play_game,
    a_room,
    a_seat,
    as_it_is,
    context,
    told,
)

KARAOKE, ARCADE = Activity.KARAOKE_ROOM, Activity.ARCADE_TIME


def a_move(
    activity: Activity = KARAOKE, *, room_id: UUID | None = None, game_id: UUID | None = None
) -> ReserveStation:
    """The session wants to go there."""
    return ReserveStation(session_id=SESSION, activity=activity, room_id=room_id, game_id=game_id)


def moved(state: VenueState, command: ReserveStation) -> tuple[StationReserved, KeepStation]:
    """Decide and apply a move: what the session is told, and what would undo it."""
    outcome = accepted(decide_reserve_station(state, command, context(None)))
    after(state, outcome)
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.SESSION, SESSION)
    assert isinstance(send.command, StationReserved)
    assert isinstance(send.undo, KeepStation)
    return send.command, send.undo


def test_a_room_is_taken_at_the_rate_of_the_hour() -> None:
    """Friday, 21:00 in Tokyo: the band of the weekend, per room and not per person."""
    band = RateBand(starts="18:00", ends="05:00", rate_minor_per_h=3_600, days=(5, 6))
    state = a_floor(a_seat(party_size=3), a_room(rate_bands=(band,)))
    reserved, _ = moved(state, a_move(room_id=SMALL_ROOM))
    assert (reserved.station_id, reserved.rate_minor_per_h) == (SMALL_ROOM, 3_600)
    assert reserved.mode is SegmentMode.BLOCK
    assert reserved.rate_bands == (band,), "the session splits its time by them"
    room = state.one(KaraokeRoom)
    assert (room.session_id, room.status) == (SESSION, RoomStatus.OCCUPIED)


def test_a_game_by_time_has_a_rate_of_its_own() -> None:
    """The machine's price an hour, whoever stands around it."""
    state = a_floor(a_seat(party_size=2), a_game())
    reserved, _ = moved(state, a_move(ARCADE, game_id=HOCKEY))
    assert (reserved.rate_minor_per_h, reserved.mode) == (1_500, SegmentMode.CONTINUOUS)
    assert state.one(Game).status is GameStatus.IN_USE


@pytest.mark.parametrize(
    ("activity", "rate"),
    [(Activity.LOUNGE, 1_200), (ARCADE, 2_400), (Activity.TABLE, 3_000), (Activity.ARCADE_PLAY, 0)],
)
def test_what_needs_no_station_only_has_a_rate(activity: Activity, rate: int) -> None:
    """Rule 3: the venue's rate for each person; plays are paid one by one."""
    state = a_floor(a_seat(party_size=2))
    reserved, _ = moved(state, a_move(activity))
    assert (reserved.station_id, reserved.rate_minor_per_h) == (None, rate)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"session_id": OTHER_SESSION, "status": RoomStatus.OCCUPIED}, Code.STATION_BUSY),
        ({"status": RoomStatus.CLEANING}, Code.STATION_BUSY),
        ({"status": RoomStatus.RESERVED}, Code.STATION_BUSY),
        ({"status": RoomStatus.OUT_OF_ORDER}, Code.STATION_OUT_OF_ORDER),
        ({"status": RoomStatus.RETIRED}, Code.NOT_FOUND),
        ({"capacity": 1}, Code.VALIDATION_FAILED),
    ],
)
def test_a_room_in_every_other_state_is_refused(changes: dict[str, Any], code: Code) -> None:
    """Two parties in one room is what the venue is there to prevent."""
    state = a_floor(a_seat(party_size=2), a_room(**changes))
    decision = decide_reserve_station(state, a_move(room_id=SMALL_ROOM), context(None))
    assert refused_with(decision) is code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"session_id": OTHER_SESSION, "status": GameStatus.IN_USE}, Code.STATION_BUSY),
        ({"status": GameStatus.CLEANING}, Code.STATION_BUSY),
        ({"status": GameStatus.OUT_OF_ORDER}, Code.STATION_OUT_OF_ORDER),
        ({"status": GameStatus.RETIRED}, Code.NOT_FOUND),
    ],
)
def test_a_game_in_every_other_state_is_refused(changes: dict[str, Any], code: Code) -> None:
    """A broken machine is told apart from a busy one: only for the latter it is worth waiting."""
    state = a_floor(a_seat(), a_game(**changes))
    decision = decide_reserve_station(state, a_move(ARCADE, game_id=HOCKEY), context(None))
    assert refused_with(decision) is code


@pytest.mark.parametrize(
    "command",
    [
        a_move(KARAOKE),
        a_move(Activity.LOUNGE, room_id=SMALL_ROOM),
        a_move(Activity.LOUNGE, game_id=HOCKEY),
        a_move(ARCADE, game_id=DANCE),
    ],
)
def test_a_station_that_does_not_go_with_the_activity_is_refused(command: ReserveStation) -> None:
    """Nobody has a room in the lounge, or a play machine by the hour."""
    state = a_floor(a_seat(), a_room(), a_game(), a_play_game())
    assert refused_with(decide_reserve_station(state, command, context(None))) is (
        Code.VALIDATION_FAILED
    )


@pytest.mark.parametrize(
    "command",
    [a_move(room_id=BIG_ROOM), a_move(ARCADE, game_id=BIG_ROOM), a_move(room_id=SMALL_ROOM)],
)
def test_what_is_not_here_is_not_found(command: ReserveStation) -> None:
    """Neither a station of another venue, nor one for a session that has no seat."""
    rows = () if command.room_id == SMALL_ROOM else (a_seat(),)
    state = a_floor(a_room(), *rows)
    assert refused_with(decide_reserve_station(state, command, context(None))) is Code.NOT_FOUND


def test_the_old_room_is_kept_until_the_session_says_that_it_moved() -> None:
    """If the wallet can't hold the new room, the party must still have the old one."""
    old = a_room(session_id=SESSION, status=RoomStatus.OCCUPIED)
    seat = a_seat(station_id=SMALL_ROOM, activity=KARAOKE)
    state = a_floor(seat, old, a_room(BIG_ROOM))
    moved(state, a_move(room_id=BIG_ROOM))
    assert {s.id for s in state.stations_of(SESSION)} == {SMALL_ROOM, BIG_ROOM}
    stale = as_it_is(seat, charged_minor=5)
    after(state, accepted(decide_floor_changed(state, stale, context(None))))
    assert {s.id for s in state.stations_of(SESSION)} == {SMALL_ROOM, BIG_ROOM}
    arrived = as_it_is(seat, station_id=BIG_ROOM)
    outcome = accepted(decide_floor_changed(state, arrived, context(None)))
    assert told(outcome) == ["room.status_changed"]
    after(state, outcome)
    assert {s.id for s in state.stations_of(SESSION)} == {BIG_ROOM}
    left = state.get(KaraokeRoom, SMALL_ROOM)
    assert left is not None
    assert left.status is RoomStatus.CLEANING


@pytest.mark.parametrize("held", [True, False])
def test_a_move_that_is_taken_back_leaves_all_as_it_was(held: bool) -> None:
    """The undo: the new room was never used, so nobody cleans it; twice is as good as once."""
    old = a_room(session_id=SESSION if held else None)
    seat = a_seat(station_id=SMALL_ROOM if held else None)
    state = a_floor(seat, old, a_room(BIG_ROOM))
    before = {s.id for s in state.stations_of(SESSION)}
    _, undo = moved(state, a_move(room_id=BIG_ROOM))
    after(state, accepted(decide_keep_station(state, undo, context(None, in_saga=False))))
    again = accepted(decide_keep_station(state, undo, context(None, in_saga=False)))
    assert not again.writes
    assert {s.id for s in state.stations_of(SESSION)} == before
    free = state.get(KaraokeRoom, BIG_ROOM)
    assert free is not None
    assert (free.status, free.session_id) == (RoomStatus.READY, None)


def test_to_ask_again_for_what_one_has_is_no_change() -> None:
    """A repeat by another key must not find the party's own room busy."""
    state = a_floor(a_seat(), a_room(session_id=SESSION, status=RoomStatus.OCCUPIED))
    outcome = accepted(decide_reserve_station(state, a_move(room_id=SMALL_ROOM), context(None)))
    assert (outcome.changes, outcome.events) == ((), ())
    assert len(outcome.sends) == 1


@pytest.mark.parametrize("status", [s for s in RoomStatus if s is not RoomStatus.CLEANING])
def test_the_end_of_cleaning_changes_nothing_that_is_not_being_cleaned(status: RoomStatus) -> None:
    """Somebody may have said otherwise meanwhile."""
    state = a_floor(a_room(status=status))
    outcome = accepted(decide_end_cleaning(state, EndCleaning(room_id=SMALL_ROOM), context(None)))
    assert not outcome.writes


def test_a_cleaned_room_is_ready() -> None:
    """And everybody hears of it, who may be waiting for it."""
    state = a_floor(a_room(status=RoomStatus.CLEANING))
    at_end = context(None, now=NOW + timedelta(minutes=10))
    outcome = accepted(decide_end_cleaning(state, EndCleaning(room_id=SMALL_ROOM), at_end))
    assert told(outcome) == ["room.status_changed"]
    assert after(state, outcome).one(KaraokeRoom).status is RoomStatus.READY
