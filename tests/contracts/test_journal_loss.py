"""What every journal must do when a commit fails: nothing false is told, nothing true forgotten."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from protocol.addresses import Position
from protocol.journal import Bound, CommitLost, JournalFull, JournalUnreadable, Urgency
from protocol.limits import ENTRY_BYTES_MAX, JOURNAL_LINE_BYTES_MAX
from tests.contracts.journal_places import Journal, Place, append, origin, place_of, read_all
from tests.twins.journal_faults import JournalFaults, planted


@pytest.fixture(params=["sqlite", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """The real journal and its twin."""
    return place_of(request.param, tmp_path)


async def lose(journal: Journal, faults: JournalFaults, *entries: bytes) -> list[Position]:
    """Append entries whose commit fails before anything is written."""
    faults.before = planted()
    positions = append(journal, *entries)
    with pytest.raises(CommitLost):
        await journal.wait_durable(positions[-1])
    return positions


async def append_and_wait(place: Place) -> None:
    """Append to the journal and stay in its context until something ends it."""
    async with place.open() as journal:
        append(journal, b"x")
        await trio.sleep_forever()


async def test_what_failed_before_writing_is_lost(place: Place) -> None:
    """Nobody may be told yes; and until the node has reset, nothing new is taken in."""
    async with place.open() as journal:
        (kept,) = append(journal, b"kept")
        await journal.wait_durable(kept)
        (lost,) = await lose(journal, place.faults, b"lost")
        assert journal.durable == journal.last == kept
        await journal.wait_durable(kept)
        with pytest.raises(CommitLost) as caught:
            append(journal, b"too early")
        assert caught.value.durable == kept
        assert caught.value.refusal().status == 504
        with pytest.raises(CommitLost):
            await journal.wait_durable_beyond(kept)
        assert not journal.holds(lost)


async def test_what_was_written_counts_though_the_answer_was_lost(place: Place) -> None:
    """The disk decides: what is there will be there after a crash, so it is true."""
    place.faults.after = planted()
    async with place.open() as journal:
        positions = append(journal, b"a", b"b")
        await journal.wait_durable(positions[-1])
        assert journal.durable == positions[-1]
        with pytest.raises(CommitLost):
            append(journal, b"too early")
        await journal.recover()
        append(journal, b"c")
        await journal.wait_durable(journal.last)
        assert [data for _, data in await read_all(journal)] == [b"a", b"b", b"c"]


async def test_what_stood_in_line_behind_a_failed_commit_is_lost_too(place: Place) -> None:
    """A later entry may build on an earlier one; it must not survive it."""
    place.faults.hold()
    place.faults.after = planted()
    async with place.open() as journal:
        (written,) = append(journal, b"written")
        await wait_all_tasks_blocked()
        (behind,) = append(journal, b"behind")
        place.faults.let_go()
        with pytest.raises(CommitLost):
            await journal.wait_durable(behind)
        await journal.wait_durable(written)
        await journal.recover()
        assert await read_all(journal) == [(written.n, b"written")]


async def test_a_waiting_gate_hears_of_the_loss(place: Place) -> None:
    """It holds the outputs; it must drop them rather than wait for ever."""
    place.faults.hold()
    place.faults.before = planted()
    async with place.open() as journal:
        append(journal, b"lost")
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def gate() -> None:
                with pytest.raises(CommitLost):
                    await journal.wait_durable_beyond(origin(journal))

            await wait_all_tasks_blocked()
            place.faults.let_go()


async def test_recovery_takes_in_again_and_never_reuses_a_number(place: Place) -> None:
    """Someone may still hold a lost position; it must not become durable by another's entry."""
    async with place.open() as journal:
        append(journal, b"kept")
        await journal.wait_durable(journal.last)
        lost = await lose(journal, place.faults, b"lost", b"lost as well")
        await journal.recover()
        assert journal.durable == journal.last
        (fresh,) = append(journal, b"fresh")
        await journal.wait_durable(fresh)
        assert fresh > lost[-1]
        for position in lost:
            assert not journal.holds(position)
            with pytest.raises(CommitLost):
                await journal.wait_durable(position)
        assert [data for _, data in await read_all(journal)] == [b"kept", b"fresh"]


async def test_recovery_without_a_loss_waits_for_the_line(place: Place) -> None:
    """A reset for another reason uses the same path and must lose nothing."""
    async with place.open() as journal:
        (position,) = append(journal, b"x")
        await journal.recover()
        assert journal.durable == journal.last == position


async def test_a_full_disk_is_a_loss_and_not_the_end(place: Place) -> None:
    """Space can be freed; the node goes on. Until then what room there is is for emergencies."""
    place.faults.before = planted(sqlite3.SQLITE_FULL)
    async with place.open() as journal:
        (position,) = append(journal, b"x")
        with pytest.raises(CommitLost):
            await journal.wait_durable(position)
        await journal.recover()
        for urgency in (Urgency.COMMAND, Urgency.INTERNAL):
            with pytest.raises(JournalFull, match="free space"):
                journal.append_nowait(b"y", urgency=urgency)
        journal.append_nowait(b"sos", urgency=Urgency.EMERGENCY)
        await journal.wait_durable(journal.last)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_CORRUPT])
async def test_a_disk_that_cannot_be_trusted_ends_the_process(place: Place, code: int) -> None:
    """After a failed sync nothing can be known by asking again."""
    place.faults.after = planted(code)
    with pytest.raises(JournalUnreadable):
        await append_and_wait(place)


async def test_a_tail_that_cannot_be_read_ends_the_process(place: Place) -> None:
    """Going on would mean guessing what was promised."""
    place.faults.before = planted()
    place.faults.reopen = planted()
    with pytest.raises(JournalUnreadable):
        await append_and_wait(place)


async def test_opened_again_it_still_knows_what_was_lost(place: Place) -> None:
    """A restored database may have been told a position before the loss; a lost one never."""
    async with place.open() as journal:
        append(journal, b"kept")
        await journal.wait_durable(journal.last)
        (lost,) = await lose(journal, place.faults, b"lost")
        await journal.recover()
    async with place.open() as journal:
        assert not journal.holds(lost)
        assert journal.holds(journal.last)
        (fresh,) = append(journal, b"fresh")
        await journal.wait_durable(fresh)
        assert fresh > lost
        assert await read_all(journal) == [(1, b"kept"), (fresh.n, b"fresh")]


async def test_a_disk_that_stalls_is_heard_of_before_memory_is_full(place: Place) -> None:
    """What waits for a commit is in memory only; an emergency still gets in line."""
    place.faults.hold()
    async with place.open(bytes_max=10**9) as journal:
        append(journal, *[b"x" * ENTRY_BYTES_MAX])
        await wait_all_tasks_blocked()
        append(journal, *[b"x" * ENTRY_BYTES_MAX] * (JOURNAL_LINE_BYTES_MAX // ENTRY_BYTES_MAX))
        with pytest.raises(JournalFull) as caught:
            append(journal, b"x")
        assert caught.value.bound is Bound.LINE
        journal.append_nowait(b"sos", urgency=Urgency.EMERGENCY)
        place.faults.before = planted()
        place.faults.let_go()
        with pytest.raises(CommitLost):
            await journal.wait_durable(journal.last)
