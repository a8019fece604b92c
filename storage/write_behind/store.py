"""What the write-behind needs of a database. PostgreSQL is one; the tests' twin is another."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

import attrs

from protocol.errors import LastLightError
from storage.write_behind.batch import Batch, RowKey, Source


@attrs.frozen
class RefusedRow:
    """A row that the database does not take, and why."""

    row: RowKey
    reason: str


class StoreRefused(Exception):
    """The database read the batch and said no; it will say no again. Nothing was done."""


class FlushMoved(Exception):
    """The stored position is not where we left it: an earlier flush whose end was not known did
    happen, or somebody else writes. Nothing was done."""


class StoreUnusable(LastLightError):
    """This node must not write to this database, now or later. Nothing was written.

    A person must act; the message says what to do.
    """


class ForeignJournal(StoreUnusable):
    """The database belongs to another journal, or has what the journal does not hold any more."""


class Store(Protocol):
    """All methods raise a `LastLightError` while the database is away; after one out of `apply`
    or `apply_refusing` the outcome is not known, and the position must be read again.

    Only `StoreUnusable` is no reason to wait.
    """

    async def claim(self, journal_id: UUID) -> int:
        """How far the database is in this journal; a database without any becomes its own.

        Raises:
            StoreUnusable: it belongs to another one, or its schema is not ours.
        """
        ...

    async def apply(self, batch: Batch) -> None:
        """Do all of a batch and move the position, or nothing.

        Raises:
            StoreRefused, FlushMoved, VersionSkipped: nothing was done.
        """
        ...

    async def apply_refusing(self, source: Source, after: int) -> tuple[RefusedRow, ...]:
        """Do one entry, leave out each row that is refused, and keep those aside with the entry.

        Raises:
            FlushMoved: nothing was done.
        """
        ...

    async def refused_actors(self) -> frozenset[str]:
        """Addresses of actors that rows were kept aside of."""
        ...
