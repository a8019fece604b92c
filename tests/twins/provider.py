"""A payment provider in memory: it keeps the promises of a real one.

The provider answers, remembers what it was asked by key, and makes events as the real one words
and signs them; tests say when a card pays, declines, or is charged back, and when it is away.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import attrs
import msgspec
import trio

from lastlight.integrations.payments import (
    CardBegun,
    PaymentAsk,
    ProviderEntry,
    ProviderError,
    ProviderPayment,
    ProviderRefund,
    ProviderRefused,
    RefundAsk,
)
from lastlight.integrations.stripe_events import PAYMENT_STATES, REFUND_STATES
from protocol.operations.payments import ConfirmedCard
from protocol.records.money_states import PaymentStatus
from tests.twins.provider_entries import EntryBook, Intent, Kind

WEBHOOK_SECRET: Final = "whsec_of_the_tests"
_OPEN: Final = {"requires_payment_method", "requires_confirmation", "requires_action", "processing"}


def signature_of(body: bytes, at: datetime, secret: str = WEBHOOK_SECRET) -> str:
    """The header that the provider would send with a body."""
    timestamp = str(int(at.timestamp()))
    mac = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"t={timestamp},v1={mac.hexdigest()}"


@attrs.define(eq=False)
class MemoryProvider:
    """See `lastlight.integrations.payments.PaymentProvider`.

    `on` is whether one is set up; while `away` every call fails; `refuses` names refunds that it
    will not make. Events are kept in `events`, in the order in which things happened.
    """

    now: Callable[[], datetime]
    on: bool = True
    rests: bool = False
    away: bool = False
    refuses: str | None = None
    refunds_wait: bool = False
    hangs: trio.Event | None = None
    early: Callable[[str], Awaitable[None]] | None = None
    """What happens after something was made and before that is answered; told its id."""
    met: Callable[[str], None] = lambda _fault: None
    """Told of each call that "provider away" or "provider hangs" kept from being answered."""
    intents: dict[str, Intent] = attrs.field(factory=dict)
    refunds: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    setups: dict[str, tuple[UUID, ConfirmedCard | None]] = attrs.field(factory=dict)
    detached: set[str] = attrs.field(factory=set)
    customers: set[str] = attrs.field(factory=set)
    books: EntryBook = attrs.field(factory=EntryBook)
    events: list[Mapping[str, Any]] = attrs.field(factory=list)
    calls: int = 0
    _keys: dict[str, str] = attrs.field(factory=dict)
    _count: Iterator[int] = attrs.field(factory=lambda: itertools.count(1))

    async def create_payment(self, ask: PaymentAsk) -> ProviderPayment:
        await self._answer()
        if ask.customer_id not in self.customers:
            raise ProviderRefused("resource_missing")
        id_ = self._once(f"payment:{ask.payment_id}", "pi")
        intent = self.intents.setdefault(id_, Intent(id=id_, ask=ask))
        if (intent.ask.amount_minor, intent.ask.currency) != (ask.amount_minor, ask.currency):
            raise ProviderRefused("idempotency_error")
        await self._made(id_)
        return attrs.evolve(self._payment(intent), client_secret=f"{id_}_secret")

    async def payment(self, provider_id: str) -> ProviderPayment:
        await self._answer()
        return self._payment(self._known(provider_id))

    async def cancel_payment(self, provider_id: str) -> ProviderPayment:
        await self._answer()
        intent = self._known(provider_id)
        if intent.status in _OPEN - {"processing"}:
            intent.status = "canceled"
            self._tell("payment_intent.canceled", self._intent_object(intent))
        return self._payment(intent)

    async def refund(self, ask: RefundAsk) -> ProviderRefund:
        await self._answer()
        if self.refuses is not None:
            raise ProviderRefused(self.refuses)
        intent = self._known(ask.provider_payment_id)
        id_ = self._once(f"refund:{ask.refund_id}", "re")
        if id_ not in self.refunds:
            if intent.status != "succeeded":
                raise ProviderRefused("charge_not_captured")
            if intent.refunded_minor + ask.amount_minor > intent.ask.amount_minor:
                raise ProviderRefused("charge_already_refunded")
            intent.refunded_minor += ask.amount_minor
            self.refunds[id_] = {
                "id": id_,
                "object": "refund",
                "amount": ask.amount_minor,
                "payment_intent": intent.id,
                "status": "pending" if self.refunds_wait else "succeeded",
                "metadata": {"refund_id": str(ask.refund_id)},
            }
            self._book("refund", intent, id_, ask.amount_minor, ask.refund_id)
            self._tell("refund.created", self.refunds[id_])
        said = REFUND_STATES[self.refunds[id_]["status"]]
        await self._made(id_)
        return ProviderRefund(provider_id=id_, status=said)

    async def customer(self, user_id: UUID) -> str:
        await self._answer()
        id_ = self._once(f"customer:{user_id}", "cus")
        self.customers.add(id_)
        return id_

    async def forget_customer(self, customer_id: str) -> None:
        await self._answer()
        self.customers.discard(customer_id)

    async def begin_card(self, user_id: UUID, customer_id: str, key: str) -> CardBegun:
        await self._answer()
        id_ = self._once(f"setup:{key}", "seti")
        if customer_id not in self.customers:
            raise ProviderRefused("resource_missing")
        self.setups.setdefault(id_, (user_id, None))
        return CardBegun(setup_id=id_, client_secret=f"{id_}_secret")

    async def confirmed_card(self, setup_id: str, user_id: UUID) -> ConfirmedCard | None:
        await self._answer()
        owner, card = self.setups.get(setup_id, (None, None))
        if owner != user_id:
            raise ProviderRefused("resource_missing")
        return card

    async def forget_card(self, provider_id: str) -> None:
        await self._answer()
        self.detached.add(provider_id)

    async def event(self, event_id: str) -> Mapping[str, Any] | None:
        await self._answer()
        return next((event for event in self.events if event["id"] == event_id), None)

    async def entries(self, since: datetime, until: datetime) -> Sequence[ProviderEntry]:
        await self._answer()
        failed = {id_ for id_, one in self.refunds.items() if one["status"] == "failed"}
        return self.books.between(since, until, without=failed)

    # What happens at the provider without us

    def pays(self, provider_id: str) -> None:
        """The card is good: the money comes."""
        intent = self._known(provider_id)
        if intent.status != "succeeded":
            self._book("charge", intent, provider_id, intent.ask.amount_minor)
        self._becomes(provider_id, "succeeded", "payment_intent.succeeded")

    def declines(self, provider_id: str, code: str = "card_declined") -> None:
        """The card is refused; the intent waits for another."""
        intent = self._known(provider_id)
        intent.status, intent.failure_code = "requires_payment_method", code
        about = {**self._intent_object(intent), "last_payment_error": {"code": code}}
        self._tell("payment_intent.payment_failed", about)

    def works_on(self, provider_id: str) -> None:
        """The bank takes its time."""
        self._becomes(provider_id, "processing", "payment_intent.processing")

    def asks_to_prove(self, provider_id: str) -> None:
        """The bank wants to know that it is them: 3-D Secure."""
        self._becomes(provider_id, "requires_action", "payment_intent.requires_action")

    def fails_refund(self, provider_id: str) -> None:
        """The card did not take it back."""
        refund = self.refunds[provider_id]
        refund |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
        self.intents[refund["payment_intent"]].refunded_minor -= refund["amount"]
        self._tell("refund.failed", refund)

    def settles_refund(self, provider_id: str) -> None:
        """The card took it back."""
        self.refunds[provider_id]["status"] = "succeeded"
        self._tell("refund.updated", self.refunds[provider_id])

    def confirms(self, setup_id: str, last4: str = "4242") -> None:
        """The person has confirmed the card."""
        owner, _ = self.setups[setup_id]
        card = ConfirmedCard(
            provider_id=f"pm_{setup_id}", brand="visa", last4=last4, exp_month=12, exp_year=2030
        )
        self.setups[setup_id] = (owner, card)

    def disputes(self, provider_id: str, status: str = "needs_response", **more: Any) -> None:
        """The card's owner takes it back at the bank; again, with another status, its end."""
        intent = self._known(provider_id)
        about = {
            "id": f"dp_{provider_id}",
            "object": "dispute",
            "amount": intent.ask.amount_minor,
            "payment_intent": provider_id,
            "currency": intent.ask.currency.lower(),
            "status": status,
            "created": int(self.now().timestamp()),
            "evidence_details": {"due_by": None},
            **more,
        }
        self._book("dispute", intent, f"dp_{provider_id}", intent.ask.amount_minor)
        self._tell("charge.dispute.updated", about)

    def webhook(self, n: int = -1) -> tuple[bytes, str]:
        """An event as it is sent: its body and its signature, made now."""
        body = msgspec.json.encode(self.events[n])
        return body, signature_of(body, self.now())

    async def _answer(self) -> None:
        self.calls += 1
        await trio.lowlevel.checkpoint()
        if self.hangs is not None:
            self.met("provider hangs")
            await self.hangs.wait()
        if self.away:
            self.met("provider away")
            raise ProviderError("it is away")

    async def _made(self, id_: str) -> None:
        if self.early is not None:
            await self.early(id_)

    def _once(self, key: str, prefix: str) -> str:
        return self._keys.setdefault(key, f"{prefix}_{next(self._count)}")

    def _known(self, provider_id: str) -> Intent:
        intent = self.intents.get(provider_id)
        if intent is None:
            raise ProviderRefused("resource_missing")
        return intent

    def _book(
        self, kind: Kind, intent: Intent, id_: str, amount_minor: int, our_id: UUID | None = None
    ) -> None:
        self.books.book(kind, id_, intent.ask, intent.id, amount_minor, our_id, self.now())

    def _payment(self, intent: Intent) -> ProviderPayment:
        status = PAYMENT_STATES[intent.status]
        failed = status is PaymentStatus.CREATED and intent.failure_code is not None
        return ProviderPayment(
            provider_id=intent.id,
            status=PaymentStatus.FAILED if failed else status,
            failure_code=intent.failure_code if failed else None,
            refunded_minor=intent.refunded_minor,
        )

    def _becomes(self, provider_id: str, status: str, type_: str) -> None:
        intent = self._known(provider_id)
        intent.status = status
        self._tell(type_, self._intent_object(intent))

    def _intent_object(self, intent: Intent) -> dict[str, Any]:
        return {
            "id": intent.id,
            "object": "payment_intent",
            "amount": intent.ask.amount_minor,
            "currency": intent.ask.currency.lower(),
            "status": intent.status,
            "metadata": dict(intent.ask.metadata),
        }

    def _tell(self, type_: str, about: Mapping[str, Any]) -> None:
        event = {
            "id": f"evt_{next(self._count)}",
            "object": "event",
            "type": type_,
            "created": int(self.now().timestamp()),
            "data": {"object": dict(about)},
        }
        self.events.append(event)
