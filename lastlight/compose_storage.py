"""What is kept, opened in order: journal, database, write-behind, and those who read."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import attrs

from actors.runtime.directory import OWNERS
from lastlight.clocks import SystemClock, start_after
from lastlight.metrics import Metrics
from lastlight.places import Places
from lastlight.settings import Settings
from protocol.addresses import Position
from storage.journal.journal import SqliteJournal
from storage.journal.opening import open_journal
from storage.postgres.database import open_asyncio_loop, open_database
from storage.postgres.embedded import open_embedded_server
from storage.postgres.inbox import PostgresInbox
from storage.postgres.jobs import PostgresJobs
from storage.postgres.keeping import Keeper
from storage.postgres.loader import PostgresLoader
from storage.postgres.migrating import MigratingStore
from storage.postgres.personal import PersonalTables
from storage.postgres.queries_realtime import RoomReader
from storage.postgres.reaching import PostgresReaching
from storage.postgres.reading import Reader
from storage.postgres.reconciling import Reconciliations
from storage.postgres.retention import Retention
from storage.postgres.room_views import RoomViews
from storage.write_behind.elsewhere import open_write_behind_elsewhere
from storage.write_behind.standing import Standing
from storage.write_behind.wire import Begin

FLUSHING: Final = (sys.executable, "-m", "lastlight.flushing")
"""Starts the flush process; see there."""


@attrs.frozen(kw_only=True, eq=False)
class Storage:
    """Everything that is kept, and the ways to it."""

    journal: SqliteJournal
    write_behind: Standing
    loader: PostgresLoader
    reader: Reader
    rooms: RoomReader
    room_views: RoomViews
    people: PersonalTables
    keeper: Keeper
    inbox: PostgresInbox
    reconciliations: Reconciliations
    reaching: PostgresReaching
    jobs: PostgresJobs
    retention: Retention

    def durable(self) -> Position:
        """How far the journal is."""
        return self.journal.durable


@asynccontextmanager
async def open_storage(
    settings: Settings, places: Places, clock: SystemClock, metrics: Metrics
) -> AsyncIterator[Storage]:
    """Open the journal and the database; the database need not answer yet.

    Raises:
        LastLightError: what is there can't be used; the message says what to do.
    """
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        # Outermost, so that it outlives whatever uses PostgreSQL.
        await enter(open_asyncio_loop())
        timed = metrics.journal_commits.observe
        journal = await enter(open_journal(places.journal, clock=clock, when_committed=timed))
        await start_after(journal, clock)
        url = await enter(_open_server(settings, places))
        database = await enter(open_database(url))
        # Loads have connections of their own: a burst of them must not hold up the flush.
        loading = await enter(open_database(url))
        begin = Begin(journal.journal_id, url, settings.log_level)
        write_behind = await enter(
            open_write_behind_elsewhere(journal, FLUSHING, begin, near=MigratingStore(database))
        )
        reader = Reader(database, write_behind)
        own = Reader(loading, write_behind)
        yield Storage(
            journal=journal,
            write_behind=write_behind,
            loader=PostgresLoader(loading, clock.now, OWNERS, is_away=lambda: write_behind.away),
            reader=reader,
            people=PersonalTables(database=database, reader=reader),
            rooms=RoomReader(reader=own, durable=lambda: journal.durable, now=clock.now),
            room_views=RoomViews(
                database=loading, reader=own, durable=lambda: journal.durable, now=clock.now
            ),
            keeper=Keeper(database=loading, now=clock.now),
            inbox=PostgresInbox(loading),
            reconciliations=Reconciliations(database=loading, reader=reader),
            reaching=PostgresReaching(loading),
            jobs=PostgresJobs(loading),
            retention=Retention(database=loading, now=clock.now),
        )


@asynccontextmanager
async def _open_server(settings: Settings, places: Places) -> AsyncIterator[str]:
    """The URL of the operator's database, or of the node's own server, which runs meanwhile."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    async with open_embedded_server(places.postgres) as server:
        yield server.url
