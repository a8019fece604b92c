"""Chargebacks, decided: what the bank takes, beside what went back already."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actors.account.disputes import decide_apply_dispute
from actors.runtime.outcome import Outcome
from protocol.errors import Code, Refusal
from protocol.internal.payments import ApplyDispute, AskOfPayment, DisputeOutcome
from protocol.records.ledger import LedgerJournal
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
from tests.actors.account.wallets import an_account, assert_books, here, rows_of
from tests.actors.deciding import NOW, accepted, after

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


@pytest.mark.parametrize("loaded", [True, False])
def test_a_chargeback_that_is_won_is_told_as_it_was_lost(loaded: bool) -> None:
    """One event for each journal (Rule 9), also when its transaction is too old to be loaded."""
    state = an_account(a_payment(), a_transaction(), a_topped_up_lot(5_000))
    after(state, accepted(decide_apply_dispute(state, CHARGEBACK, here())))
    (dispute,) = state.all(Dispute)
    if not loaded:
        state.discard(Transaction, (dispute.transaction_id,))
    won = CHARGEBACK.evolve(outcome=DisputeOutcome.WON, status="won")
    later = here(now=NOW + timedelta(days=90))
    outcome = accepted(decide_apply_dispute(state, won, later))
    (journal,) = rows_of(outcome, LedgerJournal)
    (told,) = (event for event in outcome.events if event.type == "transaction.posted")
    assert told.data["transaction_id"] == str(journal.transaction_id)
    assert journal.transaction_id == dispute.transaction_id
    assert (told.data["kind"], told.data["amount_minor"]) == ("dispute", 5_000)
    assert told.data["business_day"] == journal.business_day.isoformat()
    assert told.version == 1, "its row is not written again"
    assert not rows_of(outcome, Transaction)
    after(state, outcome)
    assert_books(state, outcome, now=later.now)


def test_a_chargeback_of_which_only_the_end_is_heard_is_told_twice() -> None:
    """Both of its journals are posted at once, and each has its event."""
    state = an_account(a_payment(), a_transaction(), a_topped_up_lot(5_000))
    won = CHARGEBACK.evolve(outcome=DisputeOutcome.WON, status="won")
    outcome = accepted(decide_apply_dispute(state, won, here()))
    told = [e.data["amount_minor"] for e in outcome.events if e.type == "transaction.posted"]
    assert told == [-5_000, 5_000]
    assert len(rows_of(outcome, LedgerJournal)) == 2


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
