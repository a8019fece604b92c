"""Checks: what a patron's answer does, and what silence does (Rule 7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from protocol.addresses import Principal
from protocol.errors import Code
from protocol.internal.safety import HelpAsked
from protocol.operations.care import AnswerVerification, RecordInterventionOutcome
from protocol.operations.sessions import CheckOut, GetSession
from protocol.records.states import SafetyCheckResponse, SessionStatus
from protocol.replies.care import CheckAnswered
from protocol.replies.sessions import SessionDetail
from tests.actors.deciding import refused_with
from tests.actors.session.care_kit import (
    MANAGER,
    case_of,
    check_of,
    data,
    errands,
    raised_to,
    register,
)
from tests.actors.session.visit_kit import MINUTE, OWN, STAFF, STRANGER, Visit, a_visit
from tests.actors.session.visit_opening import START


def answer(visit: Visit, response: SafetyCheckResponse, who: Principal = OWN) -> Any:
    return visit.do(AnswerVerification(check_id=check_of(visit).id, response=response), who)


def status(visit: Visit) -> SessionStatus:
    return visit.status


def test_an_answer_ends_cooling_only_after_its_time() -> None:
    """Rule 2: an answered check **and** 20 minutes; either alone is not enough."""
    visit = a_visit()
    raised_to(visit, 3)
    visit.go_to(START + 2 * MINUTE)
    answered = answer(visit, SafetyCheckResponse.OK)
    assert isinstance(answered, CheckAnswered)
    assert answered.status is SessionStatus.COOLING
    visit.go_to(START + 19 * MINUTE)
    assert status(visit) is SessionStatus.COOLING
    visit.go_to(START + 20 * MINUTE)
    assert status(visit) is SessionStatus.ACTIVE
    assert visit.session.safety_level == 3


def test_who_does_not_answer_goes_on_cooling_and_is_asked_again() -> None:
    """Twenty minutes of silence are no answer."""
    visit = a_visit()
    raised_to(visit, 3)
    visit.go_to(START + 19 * MINUTE)
    assert len(data(visit, "safety.verification_requested")) == 1
    visit.go_to(START + 21 * MINUTE)
    assert status(visit) is SessionStatus.COOLING
    assert len(data(visit, "safety.verification_requested")) == 2
    answer(visit, SafetyCheckResponse.OK)
    assert status(visit) is SessionStatus.ACTIVE


def test_silence_raises_by_one_up_to_3_unless_somebody_is_there() -> None:
    """unanswered: 1 becomes 2 becomes 3; who is being looked after is not punished for it."""
    visit = a_visit()
    raised_to(visit, 1)
    visit.go_to(START + 3 * MINUTE)
    assert visit.session.safety_level == 2
    visit.go_to(START + 60 * MINUTE)
    assert visit.session.safety_level == 3
    assert [told["rule"] for told in data(visit, "safety.threshold_crossed")] == [
        "unanswered",
        "unanswered",
    ]
    watched = a_visit()
    raised_to(watched, 2)
    taken = RecordInterventionOutcome(intervention_id=case_of(watched).id, acknowledged=True)
    watched.do(taken, STAFF)
    watched.go_to(START + 5 * MINUTE)
    assert watched.session.safety_level == 2


def test_help_is_level_4_without_a_sign_on_the_screen() -> None:
    """Discreetly: no cooling, no prompt, nothing in the answer; the venue is called."""
    visit = a_visit()
    raised_to(visit, 1)
    before = len(visit.heard("safety.verification_requested"))
    visit.events.clear()
    answered = answer(visit, SafetyCheckResponse.HELP)
    assert answered.status is SessionStatus.ACTIVE
    assert visit.session.safety_level == 4
    assert not [e for e in visit.events if f"user:{OWN.user_id}" in e.rooms]
    (asked,) = visit.told_venue(HelpAsked)
    assert isinstance(asked, HelpAsked)
    assert asked.session_id == visit.id
    assert errands(visit)[-1].level == 4
    assert case_of(visit).source.value == "patron"
    assert before == 1
    assert "help" in {line.kind for line in register(visit)}


def test_the_safety_level_is_for_staff_and_on_no_screen_of_the_patron() -> None:
    """Somebody else may look at it, and must not learn that help was asked for."""
    visit = a_visit()
    raised_to(visit, 1)
    answer(visit, SafetyCheckResponse.HELP)
    for over in (False, True):
        if over:
            visit.do(CheckOut(session_id=visit.id), OWN)
        own, seen = (visit.do(GetSession(session_id=visit.id), who) for who in (OWN, STAFF))
        assert isinstance(own, SessionDetail)
        assert isinstance(seen, SessionDetail)
        assert (own.safety_level, seen.safety_level) == (None, 4)


def test_leave_checks_out() -> None:
    """Who wants to go, goes."""
    visit = a_visit()
    raised_to(visit, 1)
    answer(visit, SafetyCheckResponse.LEAVE)
    assert visit.status is SessionStatus.CLOSED


def test_a_check_is_answered_once_in_time_and_by_its_patron() -> None:
    """404 for others, 409 check_closed twice, late, or after the visit."""
    visit = a_visit()
    raised_to(visit, 1)
    command = AnswerVerification(check_id=check_of(visit).id, response=SafetyCheckResponse.OK)
    for who in (STAFF, STRANGER, MANAGER):
        assert refused_with(visit.decide(command, who)) is Code.NOT_FOUND
    unknown = command.evolve(check_id=UUID(int=77))
    assert refused_with(visit.decide(unknown, OWN)) is Code.NOT_FOUND
    visit.do(command, OWN)
    assert refused_with(visit.decide(command, OWN)) is Code.CHECK_CLOSED
    late = a_visit()
    raised_to(late, 1)
    first = AnswerVerification(check_id=check_of(late).id, response=SafetyCheckResponse.OK)
    late.now += 3 * MINUTE + timedelta(milliseconds=1)
    assert refused_with(late.decide(first, OWN)) is Code.CHECK_CLOSED
    late.do(CheckOut(session_id=late.id), OWN)
    assert refused_with(late.decide(first, OWN)) is Code.CHECK_CLOSED
