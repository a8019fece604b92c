"""Figures of money: those of the ledger, and of the day to which things are posted now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from protocol.operations.figures import GetDashboard, GetRevenue, RevenueBy
from protocol.records.money_states import BusinessDayStatus
from protocol.replies.figures import Takings
from storage.postgres.database import Database
from storage.postgres.queries_figures import dashboard, revenue
from tests.storage.day_world import (
    HERE,
    MANAGER,
    STARTS,
    TODAY,
    YESTERDAY,
    a_busy_day,
    a_day,
    a_place,
    report,
)
from tests.storage.query_world import asked_by, asking, store

DAY = timedelta(days=1)


async def shown(database: Database) -> Any:
    asked = asked_by(MANAGER, HERE)
    async with asking(database, asked) as connection:
        return await dashboard(connection, GetDashboard(venue_id=HERE), asked)


async def taken(database: Database, by: RevenueBy) -> Any:
    asked = asked_by(MANAGER, HERE)
    command = GetRevenue(venue_id=HERE, from_=YESTERDAY, to=TODAY, by=by)
    async with asking(database, asked) as connection:
        return await revenue(connection, command, asked)


async def test_the_dashboard_has_the_ledgers_sums(database: Database) -> None:
    """It and the report of the day are looked at side by side."""
    await a_busy_day(database)
    found, day = await shown(database), await report(database)
    assert (found.business_day, found.status, found.currency) == (TODAY, "open", "JPY")
    assert found.takings == Takings(
        gross_minor=1_100, refunds_minor=550, tax_minor=50, net_minor=500, tips_minor=100
    )
    assert day.gross_minor == found.takings.gross_minor - found.takings.refunds_minor
    assert day.figures is not None
    assert day.figures.net_minor == found.takings.net_minor


async def test_a_day_that_was_closed_early_is_no_more_todays(database: Database) -> None:
    """What is sold now belongs to the next day; showing the old one would hide it (Rule 5)."""
    closed = a_day(
        status=BusinessDayStatus.CLOSED, z_number=1, ends_at=STARTS + 16 * DAY / 24, version=3
    )
    await store(database, a_place(), closed)
    found = await shown(database)
    assert (found.business_day, found.takings.gross_minor) == (TODAY + DAY, 0)


async def test_a_day_that_was_closed_in_its_time_changes_nothing(database: Database) -> None:
    """Yesterday's report is no reason to think that today is over."""
    await store(database, a_place(), a_day(YESTERDAY, status=BusinessDayStatus.CLOSED, z_number=1))
    assert (await shown(database)).business_day == TODAY


async def test_revenue_is_divided_and_sums_up(database: Database) -> None:
    """Whatever it is divided by, the parts are those of the total."""
    await a_busy_day(database)
    for by in RevenueBy:
        found = await taken(database, by)
        assert found.totals.gross_minor == 1_100
        parts = sum(part.gross_minor for part in found.parts)
        assert parts == 1_100, by
