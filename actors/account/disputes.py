"""Chargebacks: the card's owner took the money back at the bank (Rules 9, 10 and 11).

What is left of paid credit is taken at once, the rest is owed and freezes the wallet. Only what did
not go back by refunds is taken: a dispute on a refunded payment never pays twice. Won, it all
comes back; lost, it stays as it is.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from actors.account.outcomes import answered, together
from actors.account.payment_states import in_state, told_payment
from actors.account.state import AccountState
from actors.account.wallet import WalletDraft, wallet_of
from actors.rules import journals
from actors.rules.grants import give_back
from actors.rules.lifecycle import PAYMENT_RANK, PaymentReport, judge_payment_report
from actors.rules.permissions import not_found
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import OUTSIDE
from protocol.internal.payments import ApplyDispute, AskOfPayment, DisputeOutcome
from protocol.records.money import Refund, Transaction
from protocol.records.money_states import (
    CreditSource,
    PaymentStatus,
    RefundStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.payments import Dispute, Payment
from protocol.records.values import HoldSource

_STATES: Final = {
    DisputeOutcome.OPEN: PaymentStatus.DISPUTED,
    DisputeOutcome.WON: PaymentStatus.DISPUTE_WON,
    DisputeOutcome.LOST: PaymentStatus.DISPUTE_LOST,
}


@decides(ApplyDispute)
def decide_apply_dispute(state: AccountState, command: ApplyDispute, context: Context) -> Decision:
    """Book a chargeback the first time it is heard of, and its end once.

    An end that is heard of first books both: the journals are the same as in the right order.
    """
    payment = state.get(Payment, command.payment_id)
    if payment is None:
        return not_found(f"payment {command.payment_id}")
    known = next((d for d in state.all(Dispute) if d.provider_id == command.provider_id), None)
    if known is not None and (known.closed_at is not None or command.status == known.status):
        return answered(Outcome(), context)
    if payment.status_rank < PAYMENT_RANK[PaymentStatus.SUCCEEDED]:
        return _not_paid_yet(payment)
    wallet = wallet_of(state, context, venue_id=payment.venue_id, currency=payment.currency)
    dispute = known or _opened(wallet, state, payment, command, context)
    if command.outcome is DisputeOutcome.WON:
        _won(wallet, payment, dispute)
    closed = command.outcome is not DisputeOutcome.OPEN
    row = dispute.evolve(
        status=command.status,
        evidence_due_at=command.evidence_due_at or dispute.evidence_due_at,
        closed_at=context.now if closed else None,
        version=1 if known is None else known.version + 1,
    )
    moved = _payment_after(payment, _STATES[command.outcome], context)
    return answered(together(wallet.outcome("dispute"), Outcome(changes=(row,)), moved), context)


def _not_paid_yet(payment: Payment) -> Outcome:
    """Word of the payment itself is late or lost: ask for it, and have the chargeback wait.

    Booked before, it would take what was never credited, and the credit would be ignored after it.
    """
    assert payment.provider_id is not None, "chargebacks are found by it"
    ask = AskOfPayment(
        payment_id=payment.id, account_id=payment.user_id, provider_payment_id=payment.provider_id
    )
    refusal = not_found(f"a charge of payment {payment.id} yet")
    return Outcome(reply=refusal, sends=(Send(OUTSIDE, ask, detached=True),))


def _opened(
    wallet: WalletDraft,
    state: AccountState,
    payment: Payment,
    command: ApplyDispute,
    context: Context,
) -> Dispute:
    """Take what is there of paid credit, owe the rest."""
    back_minor = sum(
        refund.amount_minor
        for refund in state.all(Refund)
        if refund.payment_id == payment.id
        and refund.status in (RefundStatus.PROCESSING, RefundStatus.SUCCEEDED)
    )
    amount_minor = max(0, min(command.amount_minor, payment.amount_minor - back_minor))
    transaction = _transaction(wallet, payment, context.fresh_id(), -amount_minor)
    wallet.put(transaction)
    parts = wallet.take_left(CreditSource.PAID, amount_minor)
    draft = journals.dispute(
        user_id=state.user_id, amount_minor=amount_minor, parts=parts, source="dispute"
    )
    journal_id = wallet.post_for(transaction, draft, amount_minor=-amount_minor)
    return Dispute(
        id=context.fresh_id(),
        user_id=state.user_id,
        payment_id=payment.id,
        transaction_id=transaction.id,
        venue_id=payment.venue_id,
        provider_id=command.provider_id,
        amount_minor=amount_minor,
        status=command.status,
        evidence_due_at=command.evidence_due_at,
        opened_at=command.opened_at,
        journal_id=journal_id,
        parts=parts,
    )


def _won(wallet: WalletDraft, payment: Payment, dispute: Dispute) -> None:
    """What is still owed of it is forgiven; the rest goes back to its lots, then to a new one."""
    taken_minor = sum(part.amount_minor for part in dispute.parts)
    owed_minor = min(-wallet.balances.receivable_minor, dispute.amount_minor - taken_minor)
    back_minor = dispute.amount_minor - owed_minor
    parts = give_back(dispute.parts, taken_minor, wallet.lots)
    wallet.give_back(parts)
    repaid_minor = back_minor - taken_minor
    if repaid_minor:
        # The debt was repaid by a top-up meanwhile: that money is theirs again.
        lot_id = wallet.fresh_id()
        wallet.add_lot(
            lot_id, CreditSource.PAID, repaid_minor, transaction_id=dispute.transaction_id
        )
        new = HoldSource(grant_id=lot_id, amount_minor=repaid_minor, source="paid")
        parts = (*parts, new)
    draft = journals.dispute_won(
        user_id=wallet.user_id,
        amount_minor=dispute.amount_minor,
        owed_minor=owed_minor,
        parts=parts,
        source="dispute_won",
    )
    # Chargebacks are won after months, when their transaction is not loaded any more. It stays as
    # it is; what is told of it is the journal, on the day on which that is posted.
    told_as = _transaction(wallet, payment, dispute.transaction_id, dispute.amount_minor)
    wallet.post_for(told_as, draft, amount_minor=dispute.amount_minor, version=told_as.version)


def _transaction(
    wallet: WalletDraft, payment: Payment, id_: UUID, amount_minor: int
) -> Transaction:
    return Transaction(
        id=id_,
        venue_id=payment.venue_id,
        user_id=wallet.user_id,
        kind=TransactionKind.DISPUTE,
        status=TransactionStatus.POSTED,
        tender=Tender.CARD,
        amount_minor=amount_minor,
        currency=payment.currency,
        business_day=wallet.business_day,
        payment_id=payment.id,
        reverses_id=payment.transaction_id,
        created_by=None,
        occurred_at=wallet.now,
        posted_at=wallet.now,
    )


def _payment_after(payment: Payment, status: PaymentStatus, context: Context) -> Outcome:
    """The payment's own state; a dispute that is lost or won was open before."""
    if judge_payment_report(payment.status, status) is not PaymentReport.APPLY:
        return Outcome()
    moved = in_state(payment, status, context)
    return Outcome(changes=(moved,), events=(told_payment(moved, payment.status, context),))
