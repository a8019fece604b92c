"""Figures of days with a twist: clock changes, cutovers, visits that go on, a job cut off."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import pytest

from protocol.addresses import Role
from protocol.operations.figures import GetOccupancy, GetRevenue, RevenueBy
from protocol.records.ledger import LedgerJournal, LedgerPosting
from protocol.records.money import Transaction
from protocol.records.visits import Session
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.keeping import Keeper
from storage.postgres.queries_figures import occupancy, revenue
from storage.postgres.queries_projections import history_of
from tests.storage.figures_world import (
    ASKED,
    EVENING,
    HERE,
    HOUR,
    LATER,
    MINUTE,
    SET_BACK,
    SET_ON,
    a_closed_day,
    a_venue,
    a_visit,
    days,
    keep,
)
from tests.storage.query_world import a_principal, asked_by, asking, store
from tests.storage.samples import a, an_id


async def presence(database: Database, first: dt.date, last: dt.date | None = None) -> Any:
    async with asking(database, ASKED) as connection:
        return await occupancy(connection, GetOccupancy(**days(first, last)), ASKED)


async def test_an_hour_that_comes_twice_counts_nobody_twice(database: Database) -> None:
    """Two guests who sat through the change of clocks are two guests."""
    began = dt.datetime(2026, 10, 25, 0, tzinfo=dt.UTC)
    visit = a_visit(began, began + 2 * HOUR, summary={"party_size": 2})
    await store(database, a_venue(), visit)
    found = await presence(database, SET_BACK)
    most = {slot.at: slot.most for slot in found.slots}
    assert (most["01:45"], most["02:00"], most["02:45"], most["03:00"]) == (0, 2, 2, 0)
    assert (found.peak_persons, len(most)) == (2, 96)


async def test_an_hour_that_is_left_out_has_no_figures(database: Database) -> None:
    """The night of 23 hours has 92 quarters, and nobody was there at half past two."""
    began = dt.datetime(2026, 3, 29, 0, tzinfo=dt.UTC)
    visit = a_visit(began, began + 2 * HOUR, business_day=SET_ON)
    await store(database, a_venue(), visit)
    most = {slot.at: slot.most for slot in (await presence(database, SET_ON)).slots}
    assert len(most) == 92
    assert "02:30" not in most
    assert (most["01:45"], most["03:00"], most["03:45"], most["04:00"]) == (1, 1, 1, 0)


async def test_takings_of_an_hour_that_comes_twice_are_of_that_hour(database: Database) -> None:
    """By hour is by what the clock on the wall said, and adds up to the day."""
    rows: list[Any] = [a_venue()]
    for hour in (0, 1):
        at = dt.datetime(2026, 10, 25, hour, 30, tzinfo=dt.UTC)
        deal = a(
            Transaction, venue_id=HERE, kind="purchase", status="posted", tender="cash",
            business_day=SET_BACK, posted_at=at,
        )  # fmt: skip
        journal = a(
            LedgerJournal, venue_id=HERE, business_day=SET_BACK, posted_at=at, seq=hour + 1,
            transaction_id=deal.id, prev_hash=bytes(32), hash=bytes(32),
        )  # fmt: skip
        accounts = {f"venue:{HERE}:revenue:food": 90, f"venue:{HERE}:tax": 10, "till": -100}
        rows += [deal, journal]
        rows += [
            a(
                LedgerPosting, venue_id=HERE, journal_id=journal.id, line=line,
                account_code=code, amount_minor=minor, currency="EUR",
            )
            for line, (code, minor) in enumerate(accounts.items())
        ]  # fmt: skip
    await store(database, *sorted(rows, key=lambda row: row.table.name))
    async with asking(database, ASKED) as connection:
        found = await revenue(connection, GetRevenue(**days(), by=RevenueBy.HOUR), ASKED)
    assert [(part.key, part.gross_minor) for part in found.parts] == [("02", 200)]
    assert (found.totals.gross_minor, found.totals.net_minor, found.totals.tax_minor) == (
        200, 180, 20,
    )  # fmt: skip


async def test_who_stays_over_the_cutover_is_there_on_both_days(database: Database) -> None:
    """A visit is one of the day on which it began, but its guest is seen until they leave."""
    cutover = dt.datetime(2026, 10, 25, 4, tzinfo=dt.UTC)
    await store(database, a_venue(), a_visit(cutover - HOUR, cutover + HOUR))
    async with database.connect(DatabaseRole.WRITER) as connection:
        sums = {
            (day.day, row["metric"], row["dimension"]): row["value"]
            for day in (SET_BACK, SET_BACK + dt.timedelta(days=1))
            for row in await connection.fetch(
                "select * from sums_of_day($1, $2, $3)", HERE, day, LATER
            )
        }
    assert (sums[24, "visits", ""], sums[25, "visits", ""]) == (1, 0)
    assert (sums[24, "peak_persons", ""], sums[25, "peak_persons", ""]) == (1, 1)
    assert (sums[24, "persons_by_slot", "04:45"], sums[25, "persons_by_slot", "05:00"]) == (1, 1)
    assert sums[25, "persons_by_slot", "06:00"] == 0


async def test_visits_are_told_by_how_long_they_took(database: Database) -> None:
    """The bounds of each group belong to the longer one."""
    visits = [
        a_visit(EVENING, EVENING + minutes * MINUTE) for minutes in (5, 29, 30, 60, 120, 239, 240)
    ]
    await store(database, a_venue(), *visits, a_visit(EVENING, EVENING + HOUR, status="voided"))
    found = await presence(database, SET_BACK)
    assert found.dwell == {"000-030": 2, "030-060": 1, "060-120": 1, "120-240": 2, "240-": 1}
    assert (found.visits, found.peak_persons) == (7, 7)


async def test_a_day_is_kept_when_the_last_visit_of_it_is_over(database: Database) -> None:
    """How long it took is not known before; until then the day is added up when it is asked for."""
    goes_on = a(
        Session, venue_id=HERE, status="active", activity="lounge", business_day=SET_BACK,
        started_at=EVENING, party_size=3,
    )  # fmt: skip
    await store(database, a_venue(), a_closed_day(), goes_on)
    assert await keep(database) == 0
    assert (await presence(database, SET_BACK)).peak_persons == 3
    async with database.connect(DatabaseRole.WRITER) as connection:
        await connection.execute("delete from sessions")
    assert await keep(database) == 1


async def test_a_run_that_was_cut_off_is_taken_up(database: Database) -> None:
    """Each day is kept whole or not at all, and the oldest first."""
    some = [SET_BACK + dt.timedelta(days=n) for n in range(3)]
    await store(database, a_venue(), *(a_closed_day(day, n) for n, day in enumerate(some, 1)))
    async with database.connect(DatabaseRole.OWNER) as connection:
        await connection.execute(
            "alter table daily_metrics add constraint cut_off"
            f" check (business_day <> '{some[1]}' or metric <> 'visits')"
        )
    with pytest.raises(Exception, match="cut_off"):
        await keep(database)
    async with database.connect(DatabaseRole.OWNER) as connection:
        kept = await connection.fetch("select distinct business_day from daily_metrics")
        assert [row["business_day"] for row in kept] == some[:1]
        await connection.execute("alter table daily_metrics drop constraint cut_off")
    assert await keep(database) == 2


async def test_what_was_forecast_is_told_beside_what_came(database: Database) -> None:
    """Kept once however often it is asked for; closing the day says how true it was."""
    keeper = Keeper(database=database, now=lambda: LATER)
    told = [(an_id(), SET_BACK + dt.timedelta(days=n), 10, 20, 30) for n in range(2)]
    for _ in range(2):
        again = [(an_id(), *day[1:]) for day in told]
        await keeper.keep_forecast(HERE, EVENING, "a method", again)
    await store(database, a_venue(), a_closed_day())
    assert await keep(database) == 1
    owner = attrs.evolve(asked_by(a_principal(roles={HERE: Role.OWNER}), HERE), now=LATER)
    async with asking(database, owner) as connection:
        history = await history_of(connection, HERE, SET_BACK, owner)
    assert (history.days, history.net_minor, history.visits) == ((SET_BACK,), (0,), (0,))
    assert (history.kept_at, history.empty_days) == (LATER, 1)
    assert history.came_true == ((0, 10, 20, 30),)
    async with database.connect(DatabaseRole.WRITER) as connection:
        assert await connection.fetchval("select count(*) from revenue_projections") == 2
