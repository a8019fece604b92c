"""Somebody's figures, and whom they are shown to."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest

from protocol.addresses import Role
from protocol.operations.staff_work import GetPerformance
from protocol.records.money import Transaction
from protocol.records.money_states import TransactionKind, TransactionStatus
from protocol.records.safety import Incident
from protocol.records.states import (
    IncidentStatus,
    RoleName,
    TaskStatus,
)
from protocol.records.users import UserRole
from storage.postgres.asked import NotOnShow
from storage.postgres.database import Database
from storage.postgres.queries_staff import performance
from tests.storage.query_world import a_principal, asked_by, asking, store
from tests.storage.samples import NOON, a, an_id
from tests.storage.staff_world import (
    ANNA,
    BEN,
    CHIEF,
    HERE,
    HOUR,
    MINUTE,
    MONDAY,
    STAFF,
    THERE,
    VENUES,
    a_shift,
    a_task,
)


async def figures(
    database: Database, principal: Any, now: dt.datetime = NOON, **values: Any
) -> Any:
    command = GetPerformance(**({"staff_id": ANNA} | values))
    asked = attrs.evolve(asked_by(principal, command.venue_id), now=now)
    async with asking(database, asked) as connection:
        return await performance(connection, command, asked)


async def a_busy_person(database: Database) -> None:
    """Anna's work of this week and the last, at both venues, and Ben's, which must not count."""
    last_week = NOON - dt.timedelta(days=7)
    done = {"status": TaskStatus.DONE, "created_at": NOON - 2 * HOUR}
    sale = {
        "venue_id": HERE,
        "user_id": an_id(),
        "created_by": ANNA,
        "occurred_at": NOON - HOUR,
        "posted_at": NOON - HOUR,
        "business_day": NOON.date(),
        "status": TransactionStatus.POSTED,
        "kind": TransactionKind.PURCHASE,
        "payment_id": None,
        "amount_minor": 1_000,
        "tip_minor": 100,
    }
    sold = a(Transaction, **sale)
    await store(
        database,
        *VENUES,
        a(UserRole, user_id=ANNA, venue_id=HERE, role=RoleName.STAFF),
        a_shift(ANNA),
        a_shift(ANNA, started_at=last_week, ended_at=last_week + HOUR, worked_ms=3_600_000),
        a_shift(ANNA, venue_id=THERE),
        a_shift(BEN),
        a_task(ANNA, **done, accepted_at=NOON - 119 * MINUTE, done_at=NOON, due_at=None),
        a_task(ANNA, **done, accepted_at=NOON - 117 * MINUTE, done_at=NOON, due_at=NOON),
        a_task(ANNA, **done, accepted_at=NOON - 110 * MINUTE, done_at=NOON, due_at=NOON - HOUR),
        a_task(ANNA),
        a(
            Incident,
            venue_id=HERE,
            owner_id=ANNA,
            status=IncidentStatus.RESOLVED,
            raised_at=NOON - HOUR,
            acked_at=NOON - HOUR + dt.timedelta(seconds=42),
            tier=0,
        ),
        sold,
        a(Transaction, **(sale | {"status": TransactionStatus.VOIDED})),
        a(Transaction, **(sale | {"user_id": ANNA})),
        a(Transaction, **(sale | {"kind": TransactionKind.TIP, "created_by": sale["user_id"],
                                  "about_id": sold.id, "amount_minor": 50, "tip_minor": 0})),
    )  # fmt: skip


async def test_figures_are_those_of_one_person_by_week(database: Database) -> None:
    """Hours, tasks, medians, sales and tips; own purchases are no sales."""
    await a_busy_person(database)
    for principal in (STAFF, CHIEF):
        found = await figures(database, principal, venue_id=HERE, weeks=4)
        total = found.total
        assert (total.worked_minutes, total.tasks_done, total.tasks_on_time) == (300, 3, 2)
        assert (total.task_seconds_p50, total.sos_seconds_p50) == (180, 42)
        assert (total.sales_minor, total.tips_minor, total.voids) == (1_000, 150, 1)
        assert [w.week for w in found.trend] == [MONDAY - dt.timedelta(days=7), MONDAY]
        assert [w.figures.worked_minutes for w in found.trend] == [60, 240]
        assert found.trend[0].figures.task_seconds_p50 is None
    this_week = await figures(database, CHIEF, venue_id=HERE, weeks=1)
    assert this_week.total.worked_minutes == 240


async def test_weeks_begin_with_the_trading_day_of_a_monday(database: Database) -> None:
    """Rule 5: in Tokyo, Monday 04:59 is still Sunday night's; at 05:00 a week begins."""
    cutover = dt.datetime.combine(MONDAY, dt.time(5), ZoneInfo("Asia/Tokyo"))
    before, after = (
        a_shift(ANNA, started_at=at, ended_at=at + HOUR, worked_ms=3_600_000)
        for at in (cutover - HOUR, cutover)
    )
    await store(database, *VENUES, before, after)
    night = await figures(database, STAFF, now=cutover - MINUTE, venue_id=HERE, weeks=1)
    assert (night.since, night.trend[0].week) == (
        MONDAY - dt.timedelta(days=7),
        MONDAY - dt.timedelta(days=7),
    )
    assert [week.figures.worked_minutes for week in night.trend] == [60, 60]
    day = await figures(database, STAFF, now=cutover, venue_id=HERE, weeks=1)
    assert (day.since, [week.week for week in day.trend]) == (MONDAY, [MONDAY])
    assert day.total.worked_minutes == 60


async def test_figures_of_others_are_for_management_of_where_they_work(
    database: Database,
) -> None:
    """For anybody else there is nobody of this id (Rule 15)."""
    await a_busy_person(database)
    ben = a_principal(BEN, roles={HERE: Role.STAFF})
    for principal, values in (
        (ben, {"venue_id": HERE}),
        (CHIEF, {"venue_id": HERE, "staff_id": an_id()}),
        (CHIEF, {"staff_id": an_id()}),
    ):
        with pytest.raises(NotOnShow):
            await figures(database, principal, **values)
    nothing = await figures(database, ben, staff_id=BEN, venue_id=HERE)
    assert (nothing.total.worked_minutes, nothing.total.sales_minor) == (240, 0)


async def test_without_any_work_figures_are_zero(database: Database) -> None:
    """A first day is no error."""
    await store(database, *VENUES)
    found = await figures(database, STAFF)
    assert (found.total.worked_minutes, found.trend, found.venue_ids) == (0, (), (HERE,))
