"""PostgreSQL as trio code sees it: the one module that imports asyncpg and trio_asyncio.

Three small pools, one per role; each connection starts with its role, so no statement runs with
more rights than it needs. What always holds: a connection whose statement was cancelled, timed out
or lost is closed, never lent again; whatever goes wrong arrives as one of the three errors of
`storage.postgres.errors` or as trio's own Cancelled; nothing waits longer than its bound.
JSON goes in and out as text, and ids as `uuid.UUID`: the record mapping owns their meaning.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import asyncpg
import trio
import trio_asyncio

from protocol import limits
from storage.postgres.errors import DatabaseRefused, DatabaseUnavailable, is_passing
from storage.postgres.pool import Pool, PoolStatistics
from storage.postgres.transactions import Transactions

__all__ = ["Connection", "Database", "DatabaseRole", "open_asyncio_loop", "open_database"]

T = TypeVar("T")
Row = Mapping[str, Any]


class DatabaseRole(enum.StrEnum):
    """Who a connection is. LOGIN is whoever the URL names, for what precedes the other roles."""

    LOGIN = "none"
    OWNER = "lastlight_owner"
    WRITER = "lastlight_writer"
    READER = "lastlight_reader"


SIZES: Final[Mapping[DatabaseRole, int]] = {
    DatabaseRole.LOGIN: 1,
    DatabaseRole.OWNER: limits.DATABASE_OWNER_CONNECTIONS,
    DatabaseRole.WRITER: limits.DATABASE_WRITER_CONNECTIONS,
    DatabaseRole.READER: limits.DATABASE_READER_CONNECTIONS,
}


def open_asyncio_loop() -> contextlib.AbstractAsyncContextManager[object]:
    """The asyncio loop that asyncpg needs; open it outermost, so that it outlives every user."""
    loop: contextlib.AbstractAsyncContextManager[object] = trio_asyncio.open_loop()
    return loop


class Connection(Transactions):
    """One borrowed connection, for one task. Valid inside the block that lent it.

    Every method raises `DatabaseUnavailable` or `DatabaseRefused`. `timeout_s` is the client's
    bound; by default the server's statement timeout and a little more.
    """

    def __init__(self, raw: Any, loop: Any, when_lost: Callable[[], None]) -> None:
        self._raw = raw
        self._loop = loop
        self._when_lost = when_lost
        super().__init__()

    async def execute(self, sql: str, *arguments: object, timeout_s: float | None = None) -> str:
        """Run `sql` and return its tag (`"UPDATE 3"`); several statements if no arguments."""
        return str(await self._call(timeout_s, self._raw.execute, sql, *arguments))

    async def fetch(
        self, sql: str, *arguments: object, timeout_s: float | None = None
    ) -> list[Row]:
        """All rows."""
        rows: list[Row] = await self._call(timeout_s, self._raw.fetch, sql, *arguments)
        return rows

    async def fetchrow(
        self, sql: str, *arguments: object, timeout_s: float | None = None
    ) -> Row | None:
        """The first row, or None."""
        row: Row | None = await self._call(timeout_s, self._raw.fetchrow, sql, *arguments)
        return row

    async def fetchval(self, sql: str, *arguments: object, timeout_s: float | None = None) -> Any:
        """The first column of the first row, or None."""
        return await self._call(timeout_s, self._raw.fetchval, sql, *arguments)

    async def executemany(
        self, sql: str, rows: Iterable[Sequence[object]], *, timeout_s: float | None = None
    ) -> None:
        """Run `sql` for each row, all or none."""
        await self._call(timeout_s, self._raw.executemany, sql, rows)

    async def copy_records_to_table(
        self,
        table: str,
        *,
        schema: str | None = None,
        columns: Sequence[str],
        records: Iterable[Sequence[object]],
        timeout_s: float | None = None,
    ) -> str:
        """COPY `records` into `table`; tag as for `execute`. All or none."""

        async def copy() -> str:
            tag: str = await self._raw.copy_records_to_table(
                table, schema_name=schema, columns=list(columns), records=records
            )
            return tag

        return await self._call(timeout_s, copy)

    async def prepare(self, sql: str) -> tuple[list[str], list[tuple[str, str]]]:
        """Let PostgreSQL check `sql`: types of its parameters, names and types of its columns."""
        prepared = await self._call(None, self._raw.prepare, sql)
        return (
            [parameter.name for parameter in prepared.get_parameters()],
            [(attribute.name, attribute.type.name) for attribute in prepared.get_attributes()],
        )

    def is_usable(self) -> bool:
        """Whether it may be lent again: open, idle, outside of a transaction."""
        return not (self._in_doubt or self._raw.is_closed() or self._raw.is_in_transaction())

    def retire(self) -> None:
        """Have it closed when it is given back: its session settings were changed."""
        self._in_doubt = True

    async def discard(self) -> None:
        """Close it; a statement still running is cancelled at the server first."""
        with contextlib.suppress(Exception, asyncio.CancelledError):
            with trio.move_on_after(limits.DATABASE_CLOSE_S):
                await self._loop.run_aio_coroutine(self._raw.close(timeout=None))

    def discard_nowait(self) -> None:
        """Close it by force."""
        self._raw.terminate()

    async def _call(
        self, timeout_s: float | None, method: Callable[..., Awaitable[T]], *arguments: object
    ) -> T:
        """Await an asyncpg method; anything but an answer or a refusal puts us in doubt."""
        if self._in_doubt:
            raise DatabaseUnavailable("this connection was lost or interrupted; borrow another")
        bound_s = timeout_s or limits.DATABASE_STATEMENT_S + limits.DATABASE_GRACE_S
        self._in_doubt = True
        try:
            with trio.move_on_after(bound_s):
                result: T = await _run(self._loop, method, *arguments)
                self._in_doubt = False
                return result
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
            self._in_doubt = self._raw.is_closed()
            if self._in_doubt:
                self._when_lost()
            raise _translated(error) from error
        except (asyncio.CancelledError, asyncpg.InternalClientError) as error:
            raise DatabaseUnavailable(
                f"the connection was closed under a statement: {error}"
            ) from error
        raise DatabaseUnavailable(f"no answer within {bound_s:g} s")


class Database:
    """The pools. Made by `open_database` only."""

    def __init__(self, url: str, loop: Any, nursery: trio.Nursery) -> None:
        self._url = url
        self._loop = loop
        self._pools = {
            role: Pool[Connection](
                role.name.lower(),
                lambda role=role: self._connect(role),  # type: ignore[misc]
                nursery,
                size=size,
                waiting_max=limits.DATABASE_WAITING_MAX,
            )
            for role, size in SIZES.items()
        }

    def connect(
        self, role: DatabaseRole, *, timeout_s: float = limits.DATABASE_ACQUIRE_S
    ) -> contextlib.AbstractAsyncContextManager[Connection]:
        """Borrow a connection of `role` for a block.

        Raises:
            DatabaseUnavailable: none came free or up within `timeout_s`.
        """
        return self._pools[role].acquire(timeout_s)

    def statistics(self) -> tuple[PoolStatistics, ...]:
        """One row per role."""
        return tuple(pool.statistics() for pool in self._pools.values())

    def forget_idle(self) -> None:
        """Close the idle connections of all roles; the next borrowers get new ones."""
        for pool in self._pools.values():
            pool.forget_idle()

    async def _connect(self, role: DatabaseRole) -> Connection:
        settings = {
            "role": role.value,
            "application_name": f"lastlight {role.name.lower()}",
            "timezone": "UTC",
            "jit": "off",
            # What is read is in memory, or on disks that don't turn.
            "random_page_cost": "1.1",
            "statement_timeout": str(round(limits.DATABASE_STATEMENT_S * 1000)),
        }
        if role is DatabaseRole.READER:
            # A filter that is not given must cost nothing, and a venue be found by its own rows:
            # one plan for all values would scan. What actors load by is always given.
            settings["plan_cache_mode"] = "force_custom_plan"

        async def connect() -> Any:
            return await asyncpg.connect(self._url, server_settings=settings, timeout=None)

        try:
            raw = await _run(self._loop, connect)
        except asyncpg.PostgresError as error:
            raise DatabaseUnavailable(
                f"can't connect as {role.value}: {error}", error.sqlstate
            ) from error
        except (asyncpg.InterfaceError, OSError, ValueError, asyncio.CancelledError) as error:
            raise DatabaseUnavailable(f"can't connect: {error or type(error).__name__}") from error
        return Connection(raw, self._loop, self.forget_idle)


@contextlib.asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """Open the pools for `url` (`postgresql://…`); the first use connects, so it need not be up.

    Needs `open_asyncio_loop` around it. When the server comes back after a break, the next
    borrower has a new connection; nothing has to be opened again.
    """
    loop = trio_asyncio.current_loop.get()
    assert loop is not None, "open_database needs open_asyncio_loop around it"
    async with trio.open_nursery() as nursery:
        database = Database(url, loop, nursery)
        try:
            yield database
        finally:
            database.forget_idle()
            nursery.cancel_scope.cancel()


async def _run(loop: Any, method: Callable[..., Awaitable[T]], *arguments: object) -> T:
    """Await an asyncio function from trio; a cancellation cancels it and waits for its end."""
    result: T = await trio_asyncio.aio_as_trio(method, loop=loop)(*arguments)
    return result


def _translated(error: Exception) -> DatabaseUnavailable | DatabaseRefused:
    """What an error of asyncpg means to a caller."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or "XX000"
        if is_passing(state):
            return DatabaseUnavailable(str(error), state)
        return DatabaseRefused(
            reason=str(error),
            sqlstate=state,
            schema=error.schema_name,
            table=error.table_name,
            column=error.column_name,
            constraint=error.constraint_name,
        )
    if isinstance(error, ValueError):
        # asyncpg's own encoder said no, before anything was sent.
        return DatabaseRefused(reason=str(error), sqlstate="22000")
    return DatabaseUnavailable(str(error) or type(error).__name__)
