"""The floor as it is seen live: who is there, what changes, who has left."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from actors.runtime.outcome import SetTimer
from actors.venue.floor import (
    decide_floor_changed,
    decide_free_seat,
    decide_list_active_sessions,
    decide_tell_occupancy,
)
from actors.venue.presence import next_whole, occupancy_soon
from actors.venue.state import VenueState
from protocol.internal.floor import EndCleaning, TellOccupancy
from protocol.internal.visits import FreeSeat
from protocol.operations.sessions import ListActiveSessions
from protocol.records.inventory import Game, KaraokeRoom
from protocol.records.money_states import GameStatus, RoomStatus
from protocol.records.runtime import FloorPlace
from protocol.records.states import Activity, CheckOutCause, SessionStatus
from protocol.replies.sessions import SessionList
from tests.actors.deciding import NOW, accepted, after
from tests.actors.venue.floors import (
    AT_DOOR,
    ELSEWHERE,
    HOCKEY,
    OTHER_GUEST,
    OTHER_SESSION,
    PATRON,
    SESSION,
    SMALL_ROOM,
    VENUE_ID,
    a_floor,
    a_game,
    a_room,
    a_seat,
    as_it_is,
    context,
    told,
)

LEFT = FreeSeat(session_id=SESSION, cause=CheckOutCause.PATRON)


def listed(state: VenueState, principal: Any) -> SessionList:
    """The live view of somebody."""
    outcome = accepted(decide_list_active_sessions(state, ListActiveSessions(), context(principal)))
    assert isinstance(outcome.reply, SessionList)
    return outcome.reply


def test_occupancy_is_told_at_whole_two_seconds() -> None:
    """However many come within two seconds, all set one and the same timer."""
    moments = [NOW + timedelta(milliseconds=ms) for ms in (0, 1, 1_999)]
    due = NOW + timedelta(seconds=2)
    assert {occupancy_soon(now) for now in moments} == {SetTimer("occupancy", due, TellOccupancy())}
    assert next_whole(timedelta(seconds=2), due) == due + timedelta(seconds=2)


def test_occupancy_counts_persons_and_sessions_that_are_open() -> None:
    """A seat whose session is not open yet is told to nobody."""
    state = a_floor(a_seat(party_size=3, activity=Activity.TABLE), a_seat(OTHER_SESSION, version=1))
    (event,) = accepted(decide_tell_occupancy(state, TellOccupancy(), context(None))).events
    assert not event.durable
    assert event.data["present"] == 3
    assert event.data["sessions"] == 1
    assert event.data["capacity"] == 10
    assert event.data["by_activity"] == {"table": 3}


def test_a_change_of_the_session_is_noted_and_keeps_the_seat() -> None:
    """The live view shows level, charge and last fix without asking each session."""
    state = a_floor(seat := a_seat())
    change = as_it_is(
        seat, status=SessionStatus.PAUSED, safety_level=2, charged_minor=120, last_fix_at=NOW
    )
    outcome = accepted(decide_floor_changed(state, change, context(None)))
    (noted,) = outcome.changes
    assert isinstance(noted, FloorPlace)
    assert (noted.version, noted.status, noted.safety_level) == (3, SessionStatus.PAUSED, 2)
    assert (noted.charged_minor, noted.last_fix_at) == (120, NOW)
    assert outcome.timers == ()


def test_a_change_that_changes_nothing_writes_nothing() -> None:
    """Sessions say how they stand more often than anything happens."""
    state = a_floor(seat := a_seat())
    outcome = accepted(decide_floor_changed(state, as_it_is(seat), context(None)))
    assert not outcome.writes


def test_a_change_of_the_party_is_counted() -> None:
    """Two more at the table are two more in the house."""
    state = a_floor(seat := a_seat(party_size=7))
    outcome = accepted(decide_floor_changed(state, as_it_is(seat, party_size=9), context(None)))
    assert told(outcome) == ["venue.capacity_alert"]
    assert outcome.timers == (occupancy_soon(NOW),)
    assert after(state, outcome).present == 9


def test_what_is_said_of_a_session_that_has_left_is_nothing() -> None:
    """A late word must not bring a seat back."""
    state = a_floor()
    for outcome in (
        accepted(decide_floor_changed(state, as_it_is(a_seat()), context(None))),
        accepted(decide_free_seat(state, LEFT, context(None))),
    ):
        assert not outcome.writes


def test_the_end_of_a_visit_frees_seat_and_station() -> None:
    """The room is cleaned first, and ready when the timer says so."""
    room = a_room(session_id=SESSION, status=RoomStatus.OCCUPIED)
    state = a_floor(a_seat(station_id=SMALL_ROOM), room)
    outcome = accepted(decide_free_seat(state, LEFT, context(None)))
    until = NOW + timedelta(minutes=10)
    assert outcome.timers == (
        SetTimer(f"cleaning:{SMALL_ROOM}", until, EndCleaning(room_id=SMALL_ROOM)),
        occupancy_soon(NOW),
    )
    (event,) = outcome.events
    assert (event.data["status"], event.version) == ("cleaning", 2)
    after(state, outcome)
    assert state.place(SESSION) is None
    assert state.present == state.seated == 0
    assert state.one(KaraokeRoom).session_id is None


def test_a_game_that_broke_while_it_was_played_stays_out_of_order() -> None:
    """Leaving it must not bring a broken machine back into service."""
    game = a_game(session_id=SESSION, status=GameStatus.OUT_OF_ORDER, fault="no puck")
    state = a_floor(a_seat(station_id=HOCKEY), game)
    outcome = accepted(decide_free_seat(state, LEFT, context(None)))
    left = after(state, outcome).one(Game)
    assert (left.status, left.session_id, left.fault) == (GameStatus.OUT_OF_ORDER, None, "no puck")


def test_back_under_eighty_five_percent_is_told() -> None:
    """The door may open again: nine of ten were in, eight are."""
    state = a_floor(a_seat(party_size=1), a_seat(OTHER_SESSION, party_size=8))
    assert state.alert == 90
    outcome = accepted(decide_free_seat(state, LEFT, context(None)))
    (event,) = outcome.events
    assert (event.type, event.data["percent"]) == ("venue.capacity_alert", 80)
    assert after(state, outcome).alert == 0


def test_staff_see_all_open_sessions_latest_first() -> None:
    """The floor view, with how old the last fix is."""
    first = a_seat(last_fix_at=NOW - timedelta(seconds=42), charged_minor=150)
    second = a_seat(OTHER_SESSION, user_id=OTHER_GUEST, started_at=NOW)
    state = a_floor(first, second, a_seat(VENUE_ID, version=1))
    seen = listed(state, AT_DOOR)
    assert [item.session_id for item in seen.items] == [OTHER_SESSION, SESSION]
    assert [item.last_fix_age_s for item in seen.items] == [None, 42]
    assert [item.charge_minor for item in seen.items] == [0, 150]


@pytest.mark.parametrize("principal", [PATRON, ELSEWHERE])
def test_nobody_else_sees_more_than_their_own(principal: Any) -> None:
    """Rule 15: a patron's own session, and for staff of another venue nothing."""
    state = a_floor(a_seat(), a_seat(OTHER_SESSION, user_id=OTHER_GUEST))
    seen = {item.user_id for item in listed(state, principal).items}
    assert seen <= {principal.user_id}
