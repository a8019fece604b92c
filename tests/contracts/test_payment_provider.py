"""What a payment provider promises: the twin in memory, and Stripe's own library against a server
that speaks its documented JSON. No provider promises nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import attrs
import pytest

from lastlight.integrations.payments import (
    PaymentAsk,
    PaymentProvider,
    PaymentsOff,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    RefundAsk,
)
from lastlight.integrations.stripe_payments import open_stripe_payments
from protocol.records.money_states import PaymentStatus, RefundStatus
from tests.twins.provider import MemoryProvider
from tests.twins.stripe_books import StripeBooks
from tests.twins.stripe_server import API_KEY, open_stripe_server

USER: Final = UUID(int=0xA1)
OTHER: Final = UUID(int=0xA2)
VENUE: Final = UUID(int=0xB1)
NOON: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@attrs.frozen
class Place:
    """A provider, and the world in which its cards pay and decline."""

    provider: PaymentProvider
    world: MemoryProvider | StripeBooks
    goes_away: Callable[[], None]


@pytest.fixture(params=["memory", "stripe"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """Each provider there is."""
    if request.param == "memory":
        memory = MemoryProvider(lambda: NOON)
        yield Place(memory, memory, partial(setattr, memory, "away", True))
        return
    async with (
        open_stripe_server(lambda: NOON) as server,
        open_stripe_payments(API_KEY, server.url) as provider,
    ):
        yield Place(provider, server.books, partial(setattr, server, "away", True))


async def an_ask(place: Place, n: int = 1, amount_minor: int = 1_000) -> PaymentAsk:
    return PaymentAsk(
        payment_id=UUID(int=n),
        amount_minor=amount_minor,
        currency="JPY",
        user_id=USER,
        customer_id=await place.provider.customer(USER),
        metadata={"payment_id": str(UUID(int=n)), "venue_id": str(VENUE)},
    )


def a_refund(provider_payment_id: str, amount_minor: int = 400, n: int = 9) -> RefundAsk:
    return RefundAsk(
        refund_id=UUID(int=n),
        provider_payment_id=provider_payment_id,
        amount_minor=amount_minor,
        currency="JPY",
    )


async def paid(place: Place, n: int = 1) -> str:
    """A payment whose money has come."""
    made = await place.provider.create_payment(await an_ask(place, n))
    place.world.pays(made.provider_id)
    return made.provider_id


async def test_a_payment_is_made_once_for_its_key(place: Place) -> None:
    """An answer that was lost is asked for again; the card must not be charged twice for it."""
    first = await place.provider.create_payment(await an_ask(place))
    again = await place.provider.create_payment(await an_ask(place))
    other = await place.provider.create_payment(await an_ask(place, 2))
    assert (first.provider_id, first.client_secret) == (again.provider_id, again.client_secret)
    assert first.client_secret
    assert other.provider_id != first.provider_id
    assert first.status is PaymentStatus.CREATED


async def test_a_key_is_good_for_one_amount(place: Place) -> None:
    """Another amount by the same key is a mistake of ours, and is not made good in silence."""
    await place.provider.create_payment(await an_ask(place))
    with pytest.raises(ProviderRefused):
        await place.provider.create_payment(await an_ask(place, amount_minor=2_000))


async def test_a_payment_can_be_looked_at_without_its_secret(place: Place) -> None:
    """A poll has no use for it."""
    id_ = await paid(place)
    seen = await place.provider.payment(id_)
    assert (seen.status, seen.client_secret) == (PaymentStatus.SUCCEEDED, None)
    with pytest.raises(ProviderRefused):
        await place.provider.payment("pi_of_nobody")


async def test_cancelling_says_what_it_is_now(place: Place) -> None:
    """Who cancels too late learns that the money has come."""
    made = await place.provider.create_payment(await an_ask(place))
    for _ in range(2):
        said = await place.provider.cancel_payment(made.provider_id)
        assert said.status is PaymentStatus.CANCELED
    other = await place.provider.create_payment(await an_ask(place, 2))
    place.world.pays(other.provider_id)
    assert (
        await place.provider.cancel_payment(other.provider_id)
    ).status is PaymentStatus.SUCCEEDED


async def test_a_refund_is_made_once_for_its_key_and_never_beyond_the_payment(
    place: Place,
) -> None:
    """A refund that is asked for again after a crash is the same refund."""
    id_ = await paid(place)
    first = await place.provider.refund(a_refund(id_))
    again = await place.provider.refund(a_refund(id_))
    assert first == again
    assert first.status is RefundStatus.SUCCEEDED
    assert (await place.provider.payment(id_)).refunded_minor == 400
    with pytest.raises(ProviderRefused):
        await place.provider.refund(a_refund(id_, 601, n=10))
    await place.provider.refund(a_refund(id_, 600, n=11))


async def test_what_was_not_paid_is_not_refunded(place: Place) -> None:
    """There is nothing to give back."""
    made = await place.provider.create_payment(await an_ask(place))
    with pytest.raises(ProviderRefused):
        await place.provider.refund(a_refund(made.provider_id))


async def test_a_card_is_saved_once_it_is_confirmed_and_only_by_its_owner(
    place: Place,
) -> None:
    """The name of somebody else's setup must not give their card away."""
    customer_id = await place.provider.customer(USER)
    begun = await place.provider.begin_card(USER, customer_id, "key")
    assert (await place.provider.begin_card(USER, customer_id, "key")).setup_id == begun.setup_id
    assert await place.provider.confirmed_card(begun.setup_id, USER) is None
    place.world.confirms(begun.setup_id)
    card = await place.provider.confirmed_card(begun.setup_id, USER)
    assert card is not None
    assert card.last4 == "4242"
    with pytest.raises(ProviderRefused):
        await place.provider.confirmed_card(begun.setup_id, OTHER)
    for _ in range(2):
        await place.provider.forget_card(card.provider_id)


async def test_a_person_has_one_name_there_and_can_be_forgotten(place: Place) -> None:
    """Cards are saved under it; who is erased here is not left there."""
    name = await place.provider.customer(USER)
    assert await place.provider.customer(USER) == name
    assert await place.provider.customer(OTHER) != name
    for _ in range(2):
        await place.provider.forget_customer(name)
    with pytest.raises(ProviderRefused):
        await place.provider.begin_card(USER, name, "key")


async def test_a_declined_card_is_told_with_its_reason_and_another_may_pay(place: Place) -> None:
    """Whoever missed the event of it learns the same by asking."""
    made = await place.provider.create_payment(await an_ask(place))
    place.world.declines(made.provider_id, "card_declined")
    seen = await place.provider.payment(made.provider_id)
    assert (seen.status, seen.failure_code) == (PaymentStatus.FAILED, "card_declined")
    place.world.pays(made.provider_id)
    seen = await place.provider.payment(made.provider_id)
    assert (seen.status, seen.failure_code) == (PaymentStatus.SUCCEEDED, None)


async def test_a_payment_says_what_it_waits_for(place: Place) -> None:
    """3-D Secure, and banks that take their time: such a payment is polled (Rule 11)."""
    made = await place.provider.create_payment(await an_ask(place))
    place.world.asks_to_prove(made.provider_id)
    assert (await place.provider.payment(made.provider_id)).status is PaymentStatus.REQUIRES_ACTION
    place.world.works_on(made.provider_id)
    assert (await place.provider.payment(made.provider_id)).status is PaymentStatus.PROCESSING


async def test_its_books_have_every_charge_refund_and_dispute_of_a_time(place: Place) -> None:
    """Ours are compared with them each night; what failed moved nothing."""
    id_ = await paid(place)
    await place.provider.create_payment(await an_ask(place, 2))
    gone = await place.provider.refund(a_refund(id_, 100, n=8))
    place.world.fails_refund(gone.provider_id)
    made = await place.provider.refund(a_refund(id_))
    place.world.disputes(id_)
    found = await place.provider.entries(NOON, NOON + timedelta(seconds=1))
    by_kind = {entry.kind: entry for entry in found}
    assert sorted(entry.kind for entry in found) == ["charge", "dispute", "refund"]
    charge, refund = by_kind["charge"], by_kind["refund"]
    assert (charge.provider_id, charge.our_id, charge.venue_id) == (id_, UUID(int=1), VENUE)
    assert (charge.amount_minor, charge.currency) == (1_000, "JPY")
    assert (refund.provider_id, refund.our_id) == (made.provider_id, UUID(int=9))
    assert (refund.provider_payment_id, refund.amount_minor) == (id_, 400)
    assert by_kind["dispute"].provider_payment_id == id_
    assert not await place.provider.entries(NOON - timedelta(days=1), NOON)


async def test_events_can_be_asked_for_again(place: Place) -> None:
    """The owner replays what never came."""
    await paid(place)
    id_ = place.world.events[-1]["id"]
    assert await place.provider.event(id_) == place.world.events[-1]
    assert await place.provider.event("evt_of_nobody") is None


async def test_a_provider_that_is_away_says_nothing_of_what_it_did(
    place: Place,
) -> None:
    """So the same key is asked again."""
    ask = await an_ask(place)
    place.goes_away()
    with pytest.raises(ProviderError):
        await place.provider.create_payment(ask)


async def test_no_provider_refuses_everything_alike() -> None:
    """503: nothing was asked of anybody."""
    off: PaymentProvider = PaymentsOff()
    ask = PaymentAsk(
        payment_id=USER, amount_minor=1, currency="JPY", user_id=USER, customer_id="cus_1"
    )
    assert not off.on
    for call in (
        lambda: off.create_payment(ask),
        lambda: off.payment("pi_1"),
        lambda: off.cancel_payment("pi_1"),
        lambda: off.refund(a_refund("pi_1")),
        lambda: off.begin_card(USER, "cus_1", "key"),
        lambda: off.customer(USER),
        lambda: off.forget_customer("cus_1"),
        lambda: off.entries(NOON, NOON),
        lambda: off.confirmed_card("seti_1", USER),
        lambda: off.forget_card("pm_1"),
        lambda: off.event("evt_1"),
    ):
        with pytest.raises(ProviderUnavailable):
            await call()
