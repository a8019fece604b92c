"""What the provider's answers say, in our words; pure, and careful with what it is given.

An answer that lacks what is documented raises ValueError: nothing is guessed about money.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from lastlight.integrations.payments import ProviderEntry, ProviderPayment, ProviderRefund
from lastlight.integrations.stripe_amounts import from_provider
from lastlight.integrations.stripe_events import PAYMENT_STATES, REFUND_STATES
from protocol.operations.payments import ConfirmedCard
from protocol.records.money_states import PaymentStatus

Answer = Mapping[str, Any]
_FAILED_REFUNDS: Final = frozenset({"failed", "canceled"})
_INQUIRY: Final = "warning_"


def payment_of(intent: Answer, *, secret: bool = False) -> ProviderPayment:
    """A payment intent, with its `latest_charge` expanded if it has been charged.

    One that waits for another card after a decline is failed, as its event says.
    """
    status = PAYMENT_STATES.get(_text(intent, "status"))
    if status is None:
        raise ValueError(f"payment intent in state {intent['status']}")
    error = _part(intent, "last_payment_error")
    failure = None
    if status is PaymentStatus.CREATED and error:
        status, failure = PaymentStatus.FAILED, failure_of(error)
    charge = _part(intent, "latest_charge")
    refunded = charge.get("amount_refunded", 0)
    return ProviderPayment(
        provider_id=_text(intent, "id"),
        status=status,
        failure_code=failure,
        refunded_minor=from_provider(_number(refunded), _text(intent, "currency")),
        client_secret=_text(intent, "client_secret") if secret else None,
    )


def refund_of(refund: Answer) -> ProviderRefund:
    """A refund."""
    status = REFUND_STATES.get(_text(refund, "status"))
    if status is None:
        raise ValueError(f"refund in state {refund['status']}")
    reason = refund.get("failure_reason")
    return ProviderRefund(
        provider_id=_text(refund, "id"),
        status=status,
        failure_code=reason if isinstance(reason, str) else None,
    )


def card_of(method: Answer) -> ConfirmedCard:
    """A payment method that is a card."""
    card = _part(method, "card")
    return ConfirmedCard(
        provider_id=_text(method, "id"),
        brand=_text(card, "brand"),
        last4=_text(card, "last4"),
        exp_month=_number(card.get("exp_month")),
        exp_year=_number(card.get("exp_year")),
    )


def charge_entry(charge: Answer) -> ProviderEntry | None:
    """A charge whose money came; None for one that failed or was not captured."""
    if charge.get("status") != "succeeded" or charge.get("captured") is False:
        return None
    currency = _text(charge, "currency")
    intent = charge.get("payment_intent")
    own = _part(charge, "metadata")
    return ProviderEntry(
        kind="charge",
        provider_id=intent if isinstance(intent, str) else _text(charge, "id"),
        provider_payment_id=intent if isinstance(intent, str) else None,
        our_id=uuid_of(own.get("payment_id")),
        venue_id=uuid_of(own.get("venue_id")),
        amount_minor=from_provider(_number(charge.get("amount")), currency),
        currency=currency.upper(),
        fee_minor=_fee(charge),
        at=_time(charge),
    )


def refund_entry(refund: Answer) -> ProviderEntry | None:
    """A refund that was made or is on its way; None for one that failed."""
    if refund.get("status") in _FAILED_REFUNDS:
        return None
    currency = _text(refund, "currency")
    intent = refund.get("payment_intent")
    return ProviderEntry(
        kind="refund",
        provider_id=_text(refund, "id"),
        provider_payment_id=intent if isinstance(intent, str) else None,
        our_id=uuid_of(_part(refund, "metadata").get("refund_id")),
        venue_id=None,
        amount_minor=from_provider(_number(refund.get("amount")), currency),
        currency=currency.upper(),
        fee_minor=_fee(refund),
        at=_time(refund),
    )


def dispute_entry(dispute: Answer) -> ProviderEntry | None:
    """A chargeback; None for an inquiry, which takes no money."""
    if _text(dispute, "status").startswith(_INQUIRY):
        return None
    currency = _text(dispute, "currency")
    intent = dispute.get("payment_intent")
    return ProviderEntry(
        kind="dispute",
        provider_id=_text(dispute, "id"),
        provider_payment_id=intent if isinstance(intent, str) else None,
        our_id=None,
        venue_id=None,
        amount_minor=from_provider(_number(dispute.get("amount")), currency),
        currency=currency.upper(),
        fee_minor=0,
        at=_time(dispute),
    )


def failure_of(error: Answer) -> str | None:
    """Why a card was declined: the bank's word if there is one, else the provider's."""
    for name in ("decline_code", "code", "type"):
        if isinstance(error.get(name), str):
            return str(error[name])[:200]
    return None


def uuid_of(value: object) -> UUID | None:
    """An id of ours that came back, if it is one."""
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _fee(about: Answer) -> int:
    fee = _part(about, "balance_transaction").get("fee", 0)
    return fee if type(fee) is int else 0


def _time(about: Answer) -> datetime:
    return datetime.fromtimestamp(_number(about.get("created")), UTC)


def _part(of: Answer, name: str) -> Answer:
    part = of.get(name)
    return part if isinstance(part, Mapping) else {}


def _text(of: Answer, name: str) -> str:
    value = of.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 500:
        raise ValueError(f"no {name}")
    return value


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 10**12:
        raise ValueError("no number")
    return value
