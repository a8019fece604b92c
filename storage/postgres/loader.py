"""Reads what actors and the node start from. Every load is one snapshot with the flush position.

Rows come by generic statements made from `protocol.reads`; the rest stands in `loader.sql`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec

from protocol.addresses import PLATFORM, ActorKind, Address
from protocol.entries import decode_message
from protocol.limits import IDEMPOTENCY_ANSWER_KEEP_S
from protocol.messages import Message
from protocol.reads import Above, Among, Condition, Loaded, Read, Since
from protocol.records.base import RECORDS, Record
from protocol.records.platform import ActorTimer, IdempotencyKey
from storage.postgres.database import Connection, Database, DatabaseRole
from storage.postgres.errors import DatabaseUnavailable
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
        now = self._now()
        records: list[Record] = []
        async with (
            self._database.connect(DatabaseRole.WRITER) as connection,
            connection.transaction(isolation="repeatable read", readonly=True),
        ):
            flushed = await connection.fetchval(SQL["flush_position"].sql)
            for read in reads:
                rows = await connection.fetch(
                    _read_sql(read), address.id, *_bounds(read.where, now)
                )
                records += mapping_of(read.record).from_rows(rows)
            records += await self._keys(connection, address, now)
            rows = await connection.fetch(
                SQL["timers_of_actor"].sql, address.kind.value, address.id
            )
            records += mapping_of(ActorTimer).from_rows(rows)
        return Loaded(records=tuple(records), flushed=int(flushed or 0))

    async def _keys(
        self, connection: Connection, address: Address, now: datetime
    ) -> tuple[IdempotencyKey, ...]:
        recent = now - timedelta(seconds=IDEMPOTENCY_ANSWER_KEEP_S)
        rows = await connection.fetch(
            SQL["live_keys"].sql, address.kind.value, address.id, now, recent
        )
        return mapping_of(IdempotencyKey).from_rows(rows)

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


@cache
def _read_sql(read: Read) -> str:
    mapping = mapping_of(read.record)
    conditions = ["$1::uuid is not null" if read.by is None else f"{read.by} = $1"]
    for at, condition in enumerate(read.where, 2):
        conditions.append(_condition_sql(mapping.record, condition, at))
    return f"select {mapping.columns_sql} from {mapping.table_sql} where {' and '.join(conditions)}"


def _condition_sql(record: type[Record], condition: Condition, at: int) -> str:
    types = {column.name: column.sql_type for column in mapping_of(record).columns}
    match condition:
        case Among(column, values):
            found = f"{column} = any(${at}::{types[column]}[])"
            return f"({found} or {column} is null)" if None in values else found
        case Above(column):
            return f"{column} > ${at}"
        case Since(column):
            return f"({column} is null or {column} > ${at})"


def _bounds(conditions: tuple[Condition, ...], now: datetime) -> list[object]:
    """The parameters of the conditions, in order."""
    bounds: list[object] = []
    for condition in conditions:
        match condition:
            case Among(values=values):
                bounds.append([value for value in values if value is not None])
            case Above(bound=bound):
                bounds.append(bound)
            case Since(seconds=seconds):
                bounds.append(now - timedelta(seconds=seconds))
    return bounds
