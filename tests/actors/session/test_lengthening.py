"""Bookings that last longer (POST /api/sessions/{session_id}/extend)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from protocol.errors import Code, Refusal
from protocol.internal.allowances import TimeAllowance, TimeLimit
from protocol.internal.managing import LengthenStay
from protocol.internal.visit_holds import VisitHeld
from protocol.internal.visits import FloorChanged
from protocol.operations.sessions import CheckOut, SwitchActivity
from protocol.operations.sessions_managed import ExtendSession
from protocol.records.states import Activity, LimitPeriod, SessionStatus
from protocol.replies.sessions_managed import SessionLengthened
from tests.actors.deciding import refused, refused_with
from tests.actors.session.visit_kit import (
    ELSEWHERE,
    MINUTE,
    OWN,
    STAFF,
    STRANGER,
    Visit,
    a_visit,
)
from tests.actors.session.visit_opening import ROOM, START
from tests.actors.session.visit_states import in_state


def a_room(funds: int = 100_000) -> Visit:
    """Somebody who sings since ten minutes ago: the first block is 30 min and costs 1500."""
    visit = a_visit(funds, Activity.KARAOKE_ROOM)
    visit.state.put(visit.session.revised(station_id=ROOM))
    visit.go_to(START + 10 * MINUTE)
    return visit


def test_a_booking_lasts_longer_by_whole_blocks_from_the_end_of_the_one_that_runs() -> None:
    """30 min are paid anyway; two blocks more are until 19:00, and their price is held."""
    visit = a_room()
    visit.do(ExtendSession(session_id=visit.id, minutes=30), OWN)
    (asked,) = visit.told_venue(LengthenStay)
    assert isinstance(asked, LengthenStay)
    assert (asked.new_end_at, asked.station_id) == (START + 60 * MINUTE, ROOM)
    answer = visit.keep_stay()
    assert isinstance(answer, SessionLengthened)
    assert answer.new_end_at == START + 60 * MINUTE
    assert (answer.added_minutes, answer.room_id) == (30, ROOM)
    # One hour of a room is 3000, of which the first block is charged.
    assert answer.held_minor + visit.session.charged_minor == 3_000
    (told,) = visit.heard("session.extended")
    assert (told.data["added_minutes"], told.data["hold_minor"]) == (30, answer.held_minor)
    assert visit.notes.booked_until == START + 60 * MINUTE


def test_the_price_stays_held_until_the_booking_ends() -> None:
    """What is promised is not spent on drinks meanwhile: ticks hold it anew."""
    visit = a_room()
    visit.do(ExtendSession(session_id=visit.id, minutes=30), OWN)
    visit.keep_stay()
    visit.go_to(START + 20 * MINUTE)
    assert visit.session.held_minor + visit.session.charged_minor == 3_000
    visit.go_to(START + 31 * MINUTE)
    (floor,) = visit.told_venue(FloorChanged)[-1:]
    assert isinstance(floor, FloorChanged)
    assert floor.booked_until == START + 60 * MINUTE


def test_the_next_extension_begins_where_the_last_one_ends() -> None:
    """Half an hour and a quarter are three quarters."""
    visit = a_room()
    for minutes in (30, None):
        visit.do(ExtendSession(session_id=visit.id, minutes=minutes), OWN)
        visit.keep_stay()
    assert visit.notes.booked_until == START + 75 * MINUTE


def test_who_stayed_over_the_booking_extends_from_the_block_that_runs() -> None:
    """Time that is gone already can't be booked."""
    visit = a_room()
    visit.do(ExtendSession(session_id=visit.id), OWN)
    visit.keep_stay()
    visit.go_to(START + 61 * MINUTE)
    visit.do(ExtendSession(session_id=visit.id), OWN)
    answer = visit.keep_stay()
    assert isinstance(answer, SessionLengthened)
    assert answer.new_end_at == START + 90 * MINUTE


@pytest.mark.parametrize("minutes", [1, 10, 20, 31])
def test_parts_of_a_block_can_not_be_had(minutes: int) -> None:
    """A block is the unit that rooms are priced in (Rule 3)."""
    visit = a_room()
    refusal = refused(visit.decide(ExtendSession(session_id=visit.id, minutes=minutes), OWN))
    assert refusal.code is Code.VALIDATION_FAILED
    assert refusal.errors[0].pointer == "/minutes"


@pytest.mark.parametrize("code", [Code.ROOM_RESERVED, Code.SPEND_LIMIT_REACHED])
def test_a_refusal_of_venue_or_account_leaves_the_booking_as_it_was(code: Code) -> None:
    """The next guests have the room, or the patron's own limit is reached: nothing changes."""
    visit = a_room()
    held = visit.session.held_minor
    visit.do(ExtendSession(session_id=visit.id), OWN)
    answer = visit.refuse(code)
    assert isinstance(answer, Refusal)
    assert answer.code is code
    assert (visit.notes.booked_until, visit.notes.lengthening) == (None, None)
    assert visit.session.held_minor == held


def test_without_funds_there_is_no_longer_booking() -> None:
    """402, and the visit goes on as before."""
    visit = a_room(funds=1_600)
    visit.do(ExtendSession(session_id=visit.id), OWN)
    answer = visit.keep_stay()
    assert isinstance(answer, Refusal)
    assert answer.code is Code.INSUFFICIENT_CREDITS
    assert visit.status is SessionStatus.ACTIVE
    assert visit.notes.lengthening is None


def test_an_own_limit_of_time_ends_before_the_booking_would() -> None:
    """Rule 7: 40 minutes a day allow no booking of 45."""
    visit = a_room()
    limit = TimeLimit(period=LimitPeriod.DAY, minutes=40)
    visit.wallet.time = TimeAllowance(limits=(limit,))
    visit.go_to(START + 12 * MINUTE)
    refusal = refused(visit.decide(ExtendSession(session_id=visit.id), OWN))
    assert refusal.code is Code.TIME_LIMIT_REACHED


def test_one_change_is_under_way_at_a_time() -> None:
    """A refusal that comes back must be that change's; both ways round."""
    visit = a_room()
    extend = ExtendSession(session_id=visit.id)
    switch = SwitchActivity(session_id=visit.id, activity=Activity.LOUNGE)
    visit.do(extend, OWN)
    assert refused_with(visit.decide(extend, OWN)) is Code.INVALID_TRANSITION
    assert refused_with(visit.decide(switch, OWN)) is Code.INVALID_TRANSITION
    visit.keep_stay()
    visit.do(switch, OWN)
    assert refused_with(visit.decide(extend, OWN)) is Code.INVALID_TRANSITION


def test_a_hold_that_comes_after_the_end_is_given_back() -> None:
    """The runtime undoes the hold and the venue's word when the session refuses."""
    visit = a_room()
    visit.held_back = True
    visit.do(ExtendSession(session_id=visit.id), OWN)
    visit.do(CheckOut(session_id=visit.id), OWN)
    held = VisitHeld(session_id=visit.id, purpose="extend", held_minor=5_000, available_minor=0)
    assert refused_with(visit.decide(held)) is Code.INVALID_TRANSITION
    idle = a_room()
    assert refused_with(idle.decide(held)) is Code.INVALID_TRANSITION


def test_another_place_is_another_booking() -> None:
    """Who leaves the room has no booking of the lounge."""
    visit = a_room()
    visit.do(ExtendSession(session_id=visit.id), OWN)
    visit.keep_stay()
    visit.do(SwitchActivity(session_id=visit.id, activity=Activity.LOUNGE), OWN)
    visit.reserve(Activity.LOUNGE)
    assert visit.notes.booked_until is None


def test_staff_extend_for_the_patron_and_others_know_of_nothing() -> None:
    """Rule 15."""
    visit = a_room()
    extend = ExtendSession(session_id=visit.id)
    assert refused_with(visit.decide(extend, STRANGER)) is Code.NOT_FOUND
    assert refused_with(visit.decide(extend, ELSEWHERE)) is Code.NOT_FOUND
    visit.do(extend, STAFF)
    assert isinstance(visit.keep_stay(), SessionLengthened)


@pytest.mark.parametrize("status", SessionStatus)
def test_only_what_is_booked_and_runs_is_lengthened(status: SessionStatus) -> None:
    """Rule 2: anything else is 409; time in the arcade lasts as long as it is wanted."""
    visit = in_state(status)
    extend = ExtendSession(session_id=visit.id)
    assert refused_with(visit.decide(extend, OWN)) is Code.INVALID_TRANSITION


def test_a_room_whose_patron_is_outside_is_lengthened_all_the_same() -> None:
    """It is kept, and paid, while they are out for a moment."""
    visit = a_room()
    visit.state.put(visit.session.revised(status=SessionStatus.AUTO_PAUSED))
    visit.do(ExtendSession(session_id=visit.id), STAFF)
    assert isinstance(visit.keep_stay(), SessionLengthened)
    assert visit.notes.booked_until == START + timedelta(minutes=45)
