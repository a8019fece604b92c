"""What every journal must keep, on disk or in memory: order, reading, shares, the end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from protocol.addresses import Position
from protocol.journal import Bound, JournalFull, Urgency
from protocol.limits import ENTRY_BYTES_MAX
from tests.contracts.journal_places import Place, append, origin, place_of, read_all


@pytest.fixture(params=["sqlite", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """The real journal and its twin."""
    return place_of(request.param, tmp_path)


async def test_positions_are_consecutive_and_entries_come_back_in_order(place: Place) -> None:
    """All else hangs on one order; an entry is read as it was written, empty ones too."""
    entries = [b"", b"a", b"\x00" * 3000, *(str(n).encode() for n in range(50))]
    async with place.open() as journal:
        positions = append(journal, *entries)
        assert [position.n for position in positions] == list(range(1, len(entries) + 1))
        assert journal.last == positions[-1]
        await journal.wait_durable(positions[-1])
        assert journal.durable == positions[-1]
        assert await read_all(journal) == list(enumerate(entries, start=1))


async def test_what_arrives_during_a_commit_shares_the_next(place: Place) -> None:
    """Group commit is what makes a sync per answer affordable."""
    place.faults.hold()
    async with place.open() as journal:
        append(journal, b"first")
        await wait_all_tasks_blocked()
        positions = append(journal, *[b"later"] * 20)
        await wait_all_tasks_blocked()
        assert journal.durable == origin(journal)
        assert journal.last == positions[-1]
        place.faults.let_go()
        await journal.wait_durable(positions[-1])
        assert place.faults.groups == [1, 20]
        assert journal.statistics().commits == 2


async def test_an_entry_is_not_read_before_it_is_durable(place: Place) -> None:
    """The write-behind must never bring into the database what a crash would take back."""
    place.faults.hold()
    async with place.open() as journal:
        append(journal, b"held")
        await wait_all_tasks_blocked()
        assert await journal.read(origin(journal), entries_max=9, bytes_max=999) == []
        place.faults.let_go()
        assert await journal.wait_durable_beyond(origin(journal)) == journal.last
        assert await read_all(journal) == [(1, b"held")]


async def test_what_is_written_is_not_read_before_it_is_known(place: Place) -> None:
    """Reading from the file must not run ahead of `durable`, or outputs would be out of order."""
    async with place.open() as journal:
        append(journal, b"x" * 4_000)
        await journal.wait_durable(journal.last)
        place.faults.hold(after=True)
        (second,) = append(journal, b"second")
        with trio.fail_after(10):
            while not place.faults.written:
                await trio.lowlevel.checkpoint()
        assert journal.durable < second
        assert [n for n, _ in await read_all(journal)] == [1]
        place.faults.let_go()
        await journal.wait_durable(second)
        assert [n for n, _ in await read_all(journal)] == [1, 2]


async def test_the_gate_is_told_the_last_durable_position(place: Place) -> None:
    """One wake-up lets out everything that a group made durable."""
    async with place.open() as journal:
        (_, _, last) = append(journal, b"a", b"b", b"c")
        assert await journal.wait_durable_beyond(origin(journal)) == last
        with trio.move_on_after(0.05) as scope:
            await journal.wait_durable_beyond(last)
        assert scope.cancelled_caught


async def test_a_read_stays_within_its_bounds_but_never_stalls(place: Place) -> None:
    """A flush is bounded, yet one entry bigger than the bound must still come through."""
    async with place.open() as journal:
        positions = append(journal, *[b"x" * 100] * 10)
        await journal.wait_durable(positions[-1])
        by_count = await journal.read(positions[1], entries_max=3, bytes_max=10_000)
        assert [position for position, _ in by_count] == positions[2:5]
        by_bytes = await journal.read(positions[4], entries_max=99, bytes_max=350)
        assert [position for position, _ in by_bytes] == positions[5:8]
        alone = await journal.read(positions[8], entries_max=99, bytes_max=1)
        assert [position for position, _ in alone] == positions[9:]
        assert await journal.read(positions[9], entries_max=1, bytes_max=1) == []


async def test_an_entry_over_the_bound_is_a_mistake_of_the_caller(place: Place) -> None:
    """The bound is exact, and refusing one entry does not harm those after it."""
    async with place.open() as journal:
        with pytest.raises(ValueError, match="over the 1048576"):
            append(journal, b"x" * (ENTRY_BYTES_MAX + 1))
        (position,) = append(journal, b"x" * ENTRY_BYTES_MAX)
        assert position.n == 1
        await journal.wait_durable(position)


async def test_each_urgency_outlasts_the_one_before(place: Place) -> None:
    """A full journal refuses commands first, then sends and timers, and emergencies last."""
    async with place.open(bytes_max=100_000) as journal:
        for urgency, count in zip(Urgency, (80, 15, 5), strict=True):
            for _ in range(count):
                last = journal.append_nowait(b"x" * 968, urgency=urgency)
            with pytest.raises(JournalFull) as caught:
                journal.append_nowait(b"x" * 968, urgency=urgency)
            assert caught.value.urgency is urgency
            assert caught.value.bound is Bound.SHARE
            assert caught.value.refusal().status == 503
            assert journal.last == last
        await journal.wait_durable(journal.last)
        assert len(await read_all(journal)) == 100


async def test_released_entries_make_room(place: Place) -> None:
    """Only what waits for the database counts, or a night's work would fill the journal."""
    async with place.open(bytes_max=100_000) as journal:
        positions = append(journal, *[b"x" * 968] * 80)
        with pytest.raises(JournalFull):
            append(journal, b"x" * 968)
        await journal.wait_durable(positions[-1])
        await journal.release(positions[9])
        assert journal.statistics().unreleased_entries == 70
        append(journal, *[b"x" * 968] * 10)
        with pytest.raises(JournalFull):
            append(journal, b"x" * 968)


async def test_released_entries_are_kept_for_a_restored_database(place: Place) -> None:
    """A database put back to yesterday's backup catches up from here."""
    async with place.open() as journal:
        positions = append(journal, *[b"x"] * 10)
        await journal.wait_durable(positions[-1])
        await journal.release(positions[-1])
        assert journal.holds(origin(journal))
        assert len(await read_all(journal)) == 10


async def test_old_released_entries_go_and_holds_says_so(place: Place) -> None:
    """Whoever asks for what is gone must hear it, not silently miss entries."""
    async with place.open(retention_s=60) as journal:
        for _ in range(12):
            positions = append(journal, b"x" * 8_000)
            await journal.wait_durable(positions[-1])
        await journal.release(journal.last)
        assert journal.holds(origin(journal))
        place.clock.at += timedelta(seconds=61)
        append(journal, *[b"y" * 20_000] * 2)
        await journal.wait_durable(journal.last)
        await journal.release(journal.durable)
        assert not journal.holds(origin(journal))
        assert journal.holds(journal.last)
        with pytest.raises(ValueError, match="ask holds"):
            await journal.read(origin(journal), entries_max=1, bytes_max=1)


async def test_holds_refuses_positions_that_are_not_its_own(place: Place) -> None:
    """A flush position of another journal, or of an older copy of this one, stops the start."""
    async with place.open() as journal:
        (position,) = append(journal, b"x")
        await journal.wait_durable(position)
        assert journal.holds(origin(journal))
        assert journal.holds(position)
        assert not journal.holds(Position(journal.journal_id, 2))
        assert not journal.holds(Position(UUID(int=7), 1))


async def test_opened_again_it_is_the_same_journal(place: Place) -> None:
    """A restart finds every durable entry, its place, and goes on counting."""
    async with place.open() as journal:
        name = journal.journal_id
        entries = [str(n).encode() * 1000 for n in range(60)]
        for some in (entries[:30], entries[30:]):
            append(journal, *some)
            await journal.wait_durable(journal.last)
    async with place.open() as journal:
        assert journal.journal_id == name
        assert journal.durable == journal.last == Position(name, 60)
        assert await read_all(journal) == list(enumerate(entries, start=1))
        assert journal.statistics().unreleased_entries == 60
        (position,) = append(journal, b"next")
        assert position.n == 61


async def test_a_graceful_end_commits_what_is_in_line(place: Place) -> None:
    """Shutting down must not throw away what was taken in."""
    async with place.open() as journal:
        append(journal, b"a", b"b")
    async with place.open() as journal:
        assert await read_all(journal) == [(1, b"a"), (2, b"b")]


async def test_an_error_inside_comes_out_as_it_is(place: Place) -> None:
    """Callers catch their own exceptions, not groups of ours."""
    with pytest.raises(KeyError, match="mine"):
        async with place.open():
            raise KeyError("mine")
