"""The history that forecasts are made of (GET /api/analytics/projections)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from uuid import UUID

import attrs

from storage.postgres.asked import Asked
from storage.postgres.database import Connection
from storage.postgres.queries_figures import SQL, venue_facts


@attrs.frozen(kw_only=True)
class History:
    """Closed days of a venue, oldest first and without a gap: what was shut counts as 0."""

    currency: str
    days: tuple[date, ...]
    net_minor: tuple[int, ...]
    visits: tuple[int, ...]
    empty_days: int
    kept_at: datetime | None
    """When the last of these days was kept: from then on a forecast of what follows is the same."""
    came_true: tuple[tuple[int, int, int, int], ...]
    """Forecasts of revenue that were told, by now with (actual, low, mid, high)."""


async def history_of(connection: Connection, venue_id: UUID, since: date, asked: Asked) -> History:
    """The closed days since a day whose figures are kept.

    Raises:
        NotOnShow: the venue is not there.
    """
    venue = await venue_facts(connection, venue_id, asked)
    known: defaultdict[date, dict[str, int]] = defaultdict(dict)
    kept: dict[date, datetime] = {}
    for row in await connection.fetch(SQL["history"].sql, venue_id, since):
        known[row["business_day"]][row["metric"]] = row["value"]
        kept[row["business_day"]] = row["computed_at"]
    told = await connection.fetch(SQL["came_true"].sql, venue_id, since)
    closed = sorted(day for day, figures in known.items() if "final" in figures)
    days: tuple[date, ...] = ()
    if closed:
        span = (closed[-1] - closed[0]).days + 1
        days = tuple(closed[0] + timedelta(days=n) for n in range(span))
    visits = tuple(known[day].get("visits", 0) if day in known else 0 for day in days)
    return History(
        currency=venue.currency,
        days=days,
        net_minor=tuple(known[day].get("net_minor", 0) if day in known else 0 for day in days),
        visits=visits,
        empty_days=sum(not count for count in visits),
        kept_at=kept[days[-1]] if days else None,
        came_true=tuple(
            (row["actual_minor"], row["low_minor"], row["mid_minor"], row["high_minor"])
            for row in told
        ),
    )
