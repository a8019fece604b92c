"""How the journal comes to life and ends: opened, its two tasks around the caller, closed.

A graceful end commits what is in line. A cancelled one does not: nobody was told about it.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

import trio

from protocol.addresses import Position
from protocol.journal import CommitLost, JournalUnreadable
from protocol.limits import (
    JOURNAL_BYTES_MAX,
    JOURNAL_INTERNAL_SHARE,
    JOURNAL_MEMORY_BYTES_MAX,
    JOURNAL_RETENTION_S,
    JOURNAL_SEGMENT_BYTES,
)
from storage.journal.hooks import CommitHooks
from storage.journal.journal import SqliteJournal
from storage.journal.order import Order
from storage.journal.store import Store, last_of, open_store, unreadable

__all__ = ["Clock", "open_journal", "running"]


class Clock(Protocol):
    """Server time, as a port of the actors' runtime declares it."""

    def now(self) -> datetime:
        """UTC with whole milliseconds."""
        ...


class Drainable(Protocol):
    """A journal as far as its end is concerned."""

    @property
    def last(self) -> Position: ...

    async def wait_durable(self, position: Position) -> None: ...


@contextlib.asynccontextmanager
async def open_journal(
    directory: Path,
    *,
    clock: Clock,
    segment_bytes: int = JOURNAL_SEGMENT_BYTES,
    bytes_max: int = JOURNAL_BYTES_MAX,
    memory_bytes_max: int = JOURNAL_MEMORY_BYTES_MAX,
    retention_s: float = JOURNAL_RETENTION_S,
    hooks: CommitHooks | None = None,
    when_committed: Callable[[float], None] = lambda _took_s: None,
) -> AsyncIterator[SqliteJournal]:
    """Open the journal in `directory`, made if it is not there; nobody else can meanwhile.

    All that it holds counts as unreleased until the flush position is told to `release`.

    Args:
        clock: dates segments; they are kept `retention_s` after their last entry.
        segment_bytes: a new segment begins when the newest takes this on disk.
        bytes_max: bounds unreleased entries by urgency, and when released ones must go early.
            What the highest share leaves of it is preallocated on disk for emergencies.
        memory_bytes_max: of unreleased entries; older ones are read from disk.
        hooks: for tests that hold commits or make them fail.
        when_committed: is told the seconds that each group commit took, with its sync.

    Raises:
        JournalUnreadable: what is durable can't be known, now or later; the process must end.
    """

    def now_ms() -> int:
        return int(clock.now().timestamp() * 1000)

    store = await trio.to_thread.run_sync(
        lambda: open_store(
            directory,
            now_ms=now_ms,
            segment_bytes=segment_bytes,
            reserve_bytes=bytes_max - int(bytes_max * JOURNAL_INTERNAL_SHARE),
        )
    )
    try:
        order = _order_of(store, bytes_max=bytes_max, memory_bytes_max=memory_bytes_max)
        try:
            order.disk_full = not await trio.to_thread.run_sync(store.hold_reserve)
        except OSError as error:
            raise unreadable(store.directory, error) from error
        journal = SqliteJournal(
            order=order,
            store=store,
            hooks=hooks,
            retention_ms=int(retention_s * 1000),
            when_committed=when_committed,
        )
        async with running(journal, journal.run_writer, journal.run_keeper):
            yield journal
    finally:
        # Copying the log into its segment may take a moment, which nobody may interrupt.
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(store.close)


@contextlib.asynccontextmanager
async def running(journal: Drainable, *tasks: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run a journal's tasks around the caller; at a graceful end what is in line is committed.

    Raises:
        JournalUnreadable: a task did, and the caller was cancelled.
    """
    try:
        async with trio.open_nursery() as nursery:
            for task in tasks:
                nursery.start_soon(task)
            yield
            with contextlib.suppress(CommitLost):
                await journal.wait_durable(journal.last)
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        # The tasks in here are nobody's business: callers see their own error, or ours.
        ended = [each for each in group.exceptions if isinstance(each, JournalUnreadable)]
        if ended:
            raise ended[0] from group
        if len(group.exceptions) == 1:
            raise group.exceptions[0] from None
        raise


def _order_of(store: Store, *, bytes_max: int, memory_bytes_max: int) -> Order:
    oldest, newest = store.segments[0], store.newest
    return Order(
        journal_id=store.journal_id,
        bytes_max=bytes_max,
        memory_bytes_max=memory_bytes_max,
        given_n=newest.last_n,
        durable_n=last_of(newest),
        durable_total=newest.total,
        kept_after_n=oldest.previous_n,
        released_n=oldest.previous_n,
        released_total=oldest.first_total,
        gaps=[
            (each.previous_n, each.first_n)
            for each in store.segments
            if each.previous_n + 1 < each.first_n
        ],
    )
