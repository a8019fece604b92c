"""Payments that hang: the provider is asked for them, should its word have been lost (Rule 11).

A webhook may never come. What the provider then says takes the way of every other word of it, so
asking once more than needed changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from actors.account.state import AccountState
from actors.runtime.behaviour import decides
from actors.runtime.outcome import CancelTimer, Context, Decision, Outcome, Send, SetTimer
from protocol.addresses import OUTSIDE
from protocol.internal.payments import AskOfPayment, PollPayment
from protocol.records.money_states import PaymentStatus
from protocol.records.payments import Payment

POLLED: Final = frozenset({PaymentStatus.REQUIRES_ACTION, PaymentStatus.PROCESSING})
POLLED_AFTER: Final = timedelta(minutes=15)
SELDOM_AFTER: Final = timedelta(hours=72)
"""Of a payment that hangs for longer, a webhook is not awaited any more; a bank may need days."""
SELDOM: Final = timedelta(days=1)


def poll_timers(
    before: Payment, after: Payment, now: datetime
) -> tuple[SetTimer | CancelTimer, ...]:
    """The timer that a payment has in its new state, or the end of the one that it had."""
    if after.status in POLLED:
        return (_timer(after, now + POLLED_AFTER),)
    return (CancelTimer(_name(after)),) if before.status in POLLED else ()


@decides(PollPayment)
def decide_poll_payment(state: AccountState, command: PollPayment, context: Context) -> Decision:
    """Have the provider asked, now and again until the payment has ended."""
    payment = state.get(Payment, command.payment_id)
    if payment is None or payment.status not in POLLED or payment.provider_id is None:
        return Outcome()
    ask = AskOfPayment(
        payment_id=payment.id, account_id=payment.user_id, provider_payment_id=payment.provider_id
    )
    seldom = context.now >= payment.created_at + SELDOM_AFTER
    again = _timer(payment, context.now + (SELDOM if seldom else POLLED_AFTER))
    return Outcome(sends=(Send(OUTSIDE, ask, detached=True),), timers=(again,))


def _timer(payment: Payment, due_at: datetime) -> SetTimer:
    return SetTimer(_name(payment), due_at, PollPayment(payment_id=payment.id))


def _name(payment: Payment) -> str:
    return f"poll:{payment.id}"
