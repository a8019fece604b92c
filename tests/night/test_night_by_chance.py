"""What random nights found, told once more in a few lines each; see docs/decisions/0009."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from protocol.records.runtime import RecentPlay
from tests.night.books import assert_all_is_well
from tests.night.test_night_visits import PLAY
from tests.twins.nodes import World
from tests.twins.people import an_order, sign_in
from tests.twins.whole import open_memory_last_light


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
