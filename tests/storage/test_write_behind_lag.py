"""How late the flush is said to be, and how it catches up from far behind, wherever it runs."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from protocol.flush_limits import FLUSH_MARKS_MAX
from protocol.limits import FLUSH_ENTRIES_MAX, FLUSH_INTERVAL_S
from protocol.records.inventory import Game
from storage.write_behind.batch import Batch
from tests.storage.flushes import CLOCK, Opens, a_twin, append, open_far, open_near, versions
from tests.storage.samples import NOON, a
from tests.twins.database import MemoryDatabase
from tests.twins.journal import MemoryDisk, open_memory_journal


@pytest.fixture(params=[open_near, open_far], ids=["near", "far"])
def opens(request: pytest.FixtureRequest) -> Opens:
    """The flush in the node's own process, or as a process of its own has it."""
    opens: Opens = request.param
    return opens


async def test_a_busy_node_that_keeps_up_does_not_lag(
    opens: Opens, autojump_clock: MockClock
) -> None:
    """Entries that never stop are no sign of trouble; `/readyz` must not call them that."""
    twin = a_twin()
    async with (
        open_memory_journal(MemoryDisk(), clock=CLOCK) as journal,
        opens(journal, twin) as write_behind,
    ):
        for game in versions(a(Game), 2_000):
            append(journal, game)
            await trio.sleep(FLUSH_INTERVAL_S / 4)
            assert write_behind.lag_s < 3 * FLUSH_INTERVAL_S


async def test_a_node_that_is_a_little_behind_for_long_does_not_lag_for_long(
    opens: Opens, autojump_clock: MockClock
) -> None:
    """What has waited is what counts, not when everything was last flushed: a flush that follows
    at a distance all night would otherwise be called hours late, and commands be slowed for it."""

    class Slow(MemoryDatabase):
        """Takes a second for each batch."""

        async def apply(self, batch: Batch) -> None:
            await trio.sleep(1)
            await super().apply(batch)

    async with (
        open_memory_journal(MemoryDisk(), clock=CLOCK) as journal,
        opens(journal, Slow(lambda: NOON)) as write_behind,
    ):
        for game in versions(a(Game), 600):
            last = append(journal, game)
            await trio.sleep(0.1)
            assert write_behind.lag_s < 2.2
        await write_behind.wait_flushed(last)
        assert write_behind.lag_s == 0


async def test_a_long_outage_is_told_from_few_looks(
    opens: Opens, autojump_clock: MockClock
) -> None:
    """The age of what has waited longest must not need memory for each moment that it waited."""
    twin = a_twin(away=True)
    async with (
        open_memory_journal(MemoryDisk(), clock=CLOCK) as journal,
        opens(journal, twin) as write_behind,
    ):
        games = versions(a(Game), 3 * FLUSH_MARKS_MAX)
        for n, game in enumerate(games):
            last = append(journal, game)
            await trio.sleep(1)
            assert n <= write_behind.lag_s <= n + 2
        twin.away = False
        await write_behind.wait_flushed(last)
        assert write_behind.lag_s < 1


async def test_a_long_way_behind_batches_follow_one_another_in_order(
    opens: Opens, autojump_clock: MockClock
) -> None:
    """The next batch is read while the database is at work on one; if that one's end is not known,
    what was read ahead must not follow it."""
    twin = a_twin(away=True, lose_answers=2)
    count = 3 * FLUSH_ENTRIES_MAX + 7
    async with (
        open_memory_journal(MemoryDisk(), clock=CLOCK) as journal,
        opens(journal, twin) as write_behind,
    ):
        for game in versions(a(Game), count):
            last = append(journal, game)
        await journal.wait_durable(last)
        twin.away = False
        with trio.fail_after(60):
            await write_behind.wait_flushed(last)
        assert [one.version for one in twin.table(Game).values()] == [count]
        assert (write_behind.refused_rows, twin.lose_answers) == (0, 0)
        assert write_behind.flushes <= 4
