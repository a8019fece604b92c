"""Steps of money that is elsewhere: cards, their provider's events, and what banks do with both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protocol.records.money_states import PaymentStatus
from protocol.records.payments import Payment, PaymentMethod
from tests.simulation.night import Night
from tests.simulation.workload.money import MONEY, an_order
from tests.simulation.workload.steps import step
from tests.twins.people import VENUE, ask

LATE_S = 600
WEBHOOK = "/api/payments/webhooks/stripe"


def _about(event: Mapping[str, Any]) -> str:
    """What an event tells of: a payment's or a refund's id there."""
    found: str = event["data"]["object"]["id"]
    return found


async def hook(night: Night, n: int) -> None:
    """The provider sends one of its events, perhaps not for the first time, or late."""
    provider, met = night.world.provider, night.faults.met
    event = provider.events[n]
    met["webhook repeated"] += event["id"] in night.hooked
    met["webhook late"] += night.now.timestamp() - event["created"] > LATE_S
    about = [one["id"] for one in provider.events[n:] if _about(one) == _about(event)][1:]
    met["webhook out of order"] += event["id"] not in night.hooked and any(
        later in night.hooked for later in about
    )
    night.hooked.add(event["id"])
    body, signature = provider.webhook(n)
    headers = (("stripe-signature", signature),)
    heard = await ask(night.house, "POST", WEBHOOK, body, headers=headers)
    night.say(f"the provider tells {event['type']}: {heard.status}")
    assert heard.status in {200, 503, 504}, heard
    night.operations["ReceiveStripeEvent"] += heard.status == 200


@step(5)
async def pay_with_a_card(night: Night) -> None:
    """A top-up or an order; the provider says so at once, later, twice or never."""
    patron = await night.patron()
    body: dict[str, object] = {"venue_id": VENUE, "tender": "card", "amount_minor": 5_000}
    path = "topup"
    if night.perhaps(0.4):
        path, body = "purchase", an_order(night) | {"tender": "card"}
    opened = await night.ask(patron, "POST", f"{MONEY}/{path}", body)
    if opened.status != 202 or night.perhaps(0.1):
        return
    wanted = {"transaction_id": opened.body["transaction_id"]}
    intent = await night.ask(patron, "POST", "/api/payments/intents", wanted)
    if intent.status == 201 and night.perhaps(0.7):
        provider = night.world.provider
        become = night.one((provider.pays, provider.pays, provider.declines, provider.works_on))
        become(intent.body["provider_payment_id"])
        if night.perhaps(0.7):
            await hook(night, -1)


@step(4)
async def hear_of_the_provider(night: Night) -> None:
    """Events come late, in any order, and more than once."""
    provider = night.world.provider
    open_ = [i for i in provider.intents.values() if i.status in ("processing", "requires_action")]
    if open_ and night.perhaps(0.5):
        provider.pays(night.one(open_).id)
    events = range(len(provider.events))[-6 if night.perhaps(0.6) else 0 :]
    for _ in range(night.random.randint(1, 3)):
        await hook(night, night.one(events))
    night.met["hear of the provider"] += 1


@step(2)
async def dispute_a_payment(night: Night) -> None:
    """The bank takes money back."""
    provider = night.world.provider
    paid = night.one([i for i in provider.intents.values() if i.status == "succeeded"])
    provider.disputes(paid.id)
    await hook(night, -1)
    if night.perhaps(0.5):
        provider.disputes(paid.id, night.one(("won", "lost")))
        await hook(night, -1)
    night.met["dispute a payment"] += 1


@step(4)
async def call_a_payment_off(night: Night) -> None:
    begun = (PaymentStatus.CREATED, PaymentStatus.PROCESSING)
    payment = night.row(Payment, lambda row: row.status in begun or night.perhaps(0.1))
    who = await night.of_user(payment.user_id)
    await night.ask(who, "POST", f"/api/payments/intents/{payment.id}/cancel", {})


@step(2)
async def save_or_forget_a_card(night: Night) -> None:
    patron = await night.patron()
    saved = night.rows(PaymentMethod, lambda row: row.removed_at is None or night.perhaps(0.1))
    if saved and night.perhaps(0.7):
        method = night.one(saved)
        owner = await night.of_user(method.user_id)
        await night.ask(owner, "DELETE", f"/api/payments/methods/{method.id}")
        return
    begun = await night.ask(patron, "POST", "/api/payments/methods", {})
    if begun.status == 201:
        night.world.provider.confirms(begun.body["setup_intent_id"])
        body = {"setup_intent_id": begun.body["setup_intent_id"]}
        saving = await night.ask(patron, "POST", "/api/payments/methods", body)
        if saving.status == 201 and night.perhaps(0.2):
            path = f"/api/payments/methods/{saving.body['method']['method_id']}"
            await night.ask(patron, "DELETE", path)
