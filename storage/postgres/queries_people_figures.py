"""Figures of people (GET /api/analytics/patrons, staff, safety): never of one person.

Patrons are seen in groups of five and more only; the views that are asked leave out the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from protocol.operations.figures import GetPatronAnalytics, GetSafetyAnalytics, GetStaffAnalytics
from protocol.replies.figures import (
    CoverageGap,
    PatronFigures,
    PatronGroup,
    Percentiles,
    ReturnRate,
    SafetyFigures,
    StaffFigures,
)
from storage.postgres.asked import Asked
from storage.postgres.database import Connection
from storage.postgres.queries_figures import SQL, figures_of, venue_facts

GROUP_LEAST: Final = 5
"""Smaller groups would tell of persons."""


async def patron_figures(
    connection: Connection, command: GetPatronAnalytics, asked: Asked
) -> PatronFigures:
    """Groups of patrons by month.

    Raises:
        NotOnShow: the venue is not there.
    """
    await venue_facts(connection, command.venue_id, asked)
    months = command.from_.replace(day=1), command.to.replace(day=1)
    groups = {
        name: await connection.fetch(SQL[name].sql, command.venue_id, *months)
        for name in ("cohorts", "spend_bands", "activities", "returns")
    }
    return PatronFigures(
        venue_id=command.venue_id,
        from_=command.from_,
        to=command.to,
        least=GROUP_LEAST,
        cohorts=tuple(_group(row) for row in groups["cohorts"]),
        spend_bands=tuple(_group(row) for row in groups["spend_bands"]),
        activities=tuple(_group(row) for row in groups["activities"]),
        returns=tuple(
            ReturnRate(
                period=row["period"],
                patrons=row["patrons"],
                returned=row["returned"],
                rate_bp=row["returned"] * 10_000 // row["patrons"],
            )
            for row in groups["returns"]
        ),
    )


def _group(row: Mapping[str, Any]) -> PatronGroup:
    told = dict(row)
    return PatronGroup(
        period=told["period"],
        group=told["name"],
        patrons=told["patrons"],
        visits=told.get("visits"),
        minutes=told.get("minutes"),
        spend_minor=told.get("spend_minor"),
    )


async def staff_figures(
    connection: Connection, command: GetStaffAnalytics, asked: Asked
) -> StaffFigures:
    """Work of a range of days, without a name.

    Raises:
        NotOnShow: the venue is not there.
    """
    venue = await venue_facts(connection, command.venue_id, asked)
    place = command.venue_id
    span = await _span(connection, command)
    money = await figures_of(
        connection, place, (command.from_, command.to), ("net_minor", "tips_minor"), asked
    )
    worked = await connection.fetchval(SQL["worked"].sql, place, *span, asked.now)
    tasks = await connection.fetchrow(SQL["tasks"].sql, place, *span)
    gaps = await connection.fetch(SQL["coverage_gaps"].sql, place, *span, asked.now)
    assert tasks is not None
    net_minor = money.total("net_minor")
    return StaffFigures(
        venue_id=place,
        from_=command.from_,
        to=command.to,
        currency=venue.currency,
        worked_minutes=worked,
        net_minor=net_minor,
        net_per_hour_minor=net_minor * 60 // worked if worked else None,
        tasks=_percentiles(tasks),
        tasks_done=tasks["done"],
        tasks_on_time=tasks["on_time"],
        alarms=await _alarms(connection, command, span),
        tips_minor=money.total("tips_minor"),
        gaps=tuple(CoverageGap(starts_at=r["starts_at"], ends_at=r["ends_at"]) for r in gaps),
    )


async def safety_figures(
    connection: Connection, command: GetSafetyAnalytics, asked: Asked
) -> SafetyFigures:
    """Safety of a range of days, without a name.

    Raises:
        NotOnShow: the venue is not there.
    """
    await venue_facts(connection, command.venue_id, asked)
    place = command.venue_id
    span = await _span(connection, command)
    cases = await connection.fetch(SQL["interventions"].sql, place, *span)
    alarms = await connection.fetchrow(SQL["alarms"].sql, place, *span)
    severities = await connection.fetch(SQL["alarms_by_severity"].sql, place, *span)
    excluded = await connection.fetch(SQL["exclusions"].sql, place, asked.now)
    assert alarms is not None
    levels: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    for row in cases:
        levels[row["level"]] += row["cases"]
        outcomes[row["outcome"] or "open"] += row["cases"]
    return SafetyFigures(
        venue_id=place,
        from_=command.from_,
        to=command.to,
        interventions_by_level=dict(levels),
        interventions_by_outcome=dict(outcomes),
        alarms=_percentiles(alarms),
        alarms_by_severity={row["name"]: row["cases"] for row in severities},
        unacknowledged=alarms["unacknowledged"],
        refusals_of_service=await connection.fetchval(SQL["refusals"].sql, place, *span),
        exclusions_in_force={row["name"]: row["cases"] for row in excluded},
    )


async def safety_figures_csv(
    connection: Connection, command: GetSafetyAnalytics, asked: Asked
) -> AsyncGenerator[Sequence[object], None]:
    """The same for the authority that asks for a table: one figure in a line."""
    found = await safety_figures(connection, command, asked)
    yield ("venue_id", "from", "to", "figure", "of", "value")
    whole = (found.venue_id, found.from_, found.to)
    named = {
        "interventions_by_level": found.interventions_by_level,
        "interventions_by_outcome": found.interventions_by_outcome,
        "alarms_by_severity": found.alarms_by_severity,
        "exclusions_in_force": found.exclusions_in_force,
    }
    for figure, parts in named.items():
        for of, value in sorted(parts.items()):
            yield (*whole, figure, of, value)
    yield (*whole, "alarms_acknowledged", "", found.alarms.cases)
    yield (*whole, "alarms_unacknowledged", "", found.unacknowledged)
    yield (*whole, "alarm_acknowledged_ms", "p50", found.alarms.p50_ms)
    yield (*whole, "alarm_acknowledged_ms", "p95", found.alarms.p95_ms)
    yield (*whole, "refusals_of_service", "", found.refusals_of_service)


async def _span(
    connection: Connection, command: GetStaffAnalytics | GetSafetyAnalytics
) -> tuple[datetime, datetime]:
    row = await connection.fetchrow(SQL["span"].sql, command.venue_id, command.from_, command.to)
    assert row is not None
    return row["starts_at"], row["ends_at"]


async def _alarms(
    connection: Connection, command: GetStaffAnalytics, span: tuple[datetime, datetime]
) -> Percentiles:
    row = await connection.fetchrow(SQL["alarms"].sql, command.venue_id, *span)
    assert row is not None
    return _percentiles(row)


def _percentiles(row: Mapping[str, Any]) -> Percentiles:
    return Percentiles(cases=row["cases"], p50_ms=_ms(row["p50"]), p95_ms=_ms(row["p95"]))


def _ms(took: timedelta | None) -> int | None:
    return None if took is None else round(took.total_seconds() * 1000)
