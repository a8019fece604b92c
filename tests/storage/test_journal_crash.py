"""What a journal on disk finds after its process was killed, and how long a long one takes."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trio

from protocol.addresses import Position
from protocol.journal import Urgency
from storage.journal.journal import SqliteJournal
from storage.journal.opening import open_journal
from tests.storage.journal_writer import MachineClock

ROUNDS = 10


async def read_everything(journal: SqliteJournal) -> dict[int, bytes]:
    """All entries by number."""
    found: dict[int, bytes] = {}
    at = Position(journal.journal_id, 0)
    while more := await journal.read(at, entries_max=2_000, bytes_max=8 * 1024**2):
        found |= {position.n: data for position, data in more}
        at = more[-1][0]
    return found


async def write_until_killed(directory: Path, *, lines: int) -> list[int]:
    """Kill a writer after some answers; returns every position it reported as durable."""
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "tests.storage.journal_writer", str(directory)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    told = b""
    with trio.fail_after(60):
        while told.count(b"\n") < lines:
            told += await process.stdout.receive_some(4096)
        process.kill()
        async for more in process.stdout:
            told += more
        await process.wait()
    await process.stdout.aclose()
    return [int(line) for line in told.splitlines()]


async def test_a_killed_writer_loses_nothing_it_has_answered_for(tmp_path: Path) -> None:
    """The promise itself: killed at random moments, every durable position is there, unharmed."""
    randomness = random.Random(20)
    answered: list[int] = []
    for _ in range(ROUNDS):
        answered += await write_until_killed(tmp_path / "j", lines=randomness.randint(1, 400))
        async with open_journal(tmp_path / "j", clock=MachineClock()) as journal:
            found = await read_everything(journal)
        assert sorted(answered) == sorted(set(answered))
        assert set(answered) <= set(found)
        assert list(found) == list(range(1, len(found) + 1))
        assert all(int(data) == n for n, data in found.items())


async def test_a_hundred_thousand_entries_are_found_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An hour without the database leaves about this much to read at start; the time is printed."""
    async with open_journal(tmp_path / "j", clock=MachineClock()) as journal:
        for _ in range(100):
            for _ in range(1_000):
                journal.append_nowait(b"x" * 600, urgency=Urgency.COMMAND)
            await journal.wait_durable(journal.last)
    began = time.perf_counter()
    async with open_journal(tmp_path / "j", clock=MachineClock()) as journal:
        opened = time.perf_counter()
        found = await read_everything(journal)
        done = time.perf_counter()
    assert len(found) == 100_000
    with capsys.disabled():
        print(f"\n100,000 entries: open {opened - began:.3f} s, read {done - opened:.3f} s")  # noqa: T201
