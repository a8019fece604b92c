"""The real provider when things go wrong: slow, away, forgetful, and asked too much at once.

What it promises when all is well is in tests/contracts/test_payment_provider.py.
"""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from uuid import UUID

import attrs
import pytest
import trio

from lastlight.integrations.payments import (
    PaymentAsk,
    ProviderError,
    ProviderRefused,
    RefundAsk,
)
from lastlight.integrations.stripe_amounts import from_provider, to_provider
from lastlight.integrations.stripe_payments import StripePayments, open_stripe_payments
from lastlight.logs import configure_logging
from protocol.limits import PROVIDER_CALLS_AT_ONCE_MAX, PROVIDER_FAILURES_MAX
from protocol.records.money_states import PaymentStatus, RefundStatus
from tests.twins.stripe_server import API_KEY, StripeServer, open_stripe_server

USER = UUID(int=0xA1)
PAYMENT = UUID(int=0xC1)


@pytest.fixture
async def server() -> AsyncIterator[StripeServer]:
    async with open_stripe_server(lambda: datetime(2026, 11, 20, 12, 0, tzinfo=UTC)) as server:
        yield server


@pytest.fixture
async def stripe(server: StripeServer) -> AsyncIterator[StripePayments]:
    async with open_stripe_payments(API_KEY, server.url) as provider:
        yield provider


async def an_ask(stripe: StripePayments, amount_minor: int = 1_000) -> PaymentAsk:
    return PaymentAsk(
        payment_id=PAYMENT,
        amount_minor=amount_minor,
        currency="JPY",
        user_id=USER,
        customer_id=await stripe.customer(USER),
        metadata={"payment_id": str(PAYMENT)},
    )


async def a_paid_payment(stripe: StripePayments, server: StripeServer) -> str:
    made = await stripe.create_payment(await an_ask(stripe))
    server.books.pays(made.provider_id)
    return made.provider_id


async def test_an_answer_that_is_lost_is_asked_for_again_by_the_same_key(
    stripe: StripePayments, server: StripeServer
) -> None:
    """The provider did it and the line broke: asking again must not do it twice."""
    ask = await an_ask(stripe)
    server.loses = 2
    await stripe.create_payment(ask)
    asked = [key for _, path, _, key in server.books.asked if path == "/v1/payment_intents"]
    assert asked == [str(PAYMENT)] * 3
    assert len(server.books.things["payment_intents"]) == 1


async def test_a_refund_that_waited_until_its_key_was_forgotten_is_still_made_once(
    stripe: StripePayments, server: StripeServer
) -> None:
    """Keys live for a day there; a refund may be asked for again after the provider's bad week."""
    of = await a_paid_payment(stripe, server)
    ask = RefundAsk(refund_id=UUID(int=9), provider_payment_id=of, amount_minor=400, currency="JPY")
    made = await stripe.refund(ask)
    server.books.forgets_keys()
    assert await stripe.refund(ask) == made
    assert made.status is RefundStatus.SUCCEEDED
    assert len(server.books.things["refunds"]) == 1


async def test_a_provider_that_hangs_is_left_alone_after_a_few_calls(
    server: StripeServer,
) -> None:
    """Each caller would wait for seconds; and nobody else waits at all meanwhile."""
    server.hangs = trio.Event()
    async with open_stripe_payments(API_KEY, server.url, call_s=0.1) as stripe:
        assert not stripe.rests
        for _ in range(PROVIDER_FAILURES_MAX):
            with pytest.raises(ProviderError, match="no answer in"):
                await stripe.payment("pi_1")
        assert stripe.rests
        with pytest.raises(ProviderError, match="left alone"), trio.fail_after(0.05):
            await stripe.payment("pi_1")
    server.hangs.set()
    assert not server.books.asked


async def test_only_so_many_calls_are_under_way_at_once(
    stripe: StripePayments, server: StripeServer
) -> None:
    """A busy bar on a slow line must not open hundreds of connections."""
    of = await a_paid_payment(stripe, server)
    server.hangs = trio.Event()
    async with trio.open_nursery() as nursery:
        for _ in range(3 * PROVIDER_CALLS_AT_ONCE_MAX):
            nursery.start_soon(stripe.payment, of)
        with trio.fail_after(5):
            while server.at_once < PROVIDER_CALLS_AT_ONCE_MAX:
                await trio.lowlevel.checkpoint()
        server.hangs.set()
    assert server.at_once_most == PROVIDER_CALLS_AT_ONCE_MAX


async def test_a_wrong_key_fails_no_refund(server: StripeServer) -> None:
    """It is the operator's trouble: a refund that failed by it would be given back as credit."""
    async with open_stripe_payments("sk_test_wrong", server.url) as stripe:
        ask = RefundAsk(
            refund_id=UUID(int=9), provider_payment_id="pi_1", amount_minor=400, currency="JPY"
        )
        with pytest.raises(ProviderError):
            await stripe.refund(ask)


async def test_an_answer_without_sense_is_no_answer(
    stripe: StripePayments, server: StripeServer
) -> None:
    """Nothing is guessed about money."""
    of = await a_paid_payment(stripe, server)
    server.books.things["payment_intents"][of]["status"] = "of_next_year"
    with pytest.raises(ProviderError, match="not understood"):
        await stripe.payment(of)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """All that is logged, by the library too."""
    lines = io.StringIO()
    library, handler = logging.getLogger("stripe"), logging.StreamHandler(lines)
    library.addHandler(handler)
    configure_logging(level="debug", stream=lines)
    yield lines
    library.removeHandler(handler)


async def test_no_secret_is_logged_whatever_the_provider_says(
    server: StripeServer, lines: io.StringIO
) -> None:
    """The library would log whole answers, and a client secret is as good as the payment."""
    async with open_stripe_payments(API_KEY, server.url) as stripe:
        made = await stripe.create_payment(await an_ask(stripe))
        assert made.client_secret is not None
        with pytest.raises(ProviderRefused):
            await stripe.payment("pi_of_nobody")
        server.away = True
        with pytest.raises(ProviderError):
            await stripe.payment(made.provider_id)
    assert "provider_failed" in lines.getvalue()
    for secret in (API_KEY, made.client_secret, "_secret_"):
        assert secret not in lines.getvalue()
    assert made.client_secret not in repr(made)


async def test_a_long_list_is_read_to_its_end(stripe: StripePayments, server: StripeServer) -> None:
    """A page has a hundred at most; a good night has more charges than that."""
    customer_id = await stripe.customer(USER)
    asks = [
        attrs.evolve(await an_ask(stripe), payment_id=UUID(int=n), customer_id=customer_id)
        for n in range(1, 6)
    ]
    for ask in asks:
        made = await stripe.create_payment(ask)
        server.books.pays(made.provider_id)
    charge = next(iter(server.books.things["charges"].values()))
    for n in range(200):
        copy = {**charge, "id": f"ch_copy{n}", "number": 1_000 + n, "payment_intent": f"pi_{n}"}
        server.books.things["charges"][copy["id"]] = copy
    at = server.books.now()
    found = await stripe.entries(at, at.replace(hour=13))
    assert len(found) == 205
    assert len({entry.provider_id for entry in found}) == 205
    assert {entry.fee_minor for entry in found} == {36}


@pytest.mark.parametrize(
    ("currency", "ours", "theirs"),
    [("JPY", 500, 500), ("USD", 500, 500), ("KWD", 5_120, 5_120), ("ISK", 5, 500),
     ("UGX", 7, 700), ("MGA", 500, 5), ("krw", 1_000, 1_000)],
)  # fmt: skip
def test_an_amount_is_the_same_money_on_both_sides(currency: str, ours: int, theirs: int) -> None:
    """Yen have no cents; and some currencies are written there in a way of their own."""
    assert to_provider(ours, currency) == theirs
    assert from_provider(theirs, currency) == ours


@pytest.mark.parametrize(("currency", "amount_minor"), [("KWD", 5_125), ("MGA", 550)])
async def test_an_amount_that_the_provider_can_not_take_is_refused_before_it_is_asked(
    stripe: StripePayments, server: StripeServer, currency: str, amount_minor: int
) -> None:
    """Nothing is rounded: the books would differ by it for ever."""
    ask = attrs.evolve(await an_ask(stripe), currency=currency, amount_minor=amount_minor)
    before = len(server.books.asked)
    with pytest.raises(ProviderRefused):
        await stripe.create_payment(ask)
    assert len(server.books.asked) == before


async def test_a_saved_card_pays_for_its_own_person_only(
    stripe: StripePayments, server: StripeServer
) -> None:
    """Cards hang on the person there, too."""
    customer_id = await stripe.customer(USER)
    begun = await stripe.begin_card(USER, customer_id, "key")
    server.books.confirms(begun.setup_id)
    card = await stripe.confirmed_card(begun.setup_id, USER)
    assert card is not None
    ask = attrs.evolve(await an_ask(stripe), method_id=card.provider_id)
    assert (await stripe.create_payment(ask)).status is PaymentStatus.CREATED
    stranger = await stripe.customer(UUID(int=0xA2))
    theirs = attrs.evolve(ask, payment_id=UUID(int=2), customer_id=stranger)
    with pytest.raises(ProviderRefused, match="payment_method_customer_mismatch"):
        await stripe.create_payment(theirs)
