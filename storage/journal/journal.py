"""The journal on disk: what arrived while the last commit ran goes into the next one.

An answer of `wait_durable` means synced to this machine's disk. After a failed commit the newest
segment is opened anew and its tail read: what is there is durable, the rest never was, and until
`recover` nothing is taken in. A full disk is such a failure. An error of reading or syncing is
not: what the disk then holds can't be known, so `JournalUnreadable` leaves `open_journal` and
the process ends.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

import attrs
import trio

from protocol.addresses import Position
from protocol.journal import CommitLost, JournalStatistics, Urgency
from protocol.limits import (
    JOURNAL_COMMIT_BYTES_MAX,
    JOURNAL_RESERVE_RETRY_S,
    JOURNAL_RETENTION_S,
)
from storage.journal.files import is_disk_full
from storage.journal.hooks import CommitHooks
from storage.journal.order import Order
from storage.journal.store import Store, unreadable

__all__ = ["SqliteJournal"]

_FATAL: Final = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

T = TypeVar("T")


@attrs.define(eq=False, kw_only=True)
class SqliteJournal:
    """One node's journal; made by `open_journal`."""

    _order: Order
    _store: Store
    _hooks: CommitHooks | None
    _retention_ms: int
    _when_committed: Callable[[float], None]
    _commit_count: int = 0
    _commit_duration: timedelta = timedelta(0)
    _keeper: trio.Lock = attrs.field(factory=trio.Lock)
    _recovery: trio.Lock = attrs.field(factory=trio.Lock)
    _writer_thread: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))
    _keeper_thread: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))
    _rolled: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot)

    @property
    def journal_id(self) -> UUID:
        """Which journal this is; made once with the directory."""
        return self._order.journal_id

    @property
    def durable(self) -> Position:
        """The last entry that is synced to disk."""
        return self._order.position(self._order.durable_n)

    @property
    def last(self) -> Position:
        """The last entry appended and not lost."""
        return self._order.position(self._order.last_n)

    def append_nowait(self, data: bytes, *, urgency: Urgency) -> Position:
        """Put `data` in line for the next group commit; see `wait_durable`.

        Raises:
            ValueError: it is over ENTRY_BYTES_MAX bytes.
            JournalFull: the share for this urgency is used up, the disk is, or it stalls.
            CommitLost: a commit failed and `recover` was not called since.
            In all three cases nothing was enqueued.
        """
        return self._order.append_nowait(data, urgency=urgency)

    async def wait_durable(self, position: Position) -> None:
        """Wait until the entry at `position` is durable.

        Raises:
            CommitLost: it was lost. Its number is never given again.
        """
        await self._order.wait_durable(position)

    async def wait_durable_beyond(self, position: Position) -> Position:
        """Wait until something after `position` is durable, and tell what the last of it is.

        Raises:
            CommitLost: a commit failed; what is lost stands after `durable`.
        """
        return await self._order.wait_durable_beyond(position)

    def holds(self, position: Position) -> bool:
        """Whether reading after `position` would miss nothing."""
        return self._order.holds(position)

    async def read(
        self, after: Position, *, entries_max: int, bytes_max: int
    ) -> list[tuple[Position, bytes]]:
        """Durable entries after a position, in order; empty only if there are none.

        At most `entries_max`, and `bytes_max` bytes unless the first alone is bigger. Fewer than
        there are, where a segment ends.

        Raises:
            ValueError: the position is not kept; ask `holds` first.
            JournalUnreadable: a segment is spoilt.
        """
        assert entries_max > 0
        self._order.check_readable(after)
        held = self._order.read_memory(after.n, entries_max=entries_max, bytes_max=bytes_max)
        if held is not None:
            await trio.lowlevel.checkpoint()
            return held
        async with self._keeper:
            durable_n = self._order.durable_n
            each = self._store.segment_after(after.n)
            found = await self._in_thread(
                lambda: self._store.read(
                    each, after_n=after.n, entries_max=entries_max, bytes_max=bytes_max
                ),
                writing=each is self._store.newest,
            )
        # A commit may have been written and not yet be known as durable.
        return [(self._order.position(n), data) for n, data in found if n <= durable_n]

    async def release(self, up_to: Position) -> None:
        """Everything up to here is flushed: it leaves memory and counts against no share.

        Whole segments are removed when older than the retention, or oldest first while the
        journal takes more than its bytes.
        """
        assert up_to.journal_id == self.journal_id, f"{up_to} is of another journal"
        async with self._keeper:
            if up_to.n > self._order.released_n:
                assert self._order.holds(up_to), f"{up_to} is not kept"
                assert up_to.n <= self._order.durable_n, f"{up_to} is not durable"
                self._order.released(up_to.n, await self._total_at(up_to.n))
            await self._trim()

    async def recover(self) -> None:
        """Forget what was lost; afterwards `durable == last` and appending works again.

        Without a loss it only waits until all in line is durable.

        Raises:
            CommitLost: the disk is still full; free space and call again.
            JournalUnreadable: the directory can't be written.
        """
        async with self._recovery:
            if not await self._order.wait_lost():
                return
            # Lost numbers are not given again, and a segment has no gaps: hence a new one.
            if not await self._roll(first_n=self._order.given_n + 1):
                raise CommitLost(durable=self.durable)
            self._order.recovered()

    def statistics(self) -> JournalStatistics:
        """How the journal stands now."""
        order, segments = self._order, self._store.segments
        return JournalStatistics(
            bytes=self._store.disk_bytes,
            segments=len(segments),
            entries=sum(each.last_n - each.first_n + 1 for each in segments),
            unreleased_entries=sum(
                max(0, each.last_n - max(each.first_n - 1, order.released_n)) for each in segments
            ),
            unreleased_bytes=order.unreleased_bytes,
            memory_bytes=order.memory_bytes,
            durable_n=order.durable_n,
            last_n=order.last_n,
            commits=self._commit_count,
            commit_duration=self._commit_duration,
            disk_full=order.disk_full,
        )

    async def run_writer(self) -> None:
        """Commit group after group, for ever.

        Raises:
            JournalUnreadable: what is durable can't be known.
        """
        while True:
            first_n, total, entries = await self._order.take(bytes_max=JOURNAL_COMMIT_BYTES_MAX)
            started = time.perf_counter()
            try:
                full = await self._commit(first_n, total, entries)
            except (sqlite3.Error, OSError) as error:
                await self._read_tail(error)
                continue
            self._order.committed(first_n + len(entries) - 1)
            self._commit_count += 1
            took_s = time.perf_counter() - started
            self._commit_duration = timedelta(seconds=took_s)
            self._when_committed(took_s)
            if full:
                # On a full disk the segment just grows; the next commit tries again.
                await self._roll(first_n=self._order.durable_n + 1)

    async def run_keeper(self) -> None:
        """Seal segments as they are rolled, and watch a full disk for room, for ever."""
        while True:
            wait_s = JOURNAL_RESERVE_RETRY_S if self._order.disk_full else JOURNAL_RETENTION_S
            with trio.move_on_after(wait_s):
                while not self._store.seal_count:
                    await self._rolled.park()
            async with self._keeper:
                await self._in_thread(self._store.seal_waiting)
                await self._trim()
                if self._order.disk_full:
                    self._order.disk_full = not await self._in_thread(self._store.hold_reserve)

    async def _commit(self, first_n: int, total: int, entries: list[bytes]) -> bool:
        if self._hooks is not None:
            await self._hooks.before_commit(len(entries))
        full = await trio.to_thread.run_sync(
            lambda: self._store.commit(first_n=first_n, total=total, entries=entries),
            limiter=self._writer_thread,
        )
        if self._hooks is not None:
            await self._hooks.after_commit(len(entries))
        return full

    async def _read_tail(self, error: sqlite3.Error | OSError) -> None:
        self._order.failed()
        if not isinstance(error, sqlite3.Error) or _primary_code(error) in _FATAL:
            raise unreadable(self._store.directory, error) from error
        disk_full = _is_full(error)
        self._order.disk_full |= disk_full
        try:
            if self._hooks is not None:
                await self._hooks.before_reopen()
            last_n, tail_total = await trio.to_thread.run_sync(
                lambda: self._store.reopen(disk_full=disk_full), limiter=self._writer_thread
            )
        except (sqlite3.Error, OSError, ValueError) as worse:
            raise unreadable(self._store.directory, worse) from error
        self._order.tail_read(last_n, tail_total)

    async def _roll(self, *, first_n: int) -> bool:
        """Go on in a new segment; False if the disk is full, and nothing has changed."""
        try:
            await trio.to_thread.run_sync(
                lambda: self._store.roll(first_n=first_n), limiter=self._writer_thread
            )
        except (sqlite3.Error, OSError) as error:
            if not _is_full(error):
                raise unreadable(self._store.directory, error) from error
            return False
        self._rolled.unpark()
        return True

    async def _total_at(self, n: int) -> int:
        total = self._order.total_in_memory(n)
        if total is None:
            each = self._store.segment_after(n - 1)
            total = await self._in_thread(
                lambda: self._store.total_at(each, n), writing=each is self._store.newest
            )
        return total

    async def _trim(self) -> None:
        while await self._in_thread(
            lambda: self._store.remove_oldest(
                released_n=self._order.released_n,
                retention_ms=self._retention_ms,
                bytes_max=self._order.bytes_max,
            )
        ):
            self._order.kept_after(self._store.segments[0].previous_n)

    async def _in_thread(self, function: Callable[[], T], *, writing: bool = False) -> T:
        limiter = self._writer_thread if writing else self._keeper_thread
        try:
            return await trio.to_thread.run_sync(function, limiter=limiter)
        except (sqlite3.Error, OSError, ValueError) as error:
            raise unreadable(self._store.directory, error) from error


def _primary_code(error: sqlite3.Error) -> int | None:
    # Errors that Python's module raises by itself have no code.
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _is_full(error: sqlite3.Error | OSError) -> bool:
    if isinstance(error, OSError):
        return is_disk_full(error)
    return _primary_code(error) == sqlite3.SQLITE_FULL
