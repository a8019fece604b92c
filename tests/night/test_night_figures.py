"""Figures of an evening that real actors made: what is told is the sum of what they booked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import attrs
import pytest
import trio
from trio.testing import MockClock

from lastlight.demo.ids import DEMO_VENUE
from protocol.addresses import Role
from protocol.operations import figures as asks
from protocol.records.base import Record
from protocol.records.ledger import BusinessDay, LedgerJournal, LedgerPosting
from protocol.records.money import Transaction
from protocol.records.money_states import TransactionKind
from storage.postgres.asked import Asked
from storage.postgres.database import Connection, Database, DatabaseRole
from storage.postgres.keeping import Keeper
from storage.postgres.queries_figures import dashboard, occupancy, revenue
from storage.postgres.queries_people_figures import staff_figures
from tests.night.cards import elevated
from tests.night.test_night_visits import COLA, PLAY, minutes, settled
from tests.storage.query_world import a_principal, asked_by, asking
from tests.storage.samples import insert
from tests.twins.nodes import World
from tests.twins.people import VENUE, Someone, an_order, check_in, go_on_duty, open_till, sign_in
from tests.twins.whole import LastLight, copy_of, open_memory_last_light

MONEY: Final = "/api/transactions"
TODAY: Final = date(2026, 11, 20)
MANAGER: Final = a_principal(roles={DEMO_VENUE: Role.MANAGEMENT})
STRANGER: Final = a_principal(roles={UUID(int=77): Role.OWNER})


async def _spend(house: LastLight) -> str:
    """Visits, orders, a cash sale, tips, a void of each kind, and a refund in part.

    Returns the visit that goes on.
    """
    patron, other = await sign_in(house, "patron1"), await sign_in(house, "patron2")
    staff, manager = await sign_in(house, "staff1"), await sign_in(house, "manager")
    await go_on_duty(staff)
    await open_till(staff)
    visit = (await check_in(patron, staff))["session_id"]
    mistake = (await check_in(other, staff))["session_id"]
    buy = f"{MONEY}/purchase"
    await patron.need(201, "POST", buy, {**an_order(COLA, 2), "tip_minor": 100})
    wrong = await patron.need(201, "POST", buy, {**an_order(COLA, 3), "tip_minor": 50})
    played = await patron.need(201, "POST", buy, an_order(PLAY, 5))
    cash = an_order(COLA) | {"tender": "cash", "user_id": patron.user_id}
    sold = await staff.need(201, "POST", buy, cash)
    await patron.need(201, "POST", f"{MONEY}/{sold['transaction_id']}/tip", {"amount_minor": 30})
    await minutes(8.5)
    await manager.need(200, "DELETE", f"/api/sessions/{mistake}", {"reason": "wrong guest"})
    await elevated(manager)
    void = f"{MONEY}/{wrong['transaction_id']}/void"
    await manager.need(200, "POST", void, {"reason": "wrong table"})
    path = f"{MONEY}/{played['transaction_id']}/refund"
    (line,) = played["lines"]
    part = [{"purchase_id": line["purchase_id"], "qty": 3}]
    body = {"reason_code": "game_fault", "lines": part}
    asked = await patron.need(202, "POST", path, body)
    decision = f"{MONEY}/refunds/{asked['refund_id']}/decision"
    await manager.need(200, "POST", decision, {"decision": "approve"})
    for _ in range(3):
        await minutes(10)
        await _refreshed(patron, other, staff, manager)
    await patron.need(200, "POST", f"/api/sessions/{visit}/checkout")
    goes_on: str = (await check_in(other, staff))["session_id"]
    await settled(house)
    return goes_on


async def _refreshed(*people: Someone) -> None:
    for somebody in people:
        await somebody.refresh()


def _after(founded: World, spend: Callable[[LastLight], Awaitable[object]]) -> World:
    world = copy_of(founded)

    async def live() -> None:
        async with open_memory_last_light(world) as house:
            await spend(house)

    trio.run(live, clock=MockClock(autojump_threshold=0))
    return world


async def _until_closed(house: LastLight) -> None:
    visit = await _spend(house)
    other = await sign_in(house, "patron2")
    await other.need(200, "POST", f"/api/sessions/{visit}/checkout")
    await minutes(10 * 60)
    await settled(house)


@pytest.fixture(scope="module")
def evening(founded_world: World) -> World:
    """The evening as it stands while one guest is still there."""
    return _after(founded_world, _spend)


@pytest.fixture(scope="module")
def next_morning(founded_world: World) -> World:
    """The same evening after its day was closed."""
    return _after(founded_world, _until_closed)


async def fill(database: Database, world: World) -> None:
    """Have the rows of a world in the tables, as they were flushed."""
    rows: list[Record] = [
        row
        for table, kept in world.database.rows.items()
        for row in kept.values()
        if row.table.schema == "public" and table != "event_outbox"
    ]
    async with database.connect(DatabaseRole.LOGIN) as connection:
        await connection.execute("set session_replication_role = replica")
        await insert(connection, *sorted(rows, key=lambda row: row.table.name))
        await connection.execute("set session_replication_role = default; analyze")


def asked_at(world: World, principal: Any = MANAGER) -> Asked:
    """A question at the end of what the world lived through."""
    last = max(row.posted_at for row in world.database.table(LedgerJournal).values())
    return attrs.evolve(asked_by(principal, DEMO_VENUE), now=last + timedelta(minutes=5))


@attrs.frozen
class Books:
    """What the flushed journals of a day say, added up without any query."""

    gross_minor: int
    refunds_minor: int
    tax_minor: int
    net_minor: int
    tips_minor: int


def books_of(world: World, day: date) -> Books:
    """The sums of a day; what a refund moved is told apart by its transaction."""
    journals = {row.id: row for row in world.database.table(LedgerJournal).values()}
    deals: dict[UUID, Any] = {row.id: row for row in world.database.table(Transaction).values()}
    sums: Counter[tuple[str, bool]] = Counter()
    for line in world.database.table(LedgerPosting).values():
        journal = journals[line.journal_id]
        parts = line.account_code.split(":")
        if journal.business_day != day or parts[0] != "venue":
            continue
        deal = None if journal.transaction_id is None else deals[journal.transaction_id]
        back = deal is not None and deal.kind is TransactionKind.REFUND
        sums[parts[2], back] += line.amount_minor
    earned = {back: sums["revenue", back] + sums["tax", back] for back in (True, False)}
    return Books(
        gross_minor=earned[False],
        refunds_minor=-earned[True],
        tax_minor=sums["tax", True] + sums["tax", False],
        net_minor=sums["revenue", True] + sums["revenue", False],
        tips_minor=sums["tips", True] + sums["tips", False],
    )


async def _revenue(connection: Connection, asked: Asked, by: asks.RevenueBy) -> Any:
    command = asks.GetRevenue(venue_id=DEMO_VENUE, from_=TODAY, to=TODAY, by=by)
    return await revenue(connection, command, asked)


async def test_revenue_is_the_sum_of_the_ledger(database: Database, evening: World) -> None:
    """Contract: figures are the sum of the ledger; voids are no revenue, refunds stand apart."""
    await fill(database, evening)
    books = books_of(evening, TODAY)
    # Two colas, the cash cola, five plays, half an hour of time; what was voided is not in it.
    assert books.gross_minor == 600 + 300 + 500 + 385
    assert (books.refunds_minor, books.tips_minor) == (300, 130)
    async with asking(database, asked_at(evening)) as connection:
        told = await dashboard(
            connection, asks.GetDashboard(venue_id=DEMO_VENUE), asked_at(evening)
        )
        found = await _revenue(connection, asked_at(evening), asks.RevenueBy.TENDER)
    assert attrs.asdict(told.takings) == attrs.asdict(books)
    assert found.totals == told.takings
    assert {part.key: part.gross_minor for part in found.parts} == {
        "credits": books.gross_minor - 300,
        "cash": 300,
    }
    takings = told.takings
    assert takings.gross_minor - takings.refunds_minor == takings.net_minor + takings.tax_minor


@pytest.mark.parametrize(
    "by", [asks.RevenueBy.HOUR, asks.RevenueBy.BUSINESS_DAY, asks.RevenueBy.ACTIVITY]
)
async def test_the_parts_of_revenue_add_up_to_it(
    database: Database, evening: World, by: asks.RevenueBy
) -> None:
    """However revenue is divided, nothing is counted twice or left out."""
    await fill(database, evening)
    async with asking(database, asked_at(evening)) as connection:
        found = await _revenue(connection, asked_at(evening), by)
    assert sum(part.gross_minor for part in found.parts) == found.totals.gross_minor
    if by is asks.RevenueBy.ACTIVITY:
        told = {part.key: part.gross_minor for part in found.parts}
        assert told == {"lounge": 385, "orders": 1_400}


async def test_items_are_told_by_name_and_number(database: Database, evening: World) -> None:
    """What was voided was not sold; what was refunded was, and stands under refunds."""
    await fill(database, evening)
    async with asking(database, asked_at(evening)) as connection:
        found = await _revenue(connection, asked_at(evening), asks.RevenueBy.ITEM)
    told = {part.key: (part.gross_minor, part.count) for part in found.parts}
    assert told == {COLA["item_id"]: (900, 3), PLAY["game_id"]: (500, 5)}
    assert all(part.name for part in found.parts)


async def test_presence_is_told_of_who_came_and_who_is_there(
    database: Database, evening: World
) -> None:
    """One left, one is there, and the visit that was a mistake is none."""
    await fill(database, evening)
    asked = asked_at(evening)
    async with asking(database, asked) as connection:
        told = await dashboard(connection, asks.GetDashboard(venue_id=DEMO_VENUE), asked)
        command = asks.GetOccupancy(venue_id=DEMO_VENUE, from_=TODAY, to=TODAY)
        found = await occupancy(connection, command, asked)
    assert (told.present, told.sessions, told.visits_today, told.on_duty) == (1, 1, 2, 1)
    assert (found.visits, found.peak_persons, found.peak_day) == (2, 1, TODAY)
    assert sum(found.dwell.values()) == 2
    assert {slot.at: slot.most for slot in found.slots}["21:15"] == 1


async def test_a_day_that_was_kept_reads_as_it_did_before(
    database: Database, next_morning: World
) -> None:
    """The job may run, be cut off and run again: the figures are those of the ledger."""
    await fill(database, next_morning)
    asked = asked_at(next_morning)
    keeper = Keeper(database=database, now=lambda: asked.now)
    days = {row.business_day: row for row in next_morning.database.table(BusinessDay).values()}
    assert days[TODAY].status == "closed"

    async def read() -> list[Any]:
        async with asking(database, asked) as connection:
            parts = [await _revenue(connection, asked, by) for by in asks.RevenueBy]
            days: dict[str, Any] = {"venue_id": DEMO_VENUE, "from_": TODAY, "to": TODAY}
            parts.append(await occupancy(connection, asks.GetOccupancy(**days), asked))
            parts.append(await staff_figures(connection, asks.GetStaffAnalytics(**days), asked))
            return parts

    before = await read()
    assert attrs.asdict(before[0].totals) == attrs.asdict(books_of(next_morning, TODAY))
    assert await keeper.keep() == 1
    assert await read() == before
    assert await keeper.keep() == 0
    async with database.connect(DatabaseRole.WRITER) as connection:
        await connection.execute("delete from daily_metrics where metric in ('final', 'visits')")
    assert await keeper.keep() == 1
    assert await read() == before


async def test_another_venues_management_is_told_nothing(
    database: Database, evening: World
) -> None:
    """Rule 15: rows of a venue are its own, also where they are only added up."""
    await fill(database, evening)
    asked = asked_at(evening, STRANGER)
    async with asking(database, asked) as connection:
        found = await _revenue(connection, asked, asks.RevenueBy.HOUR)
        told = await dashboard(connection, asks.GetDashboard(venue_id=DEMO_VENUE), asked)
    assert (found.parts, found.totals.gross_minor) == ((), 0)
    assert (told.present, told.takings.gross_minor, told.open_tasks) == (0, 0, 0)


@pytest.fixture
async def kept(database: Database, next_morning: World) -> Database:
    """The closed day, kept."""
    await fill(database, next_morning)
    await Keeper(database=database, now=lambda: asked_at(next_morning).now).keep()
    return database


async def test_a_persons_day_at_work_is_kept(kept: Database, next_morning: World) -> None:
    """What they sold, what they were tipped, and how long they were there."""
    async with kept.connect(DatabaseRole.WRITER) as connection:
        rows = await connection.fetch("select * from staff_performance where sales_minor > 0")
    (row,) = rows
    assert (row["business_day"], row["sales_minor"], row["tips_minor"]) == (TODAY, 300, 30)
    assert (str(row["venue_id"]), row["voids"]) == (VENUE, 0)
