"""Chargebacks, decided: what the bank takes, beside what went back already."""

from __future__ import annotations

import pytest

from actors.account.disputes import decide_apply_dispute
from protocol.internal.payments import ApplyDispute, DisputeOutcome
from protocol.records.money import Transaction
from protocol.records.money_states import RefundStatus, TransactionKind
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
