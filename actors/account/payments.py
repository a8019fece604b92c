"""Card payments: begun and cancelled (Rule 11).

A payment is written before the provider is asked, so its word always finds something. What it then
says is decided in `payment_states`, whether it comes as an answer here, by webhook or by poll.
"""

from __future__ import annotations

from uuid import UUID

from actors.account.cards import named_at_provider
from actors.account.outcomes import together
from actors.account.payment_states import moved_by, told_payment
from actors.account.pending import (
    LIVE,
    live_payment,
)
from actors.account.standing import (
    acts_for_another,
    business_day_at,
    refuse_exclusion,
    refuse_inactive,
    refuse_top_up,
)
from actors.account.state import AccountState
from actors.rules.lifecycle import PAYMENT_RANK
from actors.rules.permissions import not_found
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from protocol.errors import Code, Refusal
from protocol.internal.payments import (
    BeginPayment,
    PaymentBegun,
    PaymentKnown,
    ReadPayment,
)
from protocol.operations.payments import CancelPayment, CreatePaymentIntent
from protocol.records.money import Transaction
from protocol.records.money_states import (
    PaymentStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.payments import Payment, PaymentMethod
from protocol.records.values import PaymentStep
from protocol.replies.payments import PaymentCanceled, PaymentIntent


@decides(BeginPayment)
def decide_begin_payment(state: AccountState, command: BeginPayment, context: Context) -> Decision:
    """Name the payment that the provider is to be asked for; the one there is, if there is one."""
    refusal = _refuse_payment(state, command.transaction_id, command.method_id, context)
    if refusal is not None:
        return refusal
    transaction = state.get(Transaction, command.transaction_id)
    assert transaction is not None
    payment = live_payment(state, transaction.id)
    if payment is not None:
        return Outcome(reply=_begun(state, payment))
    payment = Payment(
        id=context.fresh_id(),
        transaction_id=transaction.id,
        venue_id=transaction.venue_id,
        user_id=state.user_id,
        provider_id=None,
        status=PaymentStatus.CREATED,
        status_rank=PAYMENT_RANK[PaymentStatus.CREATED],
        amount_minor=transaction.amount_minor,
        currency=transaction.currency,
        method_id=command.method_id,
        history=(PaymentStep(status=PaymentStatus.CREATED.value, at=context.now),),
        created_at=context.now,
    )
    return Outcome(
        reply=_begun(state, payment),
        changes=(payment, transaction.revised(payment_id=payment.id)),
        events=(told_payment(payment, PaymentStatus.CREATED, context),),
    )


@decides(CreatePaymentIntent)
def decide_create_payment_intent(
    state: AccountState, command: CreatePaymentIntent, context: Context
) -> Decision:
    """Note what the provider calls the payment, and where it stands.

    If its end was heard of before the provider's answer came back, that is the answer.
    """
    if (ended := _ended_meanwhile(state, command)) is not None:
        return Outcome(
            reply=_intent(state, ended, command.transaction_id),
            changes=named_at_provider(state, command.customer_id),
        )
    refusal = _refuse_payment(state, command.transaction_id, command.method_id, context)
    if refusal is not None:
        return refusal
    payment = live_payment(state, command.transaction_id)
    if payment is not None and payment.provider_id is not None:
        return Refusal(
            Code.PAYMENT_EXISTS,
            f"payment {payment.id} of this transaction is {payment.status.value}; go on with it, "
            "or cancel it first",
            extra={"payment_id": str(payment.id)},
        )
    if command.provider_id is None or payment is None or payment.id != command.payment_id:
        return Refusal(
            Code.PROVIDER_UNAVAILABLE, "cards are not taken now; pay with credits or at the counter"
        )
    named = payment.evolve(provider_id=command.provider_id)
    reported = command.provider_status or PaymentStatus.CREATED
    moved, outcome = moved_by(state, named, reported, None, context)
    named_here = Outcome(changes=named_at_provider(state, command.customer_id))
    return together(outcome, named_here, reply=_intent(state, moved, command.transaction_id))


@decides(ReadPayment)
def decide_read_payment(state: AccountState, command: ReadPayment, context: Context) -> Decision:
    """Tell the gateway what it must know before it asks the provider."""
    payment = own_payment(state, command.payment_id, context)
    if payment is None:
        return not_found(f"payment {command.payment_id}")
    known = PaymentKnown(
        payment_id=payment.id,
        provider_id=payment.provider_id,
        status=payment.status,
        last_checked_at=payment.last_checked_at,
    )
    return Outcome(reply=known)


@decides(CancelPayment)
def decide_cancel_payment(
    state: AccountState, command: CancelPayment, context: Context
) -> Decision:
    """Cancel what has not come, and void what it was for. If it came after all, say so."""
    payment = own_payment(state, command.payment_id, context)
    if payment is None:
        return not_found(f"payment {command.payment_id}")
    if payment.status not in LIVE:
        return _final(payment)
    reported = command.provider_status
    if reported is None and payment.provider_id is not None:
        return Refusal(
            Code.PROVIDER_ERROR, "the provider did not say that it is cancelled; ask again"
        )
    moved, outcome = moved_by(state, payment, reported or PaymentStatus.CANCELED, None, context)
    if moved.status is not PaymentStatus.CANCELED:
        return together(outcome, reply=_final(moved))
    answer = PaymentCanceled(
        payment_id=moved.id,
        transaction_id=moved.transaction_id,
        status=moved.status,
        transaction_status=_status_after(state, moved.transaction_id, outcome),
        version=moved.version,
    )
    return together(outcome, reply=answer)


def own_payment(state: AccountState, payment_id: UUID, context: Context) -> Payment | None:
    """A payment, for whom it is theirs."""
    payment = state.get(Payment, payment_id)
    if payment is None or acts_for_another(state, context):
        return None
    return payment


def _refuse_payment(
    state: AccountState, transaction_id: UUID, method_id: UUID | None, context: Context
) -> Refusal | None:
    """What is asked of whoever wants to pay a transaction, in the contract's order."""
    transaction = state.get(Transaction, transaction_id)
    if transaction is None or acts_for_another(state, context):
        return not_found(f"transaction {transaction_id}")
    if method_id is not None:
        method = state.get(PaymentMethod, method_id)
        if method is None or method.removed_at is not None:
            return not_found(f"payment method {method_id}")
    refusal = refuse_inactive(state, Code.FORBIDDEN) or refuse_exclusion(
        state, transaction.venue_id, context.now
    )
    if refusal is not None:
        return refusal
    if transaction.kind is TransactionKind.TOPUP and transaction.posted_at is None:
        today = business_day_at(context, transaction.venue_id)
        refusal = refuse_top_up(
            state, transaction.amount_minor, today, context.now, besides=transaction.id
        )
        if refusal is not None:
            return refusal
    if transaction.tender is Tender.CARD and transaction.status is TransactionStatus.PENDING:
        return None
    return Refusal(
        Code.TRANSACTION_NOT_PAYABLE,
        f"transaction {transaction.id} is {transaction.status.value} and paid with "
        f"{transaction.tender.value}; only a pending one of tender card is paid here",
    )


def _ended_meanwhile(state: AccountState, command: CreatePaymentIntent) -> Payment | None:
    """The payment that was begun for this request, if it is over already."""
    if command.payment_id is None:
        return None
    payment = state.get(Payment, command.payment_id)
    if payment is None or payment.status in LIVE or payment.provider_id != command.provider_id:
        return None
    return payment


def _intent(state: AccountState, payment: Payment, transaction_id: UUID) -> PaymentIntent:
    assert payment.provider_id is not None, "it was made at the provider"
    transaction = state.get(Transaction, transaction_id)
    return PaymentIntent(
        payment_id=payment.id,
        transaction_id=transaction_id,
        provider_payment_id=payment.provider_id,
        status=payment.status,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        expires_at=None if transaction is None else transaction.expires_at,
        version=payment.version,
    )


def _begun(state: AccountState, payment: Payment) -> PaymentBegun:
    method = None if payment.method_id is None else state.get(PaymentMethod, payment.method_id)
    return PaymentBegun(
        payment_id=payment.id,
        transaction_id=payment.transaction_id,
        venue_id=payment.venue_id,
        user_id=payment.user_id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        method_provider_id=None if method is None else method.provider_id,
        customer_id=state.user.provider_customer_id,
    )


def _final(payment: Payment) -> Refusal:
    return Refusal(
        Code.PAYMENT_FINAL,
        f"payment {payment.id} is {payment.status.value} and can't be cancelled; a refund can be "
        "asked for",
    )


def _status_after(state: AccountState, transaction_id: UUID, outcome: Outcome) -> TransactionStatus:
    for row in outcome.changes:
        if isinstance(row, Transaction) and row.id == transaction_id:
            return row.status
    stored = state.get(Transaction, transaction_id)
    return TransactionStatus.VOIDED if stored is None else stored.status
