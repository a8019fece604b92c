"""The flush process of a node: `python -m lastlight.flushing`, with the node at standard input.

It holds nothing that is worth a goodbye, so it ends the moment its node does: a flush that is cut
off did happen or did not, and the next one asks the database which.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
from typing import Final

import trio

from lastlight.logs import configure_logging
from storage.postgres.database import open_asyncio_loop, open_database
from storage.postgres.migrating import MigratingStore
from storage.write_behind.far import flush_for
from storage.write_behind.wire import Begin, Channel

_THRESHOLDS: Final = (50_000, 50, 1_000)
"""Allocations before a collection: hardly any, for a batch comes and goes as a whole."""


async def flush() -> None:
    """Flush for the node at standard input until it ends."""
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(socket.socket(fileno=0)))
    channel = Channel(stream)
    begin = await channel.receive_a(Begin)
    configure_logging(level=begin.log_level)
    async with open_asyncio_loop(), open_database(begin.database_url) as database:
        await flush_for(
            channel, begin.journal_id, MigratingStore(database), when_gone=lambda: os._exit(0)
        )


def main() -> None:
    """Run it; only the node ends it, so that a graceful end can flush what is left."""
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    gc.set_threshold(*_THRESHOLDS)
    gc.freeze()
    trio.run(flush)


if __name__ == "__main__":
    main()
