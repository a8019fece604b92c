"""A mistaken check-in is taken back (DELETE /api/sessions/{session_id})."""

from __future__ import annotations

import pytest

from actors.runtime.outcome import Outcome, Send
from protocol.addresses import ActorKind, Address, Principal, Role
from protocol.errors import Code, Refusal
from protocol.internal.managing import CancelOpening, VisitOver, VoidVisit
from protocol.internal.metering import CloseVisit, EndOverdueVisit
from protocol.internal.orders import OrderPosted
from protocol.internal.sagas import SagaRefused
from protocol.internal.visits import FreeSeat
from protocol.operations.sessions import CheckOut, GetSession, PauseSession, QuoteMeter
from protocol.operations.sessions_managed import ForceCheckOut, VoidSession
from protocol.records.platform import AuditEntry
from protocol.records.states import CheckOutCause, ForceReason, SessionStatus
from protocol.replies.sessions import SessionDetail
from protocol.replies.sessions_managed import VoidedSession
from tests.actors.deciding import a_principal, refused, refused_with
from tests.actors.session.visit_kit import (
    ELSEWHERE,
    MINUTE,
    OWN,
    SECOND,
    STAFF,
    STRANGER,
    Visit,
    a_visit,
)
from tests.actors.session.visit_opening import START, VENUE_ID
from tests.actors.session.visit_states import in_state

_S = SessionStatus
MANAGER = a_principal(STAFF.user_id, Role.MANAGEMENT, VENUE_ID)


def void(visit: Visit) -> VoidSession:
    return VoidSession(session_id=visit.id, reason="wrong guest")


def test_all_is_back_and_the_row_says_why() -> None:
    """Rule 2: nothing is owed, the seat is free, and nobody wonders later."""
    visit = a_visit(10_000)
    visit.go_to(START + 9 * MINUTE)
    assert visit.wallet.charged == 180
    answer = visit.do(void(visit), MANAGER)
    assert isinstance(answer, VoidedSession)
    assert (answer.status, answer.reversed_minor) == (_S.VOIDED, 180)
    kept = visit.history
    assert (kept.status, kept.cause, kept.receipt_id) == (_S.VOIDED, None, None)
    assert (kept.time_charge_minor, kept.total_minor, kept.billable_ms) == (0, 0, 0)
    assert kept.summary["reason"] == "wrong guest"
    assert visit.state.session is None
    assert all(segment.charge_minor == 0 and segment.ended_at for segment in visit.segments)
    assert (visit.wallet.available, visit.wallet.held, visit.wallet.charged) == (10_000, 0, 0)
    assert visit.told_venue(FreeSeat) == [FreeSeat(session_id=visit.id, cause=None)]


def test_it_is_told_and_written_down() -> None:
    """Everybody on the floor sees the visit go, and the trail has who did it."""
    visit = a_visit()
    visit.do(void(visit), MANAGER)
    (told,) = visit.heard("session.voided")
    assert told.data == {
        "session_id": str(visit.id),
        "reason": "wrong guest",
        "reversed_minor": 0,
        "by": str(MANAGER.user_id),
    }
    (changed,) = visit.heard("session.status_changed")
    assert (changed.data["from"], changed.data["to"]) == ("active", "voided")
    lines = [row for row in visit.appends if isinstance(row, AuditEntry)]
    assert [line.action for line in lines] == ["session.voided"]


def test_a_check_in_that_fails_behind_the_visit_takes_the_visit_back() -> None:
    """Or it stays open for ever, and its patron has two after the next check-in."""
    visit = a_visit()
    visit.do(CancelOpening(session_id=visit.id), OWN)
    assert (visit.status, visit.state.session) == (_S.VOIDED, None)
    assert visit.history.summary["reason"] == "check_in_failed"
    assert all(segment.ended_at for segment in visit.segments)
    assert visit.timers == {}
    (told,) = visit.heard("session.voided")
    assert (told.data["reason"], told.data["by"]) == ("check_in_failed", str(OWN.user_id))
    assert visit.told_venue(FreeSeat) == [], "the seat has an undo of its own"
    account = Address(ActorKind.ACCOUNT, OWN.user_id)
    over = Send(account, VisitOver(session_id=visit.id), detached=True)
    again = CancelOpening(session_id=visit.id, user_id=account.id)
    assert visit.decide(again, OWN) == Outcome(sends=(over,)), "told twice, it says so twice"


def test_what_is_voided_is_still_shown() -> None:
    """The row is kept, and its patron may look it up."""
    visit = a_visit()
    visit.do(void(visit), MANAGER)
    shown = visit.do(GetSession(session_id=visit.id), OWN)
    assert isinstance(shown, SessionDetail)
    assert (shown.status, shown.charge_minor, shown.receipt_id) == (_S.VOIDED, 0, None)
    visit.do(QuoteMeter(session_id=visit.id), OWN)
    assert refused_with(visit.decide(CheckOut(session_id=visit.id), OWN)) is Code.SESSION_VOIDED


def test_after_ten_minutes_it_is_no_mistake_any_more() -> None:
    """Rule 2: ten minutes to the millisecond, then a refund is the way."""
    visit = a_visit()
    visit.go_to(START + 10 * MINUTE)
    assert not isinstance(visit.decide(void(visit), MANAGER), Refusal)
    visit.now += MINUTE / 60_000
    assert refused_with(visit.decide(void(visit), MANAGER)) is Code.SESSION_NOT_VOIDABLE


def test_a_visit_in_which_something_was_bought_stands() -> None:
    """What was eaten can't be undone."""
    visit = a_visit()
    bought = OrderPosted(transaction_id=visit.id, total_minor=300, standard_drinks_milli=0, plays=0)
    visit.do(bought, in_saga=False)
    assert refused_with(visit.decide(void(visit), MANAGER)) is Code.SESSION_NOT_VOIDABLE


def test_the_account_has_the_last_word_on_what_was_bought() -> None:
    """An order that the session has not heard of yet hangs on it all the same."""
    visit = a_visit()
    visit.wallet.purchases = 300
    answer = visit.do(void(visit), MANAGER)
    assert isinstance(answer, Refusal)
    assert answer.code is Code.SESSION_NOT_VOIDABLE
    assert not visit.notes.voiding
    visit.go_to(START + 8 * MINUTE)
    assert visit.wallet.charged == 160, "the meter never stopped"


def test_while_the_account_is_asked_nothing_else_ends_the_visit() -> None:
    """Two ends of one visit would leave a receipt for money that went back."""
    visit = a_visit()
    visit.held_back = True
    visit.do(void(visit), MANAGER)
    force = ForceCheckOut(session_id=visit.id, reason_code=ForceReason.SAFETY)
    for command in (CheckOut(session_id=visit.id), force, PauseSession(session_id=visit.id)):
        assert refused_with(visit.decide(command, MANAGER)) is Code.INVALID_TRANSITION
    assert refused_with(visit.decide(void(visit), MANAGER)) is Code.INVALID_TRANSITION
    visit.deliver()
    assert visit.status is _S.VOIDED


@pytest.mark.parametrize("voided", [True, False])
def test_an_end_that_comes_meanwhile_waits_for_the_accounts_word(voided: bool) -> None:
    """An exclusion that begins then ends the visit, unless there is none any more."""
    visit = a_visit()
    visit.wallet.purchases = 0 if voided else 300
    visit.held_back = True
    visit.do(void(visit), MANAGER)
    visit.do(CloseVisit(cause=CheckOutCause.EXCLUSION), in_saga=False)
    assert visit.status is _S.ACTIVE
    visit.held_back = False
    visit.deliver()
    visit.go_to(visit.now + 5 * SECOND)
    assert visit.status is (_S.VOIDED if voided else _S.CLOSED)


def test_a_pause_that_is_over_meanwhile_waits_too() -> None:
    """Its timer is set anew, and does nothing once the visit is voided."""
    visit = a_visit()
    visit.do(PauseSession(session_id=visit.id), OWN)
    visit.held_back = True
    visit.do(void(visit), MANAGER)
    visit.state.put(visit.session.revised(deadline_at=visit.now))
    visit.do(EndOverdueVisit(), in_saga=False)
    assert visit.session.status is _S.PAUSED
    visit.held_back = False
    visit.deliver()
    visit.go_to(visit.now + MINUTE)
    assert visit.history.status is _S.VOIDED


def test_a_tick_that_comes_after_is_refused_and_changes_nothing() -> None:
    """The account charges nobody whose visit it took back."""
    visit = a_visit()
    visit.go_to(START + 6 * MINUTE)
    visit.held_back = True
    visit.do(void(visit), MANAGER)
    visit.tick()
    visit.deliver()
    assert (visit.status, visit.wallet.charged) == (_S.VOIDED, 0)


def test_who_began_to_cool_meanwhile_is_voided_as_well() -> None:
    """The money is back already: a visit without money can't go on."""
    visit = a_visit()
    visit.held_back = True
    visit.do(void(visit), MANAGER)
    visit.state.put(visit.session.revised(status=_S.COOLING))
    visit.deliver()
    assert visit.status is _S.VOIDED
    assert len(visit.heard("session.voided")) == 1


def test_another_chains_refusal_does_not_end_the_voiding() -> None:
    """A resume that found no funds says nothing of whether the visit is voided."""
    visit = a_visit()
    visit.held_back = True
    visit.do(void(visit), MANAGER)
    visit.do(SagaRefused(refusal=Refusal(Code.INSUFFICIENT_CREDITS, "no")), OWN)
    assert visit.notes.voiding
    visit.do(SagaRefused(refusal=Refusal(Code.INTERNAL, "failed")), MANAGER)
    assert not visit.notes.voiding


def test_a_check_out_that_found_it_voided_is_told_so() -> None:
    """The books are closed, and there is no receipt."""
    visit = a_visit()
    visit.do(void(visit), MANAGER)
    refusal = SagaRefused(refusal=Refusal(Code.SESSION_CLOSED, "settled"))
    assert refused_with(visit.decide(refusal, OWN)) is Code.SESSION_VOIDED


def test_a_version_is_held_to_where_one_is_given() -> None:
    """The row asks for none, but names 412."""
    visit = a_visit()
    visit.expected_version = 7
    refusal = refused(visit.decide(void(visit), MANAGER))
    assert (refusal.code, refusal.current_version) == (Code.VERSION_CONFLICT, 1)
    visit.expected_version = 1
    assert isinstance(visit.do(void(visit), MANAGER), VoidedSession)


@pytest.mark.parametrize(
    ("asker", "code"),
    [
        (STRANGER, Code.NOT_FOUND),
        (ELSEWHERE, Code.NOT_FOUND),
        (OWN, Code.FORBIDDEN),
        (STAFF, Code.FORBIDDEN),
    ],
)
def test_only_management_of_the_venue_voids(asker: Principal, code: Code) -> None:
    """Rule 15: staff read and assist, and patrons do not undo what they owe."""
    visit = a_visit()
    assert refused_with(visit.decide(void(visit), asker)) is code


@pytest.mark.parametrize("status", _S)
def test_a_visit_is_voided_out_of_three_states_and_no_other(status: SessionStatus) -> None:
    """Rule 2."""
    visit = in_state(status)
    if visit.state.session is not None:
        # Leaving took a minute more than there is to void in.
        visit.state.put(visit.session.revised(started_at=visit.now - MINUTE))
    decision = visit.decide(void(visit), MANAGER)
    if status in {_S.ACTIVE, _S.PAUSED, _S.AUTO_PAUSED}:
        visit.do(void(visit), MANAGER)
        assert visit.status is _S.VOIDED
    else:
        assert refused_with(decision) is Code.SESSION_NOT_VOIDABLE


def test_what_is_asked_of_the_account() -> None:
    """The hold and the reason go with the question."""
    visit = a_visit()
    visit.held_back = True
    visit.do(void(visit), MANAGER)
    ((asked, in_saga),) = visit.to_account
    assert isinstance(asked, VoidVisit)
    assert in_saga
    assert (asked.hold_id, asked.reason) == (visit.session.hold_id, "wrong guest")
