"""How a payment moves on, by whatever the provider says of it (Rule 11).

Each state has a rank and a lower one is ignored, so reports may come late, early and more than
once; only the first `succeeded` moves money.
"""

from __future__ import annotations

from datetime import date
from typing import Final, Literal

from actors.account.outcomes import answered, together
from actors.account.paid import post_paid
from actors.account.pending import void_pending
from actors.account.polling import poll_timers
from actors.account.standing import business_day_at
from actors.account.state import AccountState
from actors.rules.lifecycle import PAYMENT_RANK, PaymentReport, judge_payment_report
from actors.rules.permissions import not_found
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Event, Outcome
from actors.runtime.telling import tell
from protocol.events.money import PaymentReconciliationMismatch, PaymentStatusChanged
from protocol.internal.payments import ApplyPaymentResult
from protocol.records.money import Refund, Transaction
from protocol.records.money_states import PaymentStatus, RefundStatus, TransactionStatus
from protocol.records.payments import Payment
from protocol.records.values import PaymentStep

_BY_REFUND_OR_DISPUTE: Final = frozenset(
    {
        PaymentStatus.PARTIALLY_REFUNDED,
        PaymentStatus.REFUNDED,
        PaymentStatus.DISPUTED,
        PaymentStatus.DISPUTE_WON,
        PaymentStatus.DISPUTE_LOST,
    }
)
"""States that follow from refunds and chargebacks, which are told by commands of their own."""


@decides(ApplyPaymentResult)
def decide_apply_payment_result(
    state: AccountState, command: ApplyPaymentResult, context: Context
) -> Decision:
    """Webhook, poll and answer alike: move the payment on if this is news (Rule 11)."""
    payment = state.get(Payment, command.payment_id)
    if payment is None:
        return not_found(f"payment {command.payment_id}")
    # That it was made is told to whoever has it made: only they can hand its secret on. Would it
    # be named here before, their answer were that there is a payment already.
    only_made = payment.status is command.status is PaymentStatus.CREATED
    checked = payment.evolve(
        provider_id=payment.provider_id or (None if only_made else command.provider_id),
        last_checked_at=context.now,
    )
    if command.status in _BY_REFUND_OR_DISPUTE:
        moved, outcome = moved_by(state, checked, PaymentStatus.SUCCEEDED, None, context)
        told = _told_foreign_refund(state, moved, command, context)
        return answered(together(outcome, Outcome(events=told)), context)
    _, outcome = moved_by(state, checked, command.status, command.failure_code, context)
    return answered(outcome, context)


def told_payment(payment: Payment, before: PaymentStatus, context: Context) -> Event:
    """The event of a payment that moved on."""
    told = PaymentStatusChanged(
        payment_id=payment.id,
        transaction_id=payment.transaction_id,
        from_=before,
        to=payment.status,
        failure_code=payment.failure_code,
        at=context.now,
    )
    return tell(told, venue_id=payment.venue_id, user_id=payment.user_id, version=payment.version)


def told_mismatch(
    payment: Payment,
    today: date,
    *,
    kind: Literal["late_failure", "missing_local"],
    delta_minor: int,
    reference: str | None = None,
) -> Event:
    """The event for an owner who must look at a payment."""
    told = PaymentReconciliationMismatch(
        business_day=today,
        kind=kind,
        reference=reference or payment.provider_id or str(payment.id),
        delta_minor=delta_minor,
    )
    return tell(told, venue_id=payment.venue_id)


def in_state(
    payment: Payment, status: PaymentStatus, context: Context, *, failure_code: str | None = None
) -> Payment:
    """The payment as it is in another state, with its next version."""
    step = PaymentStep(status=status.value, at=context.now, failure_code=failure_code)
    return payment.revised(
        status=status,
        status_rank=PAYMENT_RANK[status],
        failure_code=failure_code,
        history=(*payment.history, step),
    )


def moved_by(
    state: AccountState,
    payment: Payment,
    reported: PaymentStatus,
    failure_code: str | None,
    context: Context,
) -> tuple[Payment, Outcome]:
    """The payment after a report, and all that follows from it.

    `payment` may differ from the stored one in what was learnt besides; its version is that one's.
    """
    match judge_payment_report(payment.status, reported):
        case PaymentReport.IGNORE:
            seen = payment.revised()
            return seen, Outcome(changes=(seen,))
        case PaymentReport.LATE_FAILURE:
            seen = payment.revised()
            today = business_day_at(context, payment.venue_id)
            flag = told_mismatch(
                payment, today, kind="late_failure", delta_minor=-payment.amount_minor
            )
            return seen, Outcome(changes=(seen,), events=(flag,))
    moved = in_state(payment, reported, context, failure_code=failure_code)
    follows = Outcome()
    transaction = state.get(Transaction, payment.transaction_id)
    if reported is PaymentStatus.SUCCEEDED:
        paid_id, follows = post_paid(state, payment, context)
        moved = moved.evolve(transaction_id=paid_id)
        if state.is_erased:
            follows = together(follows, Outcome(events=(_told_nobodys(payment, context),)))
    elif reported is PaymentStatus.CANCELED and _waits_for(transaction, payment):
        assert transaction is not None
        follows = void_pending(state, transaction, "payment_canceled", context)
    told = told_payment(moved, payment.status, context)
    timers = poll_timers(payment, moved, context.now)
    return moved, together(Outcome(changes=(moved,), events=(told,), timers=timers), follows)


def _waits_for(transaction: Transaction | None, payment: Payment) -> bool:
    return (
        transaction is not None
        and transaction.status is TransactionStatus.PENDING
        and transaction.payment_id == payment.id
    )


def _told_nobodys(payment: Payment, context: Context) -> Event:
    """Money came for an erased person: it can't stay credit; an owner may send it back."""
    today = business_day_at(context, payment.venue_id)
    return told_mismatch(payment, today, kind="missing_local", delta_minor=payment.amount_minor)


def _told_foreign_refund(
    state: AccountState, payment: Payment, command: ApplyPaymentResult, context: Context
) -> tuple[Event, ...]:
    """The provider gave back more than was asked of it here: somebody did so elsewhere."""
    known_minor = sum(
        refund.amount_minor
        for refund in state.all(Refund)
        if refund.payment_id == payment.id
        and refund.status in (RefundStatus.PROCESSING, RefundStatus.SUCCEEDED)
    )
    foreign_minor = (command.refunded_minor or 0) - known_minor
    if foreign_minor <= 0:
        return ()
    today = business_day_at(context, payment.venue_id)
    return (told_mismatch(payment, today, kind="missing_local", delta_minor=-foreign_minor),)
