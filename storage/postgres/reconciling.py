"""Our side of a day's cards for the comparison with the provider, and where its outcome is kept.

No actor owns the outcome: it can be made again at any time from what is in both books.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

import attrs
import msgspec

from protocol.addresses import Position
from protocol.codec import to_json
from protocol.records.values import Json
from storage.postgres.asked import blocks_of
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.reading import Reader

SQL: Final = blocks_of("reconciling")


@attrs.frozen(kw_only=True)
class TradingDay:
    """A business day of a venue, and when it was."""

    venue_id: UUID
    business_day: date
    starts_at: datetime
    ends_at: datetime


@attrs.frozen(kw_only=True)
class OurEntry:
    """A charge, refund or dispute as our books have it.

    `counts` is whether money moved by it; `of_day` whether it did on the day that was asked for.
    """

    kind: Literal["charge", "refund", "dispute"]
    id: UUID
    provider_id: str | None
    provider_payment_id: str | None
    venue_id: UUID
    amount_minor: int
    counts: bool
    of_day: bool


@attrs.frozen(kw_only=True, eq=False)
class Reconciliations:
    """See `lastlight.integrations.reconciling.OurBooks`. All methods raise what the database does,
    and `entries` StaleRead."""

    database: Database
    reader: Reader

    async def days_due(
        self, *, since: datetime, open_since: datetime, compared_before: datetime, most: int
    ) -> Sequence[TradingDay]:
        """Closed days that are to be compared, oldest first."""
        async with self.database.connect(DatabaseRole.WRITER) as connection:
            rows = await connection.fetch(
                SQL["days_to_compare"].sql, since, open_since, compared_before, most
            )
        return tuple(TradingDay(**dict(row)) for row in rows)

    async def entries(
        self,
        day: TradingDay,
        *,
        needed: Position,
        provider_ids: Sequence[str],
        our_ids: Sequence[UUID],
    ) -> Sequence[OurEntry]:
        """What our books have of a day, and what is named, with all that `needed` stands for."""
        async with self.reader.own_snapshot(needed) as connection:
            rows = await connection.fetch(
                SQL["our_entries"].sql,
                day.venue_id,
                day.starts_at,
                day.ends_at,
                list(provider_ids),
                list(our_ids),
            )
        return tuple(OurEntry(**dict(row)) for row in rows)

    async def kept(self, day: TradingDay) -> Sequence[Json]:
        """What was found of a day before; nothing if it was not compared."""
        async with self.database.connect(DatabaseRole.WRITER) as connection:
            found = await connection.fetchval(
                SQL["kept_findings"].sql, day.venue_id, day.business_day
            )
        return () if found is None else msgspec.json.decode(found, type=list[dict[str, object]])

    async def keep(
        self, day: TradingDay, *, at: datetime, totals: Json, findings: Sequence[Json]
    ) -> None:
        """Keep what was found, in place of what was found before."""
        async with self.database.connect(DatabaseRole.WRITER) as connection:
            await connection.execute(
                SQL["keep_reconciliation"].sql,
                day.venue_id,
                day.business_day,
                at,
                to_json(totals).decode(),
                to_json(list(findings)).decode(),
            )
