"""The history that forecasts are made of (GET /api/analytics/projections)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
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


async def history_of(connection: Connection, venue_id: UUID, since: date, asked: Asked) -> History:
    """The closed days since a day whose figures are kept.

    Raises:
        NotOnShow: the venue is not there.
    """
    venue = await venue_facts(connection, venue_id, asked)
    known: defaultdict[date, dict[str, int]] = defaultdict(dict)
    for row in await connection.fetch(SQL["history"].sql, venue_id, since):
        known[row["business_day"]][row["metric"]] = row["value"]
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
    )
