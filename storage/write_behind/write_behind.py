"""The loop that brings the journal into the database, for as long as the node lives.

What always holds: the position moves in the same transaction as the rows, by compare-and-set, so an
entry is flushed once whatever is cut off; after anything but a clear yes the position is read
again. A database that is away is waited for, and the journal holds what it misses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol
from uuid import UUID

import attrs
import structlog
import trio

from protocol.addresses import Position
from protocol.entries import decode_rows
from protocol.errors import LastLightError
from protocol.journal import CommitLost
from protocol.limits import FLUSH_BYTES_MAX, FLUSH_ENTRIES_MAX, FLUSH_INTERVAL_S
from storage.write_behind.batch import Source, VersionSkipped, batch_of
from storage.write_behind.standing import Standing
from storage.write_behind.store import (
    FlushMoved,
    ForeignJournal,
    Store,
    StoreRefused,
    StoreUnusable,
)

log = structlog.get_logger(__name__)
_AGAIN_MIN_S = 0.05
_AGAIN_MAX_S = 2.0
_TURN_ENTRIES = 32
"""Read in one go; a few milliseconds."""
_STARTING_S = 15.0
"""So long a database may take to come up with the node before anybody need worry."""


class FlushedJournal(Protocol):
    """What is read here of the journal."""

    @property
    def journal_id(self) -> UUID: ...
    @property
    def durable(self) -> Position: ...
    def holds(self, position: Position) -> bool: ...
    async def wait_durable_beyond(self, position: Position) -> Position: ...
    async def read(
        self, after: Position, *, entries_max: int, bytes_max: int
    ) -> Sequence[tuple[Position, bytes]]: ...
    async def release(self, up_to: Position) -> None: ...


class Supply(Protocol):
    """Where the loop has entries from: the journal of this process, or that of another."""

    @property
    def journal_id(self) -> UUID: ...

    async def holds(self, position: Position) -> bool:
        """Whether reading after `position` would miss nothing."""
        ...

    async def wait_beyond(self, position: Position) -> None:
        """Wait until something after `position` is durable.

        Raises:
            CommitLost: a commit failed; what is durable can be read.
        """
        ...

    async def read(self, after: Position) -> Sequence[tuple[Position, bytes]]:
        """A batch of durable entries after a position, in order; empty only if there are none."""
        ...

    async def release(self, up_to: Position) -> None:
        """Everything up to here is flushed."""
        ...


@attrs.frozen(eq=False)
class Near:
    """A journal of this process as a supply."""

    journal: FlushedJournal

    @property
    def journal_id(self) -> UUID:
        """Which journal it is."""
        return self.journal.journal_id

    async def holds(self, position: Position) -> bool:
        """See `Supply`."""
        return self.journal.holds(position)

    async def wait_beyond(self, position: Position) -> None:
        """See `Supply`."""
        await self.journal.wait_durable_beyond(position)

    async def read(self, after: Position) -> Sequence[tuple[Position, bytes]]:
        """See `Supply`."""
        return await self.journal.read(
            after, entries_max=FLUSH_ENTRIES_MAX, bytes_max=FLUSH_BYTES_MAX
        )

    async def release(self, up_to: Position) -> None:
        """See `Supply`."""
        await self.journal.release(up_to)


class WriteBehind:
    """Brings entries from a supply into a store, and tells a standing what became of them."""

    def __init__(
        self,
        supply: Supply,
        store: Store,
        standing: Standing,
        when_moved: Callable[[], None] = lambda: None,
    ) -> None:
        self._supply = supply
        self._store = store
        self._standing = standing
        self._when_moved = when_moved

    async def run(self) -> None:
        """Flush for ever.

        Raises:
            StoreUnusable: this database must not be written by this node.
        """
        await self._patiently_claim()
        ahead: list[Source] = []
        while True:
            started = trio.current_time()
            sources = ahead or await self._fetch(self._standing.flushed)
            if not sources:
                await self._wait_for_more()
                continue
            done, ahead = await self._flush_reading_ahead(sources)
            if not done:
                ahead = []
                await self._patiently_claim()
                continue
            took_s = self._standing.last_flush_s = trio.current_time() - started
            if not ahead:
                await trio.sleep(max(0.0, FLUSH_INTERVAL_S - took_s))

    async def _fetch(self, after: Position) -> list[Source]:
        """A batch of entries, read. Others have their turn meanwhile: a batch takes a while."""
        self._standing.look()
        sources = []
        for position, data in await self._supply.read(after):
            sources.append(Source(position, data, decode_rows(data)))
            if len(sources) % _TURN_ENTRIES == 0:
                await trio.lowlevel.checkpoint()
        return sources

    async def _flush_reading_ahead(self, sources: list[Source]) -> tuple[bool, list[Source]]:
        """Flush a batch; if it is a whole one, read the next while the database is at work.

        Returns:
            Whether it is flushed, and the next batch, which then may follow.
        """
        ahead: list[Source] = []

        async def read_ahead() -> None:
            ahead.extend(await self._fetch(sources[-1].position))

        async with trio.open_nursery() as nursery:
            if len(sources) >= FLUSH_ENTRIES_MAX:
                nursery.start_soon(read_ahead)
            done = await self._flush(sources)
        return done, ahead

    async def _wait_for_more(self) -> None:
        try:
            await self._supply.wait_beyond(self._standing.flushed)
        except CommitLost:
            # The node is resetting; what is durable was read already.
            await trio.sleep(_AGAIN_MIN_S)

    async def _flush(self, sources: Sequence[Source]) -> bool:
        """Bring entries in; False if the outcome is not known."""
        try:
            await self._apply(sources)
        except (LastLightError, FlushMoved) as error:
            log.warning("flush_unknown", reason=str(error), entries=len(sources))
            self._see(away=isinstance(error, LastLightError))
            return False
        self._see(away=False)
        self._standing.flushes += 1
        await self._supply.release(self._standing.flushed)
        return True

    def _see(self, *, away: bool) -> None:
        """The database answered, or did not."""
        if away is not self._standing.away:
            self._standing.see(away=away)
            self._when_moved()

    async def _apply(self, sources: Sequence[Source]) -> None:
        """All at once; what is refused is halved until the entry at fault stands alone."""
        try:
            await self._store.apply(batch_of(sources, self._standing.flushed))
        except (StoreRefused, VersionSkipped) as error:
            if len(sources) > 1:
                half = len(sources) // 2
                await self._apply(sources[:half])
                await self._apply(sources[half:])
                return
            (source,) = sources
            refused = await self._store.apply_refusing(source, self._standing.flushed.n)
            log.error(
                "rows_refused",
                entry=source.position.n,
                reason=str(error),
                rows=[row.row[0] for row in refused],
            )
            self._standing.refused_rows += len(refused)
            self._standing.refused((str(source.rows.actor),))
        self._advance(sources[-1].position)

    async def _patiently_claim(self) -> None:
        wait_s, began_s = _AGAIN_MIN_S, trio.current_time()
        while True:
            try:
                await self._claim()
            except StoreUnusable:
                raise
            except LastLightError as error:
                self._see(away=True)
                starts = not self._standing.claimed and trio.current_time() - began_s < _STARTING_S
                if starts:
                    log.info("database_awaited", reason=str(error), again_in_s=wait_s)
                else:
                    log.warning("database_away", reason=str(error), again_in_s=wait_s)
                await trio.sleep(wait_s)
                wait_s = min(_AGAIN_MAX_S, wait_s * 2)
            else:
                self._see(away=False)
                return

    async def _claim(self) -> None:
        journal_id = self._supply.journal_id
        position = Position(journal_id, await self._store.claim(journal_id))
        if not await self._supply.holds(position):
            raise ForeignJournal(
                f"the database is at entry {position.n} of journal {position.journal_id}, which"
                " this data directory does not hold: it has an older or a newer copy of the"
                " journal; start with the data directory that belongs to the database, or restore"
                " a backup of the database from the last 72 h of this journal"
            )
        if not self._standing.claimed:
            self._standing.refused(await self._store.refused_actors())
        self._advance(position)

    def _advance(self, position: Position) -> None:
        self._standing.advance(position)
        self._when_moved()


@asynccontextmanager
async def open_write_behind(journal: FlushedJournal, store: Store) -> AsyncIterator[Standing]:
    """Flush in this process while the block runs.

    Leaving it stops wherever it is, and nothing is lost by that; a graceful end first waits for
    `wait_flushed` of what is durable.
    """
    standing = Standing(journal)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(WriteBehind(Near(journal), store, standing).run)
        yield standing
        nursery.cancel_scope.cancel()
