"""Figures of money and presence (GET /api/analytics/dashboard, revenue, occupancy).

Closed days were added up once, by a job; the others are added up when they are asked for. Money is
always the sum of the ledger.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import attrs

from protocol.operations.figures import GetDashboard, GetOccupancy, GetRevenue, RevenueBy
from protocol.replies.figures import (
    Dashboard,
    OccupancyFigures,
    RevenueFigures,
    RevenuePart,
    SlotFigures,
    StationUse,
    Takings,
)
from storage.postgres.asked import Asked, NotOnShow, blocks_of
from storage.postgres.database import Connection

SQL: Final = blocks_of("figures")
_MONEY: Final = ("gross_minor", "refunds_minor", "tax_minor", "net_minor", "tips_minor")
_WEEK: Final = 7
_DAY_MINUTES: Final = 24 * 60
_PARTS: Final[Mapping[RevenueBy, str]] = {
    RevenueBy.HOUR: "gross_by_hour",
    RevenueBy.BUSINESS_DAY: "gross_minor",
    RevenueBy.ACTIVITY: "gross_by_activity",
    RevenueBy.ITEM: "gross_by_item",
    RevenueBy.TENDER: "gross_by_tender",
}


@attrs.frozen(kw_only=True)
class VenueFacts:
    """What figures need of a venue."""

    currency: str
    capacity: int
    status: str
    today: date


@attrs.frozen
class Figures:
    """Figures by day: (metric, dimension) to value."""

    days: Mapping[date, Mapping[tuple[str, str], int]]

    def total(self, metric: str) -> int:
        """The sum of a figure without dimension over all days."""
        return sum(day.get((metric, ""), 0) for day in self.days.values())

    def by_dimension(self, metric: str) -> Counter[str]:
        """The sums of a figure over all days, by dimension."""
        sums: Counter[str] = Counter()
        for day in self.days.values():
            for (name, dimension), value in day.items():
                if name == metric:
                    sums[dimension] += value
        return sums

    def takings(self) -> Takings:
        """The money of all days."""
        return Takings(**{name: self.total(name) for name in _MONEY})


async def venue_facts(connection: Connection, venue_id: UUID, asked: Asked) -> VenueFacts:
    """What figures need of a venue.

    Raises:
        NotOnShow: it is not there.
    """
    row = await connection.fetchrow(SQL["place"].sql, venue_id, asked.now)
    if row is None:
        raise NotOnShow(f"venue {venue_id}")
    return VenueFacts(
        currency=row["currency"],
        capacity=row["capacity"],
        status=row["status"],
        today=row["today"],
    )


async def figures_of(
    connection: Connection,
    venue_id: UUID,
    days: tuple[date, date],
    metrics: Iterable[str],
    asked: Asked,
) -> Figures:
    """Figures of a range of trading days; a day without any is left out."""
    rows = await connection.fetch(SQL["figures"].sql, venue_id, *days, list(metrics), asked.now)
    found: defaultdict[date, dict[tuple[str, str], int]] = defaultdict(dict)
    for row in rows:
        found[row["business_day"]][row["metric"], row["dimension"]] = row["value"]
    return Figures(dict(sorted(found.items())))


async def dashboard(connection: Connection, command: GetDashboard, asked: Asked) -> Dashboard:
    """A venue now. All of it is out of one snapshot.

    Raises:
        NotOnShow: the venue is not there.
    """
    venue = await venue_facts(connection, command.venue_id, asked)
    floor = await connection.fetch(SQL["floor"].sql, command.venue_id)
    work = await connection.fetchrow(SQL["work"].sql, command.venue_id, asked.now)
    today = await figures_of(
        connection, command.venue_id, (venue.today, venue.today), (*_MONEY, "visits"), asked
    )
    assert work is not None
    seen_at = await connection.fetchval(SQL["read_at"].sql)
    return Dashboard(
        venue_id=command.venue_id,
        business_day=venue.today,
        as_of=asked.now,
        data_age_ms=max(0, round((seen_at - asked.now).total_seconds() * 1000)),
        currency=venue.currency,
        status=venue.status,
        capacity=venue.capacity,
        present=sum(row["persons"] for row in floor),
        sessions=sum(row["sessions"] for row in floor),
        by_activity=_counted(floor, "activity", "persons"),
        by_status=_counted(floor, "status", "sessions"),
        by_safety_level=_counted(floor, "safety_level", "sessions"),
        takings=today.takings(),
        visits_today=today.total("visits"),
        open_tasks=work["tasks"],
        overdue_tasks=work["overdue"],
        on_duty=work["on_duty"],
        sos_open=work["sos_open"],
        sos_unacknowledged=work["sos_unacknowledged"],
    )


def _counted(rows: Iterable[Mapping[str, Any]], name: str, value: str) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for row in rows:
        sums[str(row[name])] += row[value]
    return dict(sums)


async def revenue(connection: Connection, command: GetRevenue, asked: Asked) -> RevenueFigures:
    """Revenue of a range beside the same weekdays before it, as many whole weeks as it takes.

    Raises:
        NotOnShow: the venue is not there.
    """
    venue = await venue_facts(connection, command.venue_id, asked)
    first, last = command.from_, command.to
    back = timedelta(days=-(-((last - first).days + 1) // _WEEK) * _WEEK)
    metrics = {*_MONEY, _PARTS[command.by], "sold_by_item"}
    found = await figures_of(connection, command.venue_id, (first, last), metrics, asked)
    before = await figures_of(
        connection, command.venue_id, (first - back, last - back), _MONEY, asked
    )
    return RevenueFigures(
        venue_id=command.venue_id,
        from_=first,
        to=last,
        by=command.by,
        currency=venue.currency,
        totals=found.takings(),
        parts=await _parts(connection, command, found),
        compared_from=first - back,
        compared_to=last - back,
        compared=before.takings(),
    )


async def _parts(
    connection: Connection, command: GetRevenue, found: Figures
) -> tuple[RevenuePart, ...]:
    if command.by is RevenueBy.BUSINESS_DAY:
        return tuple(
            RevenuePart(
                key=day.isoformat(), name=None, gross_minor=day_of[("gross_minor", "")], count=None
            )
            for day, day_of in found.days.items()
        )
    sums = found.by_dimension(_PARTS[command.by])
    counts = found.by_dimension("sold_by_item") if command.by is RevenueBy.ITEM else Counter()
    names: dict[str, str] = {}
    if command.by is RevenueBy.ITEM:
        names = {id_: name for id_, (name, _) in (await _things(connection, command, sums)).items()}
    order = sorted(sums) if command.by is RevenueBy.HOUR else [key for key, _ in sums.most_common()]
    return tuple(
        RevenuePart(key=key, name=names.get(key), gross_minor=sums[key], count=counts.get(key))
        for key in order
    )


async def _things(
    connection: Connection, command: GetRevenue | GetOccupancy, ids: Iterable[str]
) -> dict[str, tuple[str, str]]:
    """Name and kind of things sold or used, by id."""
    wanted = [UUID(id_) for id_ in ids]
    rows = await connection.fetch(SQL["things"].sql, command.venue_id, wanted)
    return {str(row["id"]): (row["name"], row["kind"]) for row in rows}


_PRESENCE: Final = (
    "visits", "peak_persons", "persons_by_slot", "visits_by_dwell", "minutes_by_station",
    "plays_by_game",
)  # fmt: skip


async def occupancy(
    connection: Connection, command: GetOccupancy, asked: Asked
) -> OccupancyFigures:
    """Who was there when, over the days on which anybody was.

    Raises:
        NotOnShow: the venue is not there.
    """
    await venue_facts(connection, command.venue_id, asked)
    days = command.from_, command.to
    found = await figures_of(connection, command.venue_id, days, _PRESENCE, asked)
    peaks = {day: of.get(("peak_persons", ""), 0) for day, of in found.days.items()}
    peak_day = max(peaks, key=lambda day: peaks[day], default=None)
    return OccupancyFigures(
        venue_id=command.venue_id,
        from_=command.from_,
        to=command.to,
        visits=found.total("visits"),
        peak_persons=0 if peak_day is None else peaks[peak_day],
        peak_day=peak_day,
        slots=_slots(found),
        dwell=dict(sorted(found.by_dimension("visits_by_dwell").items())),
        stations=await _stations(connection, command, found),
    )


def _slots(found: Figures) -> tuple[SlotFigures, ...]:
    seen: defaultdict[str, list[int]] = defaultdict(list)
    for day in found.days.values():
        for (metric, slot), persons in day.items():
            if metric == "persons_by_slot":
                seen[slot].append(persons)
    return tuple(
        SlotFigures(at=slot, average_milli=sum(of) * 1000 // len(of), most=max(of))
        for slot, of in sorted(seen.items())
    )


async def _stations(
    connection: Connection, command: GetOccupancy, found: Figures
) -> tuple[StationUse, ...]:
    minutes = found.by_dimension("minutes_by_station")
    plays = found.by_dimension("plays_by_game")
    ids = sorted({*minutes, *plays})
    things = await _things(connection, command, ids)
    had_minutes = max(1, len(found.days)) * _DAY_MINUTES
    return tuple(
        StationUse(
            station_id=UUID(id_),
            kind=things[id_][1] if id_ in things else "retired",
            name=things[id_][0] if id_ in things else None,
            minutes=minutes[id_],
            plays=plays[id_],
            used_bp=minutes[id_] * 10_000 // had_minutes if minutes[id_] else None,
        )
        for id_ in ids
    )
