"""Chargebacks, decided: what the bank takes, beside what went back already."""

from __future__ import annotations

import pytest

from actors.account.disputes import decide_apply_dispute
from actors.runtime.outcome import Outcome
from protocol.errors import Code, Refusal
from protocol.internal.payments import ApplyDispute, AskOfPayment, DisputeOutcome
from protocol.records.money import Transaction
from protocol.records.money_states import (
    PaymentStatus,
    RefundStatus,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.payments import Dispute
from tests.actors.account.card_kit import (
    PAYMENT,
    a_payment,
    a_refund_row,
    a_topped_up_lot,
    a_transaction,
)
from tests.actors.account.wallets import an_account, here
from tests.actors.deciding import NOW, accepted

CHARGEBACK = ApplyDispute(
    payment_id=PAYMENT,
    provider_id="dp_1",
    outcome=DisputeOutcome.OPEN,
    status="needs_response",
    amount_minor=5_000,
    opened_at=NOW,
)


@pytest.mark.parametrize(
    ("status", "taken"),
    [
        (RefundStatus.SUCCEEDED, 3_000),
        (RefundStatus.PROCESSING, 3_000),
        (RefundStatus.REJECTED, 5_000),
        (RefundStatus.FAILED, 5_000),
    ],
)
def test_a_dispute_on_what_went_back_pays_nothing_twice(status: RefundStatus, taken: int) -> None:
    """Of 5,000 that were paid, 2,000 are on their way back: the bank gets the rest.

    Rule 10 dispute.
    """
    there = (a_payment(), a_transaction(), a_topped_up_lot(5_000))
    state = an_account(*there, a_refund_row(status=status))
    outcome = accepted(decide_apply_dispute(state, CHARGEBACK, here()))
    (dispute,) = (row for row in outcome.changes if isinstance(row, Dispute))
    assert dispute.amount_minor == taken
    (booked,) = (
        row
        for row in outcome.changes
        if isinstance(row, Transaction) and row.kind is TransactionKind.DISPUTE
    )
    assert booked.amount_minor == -taken


@pytest.mark.parametrize("status", [PaymentStatus.CREATED, PaymentStatus.PROCESSING])
def test_a_dispute_waits_until_the_payment_is_known_to_be_paid(status: PaymentStatus) -> None:
    """Its events come in any order: taken first, the credit would be ignored as old news."""
    state = an_account(a_payment(status), a_transaction(status=TransactionStatus.PENDING))
    outcome = decide_apply_dispute(state, CHARGEBACK, here())
    assert isinstance(outcome, Outcome)
    assert isinstance(outcome.reply, Refusal)
    assert outcome.reply.code is Code.NOT_FOUND
    assert not outcome.changes
    (send,) = outcome.sends
    assert isinstance(send.command, AskOfPayment)
