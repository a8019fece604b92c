"""One person in all tables: everything that is held about them, and taking it out (Rule 16).

What is read is one snapshot. What is taken out is one transaction, and may be done again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final
from uuid import UUID

import attrs

from protocol.addresses import Position
from protocol.domain_limits import EXPORT_ROWS_PAGE
from storage.postgres.asked import blocks_of
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.reading import Reader

__all__ = ["PersonalTables"]

EXPORT: Final = blocks_of("export")
ERASURE: Final = blocks_of("erasure")


@attrs.frozen(kw_only=True, eq=False)
class PersonalTables:
    """The rows about one person, whoever's they are."""

    database: Database
    reader: Reader

    async def rows_about(
        self, user_id: UUID, needed: Position
    ) -> AsyncGenerator[tuple[str, list[str]], None]:
        """Tables with rows about somebody: name and a page of rows as JSON, table by table.

        Raises:
            StaleRead: the tables don't show everything up to `needed`, or can't be read.
        """
        async with self.reader.own_snapshot(needed) as connection:
            for name, block in EXPORT.items():
                given = 0
                while True:
                    rows = await connection.fetch(block.sql, user_id, EXPORT_ROWS_PAGE, given)
                    given += len(rows)
                    if rows:
                        yield name, [row["row"] for row in rows]
                    if len(rows) < EXPORT_ROWS_PAGE:
                        break

    async def scrub(self, user_id: UUID, pseudonym: UUID, needed: Position) -> None:
        """Take out what no actor holds of somebody whose account is erased.

        Raises:
            StaleRead: the erasure itself has not come to the tables, or they can't be read.
            DatabaseUnavailable: it may be done or not; do it again.
        """
        async with self.reader.own_snapshot(needed):
            pass
        async with self.database.connect(DatabaseRole.WRITER) as connection:
            await connection.execute(ERASURE["scrub_person"].sql, user_id, pseudonym)
