"""What a device kept while it was offline, decision by decision (Rule 12)."""

from __future__ import annotations

from datetime import timedelta

from actors.runtime.outcome import Outcome
from actors.session.late import BATCH_LASTS
from protocol.errors import Code, Refusal
from protocol.internal.allowances import TimeAllowance
from protocol.internal.metering import CloseVisit
from protocol.internal.orders import OrderPosted
from protocol.internal.shortening import KeepEnd
from protocol.operations.sessions import (
    CheckOut,
    PauseSession,
    QuoteMeter,
    ReportLocation,
    ResumeSession,
)
from protocol.records.states import CheckOutCause, SessionStatus
from protocol.replies.sessions import CheckedOut, MeterQuote
from tests.actors.deciding import IDS
from tests.actors.session.late_kit import checked_out_late, late, paused_late, resumed_late
from tests.actors.session.visit_kit import MINUTE, OWN, SECOND, STAFF, Visit, a_fix, a_visit
from tests.actors.session.visit_opening import START
from tests.actors.session.visit_wallet import CORRECTION, RECEIPT


def after_an_hour(funds: int = 100_000) -> Visit:
    """A visit in the arcade, at 20 minor a minute, whose device was silent for an hour."""
    visit = a_visit(funds)
    visit.go_to(START + 60 * MINUTE)
    return visit


def test_what_ticks_took_after_a_pause_goes_back_at_once_and_by_one_mirror() -> None:
    """The credit is the patron's again while they rest, not only when they leave."""
    visit = after_an_hour()
    assert visit.wallet.charged > 1100
    answer = paused_late(visit, START + 30 * MINUTE)
    assert (answer.status, answer.effective_at) == (SessionStatus.PAUSED, START + 30 * MINUTE)
    assert (visit.wallet.charged, visit.wallet.mirrors) == (600, 1)
    assert visit.session.charged_minor == visit.notes.settled_minor == 600
    assert visit.session.status_since == START + 30 * MINUTE
    (segment,) = visit.segments
    assert (segment.ended_at, segment.charge_minor) == (START + 30 * MINUTE, 600)


def test_what_was_asked_for_and_not_answered_goes_back_as_well() -> None:
    """One request is in flight at most: the correction waits for it, and for nobody else."""
    visit = a_visit()
    visit.go_to(START + 59 * MINUTE)
    visit.held_back = True
    visit.go_to(START + 60 * MINUTE)
    assert visit.notes.asked_minor is not None
    paused_late(visit, START + 30 * MINUTE)
    visit.held_back = False
    visit.deliver()
    assert visit.wallet.charged == visit.notes.settled_minor == 600
    assert visit.notes.asked_minor is None


def test_a_pause_that_is_over_by_now_waits_for_the_rest_of_its_batch() -> None:
    """The resume that follows it is on its way; without one the visit ended with the pause."""
    visit = a_visit()
    visit.go_to(START + 120 * MINUTE)
    answer = paused_late(visit, START + 30 * MINUTE)
    assert answer.deadline_at == visit.now + BATCH_LASTS
    visit.go_to(visit.now + BATCH_LASTS)
    assert visit.status is SessionStatus.CLOSED
    assert visit.history.ended_at == START + 30 * MINUTE
    assert visit.wallet.charged == 600


def test_who_rested_for_too_long_does_not_go_on() -> None:
    """Told in time, the pause would have ended the visit; a late resume wakes nobody up."""
    visit = a_visit()
    visit.go_to(START + 120 * MINUTE)
    paused_late(visit, START + 10 * MINUTE)
    refusal = late(visit, ResumeSession(session_id=visit.id), START + 56 * MINUTE)
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.INVALID_TRANSITION


def test_funds_that_would_not_have_ended_did_not() -> None:
    """The meter ran out at 50 min because nobody knew of the break: it is as if it had not."""
    visit = after_an_hour(1000)
    assert visit.session.cause == "exhausted"
    answer = paused_late(visit, START + 30 * MINUTE)
    assert answer.effective_at == START + 30 * MINUTE
    assert visit.wallet.charged == 600
    assert visit.session.paused_ms == 0
    resumed_late(visit, START + 50 * MINUTE)
    assert visit.status is SessionStatus.ACTIVE
    visit.go_to(START + 65 * MINUTE)
    assert visit.charge(visit.now) == 900


def test_a_visit_that_ended_where_funds_did_ends_where_its_patron_left() -> None:
    """Ten minutes after the credit the visit closed; its patron had been gone for long."""
    visit = a_visit(1000)
    visit.go_to(START + 90 * MINUTE)
    assert (visit.status, visit.wallet.charged) == (SessionStatus.CLOSED, 1000)
    left = checked_out_late(visit, START + 30 * MINUTE)
    assert (left.ended_at, left.charge_minor) == (START + 30 * MINUTE, 600)
    assert left.receipt_id == CORRECTION
    assert visit.wallet.charged == 600
    (told,) = (e for e in visit.heard("session.status_changed") if e.data["reason"] == "corrected")
    assert (told.data["from"], told.data["to"]) == ("closed", "closed")


def test_a_shortening_that_was_not_to_be_is_taken_back_unless_it_was_booked() -> None:
    """What the account gave back stays shorter; what it did not has the end that was paid for."""
    visit = after_an_hour()
    visit.do(CheckOut(session_id=visit.id), OWN)
    before, segments = visit.history, visit.segments
    left = checked_out_late(visit, START + 30 * MINUTE)
    undo = KeepEnd(history=before, segments=tuple(segments), shortened_to=left.ended_at)
    assert visit.decide(undo, in_saga=False) == Outcome()
    visit.state.put(visit.history.evolve(receipt_id=before.receipt_id))
    visit.do(undo, in_saga=False)
    assert visit.history.ended_at == before.ended_at
    assert sum(row.charge_minor for row in visit.segments) == before.time_charge_minor
    assert visit.decide(undo, in_saga=False) == Outcome()


def test_the_earliest_of_several_check_outs_wins_and_later_ones_change_nothing() -> None:
    """Two phones of one person tell two ends."""
    visit = after_an_hour()
    visit.do(CheckOut(session_id=visit.id), OWN)
    first = checked_out_late(visit, START + 40 * MINUTE)
    again = checked_out_late(visit, START + 50 * MINUTE)
    assert again == first
    earlier = checked_out_late(visit, START + 20 * MINUTE)
    assert (earlier.charge_minor, visit.wallet.charged) == (400, 400)
    assert earlier.version > first.version


def test_a_check_out_that_comes_while_the_books_are_closed_shortens_what_was_settled() -> None:
    """The first settlement is under way and can't be changed: what is too much comes back after."""
    visit = after_an_hour()
    visit.held_back = True
    visit.do(CheckOut(session_id=visit.id), OWN)
    left = checked_out_late(visit, START + 30 * MINUTE)
    assert (left.charge_minor, left.ended_at) == (600, START + 30 * MINUTE)
    assert visit.wallet.charged == 600
    assert [type(one) for one in visit.answers] == [CheckedOut] * len(visit.answers)


def test_nobody_left_before_what_they_were_seen_to_do() -> None:
    """An order at 40 min was brought to somebody: the visit did not end before it."""
    visit = a_visit()
    visit.go_to(START + 40 * MINUTE)
    order = OrderPosted(
        transaction_id=IDS.fresh(), total_minor=300, standard_drinks_milli=0, plays=0
    )
    visit.do(order, in_saga=False)
    visit.go_to(START + 60 * MINUTE)
    visit.do(CheckOut(session_id=visit.id), STAFF)
    left = checked_out_late(visit, START + 10 * MINUTE)
    assert left.ended_at == START + 40 * MINUTE


def test_what_is_over_is_not_paused() -> None:
    """Terminal states win."""
    visit = after_an_hour()
    visit.do(CloseVisit(cause=CheckOutCause.AUTO), in_saga=False)
    refusal = late(visit, PauseSession(session_id=visit.id), START + 30 * MINUTE)
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.INVALID_TRANSITION


def test_fixes_that_were_fresh_then_show_that_the_patron_left_then() -> None:
    """What was charged since the first fix outside goes back, for the device could not tell."""
    visit = after_an_hour()
    at = START + 30 * MINUTE
    fixes = tuple(a_fix(at - after, 400) for after in (50 * SECOND, 10 * SECOND))
    late(visit, ReportLocation(session_id=visit.id, fixes=fixes), at)
    assert visit.status is SessionStatus.AUTO_PAUSED
    assert visit.session.status_since == at - 50 * SECOND
    assert visit.wallet.charged == visit.charge(at) == 583


def test_a_quote_tells_what_own_limits_of_money_leave() -> None:
    """What the account told last, less what time has cost since then."""
    visit = a_visit()
    assert _quote(visit).limit_left_minor is None
    visit.wallet.time = TimeAllowance(spend_left_minor=1000)
    visit.go_to(START + 10 * MINUTE)
    visit.now += timedelta(seconds=30)
    charged = visit.session.charged_minor
    assert _quote(visit).limit_left_minor == 1000 - (visit.charge(visit.now) - charged)


def _quote(visit: Visit) -> MeterQuote:
    answer = visit.do(QuoteMeter(session_id=visit.id), OWN)
    assert isinstance(answer, MeterQuote)
    return answer


def test_a_late_receipt_is_the_first_one_where_nothing_is_earlier() -> None:
    """A phone that lost the answer asks again, and is told what was."""
    visit = after_an_hour()
    visit.do(CheckOut(session_id=visit.id), OWN)
    visit.go_to(START + 70 * MINUTE)
    assert checked_out_late(visit, START + 65 * MINUTE).receipt_id == RECEIPT
