"""The provider's events, kept before they are applied (Rule 11).

No actor owns these rows: they are put in by their id, once, however often they come, and are
durable before the provider is told so. That they are applied once is the account's to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from protocol.records.payments import StripeEvent
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.mapping import mapping_of
from storage.postgres.sqlblocks import load_blocks

SQL: Final = load_blocks(Path(__file__).parent / "queries" / "inbox.sql")
_EVENTS: Final = mapping_of(StripeEvent)


class PostgresInbox:
    """See `lastlight.integrations.inbox.EventInbox`. All methods raise what the database does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, event: StripeEvent) -> bool:
        """Put an event in; False if one of its id is there already, which stays as it is."""
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            tag = await connection.execute(
                f"insert into {_EVENTS.table_sql} ({_EVENTS.columns_sql}) {_EVENTS.source_sql()}"
                " on conflict (event_id) do nothing",
                *_EVENTS.to_arrays([event]),
            )
        return tag.endswith(" 1")

    async def due(self, now: datetime, most: int) -> Sequence[StripeEvent]:
        """Events to be applied by now, those that wait longest first."""
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            rows = await connection.fetch(SQL["due_events"].sql, now, most)
        return tuple(_EVENTS.from_rows(rows))

    async def get(self, event_id: str) -> StripeEvent | None:
        """One event."""
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            row = await connection.fetchrow(SQL["event"].sql, event_id)
        return None if row is None else _EVENTS.from_row(row)

    async def mark(self, event: StripeEvent) -> None:
        """Note how far an event is."""
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            await connection.execute(
                SQL["mark_event"].sql,
                event.event_id,
                event.status.value,
                event.tries,
                event.next_try_at,
                event.error,
            )

    async def payment_named(self, provider_id: str) -> UUID | None:
        """The payment that the provider calls so, if it is flushed."""
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            found: UUID | None = await connection.fetchval(SQL["payment_named"].sql, provider_id)
        return found
