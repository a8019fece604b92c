"""A store that brings the schema up to date before it is claimed for the first time."""

from __future__ import annotations

from uuid import UUID

from storage.postgres.database import Database
from storage.postgres.errors import DatabaseRefused
from storage.postgres.migrate import MigrationsChanged, SchemaTooNew, migrate
from storage.postgres.store import PostgresStore
from storage.write_behind.store import StoreUnusable


class MigratingStore(PostgresStore):
    """See `PostgresStore`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._migrating = database
        self._migrated = False

    async def claim(self, journal_id: UUID) -> int:
        """As its base; a schema that can't become ours makes the database unusable."""
        if not self._migrated:
            try:
                await migrate(self._migrating)
            except (SchemaTooNew, MigrationsChanged, DatabaseRefused) as error:
                raise StoreUnusable(str(error)) from error
            self._migrated = True
        return await super().claim(journal_id)
