"""Keeps the figures of closed days, so that a year of them is read in one look.

A closed day is frozen (Rule 5), so its figures are kept once; doing it again gives the same. Each
day is one transaction, and an interrupted run is taken up where it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

import attrs
import structlog

from storage.postgres.asked import blocks_of
from storage.postgres.database import Connection, Database, DatabaseRole

SQL: Final = blocks_of("keeping")
DAYS_AT_ONCE: Final = 50
ForecastDay = tuple[UUID, date, int, int, int]
"""An id, the day, and low, mid and high in minor units."""
log = structlog.get_logger(__name__)


@attrs.frozen(kw_only=True, eq=False)
class Keeper:
    """Adds up what is over. All methods raise DatabaseUnavailable while it is away."""

    database: Database
    now: Callable[[], datetime]

    async def keep(self) -> int:
        """Keep figures of days that were closed since the last time; how many there were.

        At most DAYS_AT_ONCE of them, so that a restored database is caught up in steps.
        """
        async with self.database.connect(DatabaseRole.WRITER) as connection:
            days = await connection.fetch(SQL["days_to_keep"].sql, DAYS_AT_ONCE)
            months: set[tuple[UUID, date]] = set()
            for row in days:
                await self._keep_day(connection, row["venue_id"], row["business_day"])
                months.add((row["venue_id"], row["business_day"].replace(day=1)))
            for venue_id, month in sorted(months):
                await self._keep_patrons(connection, venue_id, month)
            await connection.execute(SQL["forget_opted_out"].sql)
        if days:
            log.info("figures_kept", days=len(days), months=len(months))
        return len(days)

    async def keep_forecast(
        self, venue_id: UUID, kept_at: datetime, method: str, days: Sequence[ForecastDay]
    ) -> None:
        """Keep what a venue was told of its revenue, to tell later how true it came.

        Forecasts from what was kept by `kept_at` are all the same, so they are kept once.
        """
        async with (
            self.database.connect(DatabaseRole.WRITER) as connection,
            connection.transaction(),
        ):
            for id_, day, low_minor, mid_minor, high_minor in days:
                await connection.execute(
                    SQL["keep_projection"].sql,
                    id_, venue_id, day, kept_at, method, low_minor, mid_minor, high_minor,
                )  # fmt: skip

    async def _keep_day(self, connection: Connection, venue_id: UUID, day: date) -> None:
        async with connection.transaction():
            await connection.execute(SQL["keep_day"].sql, venue_id, day, self.now())
            await connection.execute(SQL["keep_staff"].sql, venue_id, day)
            await connection.execute(SQL["tell_projections"].sql, venue_id, day)

    async def _keep_patrons(self, connection: Connection, venue_id: UUID, month: date) -> None:
        async with connection.transaction():
            await connection.execute(SQL["forget_patrons"].sql, venue_id, month)
            await connection.execute(SQL["keep_patrons"].sql, venue_id, month, self.now())
