"""What card payments on a whole node are told with: begun, heard of, and looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from protocol.records.money import Credits
from tests.night.books import assert_all_is_well
from tests.night.test_night_visits import settled
from tests.twins.people import VENUE, Someone, ask, sign_in
from tests.twins.provider import MemoryProvider
from tests.twins.whole import LastLight

CARD_TOP_UP: Final = {"venue_id": VENUE, "tender": "card", "amount_minor": 5_000}
FUNDS_MINOR: Final = 100_000
WEBHOOK: Final = "/api/payments/webhooks/stripe"


def provider_of(house: LastLight) -> MemoryProvider:
    """The provider of this world."""
    return house.world.provider


async def elevated(somebody: Someone) -> Someone:
    """The same person with a token for what needs the password again."""
    body = {"password": "last-light-demo"}
    heard = await somebody.need(200, "POST", "/api/auth/step-up", body)
    somebody.token = heard["access_token"]
    return somebody


async def hook(house: LastLight, n: int = -1, *, times: int = 1) -> None:
    """The provider sends one of its events, some times."""
    for _ in range(times):
        body, signature = provider_of(house).webhook(n)
        heard = await ask(house, "POST", WEBHOOK, body, headers=(("stripe-signature", signature),))
        assert (heard.status, heard.body) == (200, {"received": True}), heard


async def begin(patron: Someone, body: Mapping[str, object]) -> tuple[str, dict[str, Any]]:
    """Open something to be paid by card and its payment; returns transaction and intent."""
    path = "purchase" if "lines" in body else "topup"
    opened = await patron.need(202, "POST", f"/api/transactions/{path}", body)
    assert opened["status"] == "pending"
    transaction_id: str = opened["transaction_id"]
    intent = await patron.need(
        201, "POST", "/api/payments/intents", {"transaction_id": transaction_id}
    )
    return transaction_id, intent


async def paid_minor(house: LastLight, patron: Someone) -> int:
    """What somebody has of paid credit, once all is settled."""
    await settled(house)
    rows = house.world.database.table(Credits).values()
    found: int = next(row.paid_minor for row in rows if str(row.user_id) == patron.user_id)
    return found


async def all_is_well(house: LastLight) -> None:
    """The books balance and the tables say what the journal says."""
    await settled(house)
    assert_all_is_well(house.world)


def row(house: LastLight, kind: Any, id_: str) -> Any:
    """One row that is flushed."""
    return next(r for r in house.world.database.table(kind).values() if str(r.id) == id_)


async def owner_again(house: LastLight) -> Someone:
    """The owner with a new token: the old one has ended."""
    return await sign_in(house, "owner")
