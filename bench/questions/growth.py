"""Does a command cost the same with one venue and a thousand, with few accounts and 100,000?

Processor time per purchase of the runtime and the actors with their write-behind, in this process
over the in-memory twins: HTTP and PostgreSQL know nothing of how many there are. Purchases are made
by accounts all over those that are resident, and by venues all over.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import trio

from bench.figures import Result, Row, at_most
from bench.kit import progress
from bench.people import EverybodyThere
from bench.suite import Question, Suite
from bench.town import Town
from lastlight.behaviours import BEHAVIOURS
from lastlight.process import freeze, open_tamed_process
from protocol.addresses import ActorKind, Address, Principal, Role
from protocol.entries import encode_entry
from protocol.journal import Urgency
from protocol.messages import KeyScope
from protocol.operations.transactions import OrderLine, PurchaseItems
from storage.write_behind.batch import Batch
from storage.write_behind.standing import Standing
from tests.twins.journal import MemoryJournal
from tests.twins.nodes import Running, World, open_memory_node
from tests.twins.outside import TrioClock

PURCHASES: Final = 400
WARM: Final = 100
ROUNDS: Final = 3
AT_ONCE: Final = 16
_ROUTE: Final = "/api/transactions/purchase"


class _Forgetful(EverybodyThere):
    """Keeps venues; of what is written later only that it was, as the twin copies whole tables."""

    forgets: bool = False

    async def apply(self, batch: Batch) -> None:
        if self.forgets:
            self._move(batch)
        else:
            await super().apply(batch)


def _account(n: int) -> UUID:
    return UUID(int=n + 1)


class _Buyers:
    """Buys, each time as another account and in another venue."""

    def __init__(self, running: Running, town: Town, resident: int) -> None:
        self._running, self._town, self._resident = running, town, resident
        self._n = 0

    async def buy(self, count: int) -> None:
        """So many purchases, several under way at a time."""
        limiter = trio.CapacityLimiter(AT_ONCE)
        async with trio.open_nursery() as nursery:
            for _ in range(count):
                await limiter.acquire_on_behalf_of(token := object())
                nursery.start_soon(self._one, limiter, token)

    async def _one(self, limiter: trio.CapacityLimiter, token: object) -> None:
        self._n += 1
        # A stride that meets all of them in turn, far from one another.
        user = _account(self._n * 7_919 % self._resident)
        venue_n = self._n % self._town.venues + 1
        command = PurchaseItems(
            venue_id=self._town.venue_id(venue_n),
            lines=(OrderLine(qty=1, item_id=self._town.item_id(venue_n)),),
        )
        scope = KeyScope(
            user_id=user, method="POST", route=_ROUTE, key=f"growth-{self._n}",
            fingerprint=user.bytes * 2,
        )  # fmt: skip
        try:
            answer = await self._running.node.ask(
                Address(ActorKind.ACCOUNT, user), command, principal=_principal(user),
                status=201, scope=scope,
            )  # fmt: skip
            assert answer.refusal is None, answer.refusal
        finally:
            limiter.release_on_behalf_of(token)


def _principal(user: UUID) -> Principal:
    return Principal(
        user_id=user, display_name="Guest", roles={}, everywhere=Role.PATRON, token_version=1,
        family_id=UUID(int=1), expires_at=datetime(2100, 1, 1, tzinfo=UTC), elevated_until=None,
    )  # fmt: skip


async def _cost_us(buyers: _Buyers) -> float:
    """Processor time of one purchase, in µs: the least of several rounds."""
    await buyers.buy(WARM)
    costs = []
    for _ in range(ROUNDS):
        gc.collect()
        began = time.process_time()
        await buyers.buy(PURCHASES)
        costs.append((time.process_time() - began) / PURCHASES * 1e6)
    return min(costs)


async def _measure(venues: int, sizes: Sequence[int]) -> list[float]:
    """The cost of a purchase with so many venues, at each number of resident accounts."""
    town = Town(venues=venues, patrons=1)
    clock = TrioClock()
    database = _Forgetful(clock.now)
    world = World(clock=clock, database=database)

    async def found(journal: MemoryJournal, write_behind: Standing) -> None:
        position = journal.last
        for entry in town.entries(clock.now()):
            position = journal.append_nowait(encode_entry(entry), urgency=Urgency.COMMAND)
        await journal.wait_durable(position)
        await write_behind.wait_flushed(position)

    costs: list[float] = []
    async with (
        open_tamed_process(),
        open_memory_node(world, BEHAVIOURS, founding=found) as running,
    ):
        freeze()
        database.forgets = True
        resident = 0
        for size in sizes:
            await _activate(running, resident, size)
            resident = size
            costs.append(await _cost_us(_Buyers(running, town, resident)))
            progress(f"{venues} venues, {resident} accounts: {costs[-1]:.0f} µs a purchase")
    return costs


async def _activate(running: Running, first: int, size: int) -> None:
    for n in range(first, size):
        await running.node.activate(Address(ActorKind.ACCOUNT, _account(n)))


def answer(suite: Suite) -> Result:
    """All sizes; the goal is on the dearest by the cheapest."""
    venues, sizes = suite.scale.venue_counts, suite.scale.accounts
    by_venues = [trio.run(_measure, count, sizes[:1])[0] for count in venues]
    by_accounts = trio.run(_measure, 1, sizes)
    goal = at_most(1.3, "times")
    rows = []
    for what, counts, costs in (
        ("venues", venues, by_venues),
        ("resident accounts", sizes, by_accounts),
    ):
        for count, cost in zip(counts, costs, strict=True):
            rows.append(Row(what=f"a purchase with {count:,} {what}", figure=cost, unit="µs"))
        rows.append(
            Row(
                what=f"dearest by cheapest, {counts[0]:,} to {counts[-1]:,} {what}",
                figure=max(costs) / min(costs),
                unit="times",
                goal=goal,
            )
        )
    return Result(
        question=QUESTION.name, asks=QUESTION.asks, rows=tuple(rows),
        lines={
            "µs a purchase, by venues": list(zip(venues, by_venues, strict=True)),
            "µs a purchase, by resident accounts": list(zip(sizes, by_accounts, strict=True)),
        },
    )  # fmt: skip


QUESTION = Question(
    name="growth", asks="Cost of a command as venues and accounts grow", answer=answer, seconds=70
)
