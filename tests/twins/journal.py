"""The journal in memory: no thread, no file, so it runs under MockClock.

A `MemoryDisk` is what outlives the journal that is opened on it. What was committed is there; what
stood in line is not; and of what was being written, all is or nothing.
"""

from __future__ import annotations

import bisect
import contextlib
import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

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
from protocol.limits import (
    JOURNAL_BYTES_MAX,
    JOURNAL_COMMIT_BYTES_MAX,
    JOURNAL_RESERVE_RETRY_S,
    JOURNAL_RETENTION_S,
)
from storage.journal.frames import charge
from storage.journal.hooks import CommitHooks
from storage.journal.opening import Clock, running
from storage.journal.order import Order
from tests.twins.journal_disk import MemoryDisk, row_of
from tests.twins.journal_faults import CutsCommits

__all__ = ["MemoryDisk", "MemoryJournal", "open_memory_journal"]

_FATAL: Final = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


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
    """So many more entries are taken; None for any number."""
    taken_beyond: frozenset[Urgency] = frozenset()
    """What is taken when there is no more room: the share of emergencies, and of internal ones."""
    recoveries_refused: int = 0
    """So many of the next recoveries find the disk still full."""
    met: Callable[[str], None] = lambda _fault: None
    """Told of what was refused: "journal full", "disk stays full"."""
    _full_until_s: float = 0.0
    _cuts: CutsCommits | None = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._cuts = self._hooks if isinstance(self._hooks, CutsCommits) else None

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
        self._look_for_room()
        if self.room_for == 0 and urgency not in self.taken_beyond:
            self.met("journal full")
            raise JournalFull(urgency=urgency, bound=Bound.SHARE, bytes=0, bytes_max=0)
        position = self._order.append_nowait(data, urgency=urgency)
        if self.room_for:
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
            self.met("disk stays full")
            raise CommitLost(durable=self.durable)
        self._order.recovered()
        self._disk.gaps = list(self._order.gaps)

    def statistics(self) -> JournalStatistics:
        self._look_for_room()
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
                await self._write(first_n, entries)
                if self._hooks is not None:
                    await self._hooks.after_commit(len(entries))
            except sqlite3.Error as error:
                await self._read_tail(error)
                continue
            self._order.committed(first_n + len(entries) - 1)
            self._commit_count += 1

    async def _write(self, first_n: int, entries: list[bytes]) -> None:
        row = row_of(first_n, entries, self._clock.now().timestamp())
        if self._cuts is not None:
            await self._cuts.in_commit(row, self._disk)
        self._disk.tail = row
        self._disk.settle()

    async def _read_tail(self, error: sqlite3.Error) -> None:
        self._order.failed()
        if error.sqlite_errorcode & 0xFF in _FATAL:
            raise JournalUnreadable(directory="memory", reason=str(error)) from error
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
            # The reserve is given up: emergencies have that room until the disk has some again.
            self._order.disk_full = True
            self._full_until_s = trio.current_time() + JOURNAL_RESERVE_RETRY_S
        if self._hooks is not None:
            try:
                await self._hooks.before_reopen()
            except sqlite3.Error as worse:
                raise JournalUnreadable(directory="memory", reason=str(worse)) from error
        await trio.lowlevel.checkpoint()
        self._disk.settle()
        self._order.tail_read(self._disk.last_n, self._disk.last_total)

    def _look_for_room(self) -> None:
        """What the real journal's keeper does every few seconds."""
        if self._order.disk_full and trio.current_time() >= self._full_until_s:
            self._order.disk_full = False

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
    disk.settle()
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
