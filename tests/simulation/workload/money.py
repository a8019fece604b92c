"""Steps of money: orders, top-ups, gifts, holds, refunds, cards."""

from __future__ import annotations

from uuid import uuid5

from lastlight.demo.ids import DEMO_VENUE
from protocol.records.inventory import Game, MenuItem
from protocol.records.money import CreditHold, Refund, Transaction
from protocol.records.money_states import (
    HoldPurpose,
    HoldStatus,
    PaymentStatus,
    RefundStatus,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.payments import Payment, PaymentMethod
from protocol.records.visits import Session
from tests.simulation.night import PATRONS, Night
from tests.simulation.workload.steps import step
from tests.simulation.workload.work import with_a_till
from tests.twins.people import VENUE, ask

MONEY = "/api/transactions"
LATE_S = 600
WEBHOOK = "/api/payments/webhooks/stripe"


def an_order(night: Night) -> dict[str, object]:
    """One to three lines of what is sold."""
    items = [{"item_id": str(row.id)} for row in night.rows_here(MenuItem)]
    games = [{"game_id": str(row.id)} for row in night.rows_here(Game)]
    chosen = night.random.sample([*items, *games], night.random.randint(1, 3))
    lines = [{**line, "qty": night.one((1, 1, 1, 2, 5))} for line in chosen]
    return {"venue_id": VENUE, "lines": lines, "tender": "credits"}


@step(12)
async def buy(night: Night) -> None:
    """From credits, perhaps with a tip, perhaps with the total seen."""
    patron, body = await night.patron(), an_order(night)
    if night.perhaps(0.3):
        body["tip_minor"] = night.one((10, 100))
    if night.perhaps(0.1):
        body["expected_total_minor"] = 1_000
    await night.ask(patron, "POST", f"{MONEY}/purchase", body)


@step(5)
async def order_with_staff(night: Night) -> None:
    """For a guest who is in, from credits or with cash."""
    staff, session = await with_a_till(night), night.row(Session)
    body = an_order(night) | {
        "user_id": str(session.user_id),
        "tender": night.one(("cash", "credits")),
    }
    await night.ask(staff, "POST", f"{MONEY}/purchase", body)


@step(5)
async def top_up_with_cash(night: Night) -> None:
    patron, staff = await night.patron(), await with_a_till(night)
    body = {
        "venue_id": VENUE, "tender": "cash", "user_id": patron.user_id,
        "amount_minor": night.one((500, 1_000, 3_000, 50_000)),
    }  # fmt: skip
    await night.ask(staff, "POST", f"{MONEY}/topup", body)


@step(2)
async def give_a_bonus(night: Night) -> None:
    head, patron = await night.head(), await night.patron()
    body: dict[str, object] = {
        "user_id": patron.user_id, "venue_id": VENUE, "amount_minor": night.one((50, 500, 2_000)),
        "reason_code": night.one(("promotion", "goodwill", "game_fault")),
    }  # fmt: skip
    if night.perhaps(0.5):
        body["expires_at"] = night.at(night.one((10, 90, 600)))
    await night.ask(head, "POST", f"{MONEY}/grant", body)


@step(1)
async def correct_the_books(night: Night) -> None:
    owner, patron = await night.owner(), await night.patron()
    await night.prove(owner)
    amount = night.one((-300, -20, 40, 200))
    kind = night.one(("paid", "paid", "bonus"))
    other = f"venue:{VENUE}:{'tips' if kind == 'paid' else 'promo_expense'}"
    body = {
        "venue_id": VENUE,
        "postings": [
            {"account": f"user:{patron.user_id}:{kind}", "amount_minor": amount},
            {"account": other, "amount_minor": -amount},
        ],
        "reason": "a slip of the pen",
        "corrects_id": str(uuid5(DEMO_VENUE, night.at(0))),
        "user_id": patron.user_id,
    }
    await night.ask(owner, "POST", f"{MONEY}/adjustments", body)


@step(4)
async def give_to_a_friend(night: Night) -> None:
    giver, friend = await night.patron(), await night.patron()
    body: dict[str, object] = {"amount_minor": night.one((100, 700, 10_000)), "venue_id": VENUE}
    if night.perhaps(0.3):
        seen = await night.ask(friend, "GET", f"{MONEY}/credits?gift_code=true")
        if seen.status != 200:
            return
        body["code"] = seen.body["gift_code"]["code"]
    else:
        body["to_user_id"] = friend.user_id
    await night.ask(giver, "POST", f"{MONEY}/transfer", body)


@step(3)
async def put_aside(night: Night) -> None:
    patron = await night.patron()
    body = {
        "venue_id": VENUE, "purpose": night.one(("tab", "room_deposit")),
        "amount_minor": night.one((100, 2_500, 20_000)),
        "expires_at": night.at(night.one((5, 60, 600))),
    }  # fmt: skip
    await night.ask(patron, "POST", f"{MONEY}/holds", body)


@step(3)
async def settle_what_was_put_aside(night: Night) -> None:
    if night.perhaps(0.5):
        await put_aside(night)
        await night.house.wait_flushed()
    head = await night.head()
    hold = night.row(
        CreditHold,
        lambda row: (
            row.purpose in {*HoldPurpose} and (row.status is HoldStatus.OPEN or night.perhaps(0.05))
        ),
    )
    body = {"capture_minor": night.one((0, 50, hold.amount_minor))}
    await night.ask(head, "POST", f"{MONEY}/holds/{hold.id}/settle", body)


def _paid(night: Night, kind: TransactionKind) -> Transaction:
    """One of the last that were paid; now and then one that perhaps was not."""
    posted = TransactionStatus.POSTED
    return night.one(
        night.rows(
            Transaction,
            lambda row: row.kind is kind and (row.status is posted or night.perhaps(0.1)),
        )[-20:]
    )


@step(4)
async def tip(night: Night) -> None:
    order = _paid(night, TransactionKind.PURCHASE)
    if night.perhaps(0.1):
        order = night.row(Transaction, lambda row: row.kind is TransactionKind.USAGE)
    patron = await night.of_user(order.user_id)
    body = {"amount_minor": night.one((10, 80))}
    await night.ask(patron, "POST", f"{MONEY}/{order.id}/tip", body)


@step(5)
async def ask_for_money_back(night: Night) -> None:
    """The guest, or staff for them; whatever was paid, most often what they ordered."""
    kind = TransactionKind.PURCHASE if night.perhaps(0.8) else TransactionKind.TOPUP
    order = _paid(night, kind)
    who = await night.of_user(order.user_id) if night.perhaps(0.7) else await night.worker()
    body: dict[str, object] = {
        "reason_code": night.one(("quality", "not_served", "game_fault", "unused_credit")),
        "destination": night.one(("credits", "credits", "original")),
    }
    if night.perhaps(0.3):
        body["amount_minor"] = night.one((1, 100, 500))
    await night.ask(who, "POST", f"{MONEY}/{order.id}/refund", body)


@step(5)
async def decide_a_refund(night: Night) -> None:
    head = await night.head()
    if night.perhaps(0.4):
        await ask_for_money_back(night)
        await night.house.wait_flushed()
    undecided = night.row(Refund, lambda row: row.status is RefundStatus.REQUESTED)
    await night.prove(head)
    body: dict[str, object] = {"decision": night.one(("approve", "approve", "reject"))}
    await night.ask(head, "POST", f"{MONEY}/refunds/{undecided.id}/decision", body)


@step(3)
async def void_an_order(night: Night) -> None:
    head = await night.head()
    order = night.one(
        night.rows(Transaction, lambda row: row.kind is TransactionKind.PURCHASE)[-20:]
    )
    await night.prove(head)
    await night.ask(head, "POST", f"{MONEY}/{order.id}/void", {"reason": "never brought"})


async def hook(night: Night, n: int) -> None:
    """The provider sends one of its events, perhaps not for the first time, or late."""
    provider, met = night.world.provider, night.faults.met
    event = provider.events[n]
    met["webhook repeated"] += event["id"] in night.hooked
    met["webhook late"] += night.now.timestamp() - event["created"] > LATE_S
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


@step(2)
async def look_for_what_guests_owe(night: Night) -> None:
    """Wallets of others are management's to see."""
    head, patron = await night.head(), await night.named(night.one(PATRONS))
    await night.ask(head, "GET", f"{MONEY}/credits?user_id={patron.user_id}")
