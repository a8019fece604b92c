"""Refunds and cards over real HTTP, on a node to which no payment provider was given."""

from __future__ import annotations

from typing import Any

import attrs

from lastlight.demo.founding import DEMO_PASSWORD
from tests.system.guests import VENUE, Front, Person


async def elevated(front: Front, person: Person) -> Person:
    """The same person with a token for what needs the password again."""
    body = {"password": DEMO_PASSWORD}
    answer = await front.need(200, person, "POST", "/api/auth/step-up", body)
    return attrs.evolve(person, token=answer["access_token"])


async def test_a_refund_is_asked_for_decided_and_listed(front: Front) -> None:
    """Rule 10 through the front door: by line, by somebody else, and the credit is back."""
    (patron,) = await front.patrons(40, 1)
    manager = await front.sign_in("manager")
    games = await front.need(200, patron, "GET", f"/api/inventory/games?venue_id={VENUE}")
    game = next(one for one in games["items"] if one["pricing"] == "play")
    order = {"venue_id": VENUE, "lines": [{"game_id": game["game_id"], "qty": 3}]}
    bought = await front.need(201, patron, "POST", "/api/transactions/purchase", order)
    path = f"/api/transactions/{bought['transaction_id']}/refund"
    lines = [{"purchase_id": bought["lines"][0]["purchase_id"], "qty": 2}]
    ask = {"lines": lines, "reason_code": "game_fault"}
    asked = await front.need(202, patron, "POST", path, ask)
    assert asked["amount_minor"] == 2 * game["price_minor"]
    listed = await front.need(200, patron, "GET", "/api/transactions/refunds")
    assert [one["refund_id"] for one in listed["items"]] == [asked["refund_id"]]
    decision = f"/api/transactions/refunds/{asked['refund_id']}/decision"
    refused = await front.send(manager, "POST", decision, {"decision": "approve"})
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")
    manager = await elevated(front, manager)
    done = await front.need(200, manager, "POST", decision, {"decision": "approve"})
    assert done["status"] == "succeeded"
    at_venue = f"/api/transactions/refunds?venue_id={VENUE}&status=succeeded"
    seen = await front.need(200, manager, "GET", at_venue)
    assert asked["refund_id"] in [one["refund_id"] for one in seen["items"]]
    wallet = await front.need(200, patron, "GET", "/api/transactions/credits")
    assert wallet["available_minor"] == 100_000 - game["price_minor"]


async def test_without_a_provider_a_card_waits_and_nobody_is_charged(front: Front) -> None:
    """503 for the intent, 400 for whatever says it is the provider, and lists that are empty."""
    (patron,) = await front.patrons(41, 1)
    owner = await front.sign_in("owner")
    top_up = {"venue_id": VENUE, "tender": "card", "amount_minor": 1_000}
    opened = await front.need(202, patron, "POST", "/api/transactions/topup", top_up)
    assert opened["expires_at"] is not None
    body = {"transaction_id": opened["transaction_id"]}
    heard = await front.send(patron, "POST", "/api/payments/intents", body)
    assert (heard.status_code, heard.json()["code"]) == (503, "provider_unavailable")
    forged: dict[str, Any] = {"id": "evt_1", "type": "payment_intent.succeeded", "created": 1}
    heard = await front.send(patron, "POST", "/api/payments/webhooks/stripe", forged)
    assert (heard.status_code, heard.json()["code"]) == (400, "signature_invalid")
    cards = await front.need(200, patron, "GET", "/api/payments/methods")
    assert cards == {"items": []}
    nobody = "/api/payments/intents/00000000-0000-7000-8000-00000000dead"
    assert (await front.send(patron, "GET", nobody)).status_code == 404
    day = "/api/payments/reconciliation?venue_id={}&business_day=2001-01-01"
    assert (await front.send(owner, "GET", day.format(VENUE))).status_code == 404
