"""The loop that flushes goes on through everything but a database that is not ours.

Wherever it runs: beside the journal, or in a process of its own.
"""

from __future__ import annotations

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from protocol.addresses import ActorKind, Address
from protocol.limits import FLUSH_INTERVAL_S
from protocol.records.inventory import Game
from protocol.records.money import Credits
from storage.write_behind.batch import Batch
from storage.write_behind.store import StoreUnusable
from tests.contracts.database_places import SOMEBODY
from tests.storage.flushes import CLOCK, Opens, a_twin, append, open_far, open_near, versions
from tests.storage.samples import NOON, a, an_id
from tests.twins.database import MemoryDatabase
from tests.twins.journal import MemoryDisk, open_memory_journal


@pytest.fixture(params=[open_near, open_far], ids=["near", "far"])
def opens(request: pytest.FixtureRequest) -> Opens:
    """The flush in the node's own process, or as a process of its own has it."""
    opens: Opens = request.param
    return opens


async def serve_for_ever(opens: Opens, disk: MemoryDisk, twin: MemoryDatabase) -> None:
    """What a node does that has something to flush."""
    async with (
        open_memory_journal(disk, clock=CLOCK) as journal,
        opens(journal, twin),
    ):
        append(journal, a(Game))
        await trio.sleep_forever()


async def test_what_is_durable_gets_into_the_database(
    opens: Opens, autojump_clock: MockClock
) -> None:
    """Behind what was answered, in order, and the journal is told what it need not keep."""
    twin = a_twin()
    async with (
        open_memory_journal(MemoryDisk(), clock=CLOCK) as journal,
        opens(journal, twin) as write_behind,
    ):
        last = [append(journal, game) for game in versions(a(Game), 5)][-1]
        await write_behind.wait_flushed(last)
        (game,) = twin.table(Game).values()
        assert (game.version, twin.position) == (5, 5)
        assert write_behind.flushed == last
        assert not write_behind.away
        await trio.sleep(1)
        assert write_behind.lag_s == 0
        assert journal.statistics().unreleased_entries == 0


async def test_entries_that_come_one_by_one_are_flushed_together(
    opens: Opens, autojump_clock: MockClock
) -> None:
    """A flush costs its transaction, so a busy node pays it for hundreds of entries."""
    twin = a_twin()
    async with (
        open_memory_journal(MemoryDisk(), clock=CLOCK) as journal,
        opens(journal, twin) as write_behind,
    ):
        for game in versions(a(Game), 100):
            last = append(journal, game)
            await trio.sleep(FLUSH_INTERVAL_S / 10)
        await write_behind.wait_flushed(last)
        assert write_behind.flushes <= 12


async def test_a_database_that_comes_up_with_the_node_alarms_nobody(
    opens: Opens, autojump_clock: MockClock
) -> None:
    """A warning at each start teaches people to read over warnings; a slow start is one."""
    twin = a_twin(away=True)
    async with open_memory_journal(MemoryDisk(), clock=CLOCK) as journal:
        with capture_logs() as logs:
            async with opens(journal, twin) as write_behind:
                await trio.sleep(10)
                assert {line["log_level"] for line in logs} == {"info"}
                await trio.sleep(10)
                assert logs[-1]["log_level"] == "warning"
                twin.away = False
                await write_behind.wait_flushed(journal.durable)
                logs.clear()
                twin.away = True
                append(journal, a(Game))
                await trio.sleep(1)
                assert {line["log_level"] for line in logs} == {"warning"}


async def test_a_database_that_is_away_is_waited_for(
    opens: Opens, autojump_clock: MockClock
) -> None:
    """An hour without PostgreSQL costs nothing but the hour."""
    twin = a_twin()
    async with (
        open_memory_journal(MemoryDisk(), clock=CLOCK) as journal,
        opens(journal, twin) as write_behind,
    ):
        game, *later = versions(a(Game), 50)
        await write_behind.wait_flushed(append(journal, game))
        twin.away = True
        for one in later:
            last = append(journal, one)
        await trio.sleep(3600)
        assert write_behind.away
        assert 3590 < write_behind.lag_s < 3601
        assert twin.position == 1
        twin.away = False
        with trio.fail_after(5):
            await write_behind.wait_flushed(last)
        assert twin.table(Game)[game.primary_key].version == 50


async def test_a_node_starts_before_its_database_does(
    opens: Opens, autojump_clock: MockClock
) -> None:
    """Both come up after a power cut, in whatever order."""
    twin = a_twin(away=True)
    async with (
        open_memory_journal(MemoryDisk(), clock=CLOCK) as journal,
        opens(journal, twin) as write_behind,
    ):
        last = append(journal, a(Game))
        await trio.sleep(60)
        assert write_behind.away
        twin.away = False
        with trio.fail_after(5):
            await write_behind.wait_flushed(last)


async def test_a_lost_answer_is_looked_up_and_nothing_is_done_twice(
    opens: Opens, autojump_clock: MockClock
) -> None:
    """The flush had happened; done again, its versions would not fit and its sums be doubled."""
    twin = a_twin(lose_answers=3)
    async with (
        open_memory_journal(MemoryDisk(), clock=CLOCK) as journal,
        opens(journal, twin) as write_behind,
    ):
        for game in versions(a(Game), 6):
            last = append(journal, game)
            await trio.sleep(0.5)
        await write_behind.wait_flushed(last)
        assert [one.version for one in twin.table(Game).values()] == [6]
        assert (write_behind.refused_rows, twin.lose_answers) == (0, 0)


async def test_somebody_else_who_moves_the_position_is_believed(
    opens: Opens, autojump_clock: MockClock
) -> None:
    """What looks like another writer is mostly our own flush whose end we did not see."""

    class Twin(MemoryDatabase):
        """Does the first batch before it is asked to."""

        async def apply(self, batch: Batch) -> None:
            if self.position == 0:
                await super().apply(batch)
            await super().apply(batch)

    twin = Twin(lambda: NOON)
    async with (
        open_memory_journal(MemoryDisk(), clock=CLOCK) as journal,
        opens(journal, twin) as write_behind,
    ):
        last = append(journal, a(Game))
        with trio.fail_after(5):
            await write_behind.wait_flushed(last)
        assert not write_behind.away
        assert len(twin.table(Game)) == 1


async def test_one_refused_row_among_many_entries_stands_alone(
    opens: Opens, autojump_clock: MockClock
) -> None:
    """Everything else is flushed, and its actor is known to hold what is nowhere else."""
    bad = a(Credits, paid_minor=-1)
    twin = a_twin(refuses=lambda row: row == bad)
    actor = Address(ActorKind.ACCOUNT, an_id())
    disk = MemoryDisk()
    async with (
        open_memory_journal(disk, clock=CLOCK) as journal,
        opens(journal, twin) as write_behind,
    ):
        twin.away = True
        await trio.sleep(1)
        games = [a(Game) for _ in range(21)]
        for n, game in enumerate(games):
            last = append(journal, game, *([bad] if n == 13 else []), actor=_by(n == 13, actor))
        twin.away = False
        await write_behind.wait_flushed(last)
        assert len(twin.table(Game)) == 21
        assert twin.table(Credits) == {}
        assert [row.row[0] for _, row in twin.kept_aside] == ["credits"]
        assert write_behind.refused_rows == 1
        assert [write_behind.keeps(one) for one in (actor, SOMEBODY)] == [True, False]
    async with (
        open_memory_journal(disk, clock=CLOCK) as journal,
        opens(journal, twin) as write_behind,
    ):
        await write_behind.wait_flushed(journal.durable)
        assert write_behind.keeps(actor), "a restart must not forget"


def _by(planted: bool, actor: Address) -> Address:
    return actor if planted else SOMEBODY


async def test_the_database_of_another_node_is_left_alone(
    opens: Opens, autojump_clock: MockClock
) -> None:
    """Two nodes on one database would each undo the other; a person must say which is right."""
    twin = a_twin(journal_id=an_id(), position=5)
    with pytest.RaisesGroup(StoreUnusable, flatten_subgroups=True):
        await serve_for_ever(opens, MemoryDisk(), twin)
    assert twin.table(Game) == {}


async def test_a_journal_older_than_the_database_is_refused_with_what_to_do(
    opens: Opens, autojump_clock: MockClock
) -> None:
    """An old copy of the data directory would give old numbers to new entries."""
    disk = MemoryDisk()
    twin = a_twin(journal_id=disk.journal_id, position=99)
    match = "at entry 99 of journal .* start with the data directory that belongs to the database"
    with pytest.RaisesGroup(pytest.RaisesExc(StoreUnusable, match=match), flatten_subgroups=True):
        await serve_for_ever(opens, disk, twin)
    assert twin.position == 99


async def test_a_database_restored_from_a_backup_catches_up(
    opens: Opens, autojump_clock: MockClock
) -> None:
    """Flushed entries are kept for 72 h, so yesterday's backup is as good as today's."""
    twin, disk = a_twin(), MemoryDisk()
    games = versions(a(Game), 8)
    async with (
        open_memory_journal(disk, clock=CLOCK) as journal,
        opens(journal, twin) as write_behind,
    ):
        for game in games[:4]:
            last = append(journal, game)
        await write_behind.wait_flushed(last)
        backup = dict(twin.rows), twin.position
        for game in games[4:]:
            last = append(journal, game)
        await write_behind.wait_flushed(last)
    twin.rows, twin.position = backup
    async with (
        open_memory_journal(disk, clock=CLOCK) as journal,
        opens(journal, twin) as write_behind,
    ):
        await write_behind.wait_flushed(last)
        assert twin.table(Game)[games[0].primary_key].version == 8
