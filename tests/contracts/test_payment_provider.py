"""What a payment provider promises, on every one that there is; no provider promises nothing.

The real one joins the list with its own way to make cards pay and decline.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

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
from protocol.records.money_states import PaymentStatus, RefundStatus
from tests.twins.provider import MemoryProvider

USER = UUID(int=0xA1)
OTHER = UUID(int=0xA2)


@pytest.fixture
def provider() -> MemoryProvider:
    return MemoryProvider(lambda: datetime(2026, 11, 20, 12, 0, tzinfo=UTC))


def an_ask(n: int = 1, amount_minor: int = 1_000) -> PaymentAsk:
    return PaymentAsk(
        payment_id=UUID(int=n),
        amount_minor=amount_minor,
        currency="JPY",
        user_id=USER,
        metadata={"payment_id": str(UUID(int=n))},
    )


def a_refund(provider_payment_id: str, amount_minor: int = 400, n: int = 9) -> RefundAsk:
    return RefundAsk(
        refund_id=UUID(int=n),
        provider_payment_id=provider_payment_id,
        amount_minor=amount_minor,
        currency="JPY",
    )


async def paid(provider: MemoryProvider) -> str:
    """A payment whose money has come."""
    made = await provider.create_payment(an_ask())
    provider.pays(made.provider_id)
    return made.provider_id


async def test_a_payment_is_made_once_for_its_key(provider: MemoryProvider) -> None:
    """An answer that was lost is asked for again; the card must not be charged twice for it."""
    first = await provider.create_payment(an_ask())
    again = await provider.create_payment(an_ask())
    other = await provider.create_payment(an_ask(2))
    assert (first.provider_id, first.client_secret) == (again.provider_id, again.client_secret)
    assert first.client_secret
    assert other.provider_id != first.provider_id
    assert first.status is PaymentStatus.CREATED


async def test_a_key_is_good_for_one_amount(provider: MemoryProvider) -> None:
    """Another amount by the same key is a mistake of ours, and is not made good in silence."""
    await provider.create_payment(an_ask())
    with pytest.raises(ProviderRefused):
        await provider.create_payment(an_ask(amount_minor=2_000))


async def test_a_payment_can_be_looked_at_without_its_secret(provider: MemoryProvider) -> None:
    """A poll has no use for it."""
    id_ = await paid(provider)
    seen = await provider.payment(id_)
    assert (seen.status, seen.client_secret) == (PaymentStatus.SUCCEEDED, None)
    with pytest.raises(ProviderRefused):
        await provider.payment("pi_of_nobody")


async def test_cancelling_says_what_it_is_now(provider: MemoryProvider) -> None:
    """Who cancels too late learns that the money has come."""
    made = await provider.create_payment(an_ask())
    for _ in range(2):
        said = await provider.cancel_payment(made.provider_id)
        assert said.status is PaymentStatus.CANCELED
    other = await provider.create_payment(an_ask(2))
    provider.pays(other.provider_id)
    assert (await provider.cancel_payment(other.provider_id)).status is PaymentStatus.SUCCEEDED


async def test_a_refund_is_made_once_for_its_key_and_never_beyond_the_payment(
    provider: MemoryProvider,
) -> None:
    """A refund that is asked for again after a crash is the same refund."""
    id_ = await paid(provider)
    first = await provider.refund(a_refund(id_))
    again = await provider.refund(a_refund(id_))
    assert first == again
    assert first.status is RefundStatus.SUCCEEDED
    assert (await provider.payment(id_)).refunded_minor == 400
    with pytest.raises(ProviderRefused):
        await provider.refund(a_refund(id_, 601, n=10))
    await provider.refund(a_refund(id_, 600, n=11))


async def test_what_was_not_paid_is_not_refunded(provider: MemoryProvider) -> None:
    """There is nothing to give back."""
    made = await provider.create_payment(an_ask())
    with pytest.raises(ProviderRefused):
        await provider.refund(a_refund(made.provider_id))


async def test_a_card_is_saved_once_it_is_confirmed_and_only_by_its_owner(
    provider: MemoryProvider,
) -> None:
    """The name of somebody else's setup must not give their card away."""
    begun = await provider.begin_card(USER, "key")
    assert (await provider.begin_card(USER, "key")).setup_id == begun.setup_id
    assert await provider.confirmed_card(begun.setup_id, USER) is None
    provider.confirms(begun.setup_id)
    card = await provider.confirmed_card(begun.setup_id, USER)
    assert card is not None
    assert card.last4 == "4242"
    with pytest.raises(ProviderRefused):
        await provider.confirmed_card(begun.setup_id, OTHER)
    for _ in range(2):
        await provider.forget_card(card.provider_id)


async def test_events_can_be_asked_for_again(provider: MemoryProvider) -> None:
    """The owner replays what never came."""
    await paid(provider)
    id_ = provider.events[-1]["id"]
    assert await provider.event(id_) == provider.events[-1]
    assert await provider.event("evt_of_nobody") is None


async def test_a_provider_that_is_away_says_nothing_of_what_it_did(
    provider: MemoryProvider,
) -> None:
    """So the same key is asked again."""
    provider.away = True
    with pytest.raises(ProviderError):
        await provider.create_payment(an_ask())


async def test_no_provider_refuses_everything_alike() -> None:
    """503: nothing was asked of anybody."""
    off: PaymentProvider = PaymentsOff()
    assert not off.on
    for ask in (
        lambda: off.create_payment(an_ask()),
        lambda: off.payment("pi_1"),
        lambda: off.cancel_payment("pi_1"),
        lambda: off.refund(a_refund("pi_1")),
        lambda: off.begin_card(USER, "key"),
        lambda: off.confirmed_card("seti_1", USER),
        lambda: off.forget_card("pm_1"),
        lambda: off.event("evt_1"),
    ):
        with pytest.raises(ProviderUnavailable):
            await ask()
