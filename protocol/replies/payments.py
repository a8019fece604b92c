"""Answers about card payments. A `client_secret` is added last and stored nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import attrs

from protocol.records.money_states import PaymentStatus, StripeEventStatus, TransactionStatus
from protocol.replies.base import reply
from protocol.values import Amount, Currency, SignedAmount


@reply
class PaymentIntent:
    """A payment that was begun. With `client_secret` the app takes it to the provider."""

    payment_id: UUID
    transaction_id: UUID
    provider_payment_id: str
    status: PaymentStatus
    amount_minor: Amount
    currency: Currency
    expires_at: datetime | None
    client_secret: str | None = None
    version: int


@attrs.frozen(kw_only=True)
class PaymentStepView:
    """A state that it came to, and when."""

    status: PaymentStatus
    at: datetime
    failure_code: str | None = None


@reply
class PaymentView:
    """A payment as it is known here; `history` is oldest first."""

    payment_id: UUID
    transaction_id: UUID
    venue_id: UUID
    provider_payment_id: str | None
    status: PaymentStatus
    amount_minor: Amount
    refunded_minor: Amount
    currency: Currency
    method_id: UUID | None
    failure_code: str | None
    last_checked_at: datetime | None
    history: tuple[PaymentStepView, ...]
    created_at: datetime
    version: int


@reply
class PaymentCanceled:
    """A payment that will not be made, and what became of its transaction."""

    payment_id: UUID
    transaction_id: UUID
    status: PaymentStatus
    transaction_status: TransactionStatus
    version: int


@reply
class SavedCard:
    """A saved card: never its number."""

    method_id: UUID
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    is_default: bool
    created_at: datetime


@reply
class SavedCards:
    """Saved cards, newest first."""

    items: tuple[SavedCard, ...]


@reply
class CardSetup:
    """A card on its way to being saved: `method` once it is, else what the app needs to confirm."""

    setup_intent_id: str
    status: str
    """`requires_confirmation`, or `saved`."""
    client_secret: str | None = None
    method: SavedCard | None = None


@reply
class EventTaken:
    """A provider's event is kept; it is applied later."""

    received: bool = True


@reply
class EventView:
    """How far a provider's event is."""

    event_id: str
    type: str
    object_id: str | None
    status: StripeEventStatus
    tries: int
    next_try_at: datetime | None
    error: str | None


@attrs.frozen(kw_only=True)
class ProviderTotals:
    """What the provider says of a day."""

    charges_minor: Amount
    refunds_minor: Amount
    disputes_minor: Amount
    fees_minor: Amount


@attrs.frozen(kw_only=True)
class ClearingTotals:
    """What the clearing account moved: + what the provider owes us less, − what it owes us more.

    `charges_minor` came in by cards, `refunds_minor` and `disputes_minor` went back;
    `balance_minor` is the sum of all its postings of the day, signed as the ledger has them.
    """

    charges_minor: Amount
    refunds_minor: Amount
    disputes_minor: SignedAmount
    balance_minor: SignedAmount


@attrs.frozen(kw_only=True)
class DisputeView:
    """A chargeback that is not decided."""

    dispute_id: UUID
    payment_id: UUID
    provider_id: str
    amount_minor: Amount
    status: str
    evidence_due_at: datetime | None


@reply
class Reconciliation:
    """A business day's cards, ours against the provider's.

    `provider` and `compared_at` are null as long as the day was not compared. `missing` is at the
    provider and not here, `extra` here and not there, `differing` has another amount there; all are
    empty without a comparison.
    """

    venue_id: UUID
    business_day: date
    currency: Currency
    clearing: ClearingTotals
    payments: Mapping[str, int]
    """How many payments that were begun on the day are in each state."""
    provider: ProviderTotals | None
    compared_at: datetime | None = None
    missing: tuple[Mapping[str, Any], ...] = ()
    extra: tuple[Mapping[str, Any], ...] = ()
    differing: tuple[Mapping[str, Any], ...] = ()
    parked_events: tuple[EventView, ...] = ()
    open_disputes: tuple[DisputeView, ...] = ()
