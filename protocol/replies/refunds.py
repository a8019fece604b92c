"""Answers about money that goes back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import attrs

from protocol.records.money_states import RefundDestination, RefundStatus, TransactionStatus
from protocol.replies.base import reply
from protocol.values import Amount, Currency


@attrs.frozen(kw_only=True)
class RefundedLine:
    """So many of one line, for so much."""

    purchase_id: UUID
    qty: int
    amount_minor: Amount


@reply
class RefundView:
    """A refund as it stands. `provider_ref` is the provider's own name of it, for a card."""

    refund_id: UUID
    transaction_id: UUID
    venue_id: UUID
    user_id: UUID
    status: RefundStatus
    destination: RefundDestination
    amount_minor: Amount
    currency: Currency
    lines: tuple[RefundedLine, ...]
    reason_code: str
    requested_by: UUID
    requested_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    provider_ref: str | None
    failure_code: str | None
    version: int


@reply
class RefundList:
    """Refunds, newest first."""

    items: tuple[RefundView, ...]
    next_cursor: str | None = None


@reply
class Voided:
    """A transaction that counts no more; `reversed_minor` is what its mirror took back."""

    transaction_id: UUID
    status: TransactionStatus
    reversed_minor: Amount
    currency: Currency
    version: int
