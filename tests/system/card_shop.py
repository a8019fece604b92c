"""A `localstripe` on this machine, and what an app does at it with its own hands.

It takes any key, knows no idempotency keys and no disputes, and sends its events a second late.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import attrs
import httpx
import trio

from tests.places import REPOSITORY
from tests.plain_http import plain_client
from tests.system.guests import VENUE, Front, Person
from tests.system.harness import free_port, wait_until

KEY: Final = "sk_test_of_the_app"
GOOD_CARD: Final = "4242424242424242"
DECLINED_CARD: Final = "4000000000000341"
"""Can be saved, and declines when it is charged."""
CARD_TO_PROVE: Final = "4000002500003155"
UP_S: Final = 30.0


@contextmanager
def open_localstripe() -> Iterator[str]:
    """Its address; it begins with nothing."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=REPOSITORY,
    )
    try:
        trio.run(_wait_up, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


async def _wait_up(url: str) -> None:
    async with plain_client(base_url=url, timeout=5) as http:

        async def up() -> bool:
            try:
                return (await http.get("/js.stripe.com/v3/")).is_success
            except httpx.HTTPError:
                return False

        await wait_until(up, within_s=UP_S)


@attrs.frozen
class App:
    """What the app of a patron does with a card, at the provider and not at the node."""

    http: httpx.AsyncClient

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Something of the provider, which must say yes."""
        answer = await self.send(method, path, body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def send(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> httpx.Response:
        """Something of the provider, whatever it says."""
        headers = {"authorization": f"Bearer {KEY}"}
        return await self.http.request(method, f"/v1/{path}", json=body or {}, headers=headers)

    async def card(self, number: str = GOOD_CARD) -> str:
        """A card that was typed in."""
        card = {"number": number, "exp_month": 12, "exp_year": 2030, "cvc": "123"}
        made = await self.ask("POST", "payment_methods", {"type": "card", "card": card})
        return str(made["id"])

    async def pay(self, intent: dict[str, Any], number: str = GOOD_CARD) -> httpx.Response:
        """Pay with a card that is typed in now."""
        id_ = intent["provider_payment_id"]
        await self.ask(
            "POST", f"payment_intents/{id_}", {"payment_method": await self.card(number)}
        )
        return await self.confirm(intent)

    async def confirm(self, intent: dict[str, Any]) -> httpx.Response:
        """Pay with the card that is named already."""
        return await self.send("POST", f"payment_intents/{intent['provider_payment_id']}/confirm")


async def begin_top_up(front: Front, person: Person, amount_minor: int) -> dict[str, Any]:
    """A top-up by card that waits to be paid: its payment as it was begun."""
    body = {"venue_id": VENUE, "tender": "card", "amount_minor": amount_minor}
    opened = await front.need(202, person, "POST", "/api/transactions/topup", body)
    return await begin_payment(front, person, opened["transaction_id"])


async def begin_payment(front: Front, person: Person, transaction_id: str) -> dict[str, Any]:
    """A payment of a pending transaction."""
    body = {"transaction_id": transaction_id}
    return await front.need(201, person, "POST", "/api/payments/intents", body)


async def wait_payment(
    front: Front, person: Person, intent: dict[str, Any], status: str, *, within_s: float = 15
) -> dict[str, Any]:
    """The payment once the node has heard that it is so."""
    path = f"/api/payments/intents/{intent['payment_id']}"
    seen: dict[str, Any] = {}

    async def so() -> bool:
        seen.update(await front.need(200, person, "GET", path))
        return bool(seen["status"] == status)

    await wait_until(so, within_s=within_s)
    return seen
