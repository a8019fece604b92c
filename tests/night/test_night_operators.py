"""What an operator may ask of live actors, on a whole node."""

from __future__ import annotations

from uuid import UUID

import pytest
from trio.testing import MockClock

from tests.twins.people import VENUE, sign_in
from tests.twins.whole import LastLight

NOWHERE = UUID(int=0)


@pytest.mark.parametrize("cursor", ["!!", "a", "%C3%A9", "_w"])
async def test_a_cursor_of_somebody_elses_making_is_a_malformed_request(
    house: LastLight, cursor: str, autojump_clock: MockClock
) -> None:
    """400 on every list: a cursor is opaque, so it is right or none of ours."""
    owner = await sign_in(house, "owner")
    heard = await owner.send("GET", f"/api/admin/actors?cursor={cursor}")
    assert (heard.status, heard.code) == (400, "malformed_request")


async def test_an_operator_looks_at_an_actor_that_lives(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """A venue at work is looked at without stopping it."""
    owner = await sign_in(house, "owner")
    found = await owner.need(200, "GET", f"/api/admin/actors/venue/{VENUE}")
    assert found["actor"]["actor_id"] == VENUE


@pytest.mark.parametrize(
    "address", ["outside", "nobody", f"outside/{NOWHERE}", f"platform/{VENUE}", "venue/x"]
)
async def test_an_address_where_nobody_can_be_is_not_found(
    house: LastLight, address: str, autojump_clock: MockClock
) -> None:
    """A mistyped address is no bug of ours, and brings no second platform to life."""
    owner = await sign_in(house, "owner")
    before = len(house.node.actors())
    heard = await owner.send("GET", f"/api/admin/actors/{address}")
    assert (heard.status, heard.code) == (404, "not_found")
    assert len(house.node.actors()) == before
