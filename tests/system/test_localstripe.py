"""Cards with Stripe's real library over real HTTP: a node, a `localstripe`, and its webhooks.

The node is started as a demo that was told nothing but LASTLIGHT_STRIPE_API_BASE.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import attrs
import pytest
import trio

from tests.plain_http import plain_client
from tests.system.books import broken_laws, reading
from tests.system.card_shop import (
    CARD_TO_PROVE,
    DECLINED_CARD,
    App,
    begin_payment,
    begin_top_up,
    open_localstripe,
    wait_payment,
)
from tests.system.conftest import Template
from tests.system.guests import FUNDS_MINOR, VENUE, Front, open_front
from tests.system.harness import NodeProcess, open_yard
from tests.system.test_cards_and_refunds import elevated


@attrs.frozen
class Shop:
    """A node and the provider that it takes cards through."""

    node: NodeProcess
    stripe_url: str


@pytest.fixture(scope="module")
def shop(template: Template) -> Iterator[Shop]:
    """Both run; each test uses patrons of its own."""
    with open_yard() as yard, open_localstripe() as stripe_url:
        yard.copy(template.data_dir, "shop")
        node = yard.node("shop", environment={"LASTLIGHT_STRIPE_API_BASE": stripe_url})
        trio.run(node.start)
        yield Shop(node, stripe_url)
        assert trio.run(node.stop) == 0, node.tail()
        assert "sk_test" not in node.log.read_text()
        assert "_secret_" not in node.log.read_text()


@pytest.fixture
async def front(shop: Shop, template: Template) -> AsyncIterator[Front]:
    """The node's HTTP."""
    async with open_front(shop.node.url, template.known) as front:
        yield front


@pytest.fixture
async def app(shop: Shop) -> AsyncIterator[App]:
    """What patrons do at the provider."""
    async with plain_client(base_url=shop.stripe_url, timeout=10) as http:
        yield App(http)


async def test_a_top_up_is_credited_once_the_provider_says_that_it_is_paid(
    front: Front, app: App
) -> None:
    """Webhook to wallet; what the app says of its payment credits nothing."""
    (patron,) = await front.patrons(1, 1)
    intent = await begin_top_up(front, patron, 5_000)
    assert intent["client_secret"].startswith(intent["provider_payment_id"])
    at_provider = await app.ask("GET", f"payment_intents/{intent['provider_payment_id']}")
    assert (at_provider["amount"], at_provider["currency"]) == (5_000, "jpy")
    assert at_provider["metadata"]["payment_id"] == intent["payment_id"]
    assert (await front.balance(patron))["available_minor"] == FUNDS_MINOR
    assert (await app.pay(intent)).is_success
    seen = await wait_payment(front, patron, intent, "succeeded")
    assert [step["status"] for step in seen["history"]] == ["created", "succeeded"]
    assert (await front.balance(patron))["available_minor"] == FUNDS_MINOR + 5_000
    customer = await app.ask("GET", f"customers/{at_provider['customer']}")
    assert customer["metadata"] == {"user_id": patron.user_id}
    assert customer["email"] is None
    again = await begin_top_up(front, patron, 1_000)
    at_provider = await app.ask("GET", f"payment_intents/{again['provider_payment_id']}")
    assert at_provider["customer"] == customer["id"]


async def test_a_purchase_by_card_is_refunded_in_part_and_then_whole(
    front: Front, app: App
) -> None:
    """To the card that paid, each part once; the wallet is not touched by any of it."""
    (patron,) = await front.patrons(2, 1)
    owner = await elevated(front, await front.sign_in("owner"))
    item = await front.cheapest(patron)
    order = {
        "venue_id": VENUE, "tender": "card", "lines": [{"item_id": item["item_id"], "qty": 3}],
    }  # fmt: skip
    opened = await front.need(202, patron, "POST", "/api/transactions/purchase", order)
    intent = await begin_payment(front, patron, opened["transaction_id"])
    assert (await app.pay(intent)).is_success
    await wait_payment(front, patron, intent, "succeeded")
    path = f"/api/transactions/{opened['transaction_id']}"
    sold = await front.need(200, patron, "GET", path)
    line = sold["lines"][0]["purchase_id"]
    for qty, status in ((1, "partially_refunded"), (2, "refunded")):
        ask = {"lines": [{"purchase_id": line, "qty": qty}], "reason_code": "not_served"}
        asked = await front.need(202, patron, "POST", f"{path}/refund", ask)
        decision = f"/api/transactions/refunds/{asked['refund_id']}/decision"
        await front.need(200, owner, "POST", decision, {"decision": "approve"})
        await wait_payment(front, patron, intent, status)
    made = await app.ask("GET", f"refunds?payment_intent={intent['provider_payment_id']}")
    price = item["price_minor"]
    assert sorted(one["amount"] for one in made["data"]) == [price, 2 * price]
    assert (await front.balance(patron))["available_minor"] == FUNDS_MINOR


async def test_a_card_is_saved_paid_with_and_removed(front: Front, app: App) -> None:
    """The number is typed in at the provider alone; here are four digits of it."""
    (patron,) = await front.patrons(3, 1)
    begun = await front.need(201, patron, "POST", "/api/payments/methods", {})
    confirm = {"setup_intent_id": begun["setup_intent_id"]}
    waiting = await front.need(201, patron, "POST", "/api/payments/methods", confirm)
    assert (waiting["status"], waiting["method"]) == ("requires_confirmation", None)
    card = await app.card()
    setup = f"setup_intents/{begun['setup_intent_id']}/confirm"
    await app.ask("POST", setup, {"payment_method": card})
    saved = await front.need(201, patron, "POST", "/api/payments/methods", confirm)
    assert (saved["status"], saved["method"]["last4"]) == ("saved", "4242")
    (stranger,) = await front.patrons(4, 1)
    theirs = await front.send(stranger, "POST", "/api/payments/methods", confirm)
    assert (theirs.status_code, theirs.json()["code"]) == (502, "provider_error")

    body = {"venue_id": VENUE, "tender": "card", "amount_minor": 2_000}
    opened = await front.need(202, patron, "POST", "/api/transactions/topup", body)
    with_card = {
        "transaction_id": opened["transaction_id"], "method_id": saved["method"]["method_id"],
    }  # fmt: skip
    intent = await front.need(201, patron, "POST", "/api/payments/intents", with_card)
    assert (await app.confirm(intent)).is_success
    await wait_payment(front, patron, intent, "succeeded")
    assert (await front.balance(patron))["available_minor"] == FUNDS_MINOR + 2_000
    method = f"/api/payments/methods/{saved['method']['method_id']}"
    assert (await front.send(patron, "DELETE", method)).status_code == 204
    assert (await front.need(200, patron, "GET", "/api/payments/methods"))["items"] == []


async def test_a_declined_card_credits_nothing_and_says_why(front: Front, app: App) -> None:
    """The bank's no reaches whoever waits, and no credit does."""
    (patron,) = await front.patrons(5, 1)
    intent = await begin_top_up(front, patron, 3_000)
    assert (await app.pay(intent, DECLINED_CARD)).status_code == 402
    seen = await wait_payment(front, patron, intent, "failed")
    assert seen["failure_code"] == "card_declined"
    assert (await front.balance(patron))["available_minor"] == FUNDS_MINOR


async def test_a_payment_that_must_be_proven_is_credited_when_it_is(front: Front, app: App) -> None:
    """3-D Secure: the bank asks, the app shows its page, and only the outcome counts."""
    (patron,) = await front.patrons(6, 1)
    intent = await begin_top_up(front, patron, 4_000)
    assert (await app.pay(intent, CARD_TO_PROVE)).is_success
    path = f"/api/payments/intents/{intent['payment_id']}?refresh=true"
    assert (await front.need(200, patron, "GET", path))["status"] == "requires_action"
    assert (await front.balance(patron))["available_minor"] == FUNDS_MINOR
    proof = {"client_secret": intent["client_secret"], "success": True}
    await app.ask("POST", f"payment_intents/{intent['provider_payment_id']}/_authenticate", proof)
    await wait_payment(front, patron, intent, "succeeded")
    assert (await front.balance(patron))["available_minor"] == FUNDS_MINOR + 4_000


async def test_a_payment_is_cancelled_there_too(front: Front, app: App) -> None:
    """Nobody is charged for what they gave up; what was paid can't be cancelled any more."""
    (patron,) = await front.patrons(7, 1)
    intent = await begin_top_up(front, patron, 1_500)
    path = f"/api/payments/intents/{intent['payment_id']}/cancel"
    done = await front.need(200, patron, "POST", path, {})
    assert (done["status"], done["transaction_status"]) == ("canceled", "voided")
    at_provider = await app.ask("GET", f"payment_intents/{intent['provider_payment_id']}")
    assert at_provider["status"] == "canceled"
    paid = await begin_top_up(front, patron, 1_500)
    assert (await app.pay(paid)).is_success
    path = f"/api/payments/intents/{paid['payment_id']}/cancel"
    late = await front.send(patron, "POST", path, {})
    assert (late.status_code, late.json()["code"]) == (409, "payment_final")
    assert (await front.balance(patron))["available_minor"] == FUNDS_MINOR + 1_500


async def test_the_books_are_right_after_all_of_it_and_the_node_says_that_it_takes_cards(
    shop: Shop,
) -> None:
    """What cards brought and took is in the ledger to the unit (Rule 9)."""
    _, ready = await shop.node.readiness()
    parts = ready["parts"]
    assert isinstance(parts, dict)
    assert parts["payments"] == "ok"
    async with reading(shop.node.database_url) as connection:
        assert await broken_laws(connection) == {}
