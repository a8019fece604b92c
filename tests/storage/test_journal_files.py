"""What only the journal on disk can show: its files, who may read them, and what damage does."""

from __future__ import annotations

import itertools
import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from protocol.addresses import Position
from protocol.journal import CommitLost, JournalFull, JournalUnreadable, Urgency
from storage.journal.journal import SqliteJournal
from storage.journal.opening import open_journal
from tests.contracts.journal_places import SettableClock, append, origin, read_all
from tests.twins.journal_faults import JournalFaults, planted

SEGMENT_BYTES = 32 * 1024


async def fill(journal: SqliteJournal, *, groups: int) -> None:
    """Commit groups of one entry of 6 kB each; a segment takes about four."""
    for _ in range(groups):
        append(journal, b"x" * 6_000)
        await journal.wait_durable(journal.last)


async def make(directory: Path, *, groups: int) -> list[Path]:
    """A closed journal; returns its segments, oldest first."""
    async with open_journal(
        directory, clock=SettableClock(), segment_bytes=SEGMENT_BYTES, bytes_max=10**7
    ) as journal:
        await fill(journal, groups=groups)
        return [each.path for each in journal._store.segments]


async def open_once(directory: Path) -> None:
    """Open and close it."""
    async with open_journal(directory, clock=SettableClock(), bytes_max=10**7):
        pass


async def read_once(directory: Path) -> None:
    """Open it and read all of it."""
    async with open_journal(directory, clock=SettableClock(), bytes_max=10**7) as journal:
        await read_all(journal)


async def test_nobody_else_can_read_the_journal(tmp_path: Path) -> None:
    """It holds what people did and where they were; a directory left open is closed again."""
    directory = tmp_path / "j"
    directory.mkdir(mode=0o755)
    async with open_journal(
        directory, clock=SettableClock(), segment_bytes=SEGMENT_BYTES, bytes_max=10**7
    ) as journal:
        await fill(journal, groups=10)
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        names = {path.name for path in directory.iterdir()}
        assert {"lock", "reserve"} < names
        assert any(name.endswith("-wal") for name in names)
        for path in directory.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


async def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    """Two writers would give the same numbers twice."""
    async with open_journal(tmp_path / "j", clock=SettableClock(), bytes_max=10**7):
        with pytest.raises(JournalUnreadable, match="another process"):
            await open_once(tmp_path / "j")
    await open_once(tmp_path / "j")


async def test_full_segments_are_rolled_and_read_through(tmp_path: Path) -> None:
    """Reading crosses from one file to the next without a seam, from disk and after a restart."""
    async with open_journal(
        tmp_path / "j",
        clock=SettableClock(),
        segment_bytes=SEGMENT_BYTES,
        bytes_max=10**7,
        memory_bytes_max=0,
    ) as journal:
        await fill(journal, groups=30)
        assert journal.statistics().segments > 4
        assert [n for n, _ in await read_all(journal)] == list(range(1, 31))
    async with open_journal(tmp_path / "j", clock=SettableClock(), bytes_max=10**7) as journal:
        assert [n for n, _ in await read_all(journal)] == list(range(1, 31))


async def test_only_old_released_segments_are_unlinked(tmp_path: Path) -> None:
    """Neither what the database lacks nor what a restored one may need is ever removed."""
    clock = SettableClock()
    async with open_journal(
        tmp_path / "j",
        clock=clock,
        segment_bytes=SEGMENT_BYTES,
        bytes_max=10**7,
        retention_s=3600,
    ) as journal:
        await fill(journal, groups=30)
        before = journal.statistics().segments
        at_15 = Position(journal.journal_id, 15)
        await journal.release(at_15)
        assert journal.holds(origin(journal))
        clock.at += timedelta(seconds=3601)
        await journal.release(at_15)
        left = journal.statistics()
        assert 1 < left.segments < before
        oldest = journal._store.segments[0].path
        assert min((tmp_path / "j").glob("*.segment")) == oldest
        assert journal.holds(at_15)
        assert not journal.holds(origin(journal))
        assert [n for n, _ in await read_all(journal, at_15)] == list(range(16, 31))


async def test_released_segments_go_early_when_the_journal_is_too_big(tmp_path: Path) -> None:
    """The bound on disk comes before keeping old entries for a restored database."""
    bytes_max = 200_000
    async with open_journal(
        tmp_path / "j", clock=SettableClock(), segment_bytes=SEGMENT_BYTES, bytes_max=bytes_max
    ) as journal:
        for _ in range(100):
            await fill(journal, groups=1)
            await journal.release(journal.durable)
        assert journal.statistics().bytes < bytes_max + 2 * SEGMENT_BYTES
        assert journal.statistics().unreleased_bytes == 0


async def test_a_disk_without_room_is_left_to_emergencies(tmp_path: Path) -> None:
    """The reserve is given up for them; commands come back when it could be taken again."""
    faults = JournalFaults()
    async with open_journal(
        tmp_path / "j", clock=SettableClock(), bytes_max=10**7, hooks=faults
    ) as journal:
        reserve = tmp_path / "j" / "reserve"
        assert reserve.stat().st_blocks * 512 >= 10**7 // 20
        faults.before = planted(sqlite3.SQLITE_FULL)
        append(journal, b"x")
        with pytest.raises(CommitLost):
            await journal.wait_durable_beyond(journal.durable)
        assert not reserve.exists()
        await journal.recover()
        with pytest.raises(JournalFull, match="free space"):
            append(journal, b"x")
        journal.append_nowait(b"sos", urgency=Urgency.EMERGENCY)
        await journal.wait_durable(journal.last)


async def test_a_group_that_does_not_fit_leaves_nothing_behind(tmp_path: Path) -> None:
    """SQLite itself runs out of pages here: all of a group is there or none of it."""
    async with open_journal(tmp_path / "j", clock=SettableClock(), bytes_max=10**7) as journal:
        await fill(journal, groups=3)
        kept = journal.durable
        (connection,) = journal._store._connections.values()
        (pages,) = connection.execute("pragma page_count").fetchone()
        connection.execute(f"pragma max_page_count = {pages + 2}")
        positions = append(journal, *[b"y" * 6_000] * 3)
        with pytest.raises(CommitLost):
            await journal.wait_durable(positions[0])
        assert journal.durable == kept
        assert journal.statistics().disk_full
        assert len(await read_all(journal)) == 3


@pytest.mark.parametrize("which", [0, 1, 2])
async def test_a_missing_segment_is_noticed(tmp_path: Path, which: int) -> None:
    """Entries in between are not skipped silently; the oldest may go, `holds` tells of it."""
    segments = await make(tmp_path / "j", groups=20)
    segments[which].unlink()
    if which:
        with pytest.raises(JournalUnreadable, match="follows entry"):
            await open_once(tmp_path / "j")
        return
    async with open_journal(tmp_path / "j", clock=SettableClock(), bytes_max=10**7) as journal:
        assert not journal.holds(origin(journal))


async def test_a_segment_of_another_journal_is_noticed(tmp_path: Path) -> None:
    """Two journals mixed by a careless restore would be two orders taken for one."""
    mine = await make(tmp_path / "mine", groups=20)
    other = await make(tmp_path / "other", groups=20)
    for ours, theirs in itertools.islice(zip(mine, other, strict=True), 1, 2):
        ours.write_bytes(theirs.read_bytes())
    with pytest.raises(JournalUnreadable, match="follows entry"):
        await open_once(tmp_path / "mine")


async def test_a_spoilt_row_is_noticed_when_read(tmp_path: Path) -> None:
    """SQLite does not check pages of the database file; the checksum does."""
    first, *_ = await make(tmp_path / "j", groups=20)
    with closing(sqlite3.connect(first)) as connection, connection:
        connection.execute("update commits set data = zeroblob(length(data)) where n = 1")
    with pytest.raises(JournalUnreadable, match="checksum"):
        await read_once(tmp_path / "j")


async def test_a_spoilt_file_is_noticed_at_start(tmp_path: Path) -> None:
    """A file overwritten by something else is no journal, and no empty one either."""
    *_, last = await make(tmp_path / "j", groups=20)
    last.write_bytes(b"\xff" * last.stat().st_size)
    with pytest.raises(JournalUnreadable, match="not a database"):
        await open_once(tmp_path / "j")


async def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    """A release put back must not misread what its successor wrote."""
    (only,) = await make(tmp_path / "j", groups=1)
    with closing(sqlite3.connect(only)) as connection:
        connection.execute("pragma user_version = 2")
    with pytest.raises(JournalUnreadable, match="format 2"):
        await open_once(tmp_path / "j")


@pytest.mark.parametrize(
    "leftover",
    [
        "unfinished",
        "unfinished-journal",
        "0000000000000000009.segment-wal",
    ],
)
async def test_what_a_crash_left_half_made_is_swept_away(tmp_path: Path, leftover: str) -> None:
    """A segment appears complete or not at all, and goes with its log."""
    await make(tmp_path / "j", groups=2)
    (tmp_path / "j" / leftover).write_bytes(b"half")
    await read_once(tmp_path / "j")
    assert not (tmp_path / "j" / leftover).exists()
