"""A visit's level as the evening goes on: what raises it, what follows, what lets it fall."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from protocol.errors import Code
from protocol.internal.orders import Buyer, PriceOrder, VouchOrder
from protocol.internal.safety import HoldForNight, HoldService, PatronObserved, PatternSeen
from protocol.internal.visits import FloorChanged
from protocol.operations.care import AnswerVerification, LogSafetyObservation, Sign
from protocol.operations.sessions import CheckOut, PauseSession, ResumeSession
from protocol.operations.transactions import OrderLine, PurchaseItems
from protocol.records.platform import AuditEntry
from protocol.records.states import Activity, SafetyCheckKind, SafetyCheckResponse, SessionStatus
from protocol.replies.care import ObservationLogged
from tests.actors.deciding import accepted, refused_with
from tests.actors.session.care_kit import (
    MANAGER,
    case_of,
    check_of,
    data,
    errands,
    had,
    is_closed,
    raised_to,
    register,
    saw,
)
from tests.actors.session.visit_kit import ELSEWHERE, MINUTE, OWN, STAFF, STRANGER, a_visit
from tests.actors.session.visit_opening import START, USER, VENUE_ID

CROSSED = "safety.threshold_crossed"
ASKED = "safety.verification_requested"
OPENED = "safety.intervention_opened"


def test_three_drinks_in_an_hour_are_a_nudge_to_the_patron_alone() -> None:
    """pace_60: the patron is asked how they are, and nobody is sent."""
    visit = a_visit()
    for _ in range(2):
        had(visit, 1000)
        visit.go_to(visit.now + 10 * MINUTE)
    had(visit, 1000)
    (crossed,) = data(visit, CROSSED)
    assert (crossed["rule"], crossed["level"], crossed["value"]) == ("pace_60", 1, 3)
    assert (crossed["limit"], crossed["window_s"]) == (3, 3600)
    (asked,) = data(visit, ASKED)
    assert asked["kind"] == "wellbeing"
    assert check_of(visit).answer_by - check_of(visit).sent_at == 3 * MINUTE
    assert errands(visit) == []
    assert {line.kind for line in register(visit)} >= {"level", "intervention", "verification"}


def test_the_gravest_rule_speaks_and_no_other() -> None:
    """Six at once are three rules at once: one event, one case, level 3."""
    visit = a_visit()
    had(visit, 6000)
    (crossed,) = data(visit, CROSSED)
    assert (crossed["rule"], crossed["level"]) == ("pace_120_high", 3)
    assert visit.session.safety_level == 3
    assert len(data(visit, OPENED)) == 1


def test_level_3_stops_alcohol_and_the_meter_and_calls_management() -> None:
    """The visit cools: nothing is charged, the venue is told to serve no alcohol. Rule 7 hold."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    had(visit, 6000)
    assert visit.status is SessionStatus.COOLING
    (moved,) = data(visit, "session.status_changed")
    assert (moved["to"], moved["reason"]) == ("cooling", "safety")
    (hold,) = visit.told_venue(HoldService)
    assert isinstance(hold, HoldService)
    assert (hold.user_id, hold.level) == (USER, 3)
    (errand,) = errands(visit)
    assert (errand.level, errand.tier, errand.due_at) == (3, 0, visit.now + 2 * MINUTE)
    visit.go_to(START + 14 * MINUTE)
    assert visit.charge(visit.now) == 200
    vouch = VouchOrder(
        order=PurchaseItems(venue_id=VENUE_ID, lines=(OrderLine(qty=1, item_id=USER),)),
        buyer=Buyer(user_id=USER, age_years_verified=30, session_id=visit.id),
        transaction_id=UUID(int=9),
    )
    (send,) = accepted(visit.decide(vouch)).sends
    assert isinstance(send.command, PriceOrder)
    assert send.command.buyer.safety_level == 3


def test_the_floor_hears_of_a_level() -> None:
    """Staff see at a glance whom to look after."""
    visit = a_visit()
    saw(visit, Sign.DROWSY)
    told = visit.told_venue(FloorChanged)[-1]
    assert isinstance(told, FloorChanged)
    assert told.safety_level == 1


def test_a_room_that_is_booked_goes_on_costing_while_its_patron_cools() -> None:
    """Rule 2: a booking keeps its place."""
    visit = a_visit(activity=Activity.KARAOKE_ROOM)
    had(visit, 6000)
    assert visit.status is SessionStatus.COOLING
    assert visit.segments[-1].ended_at is None


def test_two_different_signs_within_half_an_hour_stop_service() -> None:
    """One sign proves nothing; two do. The same one twice is one. Rule 7 signs."""
    visit = a_visit()
    logged = saw(visit, Sign.SLURRED_SPEECH)
    assert isinstance(logged, ObservationLogged)
    assert logged.safety_level == 1
    visit.go_to(START + 2 * MINUTE)
    assert saw(visit, Sign.SLURRED_SPEECH).safety_level == 1
    assert saw(visit, Sign.UNSTEADY).safety_level == 3
    assert data(visit, CROSSED)[-1]["rule"] == "signs"


def test_visible_intoxication_is_level_3_at_once() -> None:
    """A floor: the word of staff is enough."""
    visit = a_visit()
    logged = saw(visit, visible_intoxication=True)
    assert logged.safety_level == 3
    assert logged.intervention_id == case_of(visit).id
    assert register(visit)[0].signs == ("visible_intoxication",)


def test_each_thing_done_is_a_line_of_its_own() -> None:
    """The register tells refusals from ejections. Rule 7 register."""
    visit = a_visit()
    saw(visit, refusal_of_service=True, first_aid=True, notes="fell off the stage")
    lines = register(visit)
    assert [line.kind for line in lines] == ["refusal", "first_aid"]
    assert all(line.notes_digest and line.by_user == STAFF.user_id for line in lines)
    assert visit.session.safety_level == 0


def test_observations_are_taken_after_the_visit_too() -> None:
    """Rule 12: safety logs are always taken."""
    visit = a_visit()
    visit.do(CheckOut(session_id=visit.id), OWN)
    logged = saw(visit, ejection=True)
    assert isinstance(logged, ObservationLogged)
    assert logged.safety_level is None
    assert register(visit)[-1].kind == "ejection"


@pytest.mark.parametrize("who", [OWN, STRANGER, ELSEWHERE])
def test_only_staff_of_the_venue_observe(who: object) -> None:
    """Rule 15: for everybody else there is no such session."""
    visit = a_visit()
    command = LogSafetyObservation(session_id=visit.id, aggression=True)
    assert refused_with(visit.decide(command, who)) is Code.NOT_FOUND  # type: ignore[arg-type]


def test_who_is_seen_intoxicated_on_the_way_out_is_held_by_the_venue() -> None:
    """Rule 7, a floor: they may not turn round at the door and be served."""
    visit = a_visit()
    visit.do(CheckOut(session_id=visit.id), OWN)
    seen = PatronObserved(visible_intoxication=True, occurred_at=visit.now, by_user=STAFF.user_id)
    visit.do(seen.evolve(visible_intoxication=False, signs=("loud",)), in_saga=False)
    assert visit.told_venue(HoldForNight) == []
    visit.do(seen, in_saga=False)
    saw(visit, visible_intoxication=True)
    assert visit.told_venue(HoldForNight) == [HoldForNight(user_id=USER)] * 2


def test_what_the_venue_and_the_account_saw_counts_the_same() -> None:
    """A sign of the person, a pattern of the purse: the visit decides what follows."""
    visit = a_visit()
    pattern = PatternSeen(
        rule="topup_velocity", level=2, value=3, limit=3, since=START - MINUTE, window_s=3600
    )
    visit.do(pattern, in_saga=False)
    visit.do(pattern.evolve(since=START - 2 * MINUTE), in_saga=False)
    assert [told["rule"] for told in data(visit, CROSSED)] == ["topup_velocity"]
    seen = PatronObserved(signs=("loud", "spilling"), occurred_at=visit.now, by_user=STAFF.user_id)
    visit.do(seen, in_saga=False)
    assert visit.session.safety_level == 3


def test_a_nudge_falls_after_a_quiet_hour_and_a_hold_never_does() -> None:
    """Level 1 answered with ok and an hour of nothing: as if it had not been."""
    visit = a_visit()
    raised_to(visit, 1)
    answer = AnswerVerification(check_id=check_of(visit).id, response=SafetyCheckResponse.OK)
    visit.do(answer, OWN)
    assert is_closed(visit)
    visit.go_to(START + 59 * MINUTE)
    assert visit.session.safety_level == 1
    visit.go_to(START + 61 * MINUTE)
    assert visit.session.safety_level == 0
    had(visit, 6000)
    visit.go_to(START + 600 * MINUTE)
    assert visit.session.safety_level == 3


def test_a_level_with_people_on_their_way_does_not_fall() -> None:
    """A welfare check that nobody made is not made by waiting."""
    visit = a_visit()
    raised_to(visit, 2)
    visit.timers.pop("care_check")
    visit.go_to(START + 300 * MINUTE)
    assert visit.session.safety_level >= 2
    assert not is_closed(visit)


def test_breaks_are_remembered_each_active_hour_and_cost_nobody_a_level() -> None:
    """break_reminder is a prompt: it may be left unanswered."""
    visit = a_visit()
    visit.go_to(START + 30 * MINUTE)
    visit.do(PauseSession(session_id=visit.id), OWN)
    visit.go_to(START + 50 * MINUTE)
    visit.do(ResumeSession(session_id=visit.id), OWN)
    visit.go_to(START + 79 * MINUTE)
    assert data(visit, ASKED) == []
    visit.go_to(START + 80 * MINUTE)
    assert [told["kind"] for told in data(visit, ASKED)] == ["break_reminder"]
    visit.go_to(START + 141 * MINUTE)
    assert [told["kind"] for told in data(visit, ASKED)] == ["break_reminder"] * 2
    assert check_of(visit).kind is SafetyCheckKind.BREAK_REMINDER
    assert visit.session.safety_level == 0


def test_a_long_visit_is_looked_at_twice() -> None:
    """long_session: 4 h is a nudge, 6 h a welfare check. Rule 7 long_session."""
    visit = a_visit(funds=10**6)
    visit.go_to(START + timedelta(hours=4))
    assert [told["rule"] for told in data(visit, CROSSED)] == ["long_session"]
    assert data(visit, CROSSED)[0]["level"] == 1
    assert data(visit, CROSSED)[0]["value"] == 4


def test_management_ends_cooling_at_once_and_the_level_stays() -> None:
    """Rule 2: management may override; alcohol stays refused."""
    visit = a_visit()
    had(visit, 6000)
    resume = ResumeSession(session_id=visit.id)
    assert refused_with(visit.decide(resume, OWN)) is Code.SAFETY_HOLD_ACTIVE
    assert refused_with(visit.decide(resume, STAFF)) is Code.SAFETY_HOLD_ACTIVE
    visit.do(resume, MANAGER)
    lines = [row for row in visit.appends if isinstance(row, AuditEntry)]
    assert [(one.action, one.actor_id) for one in lines] == [("session.resumed", MANAGER.user_id)]
    assert visit.status is SessionStatus.ACTIVE
    assert visit.session.safety_level == 3
