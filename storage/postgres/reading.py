"""The read side: one snapshot per query, as fresh as was asked for, seen with the caller's eyes.

What always holds: a query runs in one read-only REPEATABLE READ transaction under row-level
security with its caller's context, and only if the flush position in that very snapshot has
reached what was durable when the request arrived. So whoever saw an event finds its row, on a
replica too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import ClassVar, Final, Protocol, Self
from uuid import UUID

import attrs
import trio

from protocol.addresses import Position, Principal, Role
from protocol.errors import Code, LastLightError
from protocol.limits import STALE_READ_WAIT_S
from storage.postgres.database import Connection, Database, DatabaseRole
from storage.postgres.errors import DatabaseUnavailable, OutcomeUnknown
from storage.postgres.sqlblocks import load_blocks

__all__ = ["Asking", "FlushProgress", "Reader", "StaleRead"]

SQL: Final = load_blocks(Path(__file__).parent / "queries" / "context.sql")
_AGAIN_S: Final = 0.02
Begin = Callable[[Connection], Awaitable[int]]
"""Sets the context of a snapshot, and tells the flush position in it."""


class FlushProgress(Protocol):
    """What is asked of the write-behind."""

    async def wait_flushed(self, position: Position) -> None: ...


@attrs.frozen
class StaleRead(LastLightError):
    """The tables are not where they must be for this answer, or can't be asked. Nothing is
    wrong with the request."""

    code: ClassVar[Code] = Code.STALE_READ
    retry_after_s: ClassVar[int | None] = 1
    reason: str

    def __str__(self) -> str:
        return f"the tables do not show everything answered so far ({self.reason}); ask again"


@attrs.frozen(kw_only=True)
class Asking:
    """Who asks: `role` is the one held at each of `venue_ids`; None of those means every venue."""

    user_id: UUID
    role: Role
    venue_ids: tuple[UUID, ...] | None = ()

    @classmethod
    def at(cls, principal: Principal, venue_id: UUID) -> Self:
        """About one venue."""
        role = principal.role_at(venue_id)
        venue_ids = (venue_id,) if role >= Role.STAFF else ()
        return cls(user_id=principal.user_id, role=role, venue_ids=venue_ids)

    @classmethod
    def anywhere(cls, principal: Principal) -> Self:
        """About all venues at which the caller has their highest role."""
        role = principal.role_at(None)
        if role < Role.STAFF:
            return cls(user_id=principal.user_id, role=role)
        if principal.everywhere >= role:
            return cls(user_id=principal.user_id, role=role, venue_ids=None)
        venue_ids = tuple(sorted(v for v, held in principal.roles.items() if held is role))
        return cls(user_id=principal.user_id, role=role, venue_ids=venue_ids)


class Reader:
    """Lends snapshots."""

    def __init__(self, database: Database, flushed: FlushProgress) -> None:
        self._database = database
        self._flushed = flushed

    def snapshot(self, asking: Asking, needed: Position) -> AbstractAsyncContextManager[Connection]:
        """A read-only transaction that sees everything up to `needed`, as the caller may.

        Raises:
            StaleRead: that was not to be had within STALE_READ_WAIT_S, or the database is away;
                also out of the block.
        """

        async def begin(connection: Connection) -> int:
            role = asking.role.label
            given = ",".join(str(venue_id) for venue_id in asking.venue_ids or ())
            row = await connection.fetchrow(
                SQL["begin_query"].sql, str(asking.user_id), role, given
            )
            if asking.venue_ids is None:
                await connection.execute(SQL["ask_for_every_venue"].sql)
            assert row is not None
            return int(row["position"] or 0)

        return self._fresh(DatabaseRole.READER, needed, begin)

    def own_snapshot(self, needed: Position) -> AbstractAsyncContextManager[Connection]:
        """As `snapshot`, for the node itself, which may see everything."""

        async def begin(connection: Connection) -> int:
            return int(await connection.fetchval(SQL["begin_own_query"].sql) or 0)

        return self._fresh(DatabaseRole.WRITER, needed, begin)

    @asynccontextmanager
    async def _fresh(
        self, role: DatabaseRole, needed: Position, begin: Begin
    ) -> AsyncIterator[Connection]:
        try:
            async with AsyncExitStack() as stack:
                connection: Connection | None = None
                with trio.move_on_after(STALE_READ_WAIT_S):
                    await self._flushed.wait_flushed(needed)
                    connection = await self._reach(stack, role, needed, begin)
                if connection is None:
                    raise StaleRead(f"entry {needed.n} was not there in {STALE_READ_WAIT_S:g} s")
                yield connection
        except (DatabaseUnavailable, OutcomeUnknown) as error:
            raise StaleRead(str(error)) from error

    async def _reach(
        self, stack: AsyncExitStack, role: DatabaseRole, needed: Position, begin: Begin
    ) -> Connection:
        """Begin snapshots until one shows enough: a replica may be behind its primary."""
        while True:
            async with AsyncExitStack() as attempt:
                connection = await attempt.enter_async_context(self._database.connect(role))
                await attempt.enter_async_context(
                    connection.transaction(isolation="repeatable read", readonly=True)
                )
                if await begin(connection) >= needed.n:
                    await stack.enter_async_context(attempt.pop_all())
                    return connection
            await trio.sleep(_AGAIN_S)
