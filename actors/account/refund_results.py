"""The provider's word on a refund to a card, whenever and however often it comes (Rule 10)."""

from __future__ import annotations

from actors.account.outcomes import answered, together
from actors.account.payment_states import in_state, told_mismatch, told_payment
from actors.account.refund_money import take_back
from actors.account.refund_telling import ask_provider, retry_after, retry_timer, told_refund
from actors.account.standing import business_day_at
from actors.account.state import AccountState
from actors.rules.lifecycle import transition
from actors.rules.permissions import not_found
from actors.rules.refunds import REFUND
from actors.runtime.behaviour import decides
from actors.runtime.outcome import CancelTimer, Context, Decision, Outcome, SetTimer
from protocol.internal.payments import ApplyRefundResult, RefundNotTaken, RetryRefund
from protocol.records.money import Refund
from protocol.records.money_states import PaymentStatus, RefundStatus
from protocol.records.payments import Payment


@decides(ApplyRefundResult)
def decide_apply_refund_result(
    state: AccountState, command: ApplyRefundResult, context: Context
) -> Decision:
    """Move the refund on, if this is news; what ended stays as it ended."""
    refund = state.get(Refund, command.refund_id)
    if refund is None:
        return not_found(f"refund {command.refund_id}")
    named = refund.evolve(provider_ref=command.provider_ref or refund.provider_ref)
    if transition(REFUND, refund.status, command.status) is None:
        if refund.status is RefundStatus.PROCESSING and named != refund:
            taken = named.revised()
            noted = Outcome(changes=(taken,), timers=(CancelTimer(retry_timer(refund.id)),))
            return answered(noted, context)
        return answered(Outcome(), context)
    moved = named.revised(status=command.status, failure_code=command.failure_code)
    told = told_refund(moved, refund.status, moved.status, None)
    settled = Outcome(
        changes=(moved,), events=(told,), timers=(CancelTimer(retry_timer(refund.id)),)
    )
    if command.status is RefundStatus.FAILED:
        settled = together(settled, take_back(state, refund, context))
        if refund.status is RefundStatus.SUCCEEDED:
            settled = together(settled, _came_back(state, moved, context))
    elif command.status is RefundStatus.SUCCEEDED:
        settled = together(settled, _refunded(state, refund, context))
    return answered(settled, context)


@decides(RefundNotTaken)
def decide_refund_not_taken(
    state: AccountState, command: RefundNotTaken, context: Context
) -> Decision:
    """The provider could not be asked: again in 1, 5 and 30 minutes, then every hour."""
    refund = state.get(Refund, command.refund_id)
    if refund is None or refund.status is not RefundStatus.PROCESSING:
        return Outcome()
    due_at = context.now + retry_after(refund.tries)
    timer = SetTimer(retry_timer(refund.id), due_at, RetryRefund(refund_id=refund.id))
    return Outcome(changes=(refund.revised(tries=refund.tries + 1),), timers=(timer,))


@decides(RetryRefund)
def decide_retry_refund(state: AccountState, command: RetryRefund, context: Context) -> Decision:
    """Ask again, by the same key: if it was taken after all, it is the same refund."""
    refund = state.get(Refund, command.refund_id)
    if refund is None or refund.status is not RefundStatus.PROCESSING:
        return Outcome()
    payment = None if refund.payment_id is None else state.get(Payment, refund.payment_id)
    return Outcome(sends=ask_provider(refund, payment))


def _refunded(state: AccountState, refund: Refund, context: Context) -> Outcome:
    """The payment, with what went back of it; a chargeback's states are not left for it."""
    payment = None if refund.payment_id is None else state.get(Payment, refund.payment_id)
    if payment is None:
        return Outcome()
    back_minor = min(payment.amount_minor, payment.refunded_minor + refund.amount_minor)
    whole = back_minor == payment.amount_minor
    status = PaymentStatus.REFUNDED if whole else PaymentStatus.PARTIALLY_REFUNDED
    seen = payment.evolve(refunded_minor=back_minor)
    if payment.status not in (PaymentStatus.SUCCEEDED, PaymentStatus.PARTIALLY_REFUNDED):
        return Outcome(changes=(seen.revised(),))
    moved = in_state(seen, status, context)
    if status is payment.status:
        return Outcome(changes=(moved,))
    return Outcome(changes=(moved,), events=(told_payment(moved, payment.status, context),))


def _came_back(state: AccountState, refund: Refund, context: Context) -> Outcome:
    """What the card had taken, its bank sent back: an owner looks at it (Rule 11).

    The credit is back already, as the money is: it would be too, had this been heard of before the
    success. The payment's state stays, as none goes back; only its sum says what did.
    """
    payment = None if refund.payment_id is None else state.get(Payment, refund.payment_id)
    if payment is None:
        return Outcome()
    left_minor = max(0, payment.refunded_minor - refund.amount_minor)
    flag = told_mismatch(
        payment,
        business_day_at(context, payment.venue_id),
        kind="late_failure",
        delta_minor=refund.amount_minor,
        reference=refund.provider_ref,
    )
    return Outcome(changes=(payment.revised(refunded_minor=left_minor),), events=(flag,))
