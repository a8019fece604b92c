"""How visits begin, rest and end: rows, timers, events, receipts (Rule 2)."""

from __future__ import annotations

from datetime import timedelta

from protocol.errors import Code, Refusal
from protocol.internal.metering import (
    CloseVisit,
    EndOverdueVisit,
)
from protocol.internal.sagas import SagaRefused
from protocol.internal.visits import (
    FloorChanged,
    FreeSeat,
    SessionOpened,
    SettleVisit,
    VisitSettled,
)
from protocol.operations.sessions import (
    CheckOut,
    GetSession,
    PauseSession,
    QuoteMeter,
    ResumeSession,
)
from protocol.records.states import Activity, CheckOutCause, SessionStatus
from protocol.replies.sessions import CheckedOut, SessionChanged
from tests.actors.deciding import accepted, refused_with
from tests.actors.session.visit_kit import (
    MINUTE,
    OWN,
    STAFF,
    a_visit,
)
from tests.actors.session.visit_opening import (
    START,
    VENUE_ID,
)
from tests.actors.session.visit_states import in_state
from tests.actors.session.visit_wallet import (
    RECEIPT,
)

_S = SessionStatus


def test_opening_writes_the_visit_and_tells_venue_patron_and_staff() -> None:
    """The last step of a check-in: one session, one segment, one event, one tick to come."""
    visit = a_visit()
    assert (visit.session.version, visit.session.status) == (1, _S.ACTIVE)
    (segment,) = visit.segments
    assert (segment.seq, segment.started_at, segment.rate_minor_per_h) == (1, START, 1200)
    ((opened, in_saga),) = visit.to_venue
    assert isinstance(opened, SessionOpened)
    assert in_saga, "the venue answers the check-in"
    (event,) = visit.events
    assert event.type == "session.checked_in"
    assert event.rooms == (
        f"venue:{VENUE_ID}:staff",
        f"venue:{VENUE_ID}:management",
        f"user:{visit.session.user_id}",
    )
    assert visit.timers["meter"].due_at == START + MINUTE


def test_a_pause_stops_the_meter_and_sets_its_end() -> None:
    """Rule 2: time outside active costs nothing; a pause lasts 45 minutes at most.

    Rule 2 free_time.
    """
    visit = in_state(_S.ACTIVE)
    visit.now += 30 * timedelta(seconds=1)
    answer = visit.do(PauseSession(session_id=visit.id, reason="smoke"), OWN)
    assert isinstance(answer, SessionChanged)
    assert answer.deadline_at == visit.now + 45 * MINUTE == visit.timers["deadline"].due_at
    assert visit.segments[-1].ended_at == visit.now
    assert visit.wallet.charged == 210
    (event,) = visit.heard("session.status_changed")
    assert event.data["from"] == "active"
    assert (event.data["to"], event.data["reason"]) == ("paused", "smoke")
    visit.go_to(visit.now + 20 * MINUTE)
    visit.do(ResumeSession(session_id=visit.id), OWN)
    assert (visit.session.paused_ms, visit.session.deadline_at) == (1_200_000, None)
    assert "deadline" not in visit.timers
    assert visit.told_venue(FloorChanged)


def test_the_seventh_pause_is_refused() -> None:
    """Six pauses a visit; automatic ones don't count."""
    visit = a_visit()
    for _ in range(6):
        visit.go_to(visit.now + MINUTE)
        visit.do(PauseSession(session_id=visit.id), OWN)
        visit.do(ResumeSession(session_id=visit.id), OWN)
    assert visit.status is _S.ACTIVE
    assert refused_with(visit.decide(PauseSession(session_id=visit.id), OWN)) is (
        Code.PAUSE_QUOTA_USED
    )


def test_a_room_is_not_pausable() -> None:
    """It keeps its place, so it keeps its price; and this is said before anything else."""
    visit = a_visit(activity=Activity.KARAOKE_ROOM)
    command = PauseSession(session_id=visit.id)
    assert refused_with(visit.decide(command, OWN)) is Code.ACTIVITY_NOT_PAUSABLE


def test_a_forgotten_pause_ends_the_visit_as_of_its_beginning() -> None:
    """Rule 2: ended_at is the moment the meter stopped, so the pause is not in the duration.

    Rule 2 timers.
    """
    visit = in_state(_S.PAUSED)
    visit.go_to(START + 56 * MINUTE)
    assert visit.status is _S.CLOSED
    assert visit.history.ended_at == START + 10 * MINUTE
    assert visit.history.duration_ms == 600_000
    assert visit.history.cause is CheckOutCause.AUTO
    assert not visit.timers
    assert visit.answers[-1] is not None


def test_a_resumed_visit_is_not_ended_by_the_old_deadline() -> None:
    """The timer of a pause that is over may still be on its way."""
    visit = in_state(_S.PAUSED)
    visit.do(ResumeSession(session_id=visit.id), OWN)
    visit.go_to(visit.now + 60 * MINUTE)
    visit.do(EndOverdueVisit(), in_saga=False)
    assert visit.status is _S.ACTIVE


def test_checking_out_says_everything_once() -> None:
    """Row, receipt, event, seat: each exactly once, whoever asks again."""
    visit = in_state(_S.ACTIVE)
    first = visit.do(CheckOut(session_id=visit.id), OWN)
    assert isinstance(first, CheckedOut)
    assert (first.receipt_id, first.charge_minor) == (RECEIPT, 200)
    assert visit.do(CheckOut(session_id=visit.id), OWN) == first
    assert visit.do(CheckOut(session_id=visit.id), STAFF) == first
    assert visit.state.session is None
    (out,) = visit.heard("session.checked_out")
    assert (out.data["cause"], out.data["billable_s"]) == ("patron", 600)
    (freed,) = visit.told_venue(FreeSeat)
    assert isinstance(freed, FreeSeat)
    assert [event.data["to"] for event in visit.heard("session.status_changed")] == [
        "closing",
        "closed",
    ]
    assert not visit.timers


def test_staff_check_a_patron_out() -> None:
    """Assisted: the cause says who ended it."""
    visit = in_state(_S.ACTIVE)
    assert isinstance(visit.do(CheckOut(session_id=visit.id), STAFF), CheckedOut)
    assert visit.history.cause is CheckOutCause.STAFF


def test_two_check_outs_at_once_are_both_answered_with_the_one_receipt() -> None:
    """The second joins: the account settles one request, and the other finds the receipt.

    Rule 2 first_receipt.
    """
    visit = in_state(_S.CLOSING)
    visit.do(CheckOut(session_id=visit.id), OWN)
    visit.held_back = False
    visit.deliver()
    first, second = visit.answers
    assert isinstance(first, CheckedOut)
    assert first == second
    assert len(visit.heard("session.checked_out")) == 1
    assert visit.wallet.charged == 200


def test_a_visit_that_the_system_closes_answers_who_joins() -> None:
    """Nobody asked for the first settlement; whoever asks meanwhile still gets the receipt."""
    visit = in_state(_S.ACTIVE)
    visit.held_back = True
    visit.do(CloseVisit(cause=CheckOutCause.EXCLUSION), in_saga=False)
    visit.do(CheckOut(session_id=visit.id), OWN)
    visit.held_back = False
    visit.deliver()
    assert isinstance(visit.answers[-1], CheckedOut)
    assert visit.history.cause is CheckOutCause.EXCLUSION


def test_settlement_is_asked_for_until_it_commits() -> None:
    """Rule 2: closing never goes back. A request that was lost is asked again, less and less.

    Rule 2 settling.
    """
    visit = in_state(_S.CLOSING)
    visit.to_account.clear()
    visit.go_to(visit.now + 3 * MINUTE)
    again = [command for command, _ in visit.to_account]
    assert len(again) == 2
    assert all(isinstance(command, SettleVisit) for command in again)
    visit.held_back = False
    visit.deliver()
    assert visit.status is _S.CLOSED
    assert visit.wallet.charged == 200


def test_a_resume_without_funds_is_refused_and_the_visit_stays_paused() -> None:
    """402 from the account; the deadline goes on, so the visit is not forgotten."""
    visit = a_visit(400)
    visit.go_to(START + 21 * MINUTE)
    assert visit.session.cause == "exhausted"
    answer = visit.do(ResumeSession(session_id=visit.id), OWN)
    assert isinstance(answer, Refusal)
    assert answer.code is Code.INSUFFICIENT_CREDITS
    assert visit.status is _S.PAUSED
    assert "deadline" in visit.timers


def test_a_resume_whose_hold_comes_too_late_is_refused() -> None:
    """The deadline may close the visit while the account still thinks: nothing is revived."""
    visit = a_visit(400)
    visit.go_to(START + 21 * MINUTE)
    visit.wallet.available += 1000
    visit.held_back = True
    visit.do(ResumeSession(session_id=visit.id), OWN)
    visit.account_takes()
    visit.do(CloseVisit(cause=CheckOutCause.AUTO), in_saga=False)
    visit.session_hears()
    assert isinstance(visit.answers[-1], Refusal)
    assert visit.answers[-1].code is Code.INVALID_TRANSITION
    visit.deliver()
    assert visit.wallet.charged == visit.history.time_charge_minor == 400


def test_two_resumes_at_once_start_the_meter_once() -> None:
    """Both hold; the first goes on, the second finds an active visit and gives its hold back."""
    visit = a_visit(400)
    visit.go_to(START + 21 * MINUTE)
    visit.wallet.available += 1000
    visit.held_back = True
    visit.do(ResumeSession(session_id=visit.id, reason="paid"), OWN)
    visit.do(ResumeSession(session_id=visit.id), OWN)
    visit.deliver()
    first, second = visit.answers[-2:]
    assert isinstance(first, SessionChanged)
    assert isinstance(second, Refusal)
    assert len([segment for segment in visit.segments if segment.ended_at is None]) == 1


def test_a_view_writes_nothing() -> None:
    """Looking at a visit, also over a cutover, leaves no row behind."""
    visit = in_state(_S.ACTIVE)
    visit.now += timedelta(hours=14)
    for command in (GetSession(session_id=visit.id), QuoteMeter(session_id=visit.id)):
        assert not accepted(visit.decide(command, STAFF)).writes


def test_a_second_settlement_would_change_nothing() -> None:
    """The account settles once; were it said twice, the kept row stays."""
    visit = in_state(_S.CLOSED)
    before = visit.history
    visit.do(
        VisitSettled(
            session_id=visit.id,
            receipt_id=RECEIPT,
            captured_minor=1,
            purchases_minor=0,
            total_minor=1,
            currency="JPY",
        ),
        in_saga=False,
    )
    assert visit.history == before


def test_a_failed_settlement_is_told_and_tried_again() -> None:
    """Whoever waits is told that it failed; the visit stays closing and is asked for again."""
    visit = in_state(_S.CLOSING)
    failed = Refusal(Code.INTERNAL, "failed")
    assert visit.do(SagaRefused(refusal=failed)) == failed
    assert visit.status is _S.CLOSING
    assert "settle" in visit.timers
