"""A store that brings the schema up to date before it is claimed for the first time."""

from __future__ import annotations

from uuid import UUID

from storage.postgres.database import Database
from storage.postgres.migrate import migrate
from storage.postgres.store import PostgresStore


class MigratingStore(PostgresStore):
    """See `PostgresStore`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._migrating = database
        self._migrated = False

    async def claim(self, journal_id: UUID) -> int:
        """As its base; also raises what `migrate` does."""
        if not self._migrated:
            await migrate(self._migrating)
            self._migrated = True
        return await super().claim(journal_id)
