"""Steps of money: orders, top-ups, gifts, holds, refunds."""

from __future__ import annotations

from uuid import uuid5

from lastlight.demo.ids import DEMO_VENUE
from protocol.records.inventory import Game, MenuItem
from protocol.records.money import CreditHold, Refund, Transaction
from protocol.records.money_states import (
    HoldPurpose,
    HoldStatus,
    RefundStatus,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.visits import Session
from tests.simulation.night import PATRONS, Night
from tests.simulation.workload.steps import step
from tests.simulation.workload.work import with_a_till
from tests.twins.people import VENUE

MONEY = "/api/transactions"


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


@step(2)
async def look_for_what_guests_owe(night: Night) -> None:
    """Wallets of others are management's to see."""
    head, patron = await night.head(), await night.named(night.one(PATRONS))
    await night.ask(head, "GET", f"{MONEY}/credits?user_id={patron.user_id}")
