"""Transactions and savepoints over a connection that knows whether it is in doubt.

Plain SQL, so that what happens at each end is in sight: a commit has three ends (done, refused,
nobody knows), and a rollback that can't be sent is replaced by closing the connection.
"""

from __future__ import annotations

import abc
import contextlib
import itertools
from collections.abc import AsyncIterator

import trio

from storage.postgres.errors import DatabaseRefused, DatabaseUnavailable, OutcomeUnknown

__all__ = ["Transactions"]


class Transactions(abc.ABC):
    """What a connection can do with transactions."""

    def __init__(self) -> None:
        self._in_doubt = False
        self._savepoints = itertools.count()

    @abc.abstractmethod
    async def execute(self, sql: str, *arguments: object, timeout_s: float | None = None) -> str:
        """Run `sql` and return its tag."""

    @contextlib.asynccontextmanager
    async def transaction(
        self, *, isolation: str = "read committed", readonly: bool = False
    ) -> AsyncIterator[None]:
        """Commit at the end of the block, roll back if it raises.

        Raises:
            DatabaseRefused: a deferred constraint said no, or the block went on after a refusal
                outside of a savepoint. Nothing was committed.
            OutcomeUnknown: the commit was not answered. After trio's Cancelled out of the end of
                the block nobody knows either.
        """
        mode = "read only" if readonly else "read write"
        await self.execute(f"begin isolation level {isolation} {mode}")
        try:
            yield
        except BaseException:
            await self._roll_back("rollback")
            raise
        try:
            tag = await self.execute("commit")
        except DatabaseUnavailable as error:
            # An answer of no is PostgreSQL's word that it rolled back; a lost connection, or one
            # that was being ended, is no answer.
            if error.sqlstate and not error.sqlstate.startswith(("08", "57P")):
                raise
            self._in_doubt = True
            raise OutcomeUnknown(error.reason) from error
        if tag != "COMMIT":
            raise DatabaseRefused(
                reason="the transaction had failed earlier and was rolled back", sqlstate="25P02"
            )

    @contextlib.asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo only the block if it raises; the transaction around it goes on."""
        name = f"savepoint_{next(self._savepoints)}"
        await self.execute(f"savepoint {name}")
        try:
            yield
        except BaseException:
            await self._roll_back(f"rollback to savepoint {name}; release savepoint {name}")
            raise
        await self.execute(f"release savepoint {name}")

    async def _roll_back(self, sql: str) -> None:
        """Undo, unless the connection is in doubt: then closing it undoes."""
        if self._in_doubt:
            return
        try:
            await self.execute(sql)
        except (DatabaseUnavailable, DatabaseRefused, trio.Cancelled):
            self._in_doubt = True  # The caller hears what happened first.
