"""The database of a node, running or not: opened for as long as a command needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import attrs
import trio

from lastlight.places import make_places
from lastlight.settings import Settings
from storage.postgres.database import Database, open_asyncio_loop, open_database
from storage.postgres.embedded import open_embedded_server, url_of_running
from storage.postgres.jobs import PostgresJobs
from storage.postgres.migrate import migrate


@asynccontextmanager
async def open_settled_database(settings: Settings) -> AsyncIterator[Database]:
    """The operator's database, or the embedded one, which is started for the block.

    Raises:
        LastLightError: it can't be used; for the embedded one also that a node runs on it.
    """
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_asyncio_loop())
        url = settings.database_url
        if url is None:
            places = make_places(settings.data_dir)
            server = await stack.enter_async_context(open_embedded_server(places.postgres))
            await server.wait_ready()
            url = server.url
        yield await stack.enter_async_context(open_database(url))


async def migrate_database(settings: Settings) -> list[str]:
    """Apply what is pending; returns the names of what was applied, in order.

    Raises:
        LastLightError: the database can't be used, or is not of this release.
    """
    async with open_settled_database(settings) as database:
        return [f"{made.number:04}_{made.name}" for made in await migrate(database)]


async def ask_replays(settings: Settings, message_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Have dead messages sent again: those that can be. A node that runs does it within a minute.

    Raises:
        LastLightError: the database can't be used.
    """
    url = settings.database_url
    if url is None:
        places = make_places(settings.data_dir)
        url = await trio.to_thread.run_sync(url_of_running, places.postgres)
    with_url = attrs.evolve(settings, database_url=url)
    async with open_settled_database(with_url) as database:
        return await PostgresJobs(database).ask_replays(message_ids)
