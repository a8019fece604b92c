"""A visit whose patron drank before it: day and pace are the person's, not the visit's (Rule 7)."""

from __future__ import annotations

from datetime import datetime

import pytest

from protocol.internal.managing import CancelOpening
from protocol.internal.orders import PriceOrder
from protocol.internal.safety import HoldService
from protocol.internal.visits import HadBefore, SessionOpened
from protocol.operations.care import AnswerVerification, RecordInterventionOutcome
from protocol.operations.sessions import ResumeSession
from protocol.records.safety import Intervention
from protocol.records.states import (
    Activity,
    InterventionOutcome,
    SafetyCheckResponse,
    SessionStatus,
)
from tests.actors.deciding import accepted
from tests.actors.session.care_kit import MANAGER, case_of, check_of, data, errands, had
from tests.actors.session.test_orders_and_views import a_vouch
from tests.actors.session.visit_kit import MINUTE, OWN, Visit
from tests.actors.session.visit_opening import START, an_opening
from tests.actors.session.visit_wallet import Wallet

CROSSED = "safety.threshold_crossed"
OPENED = "safety.intervention_opened"


def a_visit_after(
    *drinks: tuple[int, int],
    activity: Activity = Activity.ARCADE_TIME,
    began_at: datetime | None = None,
) -> Visit:
    """`drinks` are minutes before and thousandths of a drink of each of the two who come in."""
    visit = Visit(Wallet(available=10_000, held=1500))
    opening = an_opening(visit.id, activity, held=1500, available=10_000)
    before = tuple(HadBefore(at=START - ago * MINUTE, milli=2 * milli) for ago, milli in drinks)
    visit.do(opening.evolve(drinks=before, began_at=began_at))
    return visit


def test_a_visit_goes_on_with_the_drinks_of_the_one_before() -> None:
    """day_total and pace_120: 3 before and 1 now are 4, and the session vouches for all of them."""
    visit = a_visit_after((70, 1000), (65, 1000), (61, 1000))
    assert (visit.session.safety_level, data(visit, CROSSED)) == (0, [])
    had(visit, 1000)
    (crossed,) = data(visit, CROSSED)
    assert (crossed["rule"], crossed["level"], crossed["value"]) == ("pace_120", 2, 4)
    (send,) = accepted(visit.decide(a_vouch(visit))).sends
    assert isinstance(send.command, PriceOrder)
    assert send.command.buyer.drinks_milli_by_window == (2000, 8000, 8000)


def test_a_level_that_would_not_have_fallen_is_there_from_the_beginning() -> None:
    """Whoever checks out and in again is looked after as before: a case, a task, an event."""
    visit = a_visit_after((20, 4000))
    assert (visit.session.safety_level, visit.status) == (2, SessionStatus.ACTIVE)
    (crossed,) = data(visit, CROSSED)
    assert (crossed["rule"], crossed["level"]) == ("pace_120", 2)
    assert [told["level"] for told in data(visit, OPENED)] == [2]
    (errand,) = errands(visit)
    assert errand.level == 2
    types = [event.type for event in visit.events]
    assert types.index("session.checked_in") < types.index(CROSSED)


def test_what_has_fallen_by_now_is_not_told_once_more() -> None:
    """Rule 7 levels: once per window; what rises next is something else."""
    visit = a_visit_after((90, 4000))
    assert (visit.session.safety_level, data(visit, CROSSED)) == (0, [])
    had(visit, 1000)
    assert data(visit, CROSSED) == []
    had(visit, 1000)
    assert [(told["rule"], told["level"]) for told in data(visit, CROSSED)] == [
        ("pace_120_high", 3)
    ]


@pytest.mark.parametrize("drinks", [((110, 6000),), ((700, 5000), (200, 3000))])
def test_a_visit_begins_by_cooling_at_level_3(drinks: tuple[tuple[int, int], ...]) -> None:
    """Rule 7 hold: no alcohol, no time charged, management has a task; the check-in is answered."""
    visit = a_visit_after(*drinks)
    assert (visit.session.safety_level, visit.status) == (3, SessionStatus.COOLING)
    (hold,) = visit.told_venue(HoldService)
    assert isinstance(hold, HoldService)
    assert (hold.level, hold.session_id) == (3, visit.id)
    assert [errand.level for errand in errands(visit)] == [3]
    (opened,) = visit.told_venue(SessionOpened)
    assert isinstance(opened, SessionOpened)
    assert opened.status is SessionStatus.COOLING
    (send,) = accepted(visit.decide(a_vouch(visit))).sends
    assert isinstance(send.command, PriceOrder)
    assert send.command.buyer.safety_level == 3
    visit.go_to(START + 15 * MINUTE)
    assert visit.charge(visit.now) == 0


def test_management_lifts_it_and_the_visit_goes_on_as_it_was_asked_for() -> None:
    """Its first segment, in which no time passed, says at which place and rate."""
    visit = a_visit_after((5, 6000))
    report = RecordInterventionOutcome(
        intervention_id=case_of(visit).id, outcome=InterventionOutcome.FINE
    )
    visit.go_to(START + MINUTE)
    visit.do(report, MANAGER)
    assert (visit.session.safety_level, visit.status) == (0, SessionStatus.ACTIVE)
    answer = AnswerVerification(check_id=check_of(visit).id, response=SafetyCheckResponse.OK)
    visit.do(answer, OWN)
    visit.go_to(START + 11 * MINUTE)
    assert visit.charge(visit.now) == 200
    assert [segment.active_ms for segment in visit.segments] == [0, 0]
    had(visit, 100)
    levels = [crossed["level"] for crossed in data(visit, CROSSED)]
    assert levels == [3, 2], "pace_120_high raises once in its window"


def test_management_may_let_it_go_on_while_the_level_stays() -> None:
    """Rule 2: cooling is overridden, also at the very beginning."""
    visit = a_visit_after((5, 6000))
    visit.do(ResumeSession(session_id=visit.id), MANAGER)
    assert (visit.session.safety_level, visit.status) == (3, SessionStatus.ACTIVE)


def test_a_room_that_is_booked_goes_on_while_its_patrons_cool() -> None:
    """What is booked is not pausable."""
    visit = a_visit_after((5, 6000), activity=Activity.KARAOKE_ROOM)
    assert visit.status is SessionStatus.COOLING
    assert visit.segments[-1].ended_at is None


def test_a_check_in_that_was_offline_pays_for_its_time_and_cools_now() -> None:
    """Rule 12: it began ten minutes ago; what was drunk is judged now."""
    visit = a_visit_after((30, 6000), began_at=START - 10 * MINUTE)
    assert visit.status is SessionStatus.COOLING
    assert visit.charge(visit.now) == 200


def test_a_check_in_that_was_not_to_be_is_voided_while_it_cools() -> None:
    """The last step failed after the visit began: its hold on the person waits for management."""
    visit = a_visit_after((5, 6000))
    visit.do(CancelOpening(session_id=visit.id), OWN)
    assert visit.history.status is SessionStatus.VOIDED
    (case,) = visit.state.all(Intervention)
    assert case.due_at is None
