"""Card payments: what gateway, account, venue and the provider's side tell one another.

Chains: TopUpCredits by card and package = account → venue → account; VoidTransaction of what was
posted = account → venue → account. Whatever the provider says, by webhook, poll or answer, comes
to the account as one of the `Apply…` commands; each is harmless when it comes again (Rule 11).
"""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from protocol.commands import Command, command
from protocol.operations.transactions import TopUpCredits
from protocol.records.money_states import PaymentStatus, RefundStatus
from protocol.records.values import Json
from protocol.replies.base import reply


@command
class OpenCardTopUp(Command):
    """Venue → account: the package has its price; open the top-up and wait for its payment."""

    topup: TopUpCredits
    transaction_id: UUID
    price_minor: int
    credits_minor: int
    bonus_minor: int
    bonus_days: int | None
    package_id: UUID | None
    per_day_cap: int | None = None


@command
class VoidUnpaid(Command):
    """Account → itself: nobody paid in time."""

    transaction_id: UUID


@command
class PollPayment(Command):
    """Account → itself: nothing was heard of a payment for a while."""

    payment_id: UUID


@command
class BeginPayment(Command):
    """Gateway → account, before the provider is asked: answers PaymentBegun.

    The payment is written first, so that whatever the provider says of it later is known.
    """

    transaction_id: UUID
    method_id: UUID | None = None


@reply
class PaymentBegun:
    """Answer of BeginPayment."""

    payment_id: UUID
    transaction_id: UUID
    venue_id: UUID
    user_id: UUID
    amount_minor: int
    currency: str
    method_provider_id: str | None
    customer_id: str | None = None


@command
class ReadCustomer(Command):
    """Gateway → account: what the provider calls this person. Answers CustomerKnown."""


@reply
class CustomerKnown:
    """Answer of ReadCustomer; None as long as the provider was not asked for a name."""

    customer_id: str | None


@command
class ReadPayment(Command):
    """Gateway → account: an own payment as it stands. Answers PaymentKnown or 404."""

    payment_id: UUID


@reply
class PaymentKnown:
    """Answer of ReadPayment."""

    payment_id: UUID
    provider_id: str | None
    status: PaymentStatus
    last_checked_at: datetime | None


@command
class ApplyPaymentResult(Command):
    """What the provider says of a payment; a state of lower rank is ignored (Rule 11).

    `refunded_minor` is what went back by its account, if it said so.
    """

    payment_id: UUID
    status: PaymentStatus
    provider_id: str | None = None
    failure_code: str | None = None
    refunded_minor: int | None = None


@command
class ApplyRefundResult(Command):
    """What the provider says of a refund to a card."""

    refund_id: UUID
    status: RefundStatus
    provider_ref: str | None = None
    failure_code: str | None = None


@command
class RefundNotTaken(Command):
    """The outside → account: the provider could not be asked; try again later."""

    refund_id: UUID
    reason: str


@command
class RetryRefund(Command):
    """Account → itself: ask the provider again."""

    refund_id: UUID


class DisputeOutcome(enum.StrEnum):
    """How a chargeback stands."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@command
class ApplyDispute(Command):
    """What the provider says of a chargeback; `status` is its own word for `outcome`."""

    payment_id: UUID
    provider_id: str
    outcome: DisputeOutcome
    status: str
    amount_minor: int
    opened_at: datetime
    evidence_due_at: datetime | None = None


@command
class CheckOpenDay(Command):
    """Account → venue: go on with `then` if the business day is not closed yet."""

    account_id: UUID
    business_day: date
    then: Json


@command
class GiveVoid(Command):
    """Venue → account: undo a purchase to the unit; of one for cash, staff → account once more."""

    transaction_id: UUID
    reason: str
    cash_given_back: bool = False


@command
class GiveCashBack(Command):
    """Account → staff: the cash of a voided sale leaves the till that took it, if it can."""

    void: GiveVoid
    account_id: UUID
    till_id: UUID
    amount_minor: int


@command
class KeepCash(Command):
    """Undo of GiveCashBack: the sale stands, and its cash stays in the till."""

    till_id: UUID
    amount_minor: int


@command
class GiveRefund(Command):
    """Venue → account (or the account's own step): do what was approved."""

    refund_id: UUID
    amount_minor: int
    note: str | None


@command
class TellMismatch(Command):
    """Gateway → venue: what the provider says and what is known here do not meet."""

    business_day: date | None
    kind: Literal["missing_local", "missing_remote", "amount_differs", "parked_event"]
    reference: str
    delta_minor: int = 0


@command
class RefundAtProvider(Command):
    """Account → outside: give money back to a card; the refund's id is the provider's key."""

    refund_id: UUID
    account_id: UUID
    payment_id: UUID
    provider_payment_id: str
    amount_minor: int
    currency: str


@command
class CancelAtProvider(Command):
    """Account → outside: the payment is not wanted any more. It may succeed all the same."""

    payment_id: UUID
    account_id: UUID
    provider_payment_id: str


@command
class AskOfPayment(Command):
    """Account → outside: how is the payment? The answer comes as ApplyPaymentResult."""

    payment_id: UUID
    account_id: UUID
    provider_payment_id: str


@command
class ForgetCard(Command):
    """Account → outside: detach a saved card."""

    method_id: UUID
    provider_id: str


@command
class ForgetCustomer(Command):
    """Account → outside: the person is erased here, and shall be at the provider."""

    customer_id: str
