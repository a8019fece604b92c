"""Financial: card payments, the provider's events, and what is on sale.

No provider secret and no card number is ever stored (Rule 11).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.records.base import Record, Table, Unique, record
from protocol.records.money_states import PaymentStatus, StripeEventStatus
from protocol.records.values import HoldSource, Json, PaymentStep

_UNFAILED = tuple(
    status
    for status in PaymentStatus
    if status not in {PaymentStatus.FAILED, PaymentStatus.CANCELED}
)


@record(
    Table(
        name="payments",
        key=("id",),
        unique=(
            Unique(("provider_id",)),
            Unique(("transaction_id",), where=(("status", _UNFAILED),)),
        ),
        tenant="venue_id",
    )
)
class Payment(Record):
    """A card payment. `status_rank` only rises: a lower one that arrives is ignored (Rule 11).

    `history` are the states it went through, the newest last.
    """

    id: UUID
    transaction_id: UUID
    venue_id: UUID
    user_id: UUID
    provider_id: str | None
    status: PaymentStatus
    status_rank: int
    amount_minor: int
    refunded_minor: int = 0
    currency: str
    method_id: UUID | None = None
    failure_code: str | None = None
    last_checked_at: datetime | None = None
    history: tuple[PaymentStep, ...] = ()
    created_at: datetime
    version: int = 1


@record(Table(name="payment_methods", key=("id",), unique=(Unique(("provider_id",)),)))
class PaymentMethod(Record):
    """A saved card by reference; five at most, one of them the default."""

    id: UUID
    user_id: UUID
    provider_id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    is_default: bool = False
    created_at: datetime
    removed_at: datetime | None = None
    version: int = 1


@record(Table(name="stripe_events", key=("event_id",)))
class StripeEvent(Record):
    """A provider's event, stored before it is applied. `event_id` is the provider's."""

    event_id: str
    type: str
    object_id: str | None
    created_at: datetime
    received_at: datetime
    payload: Json | None
    status: StripeEventStatus
    tries: int = 0
    next_try_at: datetime | None = None
    error: str | None = None
    version: int = 1


@record(
    Table(
        name="disputes",
        key=("id",),
        unique=(Unique(("provider_id",)),),
        tenant="venue_id",
    )
)
class Dispute(Record):
    """A chargeback; `status` is the provider's word.

    `parts` are the lots that it was taken from; the rest of `amount_minor` became a debt.
    """

    id: UUID
    user_id: UUID
    payment_id: UUID
    transaction_id: UUID
    venue_id: UUID
    provider_id: str
    amount_minor: int
    status: str
    evidence_due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None = None
    journal_id: UUID | None = None
    parts: tuple[HoldSource, ...] = ()
    version: int = 1


@record(Table(name="credit_packages", key=("id",), tenant="venue_id"))
class CreditPackage(Record):
    """A package on sale. Bonus credits expire `bonus_days` after the sale, None never.

    `valid_hours` are local windows as in `Venue.hours`; None means always.
    """

    id: UUID
    venue_id: UUID
    name: str
    price_minor: int
    credits_minor: int
    bonus_minor: int = 0
    bonus_days: int | None = None
    valid_hours: Json | None = None
    per_day_cap: int | None = None
    active: bool = True
    retired_at: datetime | None = None
    version: int = 1
