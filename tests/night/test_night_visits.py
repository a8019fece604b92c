"""A night at the venue, minute by minute, on a whole node in memory."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import trio
from trio.testing import MockClock

from lastlight.demo.ids import Kind, demo_id
from protocol.records.money import Transaction
from protocol.records.runtime import DeadLetter
from protocol.records.visits import Session, SessionHistory
from tests.night.books import assert_all_is_well
from tests.twins.devices import open_device
from tests.twins.nodes import World
from tests.twins.people import (
    Someone,
    an_order,
    check_in,
    go_on_duty,
    instant,
    open_till,
    sign_in,
    top_up,
)
from tests.twins.whole import LastLight, open_memory_last_light

PLAY: Final = {"game_id": str(demo_id(Kind.GAME, 1))}
PLAY_MINOR: Final = 100
COLA: Final = {"item_id": str(demo_id(Kind.MENU_ITEM, 8))}
COLA_MINOR: Final = 300
FUNDS_MINOR: Final = 100_000
QTY_MAX: Final = 99


async def minutes(count: float) -> None:
    """Let time pass."""
    await trio.sleep(60 * count)


async def settled(house: LastLight) -> None:
    """Let what is under way come to its end, and into the database."""
    await trio.sleep(5)
    await house.wait_flushed()


async def spend_down_to(patron: Someone, left_minor: int) -> None:
    """Play until so much is left; a multiple of a play's price."""
    plays = (FUNDS_MINOR - left_minor) // PLAY_MINOR
    while plays:
        qty = min(plays, QTY_MAX)
        await patron.need(201, "POST", "/api/transactions/purchase", an_order(PLAY, qty))
        plays -= qty


async def event_data(house: LastLight, type_: str) -> Any:
    """What the first event of a type says."""
    return (await house.event(type_)).data


async def test_a_visit_costs_its_minutes_and_its_drinks_and_not_a_yen_more(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Rule 3 through the front: 30 min of lounge, a break that is free, 10 min more, and a cola."""
    session_id = (await check_in(patron, staff))["session_id"]
    path = f"/api/sessions/{session_id}"
    await minutes(30)
    await patron.refresh()
    bought = await patron.need(201, "POST", "/api/transactions/purchase", an_order(COLA))
    assert bought["total_minor"] == COLA_MINOR
    assert (await patron.need(200, "POST", f"{path}/pause"))["status"] == "paused"
    await minutes(20)
    await patron.refresh()
    quote = await patron.need(200, "GET", f"{path}/meter")
    assert quote["charge_minor"] == 300
    assert (await patron.need(200, "POST", f"{path}/resume"))["status"] == "active"
    await minutes(10)
    left = await patron.need(200, "POST", f"{path}/checkout", key="leaving")
    assert (left["status"], left["charge_minor"], left["duration_ms"]) == ("closed", 400, 3_600_000)
    assert await patron.need(200, "POST", f"{path}/checkout") == left
    wallet = await patron.need(200, "GET", "/api/transactions/credits")
    assert wallet["available_minor"] == FUNDS_MINOR - 400 - COLA_MINOR
    assert wallet["held_minor"] == 0
    await settled(house)
    assert_all_is_well(house.world)


async def test_the_meter_is_shown_every_minute_to_its_patron_alone(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Ticks say what a visit costs as it goes on; they end with it."""
    stranger = await sign_in(house, "patron2")
    async with (
        open_device(patron, f"user:{patron.user_id}") as phone,
        open_device(stranger, f"user:{stranger.user_id}") as other,
    ):
        session_id = (await check_in(patron, staff))["session_id"]
        began = trio.current_time()
        await minutes(10.5)
        ticks = phone.shown("session.meter_tick")
        assert [round(at - began) for at, _ in ticks] == [60 * n for n in range(1, 11)]
        # The first five minutes are free as long as nothing came after them.
        charges = [tick["data"]["charge_minor"] for _, tick in ticks]
        assert charges == [0, 0, 0, 0, 0, 60, 70, 80, 90, 100]
        await patron.need(200, "POST", f"/api/sessions/{session_id}/checkout")
        await minutes(5)
        assert len(phone.shown("session.meter_tick")) == 10
        assert other.events() == []


async def test_a_forgotten_pause_ends_the_visit_by_itself(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Rule 2: paused for 45 minutes means gone, and the meter stopped when the pause began."""
    session_id = (await check_in(patron, staff))["session_id"]
    await minutes(12)
    paused = await patron.need(200, "POST", f"/api/sessions/{session_id}/pause")
    paused_at = datetime.fromisoformat(paused["effective_at"])
    assert datetime.fromisoformat(paused["deadline_at"]) - paused_at == timedelta(minutes=45)
    await minutes(45)
    gone = await event_data(house, "session.checked_out")
    assert datetime.fromisoformat(gone["ended_at"]) == paused_at
    assert (gone["cause"], gone["time_charge_minor"]) == ("auto", 120)
    await settled(house)
    (history,) = house.world.database.table(SessionHistory).values()
    assert history.ended_at == paused_at
    assert_all_is_well(house.world)


async def test_a_visit_stops_at_the_instant_its_funds_end(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Rule 3: 500 minor of lounge are 50 minutes; never overdrawn, and over ten minutes later."""
    await spend_down_to(patron, 500)
    async with open_device(patron, f"user:{patron.user_id}") as phone:
        session = await check_in(patron, staff)
        began_at = datetime.fromisoformat(session["checked_in_at"])
        # The 501st minor would be due at 50:06; what is not yet due is not charged (Rule 3).
        ends_at = began_at + timedelta(minutes=50, milliseconds=5_999)
        for _ in range(4):
            await patron.refresh()
            await phone.hello()
            await minutes(13)
        ((_, low),) = phone.shown("session.low_credit")
        assert low["occurred_at"] == instant(began_at + timedelta(minutes=41))
        assert low["data"]["runs_out_at"] == instant(ends_at)
        ((_, exhausted),) = phone.shown("session.exhausted")
        assert exhausted["data"]["at"] == instant(ends_at)
        assert exhausted["data"]["charge_minor"] == 500
    wallet = await patron.need(200, "GET", "/api/transactions/credits")
    assert (wallet["available_minor"], wallet["held_minor"]) == (0, 0)
    await minutes(10)
    gone = await event_data(house, "session.checked_out")
    assert gone["ended_at"] == instant(ends_at)
    assert gone["time_charge_minor"] == 500
    await settled(house)
    assert_all_is_well(house.world)


async def test_a_shift_a_till_and_cash_that_becomes_credit(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """What goes into the drawer is in the wallet, and the blind count agrees."""
    async with open_device(patron, f"user:{patron.user_id}") as phone:
        await go_on_duty(staff)
        till_id = await open_till(staff)
        added = await top_up(staff, patron, 2_000)
        assert (added["status"], added["amount_minor"]) == ("posted", 2_000)
        assert added["balance"]["available_minor"] == FUNDS_MINOR + 2_000
        leaving = await staff.send("POST", "/api/staff/clock-out", {})
        assert (leaving.status, leaving.code) == (409, "till_open")
        counted = {"counted": [{"denomination_minor": 1_000, "count": 12}]}
        closed = await staff.need(200, "POST", f"/api/staff/tills/{till_id}/close", counted)
        assert (closed["expected_minor"], closed["variance_minor"]) == (12_000, 0)
        assert (await staff.need(200, "POST", "/api/staff/clock-out", {}))["status"] == "ended"
        await trio.sleep(1)
        assert phone.shown("credits.balance_changed")
    await settled(house)
    assert_all_is_well(house.world)


async def test_a_node_that_dies_at_night_goes_on_where_it_was(
    world: World, autojump_clock: MockClock
) -> None:
    """The meter, the pause, the shift and the wallet are those that were answered."""
    async with open_memory_last_light(world) as house:
        staff, patron = await sign_in(house, "staff1"), await sign_in(house, "patron1")
        resting = await sign_in(house, "patron2")
        await go_on_duty(staff)
        await open_till(staff)
        playing_id = (await check_in(patron, staff))["session_id"]
        resting_id = (await check_in(resting, staff))["session_id"]
        await minutes(10)
        paused = await resting.need(200, "POST", f"/api/sessions/{resting_id}/pause")
    await minutes(3)
    async with open_memory_last_light(world) as house:
        patron, staff, resting = (who.at(house) for who in (patron, staff, resting))
        for who in (patron, staff, resting):
            await who.refresh()
        quote = await patron.need(200, "GET", f"/api/sessions/{playing_id}/meter")
        assert quote["charge_minor"] == 130
        await top_up(staff, patron, 1_000)
    async with open_memory_last_light(world) as house:
        patron = patron.at(house)
        left = await patron.need(200, "POST", f"/api/sessions/{playing_id}/checkout")
        assert left["charge_minor"] == 130
        wallet = await patron.need(200, "GET", "/api/transactions/credits")
        assert wallet["available_minor"] == FUNDS_MINOR + 1_000 - 130
        await minutes(42)
        await settled(house)
        gone = [e for e in world.publisher.events if e.type == "session.checked_out"]
        assert gone[-1].data["ended_at"] == paused["effective_at"]
    assert world.database.table(Session) == {}
    assert world.database.table(DeadLetter) == {}
    kinds = {row.kind.value for row in world.database.table(Transaction).values()}
    assert "topup" in kinds
    assert_all_is_well(world)
