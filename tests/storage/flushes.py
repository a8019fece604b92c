"""Ways to flush in a test: beside the journal, or at the other end of a channel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import trio
from trio.testing import memory_stream_pair

from storage.write_behind.elsewhere import serve
from storage.write_behind.far import flush_for
from storage.write_behind.standing import Standing
from storage.write_behind.store import Store
from storage.write_behind.wire import Channel
from storage.write_behind.write_behind import FlushedJournal, open_write_behind

Opens = Callable[[FlushedJournal, Store], AbstractAsyncContextManager[Standing]]
open_near: Opens = open_write_behind


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
