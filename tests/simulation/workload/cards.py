"""Steps of money that is elsewhere: cards, their provider's events, and what banks do with both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from protocol.records.money_states import PaymentStatus
from protocol.records.payments import Payment, PaymentMethod
from tests.simulation.night import Night
from tests.simulation.workload.money import MONEY, an_order
from tests.simulation.workload.steps import step
from tests.twins.people import VENUE, ask

LATE_S = 600
WEBHOOK = "/api/payments/webhooks/stripe"
UNDER_WAY = ("processing", "requires_action")
TOLD_MAX = 30
"""How often the provider sends an event before somebody has to look."""


def _about(event: Mapping[str, Any]) -> str:
    """What an event tells of: a payment's or a refund's id there."""
    found: str = event["data"]["object"]["id"]
    return found


async def hook(night: Night, n: int) -> int:
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
    return heard.status


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
        id_ = intent.body["provider_payment_id"]
        ways = (provider.pays, provider.pays, provider.declines, provider.works_on)
        night.one((*ways, provider.asks_to_prove))(id_)
        waits = provider.intents[id_].status in UNDER_WAY
        night.faults.met["card to be proved"] += provider.intents[id_].status == UNDER_WAY[1]
        if waits and night.perhaps(0.5):
            night.one((provider.pays, provider.declines))(id_)
            if night.perhaps(0.5):
                await hook(night, -1)
                await hook(night, -2)
        elif night.perhaps(0.7):
            await hook(night, -1)


@step(4)
async def hear_of_the_provider(night: Night) -> None:
    """Events come late, in any order, and more than once."""
    provider = night.world.provider
    open_ = [i for i in provider.intents.values() if i.status in UNDER_WAY]
    if open_ and night.perhaps(0.5):
        night.one((provider.pays, provider.pays, provider.declines))(night.one(open_).id)
    events = range(len(provider.events))[-6 if night.perhaps(0.6) else 0 :]
    for _ in range(night.random.randint(1, 3)):
        await hook(night, night.one(events))
    night.met["hear of the provider"] += 1


@step(4)
async def give_money_back_to_a_card(night: Night) -> None:
    """The bank takes it at once, or takes its time, and may find that it can't."""
    if night.perhaps(0.7):
        await _top_up(night)
    paid = (PaymentStatus.SUCCEEDED, PaymentStatus.PARTIALLY_REFUNDED)
    payment = night.row(Payment, lambda row: row.status in paid)
    patron, head = await night.of_user(payment.user_id), await night.head()
    body: dict[str, object] = {"reason_code": "unused_credit", "destination": "original"}
    if night.perhaps(0.5):
        body["amount_minor"] = night.one((100, 1_000))
    night.world.provider.refunds_wait = night.perhaps(0.6)
    path = f"{MONEY}/{payment.transaction_id}/refund"
    asked = await night.ask(patron, "POST", path, body)
    if asked.status == 202:
        await night.prove(head)
        decision = f"{MONEY}/refunds/{asked.body['refund_id']}/decision"
        await night.ask(head, "POST", decision, {"decision": "approve"})
        await trio.sleep(1)
        if night.perhaps(0.7):
            await hear_of_a_refund(night)


async def _top_up(night: Night) -> None:
    """A card that is good at once, and everybody knows."""
    patron = await night.patron()
    body = {"venue_id": VENUE, "tender": "card", "amount_minor": 5_000}
    opened = await night.ask(patron, "POST", f"{MONEY}/topup", body)
    if opened.status == 202:
        wanted = {"transaction_id": opened.body["transaction_id"]}
        intent = await night.ask(patron, "POST", "/api/payments/intents", wanted)
        if intent.status == 201:
            night.world.provider.pays(intent.body["provider_payment_id"])
            await hook(night, -1)
            await night.house.wait_flushed()


@step(4)
async def hear_of_a_refund(night: Night) -> None:
    """What waits is taken or not; what was taken is now and then sent back weeks later."""
    provider, met = night.world.provider, night.faults.met
    refund = night.one([one for one in provider.refunds.values() if one["status"] != "failed"])
    waits = refund["status"] == "pending"
    met["refund waits"] += waits
    if waits and night.perhaps(0.6):
        provider.settles_refund(refund["id"])
    elif waits or night.perhaps(0.3):
        met["refund failed" if waits else "refund failed late"] += 1
        provider.fails_refund(refund["id"])
    await hook(night, -1)
    night.met["hear of a refund"] += 1


async def let_banks_end(night: Night) -> None:
    """All is healed: what banks were asked to take back they take, or not, and are heard."""
    provider = night.world.provider
    night.faults.healed, provider.refunds_wait = True, False
    provider.away, provider.early = False, None
    for refund in [one for one in provider.refunds.values() if one["status"] == "pending"]:
        night.one((provider.settles_refund, provider.fails_refund))(refund["id"])
        n = len(provider.events) - 1
        for _ in range(TOLD_MAX):
            if await hook(night, n) == 200:
                break
            await trio.sleep(10)


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
