"""Cases: who opens, takes on and ends them, who hears if nobody does, and what outlives a visit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from protocol.addresses import Principal
from protocol.errors import Code
from protocol.internal.safety import CareEnded, HoldService, LiftService, TakeCare
from protocol.operations.care import (
    Measure,
    OpenIntervention,
    RecordInterventionOutcome,
)
from protocol.operations.safety import RaiseSos
from protocol.operations.sessions import CheckOut
from protocol.records.platform import AuditEntry
from protocol.records.states import (
    InterventionOutcome,
    InterventionStatus,
    SessionStatus,
)
from protocol.replies.care import InterventionReply
from tests.actors.deciding import refused_with
from tests.actors.session.care_kit import (
    MANAGER,
    case_of,
    data,
    errands,
    is_closed,
    raised_to,
)
from tests.actors.session.visit_kit import ELSEWHERE, MINUTE, OWN, STAFF, STRANGER, Visit, a_visit
from tests.actors.session.visit_opening import START

_O = InterventionOutcome
UPDATED = "safety.intervention_updated"


def report(
    visit: Visit, outcome: InterventionOutcome | None, who: Principal = STAFF, **more: Any
) -> Any:
    command = RecordInterventionOutcome(
        intervention_id=case_of(visit).id, outcome=outcome, acknowledged=outcome is None, **more
    )
    return visit.do(command, who)


def refused(visit: Visit, outcome: InterventionOutcome, who: Principal) -> Code:
    command = RecordInterventionOutcome(intervention_id=case_of(visit).id, outcome=outcome)
    return refused_with(visit.decide(command, who))


def quiet(visit: Visit) -> Visit:
    """Without the check that a patron would answer: what people do is the matter here."""
    visit.timers.pop("care_check", None)
    return visit


@pytest.mark.parametrize(("level", "minutes"), [(1, 10), (2, 5), (3, 2), (4, 1), (5, 1)])
def test_management_opens_a_case_with_its_deadline(level: int, minutes: int) -> None:
    """Everyone of the venue hears of it, and it is written down who did it."""
    visit = a_visit()
    opened = raised_to(visit, level)
    assert opened.ack_by == visit.now + minutes * MINUTE
    (told,) = data(visit, "safety.intervention_opened")
    assert (told["level"], told["source"], told["reason"]) == (level, "staff", "looks unwell")
    assert [row.action for row in visit.appends if isinstance(row, AuditEntry)] == [
        "intervention.opened"
    ]
    assert visit.session.safety_level == level
    assert (visit.status is SessionStatus.COOLING) is (level >= 3)
    assert len(errands(visit)) == (level >= 2)
    assert len(visit.told_venue(HoldService)) == (level >= 3)
    assert len(visit.told_venue(RaiseSos)) == (level == 5)


def test_a_case_is_raised_and_never_lowered() -> None:
    """The same or a lower level is 409; a higher one is the same case with new deadlines."""
    visit = a_visit()
    first = raised_to(visit, 2)
    for level in (1, 2):
        command = OpenIntervention(session_id=visit.id, level=level, reason="again")
        assert refused_with(visit.decide(command, MANAGER)) is Code.INTERVENTION_OPEN
    visit.go_to(START + MINUTE)
    command = OpenIntervention(
        session_id=visit.id, level=3, reason="worse", measures=(Measure.SAFE_WAY_HOME,)
    )
    second = visit.do(command, MANAGER)
    assert isinstance(second, InterventionReply)
    assert (second.intervention_id, second.level) == (first.intervention_id, 3)
    assert second.ack_by == visit.now + 2 * MINUTE
    assert set(second.measures) == {"welfare_check", "alcohol_hold", "cooling", "safe_way_home"}
    assert errands(visit)[1].before_id == errands(visit)[0].task_id


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (OWN, Code.FORBIDDEN),
        (STAFF, Code.FORBIDDEN),
        (STRANGER, Code.FORBIDDEN),
        (ELSEWHERE, Code.NOT_FOUND),
    ],
)
def test_only_management_of_the_venue_opens_cases(who: Principal, code: Code) -> None:
    """Rule 15."""
    visit = a_visit()
    command = OpenIntervention(session_id=visit.id, level=2, reason="hm")
    assert refused_with(visit.decide(command, who)) is code


def test_a_visit_that_is_over_has_no_new_cases() -> None:
    """409 session_closed, closing or closed."""
    visit = a_visit()
    visit.held_back = True
    visit.do(CheckOut(session_id=visit.id), OWN)
    command = OpenIntervention(session_id=visit.id, level=2, reason="hm")
    assert refused_with(visit.decide(command, MANAGER)) is Code.SESSION_CLOSED
    visit.deliver()
    assert refused_with(visit.decide(command, MANAGER)) is Code.SESSION_CLOSED


def test_a_level_2_that_nobody_takes_goes_from_tier_to_tier_and_never_ends() -> None:
    """Rule 7: after 5 min the next tier of people, then the next, then all of them for good."""
    visit = a_visit(funds=10**6)
    raised_to(visit, 2)
    quiet(visit)
    visit.go_to(START + 26 * MINUTE)
    assert [(e.tier, (e.due_at - START) // MINUTE) for e in errands(visit)] == [
        (0, 5),
        (1, 10),
        (2, 15),
        (3, 20),
        (3, 25),
        (3, 30),
    ]
    assert {told["status"] for told in data(visit, UPDATED)} == {"escalated"}
    assert case_of(visit).status is InterventionStatus.ESCALATED
    visit.go_to(START + timedelta(hours=3))
    assert not is_closed(visit)
    assert errands(visit)[-1].due_at > visit.now


def test_who_takes_a_case_on_owes_its_outcome_in_ten_minutes() -> None:
    """Acknowledged is not seen to: without an outcome more people hear of it."""
    visit = a_visit()
    raised_to(visit, 2)
    quiet(visit)
    visit.go_to(START + 3 * MINUTE)
    taken = report(visit, None)
    assert (taken.status, taken.acknowledged_by) == (
        InterventionStatus.ACKNOWLEDGED,
        STAFF.user_id,
    )
    visit.go_to(START + 9 * MINUTE)
    assert len(errands(visit)) == 1
    visit.go_to(START + 10 * MINUTE)
    assert errands(visit)[-1].tier == 1
    done = report(visit, _O.WATER_FOOD, notes="had two glasses")
    assert done.status is InterventionStatus.CLOSED
    assert [type(told) for told in visit.told_venue(CareEnded)] == [CareEnded]
    assert "care_case" not in visit.timers
    assert data(visit, UPDATED)[-1]["outcome"] == "water_food"


def test_accepting_the_task_acknowledges_the_case() -> None:
    """Whoever is on the way need not say so twice."""
    visit = a_visit()
    raised_to(visit, 2)
    visit.do(TakeCare(intervention_id=case_of(visit).id, by_user=STAFF.user_id), in_saga=False)
    assert case_of(visit).acknowledged_by == STAFF.user_id
    visit.go_to(START + 9 * MINUTE)
    assert len(errands(visit)) == 1


def test_a_hold_is_lifted_by_management_alone() -> None:
    """From level 3 on staff report what they did, and management says that all is well."""
    visit = a_visit()
    raised_to(visit, 3)
    assert refused(visit, _O.FINE, STAFF) is Code.FORBIDDEN
    kept = report(visit, _O.REFUSED_SERVICE)
    assert kept.status is InterventionStatus.ACKNOWLEDGED
    assert visit.session.safety_level == 3
    lifted = report(visit, _O.FINE, MANAGER)
    assert lifted.status is InterventionStatus.CLOSED
    assert visit.session.safety_level == 0
    assert visit.status is SessionStatus.ACTIVE
    assert len(visit.told_venue(LiftService)) == 1
    assert refused(visit, _O.FINE, MANAGER) is Code.INTERVENTION_CLOSED


@pytest.mark.parametrize("who", [OWN, STRANGER, ELSEWHERE])
def test_cases_are_no_matter_of_patrons_or_of_other_venues(who: Principal) -> None:
    """Rule 15: for them there is none."""
    visit = a_visit()
    raised_to(visit, 2)
    assert refused(visit, _O.FINE, who) is Code.NOT_FOUND


def test_a_responder_may_find_it_worse() -> None:
    """escalate is one level more: a threshold crossed, the case raised, new people sent."""
    visit = a_visit()
    raised_to(visit, 2)
    worse = report(visit, _O.ESCALATE)
    assert worse.level == 3
    (crossed,) = data(visit, "safety.threshold_crossed")
    assert (crossed["rule"], crossed["level"]) == ("escalate", 3)
    assert visit.status is SessionStatus.COOLING


def test_who_was_brought_home_has_left_and_stays_held() -> None:
    """Level 4 ends the visit by a safe way home; the hold waits for management, however long."""
    visit = a_visit()
    raised_to(visit, 4)
    report(visit, _O.RIDE_ARRANGED)
    assert visit.status is SessionStatus.CLOSED
    assert visit.history.cause is not None
    assert visit.history.cause.value == "forced"
    assert not is_closed(visit)
    assert visit.told_venue(LiftService) == []
    assert refused(visit, _O.FINE, STAFF) is Code.FORBIDDEN
    visit.go_to(START + timedelta(hours=20))
    lifted = report(visit, _O.FINE, MANAGER)
    assert lifted.status is InterventionStatus.CLOSED
    assert len(visit.told_venue(LiftService)) == 1
    assert refused(visit, _O.FINE, MANAGER) is Code.INTERVENTION_CLOSED


def test_below_a_hold_a_case_ends_with_its_visit() -> None:
    """Nobody has to look for who has gone home; that is told and not silent."""
    visit = a_visit()
    raised_to(visit, 2)
    visit.do(CheckOut(session_id=visit.id), OWN)
    assert is_closed(visit)
    assert data(visit, UPDATED)[-1]["status"] == "closed"
    assert len(visit.told_venue(CareEnded)) == 1
    assert visit.timers == {}
