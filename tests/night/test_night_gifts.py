"""Gifts by code over restarts, through the front of a whole node."""

from __future__ import annotations

from trio.testing import MockClock

from tests.night.books import assert_all_is_well
from tests.night.test_night_visits import settled
from tests.night.test_night_wallets import MONEY
from tests.twins.nodes import World
from tests.twins.people import VENUE, sign_in
from tests.twins.whole import open_memory_last_light


async def test_a_gift_by_code_is_answered_again_when_the_code_is_gone(
    world: World, autojump_clock: MockClock
) -> None:
    """Rule 12: a node later, and with a new code of the friend's, the same key is the same gift."""
    async with open_memory_last_light(world) as house:
        patron, friend = await sign_in(house, "patron1"), await sign_in(house, "patron2")
        shown = await friend.need(200, "GET", f"{MONEY}/credits?gift_code=true")
        gift = {"code": shown["gift_code"]["code"], "amount_minor": 700, "venue_id": VENUE}
        first = await patron.need(201, "POST", f"{MONEY}/transfer", gift, key="for you")
        await friend.need(200, "GET", f"{MONEY}/credits?gift_code=true")
        await settled(house)
    async with open_memory_last_light(world) as house:
        patron = patron.at(house)
        assert await patron.need(201, "POST", f"{MONEY}/transfer", gift, key="for you") == first
        other = await patron.send("POST", f"{MONEY}/transfer", gift)
        assert (other.status, other.code) == (404, "not_found")
        await settled(house)
        assert_all_is_well(world)
