"""What random nights found, told once more in a few lines each; see docs/decisions/0009."""

from __future__ import annotations

from uuid import uuid4

import trio
from trio.testing import MockClock

from protocol.records.runtime import RecentPlay
from tests.night.books import assert_all_is_well
from tests.night.people_kit import elevated
from tests.night.test_night_visits import COLA, PLAY
from tests.twins.nodes import World
from tests.twins.people import VENUE, Someone, an_order, sign_in
from tests.twins.whole import LastLight, open_memory_last_light


async def test_who_plays_again_after_a_long_while_and_a_restart_is_noted(
    world: World, autojump_clock: MockClock
) -> None:
    """The row of the first play is still there, so it is changed and not made anew."""
    async with open_memory_last_light(world) as house:
        patron = await sign_in(house, "patron1")
        await patron.need(201, "POST", "/api/transactions/purchase", an_order(PLAY))
        await trio.sleep(1)
        await house.wait_flushed()
    async with open_memory_last_light(world) as house:
        await trio.sleep(30 * 60)
        patron = patron.at(house)
    async with open_memory_last_light(world) as house:
        patron = patron.at(house)
        await patron.refresh()
        await patron.need(201, "POST", "/api/transactions/purchase", an_order(PLAY))
        await trio.sleep(1)
        await house.wait_flushed()
        (played,) = world.database.table(RecentPlay).values()
        assert played.version == 2
        assert_all_is_well(world)


async def test_a_tip_that_was_booked_elsewhere_goes_back_with_its_order_all_the_same(
    house: LastLight, patron: Someone, manager: Someone, owner: Someone, autojump_clock: MockClock
) -> None:
    """L3: a mirror can't fail; were it refused, the wallet would have what no journal says (L8)."""
    order = an_order(COLA) | {"tip_minor": 40}
    sold = await patron.need(201, "POST", "/api/transactions/purchase", order)
    paid_out = {
        "venue_id": VENUE,
        "user_id": patron.user_id,
        "postings": [
            {"account": f"venue:{VENUE}:tips", "amount_minor": -40},
            {"account": f"venue:{VENUE}:promo_expense", "amount_minor": 40},
        ],
        "reason": "given to the bar in coins",
        "corrects_id": str(uuid4()),
    }
    await (await elevated(owner)).need(201, "POST", "/api/transactions/adjustments", paid_out)
    path = f"/api/transactions/{sold['transaction_id']}/void"
    await (await elevated(manager)).need(200, "POST", path, {"reason": "never brought"})
    await trio.sleep(1)
    await house.wait_flushed()
    assert_all_is_well(house.world)
