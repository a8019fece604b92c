"""A wallet on a whole node in memory: many at once, a crash, and the rows that are left.

Venue and till are toys that price and take cash as the real ones do, and count what they are told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import time
from typing import Any, Final
from uuid import UUID

import msgspec
import trio
from trio.testing import MockClock

from actors.account.behaviour import ACCOUNT
from actors.runtime.answers import Answer
from actors.runtime.behaviour import Behaviour
from actors.runtime.outcome import Context, Decision, Outcome, Send
from actors.runtime.state import State
from protocol.addresses import ActorKind, Address
from protocol.internal.orders import (
    PostOrder,
    PostTopUp,
    PriceOrder,
    ReturnStock,
    RevenueBooked,
    TakeCash,
)
from protocol.messages import KeyScope
from protocol.operations.transactions import GetCreditBalance
from protocol.reads import Read
from protocol.records.ledger import LedgerAccount, LedgerJournal, LedgerPosting
from protocol.records.money import Credits, Purchase, Receipt
from protocol.records.states import VenueStatus
from protocol.records.users import User
from protocol.records.venues import Venue
from tests.actors.account.asking import a_priced_line, a_purchase, a_top_up
from tests.actors.account.wallets import (
    AT_COUNTER,
    PATRON,
    STAFF,
    TILL,
    TODAY,
    USER,
    VENUE,
    a_profile,
    a_user,
)
from tests.actors.deciding import NOW
from tests.twins.nodes import Running, World, open_memory_node

WALLET: Final = Address(ActorKind.ACCOUNT, USER)


class Toys:
    """A venue with a stock, and a till; both remember nothing over a crash."""

    def __init__(self) -> None:
        self.sold: Counter[UUID] = Counter()
        self.revenue_minor = 0

    def price(self, state: State, command: PriceOrder, context: Context) -> Decision:
        """Everything costs 50."""
        self.sold[command.transaction_id] += 1
        order = PostOrder(
            order=command.order,
            buyer=command.buyer,
            transaction_id=command.transaction_id,
            lines=(a_priced_line(50, purchase_id=context.fresh_id()),),
            total_minor=50,
            tax_minor=0,
            currency="JPY",
            business_day=TODAY,
        )
        undo = ReturnStock(transaction_id=command.transaction_id)
        buyer = Address(ActorKind.ACCOUNT, command.buyer.user_id)
        return Outcome(sends=(Send(buyer, order, undo=undo),))

    def take_back(self, state: State, command: ReturnStock, context: Context) -> Decision:
        """The stock returns."""
        self.sold[command.transaction_id] -= 1
        return Outcome()

    def book(self, state: State, command: RevenueBooked, context: Context) -> Decision:
        """Live figures."""
        self.revenue_minor += command.gross_minor
        return Outcome()

    def take_cash(self, state: State, command: TakeCash, context: Context) -> Decision:
        """The drawer opens."""
        fields: dict[str, Any] = {
            name: getattr(command, name)
            for name in (
                "topup",
                "user_id",
                "transaction_id",
                "price_minor",
                "credits_minor",
                "bonus_minor",
                "bonus_days",
                "package_id",
            )
        }
        posted = PostTopUp(**fields, till_id=TILL, shift_id=TILL, staff_id=context.address.id)
        return Outcome(sends=(Send(Address(ActorKind.ACCOUNT, command.user_id), posted),))

    def behaviours(self) -> dict[ActorKind, Behaviour]:
        """The account as it is, among toys."""
        venue = Behaviour(
            kind=ActorKind.VENUE,
            state=State,
            decisions={
                PriceOrder: self.price,
                ReturnStock: self.take_back,
                RevenueBooked: self.book,
            },
            reads=(Read(Venue, by="id"),),
            resident=True,
            share=lambda state: a_profile(state.address.id),
        )
        staff = Behaviour(
            kind=ActorKind.STAFF,
            state=State,
            decisions={TakeCash: self.take_cash},
            reads=(Read(User, by="id"),),
        )
        platform = Behaviour(kind=ActorKind.PLATFORM, state=State, decisions={}, reads=())
        return {
            ActorKind.ACCOUNT: ACCOUNT,
            ActorKind.VENUE: venue,
            ActorKind.STAFF: staff,
            ActorKind.PLATFORM: platform,
        }


def a_world() -> World:
    """One venue, one patron, one member of staff, no money yet."""
    world = World()
    venue = Venue(
        id=VENUE,
        name="Last Light Shibuya",
        tz="Asia/Tokyo",
        currency="JPY",
        cutover_local=time(5, 0),
        lat=35.6595,
        lon=139.7005,
        radius_m=150,
        capacity=600,
        hours={},
        status=VenueStatus.OPEN,
        created_at=NOW,
    )
    patron, staff = a_user(), a_user(id=STAFF, email="staff@lastlight.example")
    for row in (venue, patron, staff):
        world.database.rows.setdefault(row.table.name, {})[row.primary_key] = row
    return world


@asynccontextmanager
async def open_night(world: World, toys: Toys) -> AsyncIterator[Running]:
    """A node with the toys, ready."""
    async with open_memory_node(world, toys.behaviours()) as running:
        yield running


def key(text: str) -> KeyScope:
    """An idempotency key of the patron."""
    return KeyScope(user_id=USER, method="POST", route="/x", key=text, fingerprint=b"same")


async def top_up(running: Running, amount_minor: int) -> Answer:
    """Cash over the counter, as the gateway asks for it."""
    return await running.node.ask(
        WALLET,
        a_top_up(amount_minor=amount_minor),
        principal=AT_COUNTER,
        status=201,
        scope=key(f"cash {amount_minor}"),
    )


async def balance(running: Running) -> dict[str, Any]:
    """The wallet, as its owner sees it."""
    answer = await running.node.ask(WALLET, GetCreditBalance(), principal=PATRON)
    shown: dict[str, Any] = msgspec.json.decode(answer.body)
    return shown


async def test_two_hundred_at_once_against_funds_for_fifty_are_fifty(
    autojump_clock: MockClock,
) -> None:
    """Exactly 50 succeed, the others' stock returns, and the books say the same as the wallet."""
    world, toys = a_world(), Toys()
    answers: list[Answer] = []

    async def buy(n: int) -> None:
        answers.append(
            await running.node.ask(
                WALLET, a_purchase(), principal=PATRON, status=201, scope=key(f"buy {n}")
            )
        )

    async with open_night(world, toys) as running:
        assert (await top_up(running, 2500)).status == 201
        async with trio.open_nursery() as nursery:
            for n in range(200):
                nursery.start_soon(buy, n)
        assert Counter(answer.status for answer in answers) == {201: 50, 402: 150}
        assert (await balance(running))["available_minor"] == 0
        await running.write_behind.wait_flushed(running.node.last_position)
    assert sum(toys.sold.values()) == 50
    assert toys.revenue_minor == 2500
    database = world.database
    assert sum(row.balance_minor for row in database.table(LedgerAccount).values()) == 0
    assert len(database.table(Purchase)) == 50
    assert len(database.table(Receipt)) == 51
    assert len(database.table(LedgerJournal)) == 51
    (wallet,) = database.table(Credits).values()
    assert (wallet.paid_minor, wallet.ledger_seq) == (0, 51)
    assert sum(row.amount_minor for row in database.table(LedgerPosting).values()) == 0


async def test_after_a_crash_the_wallet_and_every_answer_are_the_same(
    autojump_clock: MockClock,
) -> None:
    """What was answered is true for ever; a retried key buys nothing twice."""
    world, toys = a_world(), Toys()
    async with open_night(world, toys) as running:
        await top_up(running, 1000)
        first = await running.node.ask(
            WALLET, a_purchase(), principal=PATRON, status=201, scope=key("one")
        )
        before = await balance(running)
    async with open_night(world, toys) as running:
        assert await balance(running) == before
        again = await running.node.ask(
            WALLET, a_purchase(), principal=PATRON, status=201, scope=key("one")
        )
        assert again.replayed
        assert msgspec.json.decode(again.body) == msgspec.json.decode(first.body)
        assert (await balance(running))["available_minor"] == 950
