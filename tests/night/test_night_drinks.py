"""Drinks over several visits on a whole node: checking out wipes nothing out (Rule 7)."""

from __future__ import annotations

from typing import Final

import trio
from trio.testing import MockClock

from protocol.records.safety import Intervention
from tests.night.test_night_care import BEER, CASES, CHECK_IN, code_of, settled, told
from tests.twins.people import Someone, an_order, check_in
from tests.twins.whole import LastLight

BUY: Final = "/api/transactions/purchase"


async def drink(patron: Someone, staff: Someone) -> str:
    """A visit of two minutes with two beers, which are 2.8 standard drinks; returns its id.

    It is over before a question that nobody answers would raise the level.
    """
    session_id: str = (await check_in(patron, staff))["session_id"]
    await patron.need(201, "POST", BUY, an_order(BEER, qty=2))
    await trio.sleep(2 * 60)
    await patron.need(200, "POST", f"/api/sessions/{session_id}/checkout")
    await trio.sleep(1)
    return session_id


async def test_nobody_starts_anew_by_checking_out_and_in_again(
    house: LastLight, patron: Someone, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """pace_120_high: the third short visit reaches level 3, and there is no fourth. Rule 7
    day_total: who is let in again all the same begins at level 3, and no alcohol is served.
    """
    first = await drink(patron, staff)
    assert await told(house, "safety.threshold_crossed") == []
    second = await drink(patron, staff)
    third = await drink(patron, staff)
    crossed = await told(house, "safety.threshold_crossed")
    assert first not in {one["session_id"] for one in crossed}
    assert [(one["session_id"], one["rule"], one["level"]) for one in crossed] == [
        (second, "pace_120", 2),
        (third, "pace_120", 2),
        (third, "pace_120_high", 3),
    ]
    back = await patron.send("POST", CHECK_IN, await code_of(patron, staff))
    assert (back.status, back.code) == (409, "safety_hold_active")
    await house.wait_flushed()
    cases = house.world.database.table(Intervention).values()
    (held,) = (case for case in cases if case.level == 3)
    lifted = {"outcome": "fine"}
    await manager.need(200, "POST", f"{CASES}/{held.id}/outcome", lifted)
    await trio.sleep(1)
    again = await patron.need(201, "POST", CHECK_IN, await code_of(patron, staff))
    assert again["status"] == "cooling"
    beer = await patron.send("POST", BUY, an_order(BEER))
    assert (beer.status, beer.code) == (403, "alcohol_refused")
    seen = await staff.need(200, "GET", f"/api/sessions/{again['session_id']}")
    assert (seen["status"], seen["safety_level"]) == ("cooling", 3)
    await settled(house)


async def test_the_next_business_day_begins_with_nothing(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """day_total is of a business day: what was had on the evening before is no news."""
    await drink(patron, staff)
    await drink(patron, staff)
    before = await told(house, "safety.threshold_crossed")
    await trio.sleep(24 * 3600)
    await patron.refresh()
    await staff.refresh()
    session_id = (await check_in(patron, staff))["session_id"]
    await patron.need(201, "POST", BUY, an_order(BEER, qty=1))
    assert await told(house, "safety.threshold_crossed") == before
    seen = await staff.need(200, "GET", f"/api/sessions/{session_id}")
    assert seen["safety_level"] == 0
    await settled(house)
