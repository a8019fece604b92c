"""The payment provider, as the node needs it: a port.

Every call that changes something takes our own id as the provider's key, so asking again after a
crash or a lost answer does nothing twice. A `client_secret` goes through to the app and is kept
nowhere. Both implementations and every later one pass the same contract suite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol
from uuid import UUID

import attrs

from protocol.errors import Code, LastLightError
from protocol.operations.payments import ConfirmedCard
from protocol.records.money_states import PaymentStatus, RefundStatus


@attrs.frozen(kw_only=True)
class PaymentAsk:
    """What is to be paid. `payment_id` is the key; `metadata` comes back with each event."""

    payment_id: UUID
    amount_minor: int
    currency: str
    user_id: UUID
    customer_id: str
    method_id: str | None = None
    metadata: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class ProviderPayment:
    """A payment as the provider has it."""

    provider_id: str
    status: PaymentStatus
    failure_code: str | None = None
    refunded_minor: int = 0
    client_secret: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class RefundAsk:
    """What is to go back. `refund_id` is the key."""

    refund_id: UUID
    provider_payment_id: str
    amount_minor: int
    currency: str


@attrs.frozen(kw_only=True)
class ProviderRefund:
    """A refund as the provider has it: processing, succeeded or failed."""

    provider_id: str
    status: RefundStatus
    failure_code: str | None = None


@attrs.frozen(kw_only=True)
class CardBegun:
    """A card on its way to being saved."""

    setup_id: str
    client_secret: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class ProviderEntry:
    """Money that moved at the provider: what its books have of a charge, refund or dispute.

    `provider_id` is the payment's name for a charge. `our_id` and `venue_id` are what we gave along
    with it; None where somebody made it elsewhere. `fee_minor` is in the currency of the account.
    """

    kind: Literal["charge", "refund", "dispute"]
    provider_id: str
    provider_payment_id: str | None
    our_id: UUID | None
    venue_id: UUID | None
    amount_minor: int
    currency: str
    fee_minor: int
    at: datetime


@attrs.frozen
class ProviderUnavailable(LastLightError):
    """No provider is set up here. Nothing was asked."""

    code: ClassVar[Code] = Code.PROVIDER_UNAVAILABLE

    def __str__(self) -> str:
        return "cards are not taken here: no payment provider is set up; pay with credits"


@attrs.frozen
class ProviderError(LastLightError):
    """The provider did not answer, or not with sense. It may have done what was asked; asking
    again with the same key is safe."""

    code: ClassVar[Code] = Code.PROVIDER_ERROR
    retry_after_s: ClassVar[int | None] = 5
    reason: str

    def __str__(self) -> str:
        return f"the payment provider did not answer ({self.reason}); ask again with the same key"


@attrs.frozen
class ProviderRefused(LastLightError):
    """The provider understood and said no; it will say so again. `reason` is its own code."""

    code: ClassVar[Code] = Code.PROVIDER_ERROR
    reason: str

    def __str__(self) -> str:
        return f"the payment provider refused this: {self.reason}"


class PaymentProvider(Protocol):
    """Takes cards. All methods raise ProviderUnavailable, ProviderError or ProviderRefused."""

    @property
    def on(self) -> bool:
        """Whether there is a provider at all."""
        ...

    @property
    def rests(self) -> bool:
        """Whether it is left alone for a while, as it did not answer."""
        ...

    async def create_payment(self, ask: PaymentAsk) -> ProviderPayment:
        """Begin a payment; with the same key, the same one again, with its secret."""
        ...

    async def payment(self, provider_id: str) -> ProviderPayment:
        """A payment as it is now, without its secret."""
        ...

    async def cancel_payment(self, provider_id: str) -> ProviderPayment:
        """Cancel it if that is still possible; returns what it is now, which may be succeeded."""
        ...

    async def refund(self, ask: RefundAsk) -> ProviderRefund:
        """Give money back; with the same key, the same refund again."""
        ...

    async def customer(self, user_id: UUID) -> str:
        """What the provider calls a person, made with their id as its key."""
        ...

    async def forget_customer(self, customer_id: str) -> None:
        """Delete a person with all their cards; one who is gone stays so."""
        ...

    async def begin_card(self, user_id: UUID, customer_id: str, key: str) -> CardBegun:
        """Begin to save a card; with the same key, the same one again."""
        ...

    async def confirmed_card(self, setup_id: str, user_id: UUID) -> ConfirmedCard | None:
        """The card that this person confirmed, or None while it is not confirmed.

        Raises:
            ProviderRefused: it is nothing of theirs.
        """
        ...

    async def forget_card(self, provider_id: str) -> None:
        """Detach a card; one that is detached stays so."""
        ...

    async def event(self, event_id: str) -> Mapping[str, Any] | None:
        """An event as it was sent, or None if there is none of this id."""
        ...

    async def entries(self, since: datetime, until: datetime) -> Sequence[ProviderEntry]:
        """All money that moved from `since` until before `until`, oldest first; what failed is not
        among it. At most RECONCILED_ENTRIES_MAX, or ProviderRefused."""
        ...


class PaymentsOff:
    """No provider: every call says so."""

    @property
    def on(self) -> bool:
        return False

    @property
    def rests(self) -> bool:
        return False

    async def create_payment(self, ask: PaymentAsk) -> ProviderPayment:
        raise ProviderUnavailable

    async def payment(self, provider_id: str) -> ProviderPayment:
        raise ProviderUnavailable

    async def cancel_payment(self, provider_id: str) -> ProviderPayment:
        raise ProviderUnavailable

    async def refund(self, ask: RefundAsk) -> ProviderRefund:
        raise ProviderUnavailable

    async def customer(self, user_id: UUID) -> str:
        raise ProviderUnavailable

    async def forget_customer(self, customer_id: str) -> None:
        raise ProviderUnavailable

    async def begin_card(self, user_id: UUID, customer_id: str, key: str) -> CardBegun:
        raise ProviderUnavailable

    async def confirmed_card(self, setup_id: str, user_id: UUID) -> ConfirmedCard | None:
        raise ProviderUnavailable

    async def forget_card(self, provider_id: str) -> None:
        raise ProviderUnavailable

    async def event(self, event_id: str) -> Mapping[str, Any] | None:
        raise ProviderUnavailable

    async def entries(self, since: datetime, until: datetime) -> Sequence[ProviderEntry]:
        raise ProviderUnavailable
