"""Reads what actors and the node start from. Every load is one snapshot with the flush position.

An actor comes by one statement made from its reads (`loading`); the rest stands in `loader.sql`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec

from protocol.addresses import PLATFORM, ActorKind, Address
from protocol.entries import decode_message
from protocol.messages import Message
from protocol.reads import Loaded, Read
from protocol.records.base import RECORDS
from protocol.records.platform import ActorTimer
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.errors import DatabaseUnavailable
from storage.postgres.loading import load_statement
from storage.postgres.mapping import mapping_of
from storage.postgres.sqlblocks import load_blocks

SQL: Final = load_blocks(Path(__file__).with_name("loader.sql"))


class PostgresLoader:
    """See `actors.runtime.ports.Loader`. `owners` says which column of a table names its owner.

    While `is_away`, an actor is refused at once instead of after a timeout: callers of cold actors
    hear it in time to try elsewhere.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        owners: Mapping[str, tuple[ActorKind, str]],
        *,
        is_away: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database = database
        self._now = now
        self._owners = owners
        self._is_away = is_away

    async def load(self, address: Address, reads: tuple[Read, ...]) -> Loaded:
        """An actor's rows with its keys and timers."""
        if self._is_away():
            raise DatabaseUnavailable("the write-behind is waiting for it")
        statement = load_statement(reads)
        parameters = statement.parameters(address, self._now())
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            return statement.loaded(await connection.fetchval(statement.sql, *parameters))

    async def residents(self) -> Sequence[Address]:
        """Every venue, and the platform."""
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            rows = await connection.fetch(SQL["venues"].sql)
        return [PLATFORM, *(Address(ActorKind.VENUE, row["id"]) for row in rows)]

    async def room_seq(self, room: str) -> int:
        """The last `seq` given in a room, 0 if none was."""
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            return int(await connection.fetchval(SQL["room_seq"].sql, room))

    async def answer(self, key: tuple[object, ...]) -> Mapping[str, object] | None:
        """The stored answer of an idempotency key."""
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            found = await connection.fetchval(SQL["answer"].sql, *key)
        if found is None:
            return None
        answer: Mapping[str, object] = msgspec.json.decode(found)
        return answer

    async def owner_of(self, table: str, child: UUID) -> Address | None:
        """The actor that owns a row named only by its id."""
        kind, column = self._owners[table]
        mapping = mapping_of(RECORDS[table])
        (key,) = mapping.table.key
        sql = f"select {column} from {mapping.table_sql} where {key} = $1"
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            owner = await connection.fetchval(sql, child)
        return None if owner is None else Address(kind, owner)

    async def timers(
        self, until: datetime, after: ActorTimer | None, page: int
    ) -> Sequence[ActorTimer]:
        """Unfired timers due until then, in order, after one."""
        cursor: tuple[Any, ...] = (None, None, None, None)
        if after is not None:
            cursor = (after.due_at, after.actor_type.value, after.actor_id, after.name)
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            rows = await connection.fetch(SQL["due_timers"].sql, until, *cursor, page)
        return mapping_of(ActorTimer).from_rows(rows)

    async def pending_sends(self) -> tuple[Sequence[Message], int]:
        """What was sent and not handled, and how far the journal was flushed."""
        async with (
            self._database.connect(DatabaseRole.WRITER) as connection,
            connection.transaction(isolation="repeatable read", readonly=True),
        ):
            flushed = await connection.fetchval(SQL["flush_position"].sql)
            rows = await connection.fetch(SQL["pending_sends"].sql)
        return [decode_message(row["payload"]) for row in rows], int(flushed or 0)
