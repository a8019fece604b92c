"""The loop that brings the journal into the database, for as long as the node lives.

What always holds: the position moves in the same transaction as the rows, by compare-and-set, so an
entry is flushed once whatever is cut off; after anything but a clear yes the position is read
again. A database that is away is waited for, and the journal holds what it misses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol
from uuid import UUID

import structlog
import trio

from protocol.addresses import Address, Position
from protocol.entries import decode_rows
from protocol.errors import LastLightError
from protocol.journal import CommitLost
from protocol.limits import FLUSH_BYTES_MAX, FLUSH_ENTRIES_MAX, FLUSH_INTERVAL_S
from storage.write_behind.batch import Source, VersionSkipped, batch_of
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


class WriteBehind:
    """Made by `open_write_behind`."""

    def __init__(self, journal: FlushedJournal, store: Store) -> None:
        self._journal = journal
        self._store = store
        self._flushed = Position(journal.journal_id, 0)
        self._claimed = False
        self._moved = trio.Event()
        self._behind_since: float | None = None
        self._away = False
        self._refused: set[str] = set()
        self.refused_rows = 0
        self.flushes = 0
        self.last_flush_s = 0.0

    @property
    def flushed(self) -> Position:
        """The last entry that is in the database."""
        return self._flushed

    @property
    def away(self) -> bool:
        """Whether the database did not answer when last asked."""
        return self._away

    @property
    def lag_s(self) -> float:
        """For how long something durable has waited to be flushed."""
        return 0.0 if self._behind_since is None else trio.current_time() - self._behind_since

    def keeps(self, address: Address) -> bool:
        """Whether rows of this actor were refused: then what it holds is nowhere else."""
        return str(address) in self._refused

    async def wait_flushed(self, position: Position) -> None:
        """Wait until the database holds everything up to `position`."""
        while not self._claimed or self._flushed < position:
            await self._moved.wait()

    async def run(self) -> None:
        """Flush for ever.

        Raises:
            StoreUnusable: this database must not be written by this node.
        """
        await self._patiently_claim()
        while True:
            started, durable = trio.current_time(), self._journal.durable
            read = await self._journal.read(
                self._flushed, entries_max=FLUSH_ENTRIES_MAX, bytes_max=FLUSH_BYTES_MAX
            )
            if not read:
                self._behind_since = None
                await self._wait_for_more()
                continue
            if self._behind_since is None:
                self._behind_since = started
            sources = [Source(position, data, decode_rows(data)) for position, data in read]
            if not await self._flush(sources):
                await self._patiently_claim()
                continue
            self.last_flush_s = trio.current_time() - started
            if sources[-1].position >= durable:
                # Whatever is left became durable after this flush began.
                self._behind_since = started
            await trio.sleep(max(0.0, FLUSH_INTERVAL_S - self.last_flush_s))

    async def _wait_for_more(self) -> None:
        try:
            await self._journal.wait_durable_beyond(self._flushed)
        except CommitLost:
            # The node is resetting; what is durable was read already.
            await trio.sleep(_AGAIN_MIN_S)

    async def _flush(self, sources: Sequence[Source]) -> bool:
        """Bring entries in; False if the outcome is not known."""
        try:
            await self._apply(sources)
        except (LastLightError, FlushMoved) as error:
            log.warning("flush_unknown", reason=str(error), entries=len(sources))
            self._away = isinstance(error, LastLightError)
            return False
        self._away = False
        self.flushes += 1
        await self._journal.release(self._flushed)
        return True

    async def _apply(self, sources: Sequence[Source]) -> None:
        """All at once; what is refused is halved until the entry at fault stands alone."""
        try:
            await self._store.apply(batch_of(sources, self._flushed))
        except (StoreRefused, VersionSkipped) as error:
            if len(sources) > 1:
                half = len(sources) // 2
                await self._apply(sources[:half])
                await self._apply(sources[half:])
                return
            (source,) = sources
            refused = await self._store.apply_refusing(source, self._flushed.n)
            log.error(
                "rows_refused",
                entry=source.position.n,
                reason=str(error),
                rows=[row.row[0] for row in refused],
            )
            self.refused_rows += len(refused)
            self._refused.add(str(source.rows.actor))
        self._advance(sources[-1].position)

    async def _patiently_claim(self) -> None:
        wait_s, began_s = _AGAIN_MIN_S, trio.current_time()
        while True:
            try:
                await self._claim()
            except StoreUnusable:
                raise
            except LastLightError as error:
                self._away = True
                starts = not self._claimed and trio.current_time() - began_s < _STARTING_S
                if starts:
                    log.info("database_awaited", reason=str(error), again_in_s=wait_s)
                else:
                    log.warning("database_away", reason=str(error), again_in_s=wait_s)
                await trio.sleep(wait_s)
                wait_s = min(_AGAIN_MAX_S, wait_s * 2)
            else:
                self._away = False
                return

    async def _claim(self) -> None:
        position = Position(
            self._journal.journal_id, await self._store.claim(self._journal.journal_id)
        )
        if not self._journal.holds(position):
            raise ForeignJournal(
                f"the database is at entry {position.n} of journal {position.journal_id}, which"
                " this data directory does not hold: it has an older or a newer copy of the"
                " journal; start with the data directory that belongs to the database, or restore"
                " a backup of the database from the last 72 h of this journal"
            )
        if not self._claimed:
            self._refused |= await self._store.refused_actors()
        self._claimed = True
        self._advance(position)

    def _advance(self, position: Position) -> None:
        self._flushed = position
        moved, self._moved = self._moved, trio.Event()
        moved.set()


@asynccontextmanager
async def open_write_behind(journal: FlushedJournal, store: Store) -> AsyncIterator[WriteBehind]:
    """Flush while the block runs.

    Leaving it stops wherever it is, and nothing is lost by that; a graceful end first waits for
    `wait_flushed` of what is durable.
    """
    write_behind = WriteBehind(journal, store)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(write_behind.run)
        yield write_behind
        nursery.cancel_scope.cancel()
