"""Business days on a whole node: closed by hand and by themselves, under load and over crashes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import pytest
import trio
import trio.lowlevel
from trio.testing import MockClock

from lastlight.demo.ids import Kind, demo_id
from protocol.internal.administration import SumUpDay
from protocol.records.ledger import BusinessDay, LedgerJournal, LedgerPosting, Till
from protocol.records.money import Transaction
from protocol.records.money_states import BusinessDayStatus, TillStatus
from protocol.records.platform import AuditEntry
from protocol.records.runtime import Trading
from protocol.records.staff import StaffShift
from protocol.records.states import ShiftStatus
from tests.night.books import assert_all_is_well
from tests.night.cards import begin, hook, provider_of
from tests.twins.nodes import World
from tests.twins.people import (
    VENUE,
    Heard,
    Someone,
    an_order,
    check_in,
    go_on_duty,
    open_till,
    sign_in,
    top_up,
)
from tests.twins.whole import LastLight, open_memory_last_light

PLAY: Final = {"game_id": str(demo_id(Kind.GAME, 1))}
PLAY_MINOR: Final = 100
CUTOVER: Final = timedelta(hours=8)
"""From the opening of every world, which is 21:00 in Tokyo, to 05:00."""


def today(house: LastLight) -> date:
    """The business day, while the wall clock shows an evening or a night."""
    return (house.world.clock.now() + timedelta(hours=9 - 5)).date()


async def close(manager: Someone, day: date, **body: Any) -> Heard:
    """Ask that a day be closed."""
    path = f"/api/admin/business-days/{day}/close"
    return await manager.send("POST", path, {"venue_id": VENUE, **body})


async def play(patron: Someone, times: int = 1) -> None:
    """Spend a hundred each time."""
    for _ in range(times):
        await patron.need(201, "POST", "/api/transactions/purchase", an_order(PLAY))


def earned_minor(world: World, day: date) -> int:
    """What the ledger says of a day, tax included."""
    days = {row.id: row.business_day for row in world.database.table(LedgerJournal).values()}
    return sum(
        row.amount_minor
        for row in world.database.table(LedgerPosting).values()
        if days[row.journal_id] == day
        and (":revenue:" in row.account_code or row.account_code.endswith(":tax"))
    )


def days_of(world: World) -> dict[date, BusinessDay]:
    """The rows of days that are flushed."""
    return {row.business_day: row for row in world.database.table(BusinessDay).values()}


async def test_a_manager_closes_the_day_and_gets_its_report(
    house: LastLight, manager: Someone, patron: Someone, autojump_clock: MockClock
) -> None:
    """The number, the totals of the ledger, the event, and a line in the audit trail."""
    day = today(house)
    await play(patron, 3)
    heard = await close(manager, day)
    assert heard.status == 200, heard
    assert (heard.body["kind"], heard.body["status"], heard.body["z_number"]) == ("Z", "closed", 1)
    assert heard.body["gross_minor"] == 3 * PLAY_MINOR == earned_minor(house.world, day)
    told = await house.event("business_day.closed")
    assert (told.data["z_number"], told.data["auto"]) == (1, False)
    assert (await close(manager, day)).code == "business_day_closed"
    await house.wait_flushed()
    row = days_of(house.world)[day]
    assert (row.status, row.closed_by) == (BusinessDayStatus.CLOSED, row.closed_by)
    lines = house.world.database.table(AuditEntry).values()
    assert "business_day.closed" in {line.action for line in lines}


async def test_what_comes_after_an_early_close_belongs_to_the_next_day(
    house: LastLight, manager: Someone, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Rule 5: the closed day is frozen, to the last minute of a visit that was running."""
    day = today(house)
    visitor = await sign_in(house, "patron2")
    await check_in(visitor, staff)
    await trio.sleep(7 * 60 + 30)
    await play(patron)
    heard = await close(manager, day)
    assert heard.status == 200, heard
    closed_minor = heard.body["gross_minor"]
    await play(patron, 2)
    await trio.sleep(20 * 60)
    await visitor.refresh()
    session = (await visitor.need(200, "GET", "/api/sessions/active"))["items"][0]
    await visitor.need(200, "POST", f"/api/sessions/{session['session_id']}/checkout")
    await trio.sleep(5)
    await house.wait_flushed()
    assert earned_minor(house.world, day) == closed_minor
    assert earned_minor(house.world, day + timedelta(days=1)) >= 2 * PLAY_MINOR
    posted = {
        row.business_day
        for row in house.world.database.table(Transaction).values()
        if row.session_id is not None
    }
    assert posted == {day, day + timedelta(days=1)}
    assert_all_is_well(house.world)


async def test_open_tills_keep_a_day_from_being_closed_by_hand(
    house: LastLight, manager: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """409 till_open names them."""
    await go_on_duty(staff)
    till = await open_till(staff)
    heard = await close(manager, today(house))
    assert (heard.status, heard.code) == (409, "till_open")
    assert heard.body["till_ids"] == [till]


async def test_a_forgotten_day_closes_by_itself_and_ends_what_was_forgotten(
    house: LastLight, staff: Someone, patron: Someone, autojump_clock: MockClock
) -> None:
    """Rule 5: an hour after cutover the till has ended and the shift needs review.

    Rule 5 closes_itself.
    """
    day = today(house)
    await go_on_duty(staff)
    await open_till(staff)
    await top_up(staff, patron, 5_000)
    await play(patron)
    await trio.sleep((CUTOVER + timedelta(hours=1, minutes=1)).total_seconds())
    told = await house.event("business_day.closed")
    assert told.occurred_at >= house.world.clock.start + CUTOVER + timedelta(hours=1)
    assert (told.data["auto"], told.data["gross_minor"]) == (True, PLAY_MINOR)
    await house.wait_flushed()
    (till,) = house.world.database.table(Till).values()
    (shift,) = house.world.database.table(StaffShift).values()
    assert (till.status, shift.status) == (TillStatus.ENDED, ShiftStatus.NEEDS_REVIEW)
    assert days_of(house.world)[day].status is BusinessDayStatus.CLOSED
    assert_all_is_well(house.world)


async def test_days_go_on_closing_without_a_gap(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Days on which nobody looks: each day has its Z, and the next one is open."""
    await play(patron)
    first = today(house)
    await trio.sleep(2 * 24 * 3600)
    await house.wait_flushed()
    closed = [row for row in days_of(house.world).values() if row.z_number is not None]
    assert [row.z_number for row in sorted(closed, key=lambda row: row.business_day)] == [
        1,
        2,
    ]
    assert [row.business_day for row in closed] == [first + timedelta(days=n) for n in range(2)]
    (trading,) = house.world.database.table(Trading).values()
    assert trading.closed_through == first + timedelta(days=1)


async def test_sales_while_a_day_is_closed_are_in_one_of_two_days(
    house: LastLight, manager: Someone, autojump_clock: MockClock
) -> None:
    """The Z is the ledger's sum for its day, whatever was sold at that very moment."""
    day = today(house)
    guests = [await sign_in(house, f"patron{n}") for n in range(1, 11)]
    reports: list[Heard] = []

    async def close_it() -> None:
        reports.append(await close(manager, day))

    async with trio.open_nursery() as nursery:
        for guest in guests:
            nursery.start_soon(play, guest, 5)
        await trio.lowlevel.checkpoint()
        nursery.start_soon(close_it)
        nursery.start_soon(close_it)
    await trio.sleep(5)
    await house.wait_flushed()
    assert sorted(heard.status for heard in reports) == [200, 409]
    report = next(heard.body for heard in reports if heard.status == 200)
    assert report["gross_minor"] == earned_minor(house.world, day)
    both = earned_minor(house.world, day) + earned_minor(house.world, day + timedelta(days=1))
    assert both == 50 * PLAY_MINOR
    assert_all_is_well(house.world)


@pytest.mark.parametrize("hangs", [True, False])
async def test_a_crash_while_a_day_is_closed_loses_neither_number_nor_totals(
    world: World, autojump_clock: MockClock, hangs: bool
) -> None:
    """The question to the books is journaled: it is asked again, and the day is frozen once."""
    async with open_memory_last_light(world) as house:
        manager, patron = await sign_in(house, "manager"), await sign_in(house, "patron1")
        day = today(house)
        await play(patron, 4)
        await house.wait_flushed()
        world.effects.hangs = trio.Event() if hangs else None
        with trio.move_on_after(0.01 if hangs else 1):
            await close(manager, day)
    world.effects.hangs = None
    async with open_memory_last_light(world) as house:
        await trio.sleep(10)
        await house.wait_flushed()
        row = days_of(world)[day]
        assert (row.status, row.z_number) == (BusinessDayStatus.CLOSED, 1)
        assert row.totals is not None
        assert row.totals["net_minor"] + row.totals["tax_minor"] == 4 * PLAY_MINOR
        asked = [done for done in world.effects.done if isinstance(done.command, SumUpDay)]
        assert len(asked) == 1
        closed = [e for e in world.publisher.events if e.type == "business_day.closed"]
        assert len(closed) == 1
        assert_all_is_well(world)


async def test_a_top_up_before_anybody_came_is_in_the_first_days_book(
    world: World, autojump_clock: MockClock
) -> None:
    """A new house sells credit by card before it opens its door; no money may miss its Z report."""
    async with open_memory_last_light(world) as house:
        patron, day = await sign_in(house, "patron1"), today(house)
        await paid_by_card(house, patron, 5_000)
        await trio.sleep((CUTOVER + timedelta(hours=2)).total_seconds())
        await house.wait_flushed()
    row = days_of(world)[day]
    assert (row.status, row.z_number) == (BusinessDayStatus.CLOSED, 1)
    assert day + timedelta(days=1) in days_of(world), "each day opens the next"


async def paid_by_card(house: LastLight, patron: Someone, amount_minor: int) -> None:
    """A top-up whose money has come."""
    body = {"venue_id": VENUE, "tender": "card", "amount_minor": amount_minor}
    _, intent = await begin(patron, body)
    provider_of(house).pays(intent["provider_payment_id"])
    await hook(house)
    await trio.sleep(5)
