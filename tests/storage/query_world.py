"""What the tests of the read side ask with, and of whom."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import trio

from protocol.addresses import Position, Principal, Role
from protocol.records.base import Record
from protocol.records.values import Period
from storage.postgres.asked import Asked
from storage.postgres.database import Connection, Database, DatabaseRole
from storage.postgres.reading import Asking, Reader
from tests.storage.samples import NOON, an_id, insert

JOURNAL = UUID(int=0x10)


class Flushed:
    """A write-behind that has brought everything in."""

    async def wait_flushed(self, position: Position) -> None:
        """At once."""
        await trio.lowlevel.checkpoint()


def opens_at(hours: Mapping[str, Any], at: datetime, tz: str) -> datetime | None:
    """Hours that say by themselves when they hold: how they are read is not storage's matter."""
    assert tz == "Asia/Tokyo"
    return at if hours.get("open") else hours.get("opens_at")


def open_between(hours: Mapping[str, Any], asked: Period, tz: str) -> tuple[Period, ...]:
    """Hours that are open but for an hour from `shut_at` on."""
    assert tz == "Asia/Tokyo"
    shut_at = hours.get("shut_at")
    if shut_at is None:
        return (asked,)
    shut = datetime.fromisoformat(shut_at)
    opens = shut + timedelta(hours=1)
    return (Period(start=asked.start, end=shut), Period(start=opens, end=asked.end))


def a_principal(
    user_id: UUID | None = None,
    everywhere: Role = Role.PATRON,
    roles: Mapping[UUID, Role] | None = None,
) -> Principal:
    """Somebody who signed in."""
    return Principal(
        user_id=user_id or an_id(),
        display_name="Ann",
        roles=roles or {},
        everywhere=everywhere,
        token_version=1,
        family_id=an_id(),
        expires_at=NOON,
    )


def asked_by(principal: Principal, venue_id: UUID | None = None) -> Asked:
    """A question at noon, about one venue or none."""
    asking = Asking.anywhere(principal) if venue_id is None else Asking.at(principal, venue_id)
    return Asked(asking=asking, now=NOON, opens_at=opens_at, open_between=open_between)


async def store(database: Database, *records: Record) -> None:
    """Write rows as the write-behind does."""
    async with database.connect(DatabaseRole.WRITER) as connection:
        await insert(connection, *records)


async def move_flush(database: Database, position: int) -> None:
    """Set how far the flush is."""
    async with database.connect(DatabaseRole.WRITER) as connection:
        await connection.execute(
            "insert into runtime.flush values ($1, $2, now())"
            " on conflict (journal_id) do update set position = excluded.position",
            JOURNAL,
            position,
        )


@asynccontextmanager
async def asking(database: Database, asked: Asked) -> AsyncIterator[Connection]:
    """The snapshot of one query."""
    reader = Reader(database, Flushed())
    async with reader.snapshot(asked.asking, Position(JOURNAL, 0)) as connection:
        yield connection
