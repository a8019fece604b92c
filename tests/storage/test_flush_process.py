"""The flush in a process of its own: killed or not to be had, it loses and doubles nothing."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import psutil  # type: ignore[import-untyped]
import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from lastlight.compose_storage import FLUSHING
from protocol.entries import encode_entry
from protocol.flush_limits import FLUSH_PROCESS_FAILURES_MAX
from protocol.journal import Urgency
from storage.postgres.database import Database, open_asyncio_loop, open_database
from storage.postgres.store import PostgresStore
from storage.write_behind.elsewhere import (
    FlushProcessFailed,
    keep_running,
    open_write_behind_elsewhere,
)
from storage.write_behind.standing import Standing
from storage.write_behind.store import StoreUnusable
from storage.write_behind.wire import Begin
from tests.storage.samples import an_id
from tests.storage.test_write_behind_cut_off import ROUNDS, an_evening, assert_all_once
from tests.twins.database import MemoryDatabase
from tests.twins.journal import MemoryDisk, MemoryJournal, open_memory_journal
from tests.twins.outside import TrioClock

KILLS = 2
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


@asynccontextmanager
async def flushing(
    journal: MemoryJournal, url: str, argv: Sequence[str] = FLUSHING
) -> AsyncIterator[Standing]:
    begin = Begin(journal.journal_id, url, "error")
    near = MemoryDatabase(TrioClock().now)
    async with open_write_behind_elsewhere(journal, argv, begin, near=near) as standing:
        yield standing


def flush_processes() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if "lastlight.flushing" in one.cmdline()]


async def test_a_flush_process_that_is_killed_at_any_moment_is_replaced(
    database: Database, postgres_url: str
) -> None:
    """What it had under way happened or did not; the next one asks, and nothing is done twice."""
    random_ = random.Random(5)
    evening = an_evening(ROUNDS)
    size = ROUNDS // (KILLS + 1)
    async with open_memory_journal(MemoryDisk(), clock=TrioClock()) as journal:
        async with flushing(journal, postgres_url) as standing:
            with trio.fail_after(60):
                for n in range(0, ROUNDS, size):
                    before = standing.flushed
                    for entry in itertools.chain(*evening[n : n + size]):
                        last = journal.append_nowait(encode_entry(entry), urgency=Urgency.COMMAND)
                    if n:
                        await trio.sleep(random_.uniform(0, 0.03))
                        for process in flush_processes():
                            process.kill()
                    await standing.wait_flushed(before._replace(n=before.n + 1))
                await standing.wait_flushed(last)
            assert standing.refused_rows == 0
        assert flush_processes() == []
        await assert_all_once(database, last)


async def test_a_node_learns_that_the_database_is_of_another(postgres_url: str) -> None:
    """It must end with the words of what to do, as if it had asked by itself."""
    async with open_asyncio_loop(), open_database(postgres_url) as opened:
        await PostgresStore(opened).claim(an_id())
    async with open_memory_journal(MemoryDisk(), clock=TrioClock()) as journal:
        with pytest.RaisesGroup(
            pytest.RaisesExc(StoreUnusable, match="two nodes must not share"),
            flatten_subgroups=True,
        ):
            async with flushing(journal, postgres_url):
                with trio.fail_after(30):
                    await trio.sleep_forever()


async def test_a_process_that_gets_nowhere_ends_the_node(autojump_clock: MockClock) -> None:
    """A flush that can't run is no state to serve in for days: the journal would fill unseen."""
    async with open_memory_journal(MemoryDisk(), clock=TrioClock()) as journal:
        standing = Standing(journal)
        lives = 0

        async def live() -> int:
            nonlocal lives
            lives += 1
            if lives == FLUSH_PROCESS_FAILURES_MAX - 1:
                standing.advance(journal.durable._replace(n=1))
            return 3

        match = f"ended {FLUSH_PROCESS_FAILURES_MAX} times in a row .* status 3"
        with pytest.raises(FlushProcessFailed, match=match):
            await keep_running(live, standing)
        assert lives == 2 * FLUSH_PROCESS_FAILURES_MAX - 2, "what got further counts anew"


async def test_where_no_process_may_start_the_flush_runs_in_the_node() -> None:
    """Slower is better than not at all; the log says so."""
    async with open_memory_journal(MemoryDisk(), clock=TrioClock()) as journal:
        with capture_logs() as logs:
            async with flushing(journal, NOWHERE, ("/nowhere/to/be/found",)) as standing:
                with trio.fail_after(10):
                    await standing.wait_flushed(journal.durable)
        assert [line["event"] for line in logs] == ["flush_process_not_started"]
