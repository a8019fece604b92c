"""Commands come in as the database follows, once it follows late."""

from __future__ import annotations

import contextlib

import trio
from trio.testing import MockClock

from actors.runtime.admission import Admission
from actors.runtime.answers import ActorUnavailable
from protocol.flush_limits import (
    ADMISSION_HOLD_S,
    ADMISSION_STILL_S,
    ADMISSION_WAITING_MAX,
    FLUSH_LAG_SLOW_S,
)
from protocol.journal import Urgency
from protocol.limits import FLUSH_LAG_DEGRADED_S
from storage.write_behind.batch import Batch
from storage.write_behind.standing import Standing
from tests.actors.runtime.asking import ask, count_in
from tests.actors.runtime.toy_commands import Add, Look
from tests.actors.runtime.toys import toys
from tests.twins.database import MemoryDatabase
from tests.twins.journal import MemoryDisk, MemoryJournal, open_memory_journal
from tests.twins.nodes import World, open_memory_node
from tests.twins.outside import TrioClock


async def fall_behind(journal: MemoryJournal, standing: Standing, entries: int) -> None:
    """Write entries, and let them wait until the flush is called late."""
    standing.advance(journal.durable)
    for _ in range(entries):
        last = journal.append_nowait(b"entry", urgency=Urgency.COMMAND)
    await journal.wait_durable(last)
    standing.look()
    await trio.sleep(FLUSH_LAG_SLOW_S + 0.1)
    standing.advance(standing.flushed._replace(n=standing.flushed.n + 1))
    assert FLUSH_LAG_SLOW_S < standing.lag_s < FLUSH_LAG_DEGRADED_S


def come_in(nursery: trio.Nursery, admission: Admission, count: int) -> list[bool]:
    """Let so many want to come in at once; who was let in and who was not, as it turns out."""
    let_in: list[bool] = []

    async def come() -> None:
        let_in.append(await admission.enter())

    for _ in range(count):
        nursery.start_soon(come)
    return let_in


async def test_commands_come_in_as_the_flush_gets_further(autojump_clock: MockClock) -> None:
    """Whoever comes in writes what must be flushed too; more than is flushed would be a debt."""
    async with open_memory_journal(MemoryDisk(), clock=TrioClock()) as journal:
        standing = Standing(journal)
        admission = Admission(standing, journal)
        assert await admission.enter()
        await fall_behind(journal, standing, 1_000)
        async with trio.open_nursery() as nursery:
            let_in = come_in(nursery, admission, 100)
            await trio.testing.wait_all_tasks_blocked()
            assert let_in == []
            standing.advance(standing.flushed._replace(n=200))
            await trio.testing.wait_all_tasks_blocked()
            assert 30 < len(let_in) < 50, "a command writes four entries"
            standing.advance(journal.durable)
        assert let_in == [True] * 100
        assert (admission.slowed, admission.refused) == (100, 0)


async def test_who_does_not_get_in_soon_is_told_to_come_again(autojump_clock: MockClock) -> None:
    """A flush that is too slow must not gather requests; nothing of them was done."""
    async with open_memory_journal(MemoryDisk(), clock=TrioClock()) as journal:
        standing = Standing(journal)
        admission = Admission(standing, journal)
        await fall_behind(journal, standing, 10)
        began = trio.current_time()
        refused: list[float] = []

        async def come() -> None:
            assert not await admission.enter()
            refused.append(round(trio.current_time() - began, 3))

        async def crawl() -> None:
            while len(refused) < ADMISSION_WAITING_MAX + 5:
                await trio.sleep(1)
                standing.advance(standing.flushed._replace(n=standing.flushed.n + 1))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(crawl)
            for _ in range(ADMISSION_WAITING_MAX + 5):
                nursery.start_soon(come)
        assert refused[:5] == [0] * 5, "beyond the bound nobody waits at all"
        assert refused[5:] == [ADMISSION_HOLD_S] * ADMISSION_WAITING_MAX


async def test_a_flush_that_pauses_refuses_nobody(autojump_clock: MockClock) -> None:
    """A checkpoint may take a second or two: who comes then waits, and is let in."""
    async with open_memory_journal(MemoryDisk(), clock=TrioClock()) as journal:
        standing = Standing(journal)
        admission = Admission(standing, journal)
        await fall_behind(journal, standing, 10)
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            let_in = come_in(nursery, admission, 64)
        assert let_in == [True] * 64
        assert trio.current_time() - began <= ADMISSION_HOLD_S
        assert (admission.slowed, admission.refused) == (64, 0)


async def test_a_database_that_is_away_keeps_nobody_waiting(autojump_clock: MockClock) -> None:
    """For an hour without PostgreSQL commands on resident actors go on; nothing would be gained."""
    async with open_memory_journal(MemoryDisk(), clock=TrioClock()) as journal:
        standing = Standing(journal)
        admission = Admission(standing, journal)
        await fall_behind(journal, standing, 10)
        standing.see(away=True)
        assert await admission.enter()
        assert admission.slowed == 0


async def test_a_database_that_hangs_keeps_nobody_waiting(autojump_clock: MockClock) -> None:
    """Until its time is over nobody knows that it is away, and guests must not notice either."""
    async with open_memory_journal(MemoryDisk(), clock=TrioClock()) as journal:
        standing = Standing(journal)
        admission = Admission(standing, journal)
        await fall_behind(journal, standing, 10)
        await trio.sleep(ADMISSION_STILL_S + 0.1)
        assert await admission.enter()
        assert admission.slowed == 0


class Slow(MemoryDatabase):
    """Takes its time for each batch, once told to."""

    takes_s = 0.0

    async def apply(self, batch: Batch) -> None:
        await trio.sleep(self.takes_s)
        await super().apply(batch)


async def test_a_node_lets_all_in_again_when_the_database_has_caught_up(
    autojump_clock: MockClock,
) -> None:
    """Slower or refused with nothing done, and never worse than that."""
    clock = TrioClock()
    slow = Slow(clock.now)
    done = 0
    async with open_memory_node(World(clock=clock, database=slow), toys()) as running:
        slow.takes_s = ADMISSION_STILL_S - 0.1
        # What comes just after a batch was taken waits for two batches.
        for wait_s in (0.1, 0.1, FLUSH_LAG_SLOW_S + 0.1):
            await ask(running.node, Add())
            await trio.sleep(wait_s)
        for _ in range(5):
            with contextlib.suppress(ActorUnavailable):
                await ask(running.node, Add())
                done += 1
        assert running.node.admission.slowed > 0
        assert running.node.admission.refused + done == 5
        slow.takes_s = 0
        await running.write_behind.wait_flushed(running.journal.durable)
        await ask(running.node, Add())
        assert count_in(await ask(running.node, Look())) == done + 4
