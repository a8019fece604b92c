"""Places where a journal can be kept, for the contract suite, and short words for using one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path

import attrs

from protocol.addresses import Position
from protocol.journal import Urgency
from protocol.limits import JOURNAL_BYTES_MAX, JOURNAL_RETENTION_S
from storage.journal.journal import SqliteJournal
from storage.journal.opening import open_journal
from tests.twins.journal import MemoryDisk, MemoryJournal, open_memory_journal
from tests.twins.journal_faults import JournalFaults

__all__ = ["Journal", "Place", "SettableClock", "append", "origin", "place_of", "read_all"]

Journal = SqliteJournal | MemoryJournal


@attrs.define
class SettableClock:
    """A clock that stands until it is moved."""

    at: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def now(self) -> datetime:
        """The time it was set to."""
        return self.at


@attrs.frozen
class Place:
    """Somewhere a journal is kept: opened again, it is the same journal."""

    clock: SettableClock
    faults: JournalFaults
    open: Callable[..., AbstractAsyncContextManager[Journal]]


def place_of(kind: str, directory: Path) -> Place:
    """A place for the real journal ("sqlite") or for its twin ("memory"), small enough to fill."""
    clock = SettableClock()
    faults = JournalFaults()
    disk = MemoryDisk()

    def open_place(
        *, bytes_max: int = JOURNAL_BYTES_MAX // 1024, retention_s: float = JOURNAL_RETENTION_S
    ) -> AbstractAsyncContextManager[Journal]:
        if kind == "memory":
            return open_memory_journal(
                disk, clock=clock, hooks=faults, bytes_max=bytes_max, retention_s=retention_s
            )
        return open_journal(
            directory / "journal",
            clock=clock,
            hooks=faults,
            bytes_max=bytes_max,
            retention_s=retention_s,
            segment_bytes=32 * 1024,
            memory_bytes_max=2 * 1024,
        )

    return Place(clock=clock, faults=faults, open=open_place)


def append(journal: Journal, *entries: bytes) -> list[Position]:
    """Append commands."""
    return [journal.append_nowait(data, urgency=Urgency.COMMAND) for data in entries]


def origin(journal: Journal) -> Position:
    """The position before all entries."""
    return Position(journal.journal_id, 0)


async def read_all(journal: Journal, after: Position | None = None) -> list[tuple[int, bytes]]:
    """Every durable entry after a position."""
    found: list[tuple[int, bytes]] = []
    at = origin(journal) if after is None else after
    while more := await journal.read(at, entries_max=7, bytes_max=100_000):
        found += [(position.n, data) for position, data in more]
        at = more[-1][0]
    return found
