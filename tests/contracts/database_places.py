"""Places where rows can be kept, for the contract suites, and short words for what is flushed."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID

import attrs

from actors.runtime.directory import OWNERS
from protocol.addresses import ActorKind, Address, Position
from protocol.commands import Command
from protocol.entries import Entry, decode_rows, encode_entry
from protocol.messages import Message
from protocol.operations.users import GetOwnProfile
from protocol.records.base import Record
from storage.postgres.database import (
    Connection,
    Database,
    DatabaseRole,
    open_asyncio_loop,
    open_database,
)
from storage.postgres.loader import PostgresLoader
from storage.postgres.mapping import mapping_of
from storage.postgres.store import PostgresStore
from storage.write_behind.batch import Source, batch_of
from tests.storage.samples import NOON, an_id
from tests.twins.database import MemoryDatabase

Store = PostgresStore | MemoryDatabase
Loader = PostgresLoader | MemoryDatabase
SOMEBODY = Address(ActorKind.ACCOUNT, UUID(int=0xACC))


@attrs.define(eq=False, kw_only=True)
class Rows:
    """An opened database: what is tested, and a look behind it."""

    store: Store
    loader: Loader
    find: Callable[[type[Record]], Awaitable[Sequence[Any]]]
    database: Database | None = None
    journal_id: UUID = attrs.field(factory=an_id)
    at: int = 0

    async def flush(self, *entries: Entry) -> None:
        """Apply entries as one batch, after all that were flushed before."""
        sources = self.sources(*entries)
        await self.store.apply(batch_of(sources, Position(self.journal_id, self.at)))
        self.at = sources[-1].position.n

    async def put(self, *records: Record, **more: Any) -> None:
        """Flush one entry that appends or inserts `records`."""
        await self.flush(an_entry(*records, **more))

    def sources(self, *entries: Entry) -> list[Source]:
        """Entries as they come from the journal."""
        return [
            Source(Position(self.journal_id, n), data, decode_rows(data))
            for n, data in enumerate(map(encode_entry, entries), self.at + 1)
        ]


def an_entry(*records: Record, **more: Any) -> Entry:
    """What an actor decided: rows nobody changes are appended, others changed."""
    given: dict[str, Any] = {"actor": SOMEBODY, "at": NOON, "cause": an_id(), **more}
    return Entry(
        changes=tuple(row for row in records if not row.table.append_only),
        appends=tuple(row for row in records if row.table.append_only),
        **given,
    )


def a_message(command: Command | None = None) -> Message:
    """Something sent from one actor to another."""
    return Message(id=an_id(), target=SOMEBODY, command=command or GetOwnProfile(), at=NOON)


Opens = Callable[[], AbstractAsyncContextManager[Rows]]


def place_of(kind: str, url: str | None) -> Opens:
    """How to open the twin (`memory`), or PostgreSQL at `url`, which may copy all (`copying`)."""

    @asynccontextmanager
    async def open_twin() -> AsyncIterator[Rows]:
        twin = MemoryDatabase(lambda: NOON)

        async def find(record: type[Record]) -> Sequence[Any]:
            return tuple(twin.table(record).values())

        rows = Rows(store=twin, loader=twin, find=find)
        assert await twin.claim(rows.journal_id) == 0
        yield rows

    @asynccontextmanager
    async def open_postgres() -> AsyncIterator[Rows]:
        assert url is not None
        async with open_asyncio_loop(), open_database(url) as database:

            async def find(record: type[Record]) -> Sequence[Any]:
                async with database.connect(DatabaseRole.WRITER) as connection:
                    return await all_rows(connection, record)

            store = PostgresStore(database, **({"staged_from": 1} if kind == "copying" else {}))
            loader = PostgresLoader(database, lambda: NOON, OWNERS)
            rows = Rows(store=store, loader=loader, find=find, database=database)
            assert await store.claim(rows.journal_id) == 0
            yield rows

    return open_twin if kind == "memory" else open_postgres


async def all_rows(connection: Connection, record: type[Record]) -> Sequence[Any]:
    """All records of a table."""
    mapping = mapping_of(record)
    found = await connection.fetch(f"select {mapping.columns_sql} from {mapping.table_sql}")
    return mapping.from_rows(found)


def minutes(count: float) -> dt.timedelta:
    """A span of time."""
    return dt.timedelta(minutes=count)
