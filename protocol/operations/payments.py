"""Card payments: intents, saved cards, and the provider's events. No card number is ever seen."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final
from uuid import UUID

import attrs

from protocol.addresses import ActorKind, Role
from protocol.bounds import PREPARED, text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.operations.addresses import child, gateway, own_account, query
from protocol.operations.base import KeyRule, Operation, RateRule, in_category
from protocol.records.money_states import PaymentStatus
from protocol.replies.payments import (
    CardSetup,
    EventTaken,
    EventView,
    PaymentCanceled,
    PaymentIntent,
    PaymentView,
    Reconciliation,
    SavedCards,
)
from protocol.values import PreparedText

ProviderId = Annotated[str, text(min=1, max=255, pattern=r"[A-Za-z0-9_-]+")]


@attrs.frozen(kw_only=True)
class ConfirmedCard:
    """A card that the provider has confirmed to be this person's."""

    provider_id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@command
class CreatePaymentIntent(Command):
    """Begin to pay a pending transaction; amount and currency are its own.

    The last four are filled before the mailbox, from what the provider answered.
    """

    transaction_id: UUID
    method_id: UUID | None = None
    payment_id: Annotated[UUID | None, PREPARED] = None
    provider_id: PreparedText = None
    provider_status: Annotated[PaymentStatus | None, PREPARED] = None
    customer_id: PreparedText = None


@command
class GetPayment(Command):
    """An own payment; `refresh` asks the provider if it was not asked within 30 s."""

    payment_id: UUID
    refresh: bool = False


@command
class CancelPayment(Command):
    """Cancel an own payment before it succeeds, and void its transaction."""

    payment_id: UUID
    provider_status: Annotated[PaymentStatus | None, PREPARED] = None


@command
class ListPaymentMethods(Command):
    """Own saved cards."""


@command
class AddPaymentMethod(Command):
    """Without `setup_intent_id` begin to save a card; with it, save the one that was confirmed."""

    setup_intent_id: ProviderId | None = None
    make_default: bool = False
    begun_id: PreparedText = None
    card: Annotated[ConfirmedCard | None, PREPARED] = None
    customer_id: PreparedText = None


@command
class RemovePaymentMethod(Command):
    """Forget an own saved card."""

    method_id: UUID


@command
class GetReconciliation(Command):
    """A business day's cards, ours against the provider's."""

    venue_id: UUID
    business_day: date


@command
class ReceiveStripeEvent(Command):
    """An event of the provider. The request's body is its own, and read raw."""


@command
class ReplayStripeEvent(Command):
    """Apply an event again, fetched from the provider if it is not kept here."""

    event_id: ProviderId


# fmt: off
OPERATIONS: Final = in_category(
    "Payments",
    Operation(
        ReceiveStripeEvent, Role.PUBLIC, "POST /api/payments/webhooks/stripe", gateway, EventTaken,
        summary="Take an event of the provider: keep it by its id, apply it later.",
        socket=False, raw=True, rate=RateRule.EXEMPT, key=KeyRule.ACCEPTED,
        errors=(Code.SIGNATURE_INVALID, Code.SIGNATURE_STALE, Code.PAYLOAD_TOO_LARGE),
        emits=(
            "payment.status_changed", "transaction.posted", "credits.balance_changed",
            "refund.status_changed", "revenue.tick", "payment.reconciliation_mismatch",
        ),
    ),
    Operation(
        CreatePaymentIntent, Role.PATRON, "POST /api/payments/intents",
        child("transaction_id", ActorKind.ACCOUNT), PaymentIntent,
        summary="Begin to pay a pending transaction by card.",
        status=201, key=KeyRule.REQUIRED, prepare=("create_intent",),
        errors=(
            Code.NOT_FOUND, Code.EXCLUDED, Code.TOPUP_LIMIT_REACHED, Code.PAYMENT_EXISTS,
            Code.TRANSACTION_NOT_PAYABLE, Code.PROVIDER_ERROR, Code.PROVIDER_UNAVAILABLE,
        ),
        emits=("payment.status_changed", "transaction.pending"),
    ),
    Operation(
        GetPayment, Role.PATRON, "GET /api/payments/intents/{payment_id}", query("payment"),
        PaymentView,
        summary="State of a payment with its history.",
        prepare=("refresh_payment",),
    ),
    Operation(
        CancelPayment, Role.PATRON, "POST /api/payments/intents/{payment_id}/cancel",
        child("payment_id", ActorKind.ACCOUNT), PaymentCanceled,
        summary="Cancel an own payment before it succeeds, and void its transaction.",
        key=KeyRule.ACCEPTED, prepare=("cancel_intent",),
        errors=(Code.PAYMENT_FINAL, Code.PROVIDER_ERROR, Code.PROVIDER_UNAVAILABLE),
        emits=("payment.status_changed", "transaction.voided"),
    ),
    Operation(
        ListPaymentMethods, Role.PATRON, "GET /api/payments/methods", query("payment_methods"),
        SavedCards,
        summary="Own saved cards; never full numbers.",
    ),
    Operation(
        AddPaymentMethod, Role.PATRON, "POST /api/payments/methods", own_account, CardSetup,
        summary="Begin to save a card, or save the one that was confirmed.",
        status=201, key=KeyRule.REQUIRED, prepare=("set_card_up",),
        errors=(Code.METHOD_LIMIT, Code.PROVIDER_ERROR, Code.PROVIDER_UNAVAILABLE),
    ),
    Operation(
        RemovePaymentMethod, Role.PATRON, "DELETE /api/payments/methods/{method_id}",
        child("method_id", ActorKind.ACCOUNT), None,
        summary="Forget an own saved card.",
        status=204, key=KeyRule.ACCEPTED, errors=(Code.METHOD_IN_USE,),
    ),
    Operation(
        GetReconciliation, Role.OWNER, "GET /api/payments/reconciliation",
        query("reconciliation"), Reconciliation,
        summary="A business day's cards: the clearing account against the provider.",
        errors=(Code.NOT_FOUND,),
    ),
    Operation(
        ReplayStripeEvent, Role.OWNER, "POST /api/payments/webhooks/stripe/{event_id}/replay",
        gateway, EventView,
        summary="Apply a provider's event again; harmless when it is already.",
        key=KeyRule.ACCEPTED, audited="stripe_event.replayed",
        errors=(Code.PROVIDER_ERROR, Code.PROVIDER_UNAVAILABLE),
        emits=("payment.status_changed", "payment.reconciliation_mismatch"),
    ),
)
# fmt: on
