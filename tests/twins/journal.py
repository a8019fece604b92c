"""The journal in memory: no thread, no file, so it runs under MockClock.

A `MemoryDisk` is what outlives the journal that is opened on it, as a directory outlives a
process. What was committed is there; what stood in line is not.
"""

from __future__ import annotations

import bisect
import contextlib
import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

import attrs
import trio

from protocol.addresses import Position
from protocol.journal import (
    Bound,
    CommitLost,
    JournalFull,
    JournalStatistics,
    JournalUnreadable,
    Urgency,
)
from protocol.limits import JOURNAL_BYTES_MAX, JOURNAL_COMMIT_BYTES_MAX, JOURNAL_RETENTION_S
from storage.journal.frames import charge
from storage.journal.hooks import CommitHooks
from storage.journal.opening import Clock, running
from storage.journal.order import Order

__all__ = ["MemoryDisk", "MemoryJournal", "open_memory_journal"]

_FATAL: Final = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


@attrs.frozen(kw_only=True)
class _Kept:
    n: int
    data: bytes
    total: int
    committed_at_s: float


@attrs.define(kw_only=True)
class MemoryDisk:
    """What survives the end of a `MemoryJournal`."""

    journal_id: UUID = attrs.field(factory=uuid4)
    entries: list[_Kept] = attrs.field(factory=list)
    gaps: list[tuple[int, int]] = attrs.field(factory=list)
    kept_after_n: int = 0
    kept_after_total: int = 0

    @property
    def last_n(self) -> int:
        """The last entry that was ever committed."""
        return self.entries[-1].n if self.entries else self.kept_after_n

    @property
    def last_total(self) -> int:
        """What all entries ever committed were charged."""
        return self.entries[-1].total if self.entries else self.kept_after_total

    def known(self) -> list[bytes]:
        """What is written of entries, oldest first."""
        return [kept.data for kept in self.entries]


@attrs.define(eq=False, kw_only=True)
class MemoryJournal:
    """Behaves as `SqliteJournal`, but each entry is kept or dropped by itself."""

    _order: Order
    _disk: MemoryDisk
    _clock: Clock
    _hooks: CommitHooks | None
    _retention_s: float
    _commit_count: int = 0
    spy: Callable[[bytes], None] = lambda _data: None
    """Told of each entry as it is put in line, also of those that are lost later."""
    room_for: int | None = None
    """So many more entries are taken, whatever their urgency; None for any number."""
    recoveries_refused: int = 0
    """So many of the next recoveries find the disk still full."""

    @property
    def journal_id(self) -> UUID:
        return self._order.journal_id

    @property
    def durable(self) -> Position:
        return self._order.position(self._order.durable_n)

    @property
    def last(self) -> Position:
        return self._order.position(self._order.last_n)

    def append_nowait(self, data: bytes, *, urgency: Urgency) -> Position:
        if self.room_for == 0:
            raise JournalFull(urgency=urgency, bound=Bound.SHARE, bytes=0, bytes_max=0)
        position = self._order.append_nowait(data, urgency=urgency)
        if self.room_for is not None:
            self.room_for -= 1
        self.spy(data)
        return position

    async def wait_durable(self, position: Position) -> None:
        await self._order.wait_durable(position)

    async def wait_durable_beyond(self, position: Position) -> Position:
        return await self._order.wait_durable_beyond(position)

    def holds(self, position: Position) -> bool:
        return self._order.holds(position)

    async def read(
        self, after: Position, *, entries_max: int, bytes_max: int
    ) -> list[tuple[Position, bytes]]:
        assert entries_max > 0
        self._order.check_readable(after)
        await trio.lowlevel.checkpoint()
        found: list[tuple[Position, bytes]] = []
        size = 0
        for kept in itertools.islice(self._disk.entries, self._count_up_to(after.n), None):
            if kept.n > self._order.durable_n:
                break
            size += len(kept.data)
            if found and (len(found) >= entries_max or size > bytes_max):
                break
            found.append((self._order.position(kept.n), kept.data))
        return found

    async def release(self, up_to: Position) -> None:
        assert up_to.journal_id == self.journal_id, f"{up_to} is of another journal"
        await trio.lowlevel.checkpoint()
        if up_to.n > self._order.released_n:
            assert self._order.holds(up_to), f"{up_to} is not kept"
            assert up_to.n <= self._order.durable_n, f"{up_to} is not durable"
            last = self._disk.entries[self._count_up_to(up_to.n) - 1]
            self._order.released(up_to.n, last.total)
        self._trim()

    async def recover(self) -> None:
        if not await self._order.wait_lost():
            return
        await trio.lowlevel.checkpoint()
        if self.recoveries_refused:
            self.recoveries_refused -= 1
            raise CommitLost(durable=self.durable)
        self._order.recovered()
        self._disk.gaps = list(self._order.gaps)

    def statistics(self) -> JournalStatistics:
        order = self._order
        return JournalStatistics(
            bytes=self._disk.last_total - self._disk.kept_after_total,
            segments=1,
            entries=len(self._disk.entries),
            unreleased_entries=len(self._disk.entries) - self._count_up_to(order.released_n),
            unreleased_bytes=order.unreleased_bytes,
            memory_bytes=order.memory_bytes,
            durable_n=order.durable_n,
            last_n=order.last_n,
            commits=self._commit_count,
            commit_duration=timedelta(0),
            disk_full=order.disk_full,
        )

    async def run_writer(self) -> None:
        """Commit group after group, for ever."""
        while True:
            first_n, _, entries = await self._order.take(bytes_max=JOURNAL_COMMIT_BYTES_MAX)
            try:
                if self._hooks is not None:
                    await self._hooks.before_commit(len(entries))
                # As from a thread, the answer comes after others had their turn.
                await trio.lowlevel.checkpoint()
                self._write(first_n, entries)
                if self._hooks is not None:
                    await self._hooks.after_commit(len(entries))
            except sqlite3.Error as error:
                await self._read_tail(error)
                continue
            self._order.committed(first_n + len(entries) - 1)
            self._commit_count += 1

    def _write(self, first_n: int, entries: list[bytes]) -> None:
        now_s = self._clock.now().timestamp()
        for n, data in enumerate(entries, start=first_n):
            total = self._disk.last_total + charge(data)
            self._disk.entries.append(_Kept(n=n, data=data, total=total, committed_at_s=now_s))

    async def _read_tail(self, error: sqlite3.Error) -> None:
        self._order.failed()
        if error.sqlite_errorcode & 0xFF in _FATAL:
            raise JournalUnreadable(directory="memory", reason=str(error)) from error
        if self._hooks is not None:
            try:
                await self._hooks.before_reopen()
            except sqlite3.Error as worse:
                raise JournalUnreadable(directory="memory", reason=str(worse)) from error
        await trio.lowlevel.checkpoint()
        self._order.tail_read(self._disk.last_n, self._disk.last_total)

    def _count_up_to(self, n: int) -> int:
        return bisect.bisect_right(self._disk.entries, n, key=lambda kept: kept.n)

    def _trim(self) -> None:
        now_s = self._clock.now().timestamp()
        entries = self._disk.entries
        size = self._disk.last_total - self._disk.kept_after_total
        dropped = 0
        for kept in entries:
            too_old = now_s - kept.committed_at_s > self._retention_s
            if kept.n > self._order.released_n or not (too_old or size > self._order.bytes_max):
                break
            size -= charge(kept.data)
            dropped += 1
        if dropped:
            last = entries[dropped - 1]
            self._disk.entries = entries[dropped:]
            self._disk.kept_after_n, self._disk.kept_after_total = last.n, last.total
            self._order.kept_after(last.n)


@contextlib.asynccontextmanager
async def open_memory_journal(
    disk: MemoryDisk,
    *,
    clock: Clock,
    bytes_max: int = JOURNAL_BYTES_MAX,
    retention_s: float = JOURNAL_RETENTION_S,
    hooks: CommitHooks | None = None,
) -> AsyncIterator[MemoryJournal]:
    """Open the journal kept on `disk`; see `storage.journal.opening.open_journal`."""
    given_n = max([disk.last_n, *(first - 1 for _, first in disk.gaps)])
    order = Order(
        journal_id=disk.journal_id,
        bytes_max=bytes_max,
        memory_bytes_max=0,
        given_n=given_n,
        durable_n=disk.last_n,
        durable_total=disk.last_total,
        kept_after_n=disk.kept_after_n,
        released_n=disk.kept_after_n,
        released_total=disk.kept_after_total,
        gaps=list(disk.gaps),
    )
    journal = MemoryJournal(
        order=order, disk=disk, clock=clock, hooks=hooks, retention_s=retention_s
    )
    async with running(journal, journal.run_writer):
        yield journal
