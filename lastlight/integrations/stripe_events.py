"""What an event of the provider says, in our words; pure, and careful with what it is given.

Only the objects that payments here are made of are read: payment intents, refunds and disputes.
Everything else is irrelevant, which is no fault: the provider sends what it likes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import attrs
import msgspec

from lastlight.integrations.stripe_amounts import from_provider
from protocol.internal.payments import DisputeOutcome
from protocol.records.money_states import PaymentStatus, RefundStatus


@attrs.frozen(kw_only=True)
class ToldPayment:
    """A payment intent, by our id if the provider carries it, and by the provider's."""

    payment_id: UUID | None
    provider_id: str
    status: PaymentStatus
    failure_code: str | None
    refunded_minor: int | None = None
    venue_id: UUID | None = None


@attrs.frozen(kw_only=True)
class ToldRefund:
    """A refund; one without our id was made elsewhere, and its payment is told instead."""

    refund_id: UUID | None
    provider_id: str
    provider_payment_id: str | None
    status: RefundStatus
    failure_code: str | None


@attrs.frozen(kw_only=True)
class ToldDispute:
    """A chargeback of a payment, which only the provider's id names."""

    provider_id: str
    provider_payment_id: str
    outcome: DisputeOutcome
    status: str
    amount_minor: int
    opened_at: datetime
    evidence_due_at: datetime | None


Told = ToldPayment | ToldRefund | ToldDispute

PAYMENT_STATES: Final[Mapping[str, PaymentStatus]] = {
    "requires_payment_method": PaymentStatus.CREATED,
    "requires_confirmation": PaymentStatus.CREATED,
    "requires_action": PaymentStatus.REQUIRES_ACTION,
    "processing": PaymentStatus.PROCESSING,
    "requires_capture": PaymentStatus.PROCESSING,
    "succeeded": PaymentStatus.SUCCEEDED,
    "canceled": PaymentStatus.CANCELED,
}
"""A payment intent's status, as docs.stripe.com/payments/paymentintents/lifecycle has it."""
REFUND_STATES: Final[Mapping[str, RefundStatus]] = {
    "pending": RefundStatus.PROCESSING,
    "requires_action": RefundStatus.PROCESSING,
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}
DISPUTE_ENDS: Final[Mapping[str, DisputeOutcome]] = {
    "won": DisputeOutcome.WON,
    "warning_closed": DisputeOutcome.WON,
    "lost": DisputeOutcome.LOST,
}
_FAILED_EVENT: Final = "payment_intent.payment_failed"
_INQUIRY: Final = "warning_"
"""Of a dispute that has taken no money yet."""


@attrs.frozen(kw_only=True)
class EventHead:
    """What every event has."""

    event_id: str
    type: str
    object_id: str | None
    created_at: datetime


def head_of(payload: Mapping[str, Any]) -> EventHead | None:
    """The head of an event, or None if this is none."""
    id_, type_, created = payload.get("id"), payload.get("type"), payload.get("created")
    if not (isinstance(id_, str) and isinstance(type_, str) and isinstance(created, int)):
        return None
    if not 0 < len(id_) <= 255 or not 0 < len(type_) <= 255 or "\0" in id_ + type_:
        return None
    if not 0 <= created < 4_102_444_800:  # the year 2100
        return None
    object_id = _object(payload).get("id")
    return EventHead(
        event_id=id_,
        type=type_,
        object_id=object_id if isinstance(object_id, str) else None,
        created_at=datetime.fromtimestamp(created, UTC),
    )


def parse(body: bytes) -> Mapping[str, Any] | None:
    """The JSON object in a body, or None."""
    try:
        payload = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return payload if isinstance(payload, dict) else None


def told_by(payload: Mapping[str, Any]) -> Told | None:
    """What an event says of a payment, a refund or a dispute of ours; None if it is irrelevant."""
    about = _object(payload)
    try:
        match about.get("object"):
            case "payment_intent":
                return _payment(about, failed=payload.get("type") == _FAILED_EVENT)
            case "refund":
                return _refund(about)
            case "dispute":
                return _dispute(about)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return None


def _object(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    return _part(_part(payload, "data"), "object")


def _part(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within an object; an empty one where there is none."""
    part = of.get(name)
    return part if isinstance(part, dict) else {}


def _payment(about: Mapping[str, Any], *, failed: bool) -> ToldPayment | None:
    status = PAYMENT_STATES.get(about["status"])
    if status is None:
        return None
    error = _part(about, "last_payment_error")
    metadata = _part(about, "metadata")
    return ToldPayment(
        payment_id=_uuid(metadata.get("payment_id")),
        provider_id=_text(about["id"]),
        # The intent itself waits for another card then; the attempt is over.
        status=PaymentStatus.FAILED if failed else status,
        failure_code=_short(error.get("decline_code") or error.get("code")) if failed else None,
        venue_id=_uuid(metadata.get("venue_id")),
    )


def _refund(about: Mapping[str, Any]) -> ToldRefund | None:
    status = REFUND_STATES.get(about["status"])
    if status is None:
        return None
    metadata = _part(about, "metadata")
    payment = about.get("payment_intent")
    return ToldRefund(
        refund_id=_uuid(metadata.get("refund_id")),
        provider_id=_text(about["id"]),
        provider_payment_id=payment if isinstance(payment, str) else None,
        status=status,
        failure_code=_short(about.get("failure_reason")),
    )


def _dispute(about: Mapping[str, Any]) -> ToldDispute | None:
    status = _text(about["status"])
    if status.startswith(_INQUIRY) and status not in DISPUTE_ENDS:
        return None
    details = _part(about, "evidence_details")
    due = details.get("due_by")
    return ToldDispute(
        provider_id=_text(about["id"]),
        provider_payment_id=_text(about["payment_intent"]),
        outcome=DISPUTE_ENDS.get(status, DisputeOutcome.OPEN),
        status=status,
        amount_minor=from_provider(_amount(about["amount"]), _text(about["currency"])),
        opened_at=datetime.fromtimestamp(_amount(about["created"]), UTC),
        evidence_due_at=datetime.fromtimestamp(due, UTC) if type(due) is int else None,
    )


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 255 or "\0" in value:
        raise ValueError("no short text")
    return value


def _short(value: object) -> str | None:
    return None if value is None else _text(value)


def _amount(value: object) -> int:
    if type(value) is not int or not 0 <= value < 10**12:
        raise ValueError("no amount")
    return value
