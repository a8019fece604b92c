"""Ends against the patron's will (POST /api/sessions/{session_id}/force-checkout)."""

from __future__ import annotations

from datetime import datetime

import pytest

from protocol.addresses import Principal, Role
from protocol.errors import Code
from protocol.internal.orders import OrderPosted
from protocol.operations.sessions import PauseSession, SwitchActivity
from protocol.operations.sessions_managed import ForceCheckOut
from protocol.records.platform import AuditEntry
from protocol.records.safety import Intervention
from protocol.records.states import (
    Activity,
    CheckOutCause,
    ForceReason,
    InterventionSource,
    InterventionStatus,
    SessionStatus,
)
from protocol.replies.sessions import CheckedOut
from tests.actors.deciding import IDS, a_principal, refused, refused_with
from tests.actors.session.visit_kit import (
    ELSEWHERE,
    MINUTE,
    MS,
    OWN,
    SECOND,
    STAFF,
    STRANGER,
    Visit,
    a_visit,
)
from tests.actors.session.visit_opening import START, USER, VENUE_ID
from tests.actors.session.visit_states import in_state

_S = SessionStatus
MANAGER = a_principal(STAFF.user_id, Role.MANAGEMENT, VENUE_ID)


def force(
    visit: Visit, at: datetime | None = None, reason: ForceReason = ForceReason.NO_CONTACT
) -> ForceCheckOut:
    return ForceCheckOut(session_id=visit.id, reason_code=reason, effective_at=at)


def test_it_closes_now_with_a_receipt_and_says_why() -> None:
    """The same end as any other, under another name; the trail always has it."""
    visit = a_visit()
    visit.go_to(START + 30 * MINUTE)
    answer = visit.do(force(visit, reason=ForceReason.MISCONDUCT), MANAGER)
    assert isinstance(answer, CheckedOut)
    assert answer.charge_minor == 600
    assert (visit.history.cause, visit.history.ended_at) == (CheckOutCause.FORCED, visit.now)
    assert visit.history.summary["reason"] == "misconduct"
    closing, _ = visit.heard("session.status_changed")
    assert closing.data["reason"] == "misconduct"
    (told,) = visit.heard("session.checked_out")
    assert told.data["cause"] == "forced"
    (line,) = (row for row in visit.appends if isinstance(row, AuditEntry))
    assert (line.action, line.actor_id) == ("session.force_checked_out", MANAGER.user_id)
    assert line.after is not None
    assert line.after["reason_code"] == "misconduct"


def test_it_may_have_ended_earlier_and_what_was_charged_since_goes_back() -> None:
    """Who left unseen at half past pays until half past, although ticks charged on."""
    visit = a_visit(10_000)
    visit.go_to(START + 60 * MINUTE)
    assert visit.wallet.charged == 1_200
    left_at = START + 30 * MINUTE
    answer = visit.do(force(visit, left_at), MANAGER)
    assert isinstance(answer, CheckedOut)
    assert (answer.charge_minor, answer.duration_ms) == (600, 30 * 60_000)
    assert visit.history.ended_at == left_at
    assert (visit.wallet.charged, visit.wallet.available) == (600, 9_400)
    assert sum(segment.charge_minor for segment in visit.segments) == 600
    assert visit.segments[-1].ended_at == left_at


def test_a_split_since_then_never_was() -> None:
    """Rule 5: the cutover split the segment at 05:00, and the patron had left at half past four."""
    at = START.replace(hour=19, minute=0)  # 04:00 in Tokyo, an hour before the cutover
    visit = a_visit(10_000, at=at)
    visit.go_to(at + 90 * MINUTE)
    assert len(visit.segments) == 2
    left_at = at + 30 * MINUTE
    answer = visit.do(force(visit, left_at), MANAGER)
    assert isinstance(answer, CheckedOut)
    assert answer.charge_minor == 600 == visit.wallet.charged
    assert [segment.charge_minor for segment in visit.segments] == [600, 0]
    assert visit.segments[1].active_ms == 0


@pytest.mark.parametrize("beside", [-MS, 31 * MINUTE])
def test_not_before_the_last_activity_and_not_in_the_future(beside: object) -> None:
    """422: nobody left before they ordered, and nobody knows tomorrow."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    order = OrderPosted(transaction_id=visit.id, total_minor=1, standard_drinks_milli=0, plays=0)
    visit.do(order, in_saga=False)
    visit.go_to(START + 40 * MINUTE)
    at = START + 10 * MINUTE + beside  # type: ignore[operator]
    refusal = refused(visit.decide(force(visit, at), MANAGER))
    assert refusal.code is Code.VALIDATION_FAILED
    assert refusal.errors[0].pointer == "/effective_at"
    visit.do(force(visit, START + 10 * MINUTE), MANAGER)
    assert visit.history.ended_at == START + 10 * MINUTE


def test_a_pause_and_a_move_are_activity_too() -> None:
    """Whoever paused was there, and so was who went over to another game."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    visit.do(SwitchActivity(session_id=visit.id, activity=Activity.LOUNGE), OWN)
    visit.reserve(Activity.LOUNGE)
    visit.go_to(START + 20 * MINUTE)
    early = force(visit, START + 9 * MINUTE)
    assert refused_with(visit.decide(early, MANAGER)) is Code.VALIDATION_FAILED
    visit.do(PauseSession(session_id=visit.id), OWN)
    visit.go_to(START + 25 * MINUTE)
    early = force(visit, START + 19 * MINUTE)
    assert refused_with(visit.decide(early, MANAGER)) is Code.VALIDATION_FAILED
    visit.do(force(visit, START + 22 * MINUTE), MANAGER)
    assert visit.history.ended_at == START + 22 * MINUTE
    assert visit.history.time_charge_minor == 300


def test_a_safety_case_closes_with_the_visit() -> None:
    """A case on a visit that is over would ask for people who can't find it."""
    visit = a_visit()
    case = Intervention(
        id=IDS.fresh(),
        venue_id=VENUE_ID,
        session_id=visit.id,
        user_id=USER,
        level=2,
        status=InterventionStatus.ACKNOWLEDGED,
        source=InterventionSource.SYSTEM,
        rule="pace_120",
        measures=(),
        opened_at=START,
    )
    before = case.evolve(id=IDS.fresh(), status=InterventionStatus.CLOSED, closed_at=START)
    visit.state.put(case)
    visit.state.put(before)
    visit.go_to(START + 5 * MINUTE + SECOND)
    visit.do(force(visit, reason=ForceReason.SAFETY), MANAGER)
    closed = visit.state.get(Intervention, case.id)
    assert closed is not None
    assert closed.status is InterventionStatus.CLOSED
    assert closed.closed_at is not None
    *_, told = visit.heard("safety.intervention_updated")
    assert (told.data["intervention_id"], told.data["status"]) == (str(case.id), "closed")
    assert visit.state.get(Intervention, before.id) == before


@pytest.mark.parametrize(
    ("asker", "code"),
    [
        (STRANGER, Code.NOT_FOUND),
        (ELSEWHERE, Code.NOT_FOUND),
        (OWN, Code.FORBIDDEN),
        (STAFF, Code.FORBIDDEN),
    ],
)
def test_only_management_of_the_venue_forces(asker: Principal, code: Code) -> None:
    """Rule 15."""
    visit = a_visit()
    assert refused_with(visit.decide(force(visit), asker)) is code


@pytest.mark.parametrize("status", _S)
def test_what_is_open_can_be_ended_and_nothing_else(status: SessionStatus) -> None:
    """Rule 2: out of every open state but closing, which never goes back."""
    visit = in_state(status)
    if status in {_S.CLOSING, _S.CLOSED, _S.VOIDED}:
        assert refused_with(visit.decide(force(visit), MANAGER)) is Code.SESSION_CLOSED
    else:
        assert isinstance(visit.do(force(visit), MANAGER), CheckedOut)
        assert visit.history.cause is CheckOutCause.FORCED
