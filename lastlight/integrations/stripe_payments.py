"""The payment provider for real: each call of the port in Stripe's words.

Amounts, ids and states are translated at this edge (`stripe_amounts`, `stripe_reading`); how it is
asked, how often and for how long is in `stripe_calls`. Our own ids are its keys.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

import attrs

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
from lastlight.integrations.stripe_amounts import to_provider
from lastlight.integrations.stripe_calls import Asked, Gone, StripeCalls, open_stripe
from lastlight.integrations.stripe_reading import (
    card_of,
    charge_entry,
    dispute_entry,
    payment_of,
    refund_entry,
    refund_of,
    uuid_of,
)
from protocol.limits import PROVIDER_CALL_S, PROVIDER_PAGE_MOST, RECONCILED_ENTRIES_MAX
from protocol.operations.payments import ConfirmedCard

T = TypeVar("T")
_LISTS: Final = (
    ("charges", charge_entry, ("data.balance_transaction",)),
    ("refunds", refund_entry, ("data.balance_transaction",)),
    ("disputes", dispute_entry, ()),
)
"""What moves money, how it is read, and what is asked for with it."""


@asynccontextmanager
async def open_stripe_payments(
    api_key: str, api_base: str, *, call_s: float = PROVIDER_CALL_S
) -> AsyncIterator[StripePayments]:
    """The provider behind a key. Nothing is asked of it yet."""
    async with open_stripe(api_key, api_base, call_s=call_s) as calls:
        yield StripePayments(calls)


@attrs.frozen(eq=False)
class StripePayments:
    """See `lastlight.integrations.payments.PaymentProvider`. Made by `open_stripe_payments`."""

    _calls: StripeCalls

    @property
    def on(self) -> bool:
        return True

    @property
    def rests(self) -> bool:
        return self._calls.rests

    async def create_payment(self, ask: PaymentAsk) -> ProviderPayment:
        """The app confirms it, with a card of its own or the saved one that is named here."""
        amount = _amount(ask.amount_minor, ask.currency)
        params: dict[str, Any] = {
            "amount": amount,
            "currency": ask.currency.lower(),
            "customer": ask.customer_id,
            "payment_method_types": ["card"],
            "metadata": {**ask.metadata, "user_id": str(ask.user_id)},
        }
        if ask.method_id is not None:
            params["payment_method"] = ask.method_id
        intents = self._v1.payment_intents
        made = await self._calls.ask(lambda: intents.create_async(params, _key(ask.payment_id)))
        return _read(lambda: payment_of(made, secret=True))

    async def payment(self, provider_id: str) -> ProviderPayment:
        intents = self._v1.payment_intents
        found = await self._calls.ask(
            lambda: intents.retrieve_async(provider_id, {"expand": ["latest_charge"]})
        )
        return _read(lambda: payment_of(found))

    async def cancel_payment(self, provider_id: str) -> ProviderPayment:
        intents = self._v1.payment_intents
        try:
            said = await self._calls.ask(lambda: intents.cancel_async(provider_id))
        except ProviderRefused:
            # It is over already, one way or the other.
            return await self.payment(provider_id)
        return _read(lambda: payment_of(said))

    async def refund(self, ask: RefundAsk) -> ProviderRefund:
        """Keys are forgotten after a day and a refund may wait longer, so we look for it first."""
        refunds = self._v1.refunds
        amount = _amount(ask.amount_minor, ask.currency)
        of_payment = ask.provider_payment_id
        made_before = await self._calls.ask(
            lambda: refunds.list_async({"payment_intent": of_payment, "limit": PROVIDER_PAGE_MOST})
        )
        for one in made_before.get("data", ()):
            if uuid_of(one.get("metadata", {}).get("refund_id")) == ask.refund_id:
                return _read(partial(refund_of, one))
        made = await self._calls.ask(
            lambda: refunds.create_async(
                {
                    "payment_intent": of_payment,
                    "amount": amount,
                    "metadata": {"refund_id": str(ask.refund_id)},
                },
                _key(ask.refund_id),
            )
        )
        return _read(lambda: refund_of(made))

    async def customer(self, user_id: UUID) -> str:
        """Nothing personal is told of them."""
        customers = self._v1.customers
        made = await self._calls.ask(
            lambda: customers.create_async(
                {"metadata": {"user_id": str(user_id)}}, _key(f"customer:{user_id}")
            )
        )
        return _read(lambda: str(made["id"]))

    async def forget_customer(self, customer_id: str) -> None:
        customers = self._v1.customers
        await self._unless_gone(lambda: customers.delete_async(customer_id))

    async def begin_card(self, user_id: UUID, customer_id: str, key: str) -> CardBegun:
        setups = self._v1.setup_intents
        made = await self._calls.ask(
            lambda: setups.create_async(
                {
                    "customer": customer_id,
                    "payment_method_types": ["card"],
                    "usage": "on_session",
                    "metadata": {"user_id": str(user_id)},
                },
                _key(f"card:{key}"),
            )
        )
        return _read(lambda: CardBegun(setup_id=made["id"], client_secret=made["client_secret"]))

    async def confirmed_card(self, setup_id: str, user_id: UUID) -> ConfirmedCard | None:
        setups = self._v1.setup_intents
        found = await self._calls.ask(
            lambda: setups.retrieve_async(setup_id, {"expand": ["payment_method"]})
        )
        if uuid_of((found.get("metadata") or {}).get("user_id")) != user_id:
            raise ProviderRefused("resource_missing")
        if found.get("status") != "succeeded":
            return None
        return _read(lambda: card_of(found["payment_method"]))

    async def forget_card(self, provider_id: str) -> None:
        methods = self._v1.payment_methods
        try:
            await self._unless_gone(lambda: methods.detach_async(provider_id))
        except ProviderRefused:
            found = await self._calls.ask(lambda: methods.retrieve_async(provider_id))
            if found.get("customer") is not None:
                raise

    async def event(self, event_id: str) -> Mapping[str, Any] | None:
        events = self._v1.events
        try:
            return await self._calls.ask(lambda: events.retrieve_async(event_id))
        except Gone:
            return None

    async def entries(self, since: datetime, until: datetime) -> Sequence[ProviderEntry]:
        created = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        found: list[ProviderEntry] = []
        for name, read, expand in _LISTS:
            params: dict[str, Any] = {"created": created}
            if expand:
                params["expand"] = [*expand]
            async with aclosing(self._calls.listed(getattr(self._v1, name), params)) as rows:
                async for row in rows:
                    found += _read(partial(_entry, read, row))
                    if len(found) > RECONCILED_ENTRIES_MAX:
                        raise ProviderRefused(f"over {RECONCILED_ENTRIES_MAX} entries")
        return sorted(found, key=lambda entry: entry.at)

    @property
    def _v1(self) -> Any:
        return self._calls.v1

    async def _unless_gone(self, call: Asked) -> None:
        try:
            await self._calls.ask(call)
        except Gone:
            return


def _entry(
    read: Callable[[Mapping[str, Any]], ProviderEntry | None], row: Mapping[str, Any]
) -> tuple[ProviderEntry, ...]:
    entry = read(row)
    return () if entry is None else (entry,)


def _key(of: object) -> Mapping[str, str]:
    return {"idempotency_key": str(of)}


def _amount(amount_minor: int, currency: str) -> int:
    try:
        return to_provider(amount_minor, currency)
    except ValueError as error:
        raise ProviderRefused(str(error)) from None


def _read(read: Callable[[], T]) -> T:
    """What an answer says.

    Raises:
        ProviderError: it is not as documented; it may have done what was asked.
    """
    try:
        return read()
    except (ValueError, KeyError, TypeError) as error:
        raise ProviderError(f"its answer was not understood: {error}") from None
