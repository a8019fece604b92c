"""Bringing an actor in while the database moves on: it knows all that it ever wrote."""

from __future__ import annotations

from functools import partial

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from protocol.addresses import Address
from protocol.limits import FAILURES_BEFORE_RELOAD, JOURNAL_RETENTION_S
from protocol.reads import Loaded, Read
from tests.actors.runtime.asking import PURSE, ask, count_in
from tests.actors.runtime.toy_commands import Add, Break, Look
from tests.actors.runtime.toys import toys
from tests.twins import nodes
from tests.twins.database import MemoryDatabase
from tests.twins.journal import open_memory_journal
from tests.twins.nodes import World, open_memory_node
from tests.twins.outside import TrioClock


@attrs.define(eq=False)
class LateDatabase(MemoryDatabase):
    """Rows are on their way for as long as `under_way` is not set."""

    under_way: trio.Event | None = None
    asked: int = 0

    async def load(self, address: Address, reads: tuple[Read, ...]) -> Loaded:
        found = await super().load(address, reads)
        self.asked += 1
        if self.under_way is not None:
            await self.under_way.wait()
        return found


@pytest.mark.parametrize("retention_s", [JOURNAL_RETENTION_S, -1.0], ids=["kept", "let go of"])
async def test_what_is_flushed_while_an_actor_is_loaded_is_not_forgotten(
    retention_s: float, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows on their way are older than what the write-behind has brought in meanwhile.

    The tail holds no such entry any more, and the journal need not keep it either. An actor that
    took those rows for all would decide on what is long past.
    """
    opened = partial(open_memory_journal, retention_s=retention_s)
    monkeypatch.setattr(nodes, "open_memory_journal", opened)
    clock = TrioClock()
    database = LateDatabase(clock.now)
    async with open_memory_node(World(clock=clock, database=database), toys()) as running:
        await ask(running.node, Add())
        await ask(running.node, Add())
        for _ in range(FAILURES_BEFORE_RELOAD - 1):
            await ask(running.node, Break())
        await running.wait_flushed()
        asked, database.under_way = database.asked, trio.Event()
        async with trio.open_nursery() as nursery:
            await ask(running.node, Add())
            nursery.start_soon(ask, running.node, Break())
            await wait_all_tasks_blocked()
            assert database.asked == asked + 1
            assert running.write_behind.flushed < running.journal.durable
            await running.wait_flushed()
            await wait_all_tasks_blocked()
            database.under_way.set()
        snapshot = running.node.snapshot(PURSE)
        assert snapshot is not None
        assert snapshot.statistics.restarts == 1
        assert count_in(await ask(running.node, Look())) == 3
