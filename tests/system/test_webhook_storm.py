"""A storm of webhooks over real HTTP, with the node killed in the middle of it (Rule 11).

The provider is a server that speaks Stripe's documented JSON; it signs with two live secrets, as
while one is rotated. Each event comes 1 to 5 times, shuffled, some before the answer that it is
about, some while the node is down, which the provider sends again.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

import attrs
import httpx
import msgspec
import trio

from actors.rules.lifecycle import PAYMENT_RANK
from lastlight.integrations.comparing import compare
from lastlight.integrations.stripe_payments import open_stripe_payments
from protocol.addresses import Position
from protocol.records.money_states import PaymentStatus
from storage.postgres.database import DatabaseRole, open_asyncio_loop, open_database
from storage.postgres.reading import Reader
from storage.postgres.reconciling import Reconciliations, TradingDay
from tests.plain_http import plain_client
from tests.storage.query_world import JOURNAL, Flushed
from tests.system.books import broken_laws
from tests.system.card_shop import begin_top_up, wait_payment
from tests.system.conftest import Template
from tests.system.guests import FUNDS_MINOR, VENUE, Front, OneChunk, Person, open_front, order
from tests.system.harness import NodeProcess, Yard, wait_until
from tests.system.test_cards_and_refunds import elevated
from tests.twins.provider import signature_of
from tests.twins.stripe_server import API_KEY, StripeServer, open_stripe_server

WEBHOOK: Final = "/api/payments/webhooks/stripe"
SECRETS: Final = ("whsec_of_last_week", "whsec_of_today")
PATRONS: Final = 8
SENDERS: Final = 6
SENT_AGAIN_S: Final = 0.2
UP_S: Final = 60.0


def node_with_cards(yard: Yard, template: Template, server: StripeServer) -> NodeProcess:
    """A copy of the template that takes cards at the server."""
    yard.copy(template.data_dir, "stormy")
    server.books.secrets = SECRETS
    return yard.node(
        "stormy",
        environment={
            "LASTLIGHT_STRIPE_API_KEY": API_KEY,
            "LASTLIGHT_STRIPE_API_BASE": server.url,
            "LASTLIGHT_STRIPE_WEBHOOK_SECRET": "whsec_of_tomorrow,whsec_of_today",
        },
    )


@attrs.frozen
class Sender:
    """Sends events until they are taken, as the provider does."""

    server: StripeServer
    url: str

    async def send(self, http: httpx.AsyncClient, n: int) -> None:
        """One event, again and again until the answer is 200."""
        while True:
            body, signature = self.server.books.webhook(n)
            headers = {"stripe-signature": signature, "content-type": "application/json"}
            try:
                request = http.build_request(
                    "POST", self.url + WEBHOOK, content=body, headers=headers
                )
                request.stream = OneChunk(body)
                answer = await http.send(request)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 200:
                return
            assert answer is None or answer.status_code == 503, answer.text
            await trio.sleep(SENT_AGAIN_S)

    async def storm(self, numbers: list[int]) -> None:
        """Many at once, in the order given."""
        left = iter(numbers)

        async def sends(http: httpx.AsyncClient) -> None:
            for n in left:
                await self.send(http, n)

        async with plain_client(timeout=10) as http, trio.open_nursery() as nursery:
            for _ in range(SENDERS):
                nursery.start_soon(sends, http)


async def test_a_storm_credits_each_payment_once_though_the_node_is_killed(
    template: Template, yard: Yard
) -> None:
    """Wallets, books, states and both sides' books after duplicates, disorder and a kill -9."""
    chance = Random(11)
    async with open_stripe_server() as server:
        node = node_with_cards(yard, template, server)
        await node.start()
        async with open_front(node.url, template.known) as front:
            patrons = await front.patrons(1, PATRONS)
            intents = [await begin_top_up(front, one, 1_000 + n) for n, one in enumerate(patrons)]
            for n, intent in enumerate(intents):
                if n % 2:
                    server.books.declines(intent["provider_payment_id"])
                server.books.works_on(intent["provider_payment_id"])
                server.books.pays(intent["provider_payment_id"])
            numbers = [
                n for n in range(len(server.books.events)) for _ in range(chance.randint(1, 5))
            ]
            chance.shuffle(numbers)
            sender = Sender(server, node.url)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(sender.storm, numbers)
                await wait_until(lambda: some_taken(front, patrons[0]), within_s=UP_S)
                node.kill()
                await node.start()
            for n, (patron, intent) in enumerate(zip(patrons, intents, strict=True)):
                await wait_payment(front, patron, intent, "succeeded", within_s=UP_S)
                balance = await front.balance(patron)
                assert balance["available_minor"] == FUNDS_MINOR + 1_000 + n
            await refund(front, patrons[0], intents[0])
            server.books.disputes(intents[1]["provider_payment_id"])
            server.books.disputes(intents[1]["provider_payment_id"], "lost")
            last = [*range(len(server.books.events))] * 2
            chance.shuffle(last)
            await sender.storm(last)
            await wait_payment(front, patrons[0], intents[0], "partially_refunded")
            await wait_payment(front, patrons[1], intents[1], "dispute_lost")
            assert (await front.balance(patrons[1]))["available_minor"] == FUNDS_MINOR
        await judge(node, server)
        assert await node.stop() == 0, node.tail()


async def some_taken(front: Front, person: Any) -> bool:
    """Whether the storm has begun to reach the node."""
    owner = await front.sign_in("owner")
    answer = await front.send(owner, "GET", "/metrics")
    return 'lastlight_webhooks_total{result="taken"}' in answer.text


async def refund(front: Front, patron: Person, intent: dict[str, Any]) -> None:
    """A part of a top-up goes back to its card."""
    path = f"/api/transactions/{intent['transaction_id']}/refund"
    body = {"reason_code": "unused_credit", "amount_minor": 300}
    asked = await front.need(202, patron, "POST", path, body)
    owner = await elevated(front, await front.sign_in("owner"))
    decision = f"/api/transactions/refunds/{asked['refund_id']}/decision"
    await front.need(200, owner, "POST", decision, {"decision": "approve"})


async def judge(node: NodeProcess, server: StripeServer) -> None:
    """The ledger's laws, states that only rose, and the provider's books against ours."""
    now = datetime.now(UTC)
    day = TradingDay(
        venue_id=UUID(VENUE),
        business_day=now.date(),
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=1),
    )
    async with (
        open_stripe_payments(API_KEY, server.url) as stripe,
        open_asyncio_loop(),
        open_database(node.database_url) as database,
        database.connect(DatabaseRole.LOGIN) as connection,
    ):
        theirs = await stripe.entries(day.starts_at, day.ends_at)
        assert Counter(one.kind for one in theirs) == {"charge": PATRONS, "refund": 1, "dispute": 1}
        books = Reconciliations(database=database, reader=Reader(database, Flushed()))

        async def well() -> bool:
            ours = await books.entries(
                day,
                needed=Position(JOURNAL, 0),
                provider_ids=[one.provider_id for one in theirs],
                our_ids=[one.our_id for one in theirs if one.our_id is not None],
            )
            found = compare(day, ours, theirs)
            laws = await broken_laws(connection)
            return not (found.findings or found.unseen or laws)

        await wait_until(well, within_s=UP_S)
        for row in await connection.fetch(
            "select history from payments where provider_id is not null"
        ):
            steps = [PaymentStatus(step["status"]) for step in msgspec.json.decode(row["history"])]
            ranks = [PAYMENT_RANK[step] for step in steps]
            assert ranks == sorted(ranks)
            assert steps.count(PaymentStatus.SUCCEEDED) == 1
        waiting = "select event_id from stripe_events where status not in ('applied', 'ignored')"
        assert await connection.fetch(waiting) == []


async def test_forged_stale_and_oversized_webhooks_are_refused_and_counted(
    template: Template, yard: Yard
) -> None:
    """Over real HTTP: 400 and 413, nothing is kept, and an operator sees how many there were."""
    async with open_stripe_server() as server:
        node = node_with_cards(yard, template, server)
        await node.start()
        async with open_front(node.url, template.known) as front:
            (patron,) = await front.patrons(1, 1)
            intent = await begin_top_up(front, patron, 1_000)
            server.books.pays(intent["provider_payment_id"])
            body, signature = server.books.webhook()
            server.books.secrets = ("whsec_of_last_week",)
            _, forged = server.books.webhook()
            old = signature_of(body, datetime.now(UTC) - timedelta(minutes=6), "whsec_of_today")
            for sent, header, status, code in (
                (body, forged, 400, "signature_invalid"),
                (body.replace(b"1000", b"9000"), signature, 400, "signature_invalid"),
                (body, old, 400, "signature_stale"),
                (b" " * (256 * 1024 + 1), signature, 413, "payload_too_large"),
            ):
                headers = {"stripe-signature": header}
                answer = await front.send(None, "POST", WEBHOOK, sent, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert (await front.balance(patron))["available_minor"] == FUNDS_MINOR
            # What is replayed as it was is no fault, and no second credit.
            for _ in range(3):
                headers = {"stripe-signature": signature}
                answer = await front.send(None, "POST", WEBHOOK, body, headers=headers)
                assert answer.status_code == 200, answer.text
            await wait_payment(front, patron, intent, "succeeded")
            assert (await front.balance(patron))["available_minor"] == FUNDS_MINOR + 1_000
            owner = await front.sign_in("owner")
            metrics = (await front.send(owner, "GET", "/metrics")).text
            for result, count in (
                ("signature_invalid", 2), ("signature_stale", 1), ("payload_too_large", 1),
                ("taken", 3),
            ):  # fmt: skip
                assert f'lastlight_webhooks_total{{result="{result}"}} {count}.0' in metrics
        assert await node.stop() == 0, node.tail()


async def test_a_provider_that_hangs_holds_up_nobody_who_pays_with_credits(
    template: Template, yard: Yard
) -> None:
    """Cards answer 502 in their bound; check-ins, purchases and alarms go on as if nothing was."""
    async with open_stripe_server() as server:
        node = node_with_cards(yard, template, server)
        await node.start()
        async with open_front(node.url, template.known) as front:
            payers = await front.patrons(1, 6)
            others = await front.patrons(8, 6)
            staff = await front.sign_in("staff1")
            item = await front.cheapest(others[0])
            top_ups = [await open_top_up(front, one) for one in payers]
            server.hangs = trio.Event()
            answers: list[httpx.Response] = []

            async def pay(patron: Person, transaction_id: str) -> None:
                body = {"transaction_id": transaction_id}
                answers.append(await front.send(patron, "POST", "/api/payments/intents", body))

            async with trio.open_nursery() as nursery:
                for patron, transaction_id in zip(payers, top_ups, strict=True):
                    nursery.start_soon(pay, patron, transaction_id)
                await wait_until(lambda: hanging(server), within_s=5)
                with trio.fail_after(4):
                    for other in others:
                        line = order({"item_id": item["item_id"], "qty": 1})
                        await front.need(201, other, "POST", "/api/transactions/purchase", line)
                    await front.need(201, staff, "POST", "/api/emergency/sos", {})
                assert not answers
            assert {answer.json()["code"] for answer in answers} == {"provider_error"}
            assert {answer.status_code for answer in answers} == {502}
            server.hangs.set()
        assert await node.stop() == 0, node.tail()


async def hanging(server: StripeServer) -> bool:
    """Whether somebody waits for the provider."""
    return server.at_once > 0


async def open_top_up(front: Front, patron: Person) -> str:
    """A top-up by card that nobody has begun to pay."""
    body = {"venue_id": VENUE, "tender": "card", "amount_minor": 1_000}
    opened = await front.need(202, patron, "POST", "/api/transactions/topup", body)
    return str(opened["transaction_id"])
