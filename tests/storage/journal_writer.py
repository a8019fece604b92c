"""A process that appends to a journal until it is killed, and says what became durable.

Each line on standard output is the number of an entry that `wait_durable` has answered for. The
data of an entry is its number, so that the reader can tell whether it is the right one.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import trio

from protocol.journal import Urgency
from storage.journal.journal import SqliteJournal
from storage.journal.opening import open_journal


class MachineClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """UTC."""
        return datetime.now(UTC)


async def write(journal: SqliteJournal) -> None:
    """Append, wait, tell, for ever."""
    while True:
        data = str(journal.last.n + 1).encode().rjust(400)
        position = journal.append_nowait(data, urgency=Urgency.COMMAND)
        await journal.wait_durable(position)
        # One small write is whole or not there at all, whenever the process is killed.
        os.write(1, f"{position.n}\n".encode())


async def main(directory: Path) -> None:
    """Eight writers at once, so that groups form; small segments, so that they are rolled."""
    async with (
        open_journal(
            directory, clock=MachineClock(), segment_bytes=64 * 1024, bytes_max=1024**3
        ) as journal,
        trio.open_nursery() as nursery,
    ):
        for _ in range(8):
            nursery.start_soon(write, journal)


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]))
