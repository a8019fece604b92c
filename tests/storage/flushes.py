"""Ways to flush in a test: beside the journal, or at the other end of a channel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import trio
from trio.testing import memory_stream_pair

from protocol.addresses import Position
from protocol.entries import encode_entry
from protocol.journal import Urgency
from protocol.records.base import Record
from protocol.records.inventory import Game
from storage.write_behind.elsewhere import serve
from storage.write_behind.far import flush_for
from storage.write_behind.standing import Standing
from storage.write_behind.store import Store
from storage.write_behind.wire import Channel
from storage.write_behind.write_behind import FlushedJournal, open_write_behind
from tests.contracts.database_places import an_entry
from tests.storage.samples import NOON
from tests.twins.database import MemoryDatabase
from tests.twins.journal import MemoryJournal
from tests.twins.outside import TrioClock

Opens = Callable[[FlushedJournal, Store], AbstractAsyncContextManager[Standing]]
open_near: Opens = open_write_behind
CLOCK = TrioClock()


@asynccontextmanager
async def open_far(journal: FlushedJournal, store: Store) -> AsyncIterator[Standing]:
    """What a node and its flush process do, in one process."""
    ours, theirs = (Channel(stream) for stream in memory_stream_pair())
    standing = Standing(journal)

    async def flush() -> None:
        await flush_for(theirs, journal.journal_id, store, when_gone=lambda: None)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, ours, journal, standing)
        nursery.start_soon(flush)
        yield standing
        nursery.cancel_scope.cancel()


def a_twin(**values: Any) -> MemoryDatabase:
    return MemoryDatabase(lambda: NOON, **values)


def append(journal: MemoryJournal, *records: Record, **more: Any) -> Position:
    data = encode_entry(an_entry(*records, **more))
    return journal.append_nowait(data, urgency=Urgency.COMMAND)


def versions(game: Game, count: int) -> list[Game]:
    """The same game, again and again a little later."""
    found = [game]
    while len(found) < count:
        found.append(found[-1].revised(plays=len(found)))
    return found
