"""What the provider says of refunds under way, and when it is asked again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actors.account.refund_results import decide_apply_refund_result, decide_refund_not_taken
from actors.rules.refunds import REFUND
from actors.runtime.outcome import SetTimer
from protocol.internal.payments import (
    ApplyRefundResult,
    RefundNotTaken,
)
from protocol.records.money import Refund
from protocol.records.money_states import PaymentStatus, RefundStatus
from protocol.records.payments import Payment
from tests.actors.account.card_kit import (
    a_refund_row,
    wallet,
)
from tests.actors.account.test_refunds import UNDER_WAY, a_card_top_up, decided
from tests.actors.account.wallets import (
    assert_books,
    here,
)
from tests.actors.deciding import NOW, accepted, after


@pytest.mark.parametrize("status", list(RefundStatus))
@pytest.mark.parametrize("reported", [end for start, end in REFUND if start in UNDER_WAY])
def test_every_word_on_a_refund_in_every_state(
    status: RefundStatus, reported: RefundStatus
) -> None:
    """A refund under way ends, what succeeded may fail yet; failed, everything is as it was."""
    state = a_card_top_up(a_refund_row(), left=4_000, bonus=200)
    if status is not RefundStatus.REQUESTED:
        after(state, accepted(decided(state)))
    (refund,) = state.all(Refund)
    state.put(refund.evolve(status=status))
    result = ApplyRefundResult(refund_id=refund.id, status=reported, provider_ref="re_1")
    outcome = accepted(decide_apply_refund_result(state, result, here(principal=None)))
    after(state, outcome)
    assert_books(state, outcome)
    (now,) = state.all(Refund)
    moves = (status, reported) in REFUND
    assert now.status is (reported if moves else status)
    if moves and reported is RefundStatus.FAILED:
        assert (wallet(state).paid_minor, wallet(state).bonus_minor) == (4_000, 200)
    (payment,) = state.all(Payment)
    assert payment.refunded_minor == (2_000 if moves and reported is RefundStatus.SUCCEEDED else 0)


def test_a_bank_that_sends_a_refund_back_gives_the_credit_back_and_tells_the_owner() -> None:
    """Rules 10 and 11: weeks later the card is closed; heard of in any order, the books are one."""
    state = a_card_top_up(a_refund_row(), left=4_000, bonus=200)
    after(state, accepted(decided(state)))
    (refund,) = state.all(Refund)
    told = []
    for word in (RefundStatus.SUCCEEDED, RefundStatus.FAILED, RefundStatus.SUCCEEDED):
        result = ApplyRefundResult(refund_id=refund.id, status=word, provider_ref="re_1")
        outcome = accepted(decide_apply_refund_result(state, result, here(principal=None)))
        after(state, outcome)
        assert_books(state, outcome)
        told += outcome.events
    (now,) = state.all(Refund)
    (payment,) = state.all(Payment)
    assert (now.status, payment.refunded_minor) == (RefundStatus.FAILED, 0)
    assert payment.status is PaymentStatus.PARTIALLY_REFUNDED, "no state goes back"
    assert (wallet(state).paid_minor, wallet(state).bonus_minor) == (4_000, 200)
    (flag,) = [event.data for event in told if event.type == "payment.reconciliation_mismatch"]
    assert flag["kind"] == "late_failure"
    assert (flag["reference"], flag["delta_minor"]) == ("re_1", 2_000)


def test_a_provider_that_could_not_be_asked_is_asked_again_in_its_time() -> None:
    """1, 5 and 30 minutes, then every hour."""
    waits = []
    state = a_card_top_up(a_refund_row(status=RefundStatus.PROCESSING, tries=1))
    (refund,) = state.all(Refund)
    for _ in range(5):
        command = RefundNotTaken(refund_id=refund.id, reason="away")
        context = here(principal=None, in_saga=False)
        outcome = accepted(decide_refund_not_taken(state, command, context))
        after(state, outcome)
        (timer,) = outcome.timers
        assert isinstance(timer, SetTimer)
        waits.append((timer.due_at - NOW) // timedelta(minutes=1))
    assert waits == [1, 5, 30, 60, 60]
