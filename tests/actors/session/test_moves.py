"""Changing the activity: station, hold and segment, and what happens meanwhile (Rule 3)."""

from __future__ import annotations

import pytest

from protocol.errors import Code, Refusal
from protocol.internal.managing import ForgetChange
from protocol.internal.metering import CloseVisit
from protocol.internal.sagas import SagaRefused
from protocol.internal.visit_holds import HoldForVisit, VisitHeld
from protocol.internal.visits import FloorChanged, ReserveStation
from protocol.operations.sessions import (
    PauseSession,
    ResumeSession,
    SwitchActivity,
)
from protocol.records.states import Activity, CheckOutCause, SegmentMode, SessionStatus
from protocol.replies.sessions import SessionChanged
from tests.actors.deciding import refused_with
from tests.actors.session.visit_kit import (
    MINUTE,
    OWN,
    Visit,
    a_visit,
)
from tests.actors.session.visit_opening import (
    ROOM,
    START,
)


def switch(visit: Visit, activity: Activity = Activity.KARAOKE_ROOM) -> object:
    room = ROOM if activity is Activity.KARAOKE_ROOM else None
    return visit.do(SwitchActivity(session_id=visit.id, activity=activity, room_id=room), OWN)


def test_a_switch_goes_by_venue_and_account_and_freezes_the_new_rate() -> None:
    """Station first, then the hold, then the segment: nothing is charged at a wrong rate."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    visit.held_back = True
    assert switch(visit) is None
    (asked,) = visit.told_venue(ReserveStation)
    assert isinstance(asked, ReserveStation)
    assert asked.room_id == ROOM
    visit.reserve(Activity.KARAOKE_ROOM, room=ROOM)
    ((hold, in_saga),) = visit.to_account
    assert isinstance(hold, HoldForVisit)
    assert in_saga
    assert hold.hold_target_minor == 1500
    assert visit.session.activity is Activity.ARCADE_TIME
    visit.deliver()
    answer = visit.answers[-1]
    assert isinstance(answer, SessionChanged)
    assert (answer.activity, answer.station_id) == (Activity.KARAOKE_ROOM, ROOM)
    first, second = visit.segments
    assert first.ended_at == second.started_at == visit.now
    assert (second.rate_minor_per_h, second.mode) == (3000, SegmentMode.BLOCK)
    (event,) = visit.heard("session.activity_changed")
    assert event.data["rate_minor_per_h"] == 3000
    (*_, floor) = visit.told_venue(FloorChanged)
    assert isinstance(floor, FloorChanged)
    assert floor.station_id == ROOM


def test_a_switch_that_is_covered_needs_no_further_hold() -> None:
    """To something cheaper: the station's answer is enough."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    switch(visit, Activity.LOUNGE)
    assert isinstance(visit.reserve(Activity.LOUNGE), SessionChanged)
    assert visit.session.activity is Activity.LOUNGE


def test_a_switch_without_funds_is_refused_and_leaves_no_trace() -> None:
    """402: the visit goes on where it was, and may try again."""
    visit = a_visit(700)
    visit.go_to(START + 10 * MINUTE)
    switch(visit)
    answer = visit.reserve(Activity.KARAOKE_ROOM, room=ROOM)
    assert isinstance(answer, Refusal)
    assert answer.code is Code.INSUFFICIENT_CREDITS
    assert visit.notes.move is None
    assert len(visit.segments) == 1
    assert switch(visit) is None


def test_a_busy_station_is_passed_on() -> None:
    """The venue's refusal is the answer; the change is not under way any more."""
    visit = a_visit()
    switch(visit)
    busy = Refusal(Code.STATION_BUSY, "taken")
    assert visit.do(SagaRefused(refusal=busy)) == busy
    assert visit.notes.move is None


@pytest.mark.parametrize("at_account", [False, True])
@pytest.mark.parametrize("meanwhile", ["pause", "close", "over"])
def test_a_switch_that_comes_back_to_another_state_is_given_up(
    at_account: bool, meanwhile: str
) -> None:
    """Each round trip takes time: what the answer finds may not be what was asked from."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    visit.held_back = True
    switch(visit)
    if at_account:
        visit.reserve(Activity.KARAOKE_ROOM, room=ROOM)
        visit.account_takes()
    if meanwhile == "pause":
        visit.do(PauseSession(session_id=visit.id), OWN)
    else:
        visit.do(CloseVisit(cause=CheckOutCause.EXCLUSION), in_saga=False)
        if meanwhile == "over":
            visit.account_takes()
            visit.session_hears(-1)
    answer = None if at_account else visit.reserve(Activity.KARAOKE_ROOM, room=ROOM)
    if at_account:
        visit.session_hears()
        answer = visit.answers[-1]
    assert isinstance(answer, Refusal)
    assert answer.code is Code.INVALID_TRANSITION
    assert len(visit.segments) == 1
    if visit.state.session is not None:
        assert visit.notes.move is None


def test_one_change_is_under_way_at_a_time() -> None:
    """Two answers in an order of their own would leave the floor and the visit apart."""
    visit = a_visit()
    switch(visit)
    second = SwitchActivity(session_id=visit.id, activity=Activity.LOUNGE)
    assert refused_with(visit.decide(second, OWN)) is Code.INVALID_TRANSITION
    visit.do(PauseSession(session_id=visit.id), OWN)
    resume = ResumeSession(session_id=visit.id)
    assert refused_with(visit.decide(resume, OWN)) is Code.INVALID_TRANSITION


def test_a_change_that_failed_on_its_way_back_is_forgotten() -> None:
    """Nobody says no to it then, so its undo must: or no other change could ever begin."""
    visit = a_visit()
    switch(visit)
    for what, under_way in (("details", True), ("lengthening", True), ("move", False)):
        visit.do(ForgetChange(session_id=visit.id, what=what), None, in_saga=False)
        assert (visit.notes.move is not None) is under_way
    visit.do(ForgetChange(session_id=visit.id, what="move"), None, in_saga=False)
    assert switch(visit, Activity.LOUNGE) is None


def test_between_plays_a_visit_may_stay_without_a_rate() -> None:
    """A play is paid at its price: one may come in for plays, and so one may go over to them."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    visit.do(SwitchActivity(session_id=visit.id, activity=Activity.ARCADE_PLAY), OWN)
    visit.reserve(Activity.ARCADE_PLAY)
    assert visit.session.activity is Activity.ARCADE_PLAY
    visit.go_to(START + 70 * MINUTE)
    assert visit.status is SessionStatus.ACTIVE
    assert visit.charge(visit.now) == 200


def a_hold(visit: Visit, purpose: str) -> VisitHeld:
    return VisitHeld(session_id=visit.id, purpose=purpose, held_minor=300, available_minor=5)


def test_a_hold_or_a_station_for_no_change_is_refused() -> None:
    """A change that was given up is not made by an answer that comes after all."""
    visit = a_visit()
    assert refused_with(visit.decide(a_hold(visit, "switch"))) is Code.INVALID_TRANSITION
    switch(visit)
    visit.do(SagaRefused(refusal=Refusal(Code.INTERNAL, "failed")))
    answer = visit.reserve(Activity.KARAOKE_ROOM, room=ROOM)
    assert isinstance(answer, Refusal)
    assert answer.code is Code.INVALID_TRANSITION
