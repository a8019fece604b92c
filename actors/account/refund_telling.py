"""How a refund is told of, shown, and brought to the provider (Rule 10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from actors.rules.refunds import path_to
from actors.runtime.outcome import Event, Send
from actors.runtime.telling import tell
from protocol.addresses import OUTSIDE
from protocol.events.money import RefundStatusChanged
from protocol.internal.payments import RefundAtProvider
from protocol.records.money import Refund
from protocol.records.money_states import RefundStatus
from protocol.records.payments import Payment
from protocol.replies.refunds import RefundedLine, RefundView

RETRIES_AFTER: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
RETRY_HOURLY: Final = timedelta(hours=1)


def retry_timer(refund_id: UUID) -> str:
    """The timer that asks the provider again."""
    return f"refund:{refund_id}"


def retry_after(tries: int) -> timedelta:
    """How long to wait after so many tries."""
    return RETRIES_AFTER[tries - 1] if tries <= len(RETRIES_AFTER) else RETRY_HOURLY


def ask_provider(refund: Refund, payment: Payment | None) -> tuple[Send, ...]:
    """The effect that gives the money back to the card; harmless when it is performed twice."""
    if payment is None:
        return ()
    assert payment.provider_id is not None, f"payment {payment.id} succeeded without a name"
    effect = RefundAtProvider(
        refund_id=refund.id,
        account_id=refund.user_id,
        payment_id=payment.id,
        provider_payment_id=payment.provider_id,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
    )
    return (Send(OUTSIDE, effect, detached=True),)


def told_refund(refund: Refund, before: RefundStatus, to: RefundStatus, by: UUID | None) -> Event:
    """The event of one step of a refund."""
    told = RefundStatusChanged(
        refund_id=refund.id,
        transaction_id=refund.transaction_id,
        from_=before,
        to=to,
        amount_minor=refund.amount_minor,
        destination=refund.destination,
        by=by,
    )
    return tell(told, venue_id=refund.venue_id, user_id=refund.user_id, version=refund.version)


def told_path(refund: Refund, start: RefundStatus, by: UUID | None) -> tuple[Event, ...]:
    """An event for each state on the way to where a refund is now."""
    states = path_to(start, refund.status)
    return tuple(
        told_refund(refund, before, to, by)
        for before, to in zip((start, *states), states, strict=False)
    )


def refund_view(refund: Refund) -> RefundView:
    """A refund for whoever may see it."""
    return RefundView(
        refund_id=refund.id,
        transaction_id=refund.transaction_id,
        venue_id=refund.venue_id,
        user_id=refund.user_id,
        status=refund.status,
        destination=refund.destination,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        lines=tuple(
            RefundedLine(purchase_id=line.purchase_id, qty=line.qty, amount_minor=line.amount_minor)
            for line in refund.lines
        ),
        reason_code=refund.reason_code,
        requested_by=refund.requested_by,
        requested_at=refund.requested_at,
        decided_by=refund.decided_by,
        decided_at=refund.decided_at,
        provider_ref=refund.provider_ref,
        failure_code=refund.failure_code,
        version=refund.version,
    )
