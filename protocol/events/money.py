"""Events of money, as the ledger has it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from protocol.events.base import MANAGEMENT, OWNER, USER, EventData, event
from protocol.records.money_states import (
    PaymentStatus,
    RefundDestination,
    RefundStatus,
    Tender,
    TillStatus,
    TransactionKind,
)
from protocol.values import Amount, Currency, SignedAmount


@event("transaction.pending", USER, MANAGEMENT)
class TransactionPending(EventData):
    """Card transaction opened and waiting for its payment."""

    transaction_id: UUID
    kind: Literal["topup", "purchase"]
    amount_minor: SignedAmount
    currency: Currency
    expires_at: datetime


@event("transaction.posted", USER, MANAGEMENT, OWNER)
class TransactionPosted(EventData):
    """Journal committed; exactly one per journal."""

    transaction_id: UUID
    kind: TransactionKind
    amount_minor: SignedAmount
    tax_minor: Amount
    currency: Currency
    tender: Tender
    business_day: date
    ledger_seq: int
    at: datetime


@event("transaction.voided", USER, MANAGEMENT, OWNER)
class TransactionVoided(EventData):
    """VoidTransaction, cancelled or expired payment."""

    transaction_id: UUID
    reason: str
    reversed_minor: Amount
    at: datetime


@event("credits.balance_changed", USER)
class CreditsBalanceChanged(EventData):
    """Any posting to the user's wallet; absolute values, so last one wins by ledger_seq."""

    available_minor: Amount
    held_minor: Amount
    paid_minor: Amount
    bonus_minor: Amount
    currency: Currency
    ledger_seq: int
    cause: str


@event("payment.status_changed", USER, MANAGEMENT)
class PaymentStatusChanged(EventData):
    """Payment state moved forward (webhook, poll or API answer)."""

    payment_id: UUID
    transaction_id: UUID
    from_: PaymentStatus
    to: PaymentStatus
    failure_code: str | None
    at: datetime


@event("refund.status_changed", USER, MANAGEMENT, OWNER)
class RefundStatusChanged(EventData):
    """Refund transition committed."""

    refund_id: UUID
    transaction_id: UUID
    from_: RefundStatus
    to: RefundStatus
    amount_minor: SignedAmount
    destination: RefundDestination
    by: UUID | None


@event("revenue.tick", OWNER, MANAGEMENT, durable=False)
class RevenueTick(EventData):
    """After revenue postings; at most one per second per venue; totals come from the ledger."""

    venue_id: UUID
    business_day: date
    gross_minor: SignedAmount
    net_minor: SignedAmount
    last_minor: SignedAmount
    currency: Currency
    as_of: datetime


@event("till.changed", MANAGEMENT, OWNER, USER)
class TillChanged(EventData):
    """Till opened, cash posted (amounts omitted), ended, closed; expected stays null for the
    counter until counted.
    """

    till_id: UUID
    staff_id: UUID
    status: TillStatus
    expected_minor: SignedAmount | None
    counted_minor: SignedAmount | None
    variance_minor: SignedAmount | None


@event("business_day.closed", MANAGEMENT, OWNER)
class BusinessDayClosed(EventData):
    """CloseBusinessDay or timer at cutover + 60 min."""

    venue_id: UUID
    business_day: date
    z_number: int
    gross_minor: SignedAmount
    variance_minor: SignedAmount
    carried_orders: int
    auto: bool


@event("payment.reconciliation_mismatch", OWNER)
class PaymentReconciliationMismatch(EventData):
    """Nightly reconciliation, parked webhook, or failure after success."""

    business_day: date
    kind: Literal[
        "missing_local",
        "missing_remote",
        "amount_differs",
        "parked_event",
        "late_failure",
        "chain_break",
    ]
    reference: str
    delta_minor: SignedAmount
