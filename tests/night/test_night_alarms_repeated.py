"""An alarm that is repeated by the same key from elsewhere is the alarm that it was (Rule 12).

Which venue an alarm without one is for depends on where its raiser is. A phone that got no answer
asks again, and its owner may have gone on meanwhile.
"""

from __future__ import annotations

from typing import Final
from uuid import uuid4

import pytest
import trio
from trio.testing import MockClock

from lastlight.demo.ids import DEMO_VENUE
from protocol.addresses import Role
from protocol.records.safety import Incident
from tests.night.people_kit import rows
from tests.night.second_venue import SECOND, from_second, with_role, with_second_venue
from tests.twins.nodes import World
from tests.twins.people import Someone, check_in, here, sign_in
from tests.twins.whole import LastLight, open_memory_last_light

HELP: Final = "/api/safety/help-requests"
SOS: Final = "/api/emergency/sos"


@pytest.fixture
async def world(founded_world: World) -> World:
    """Two venues: nobody can say where somebody without a visit is."""
    return await with_second_venue(founded_world)


async def leave(patron: Someone) -> None:
    """End the open visit."""
    visits = (await patron.need(200, "GET", f"/api/sessions/active?venue_id={DEMO_VENUE}"))["items"]
    await patron.need(200, "POST", f"/api/sessions/{visits[0]['session_id']}/checkout")
    await trio.sleep(5)


async def go_to_second(patron: Someone) -> None:
    """Check in at the second venue."""
    host = from_second(patron.house, Role.STAFF)
    codes = await host.need(200, "GET", f"/api/venues/{SECOND}/checkin-code")
    body = {
        "venue_id": str(SECOND),
        "qr_token": codes["tokens"][0]["qr_token"],
        "location": here(patron.house),
        "party_size": 1,
        "activity": "lounge",
    }
    await patron.need(201, "POST", "/api/sessions/checkin", body)


async def test_a_call_for_help_is_answered_alike_after_the_visit(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Nowhere, and at another venue: it happened once, where it was. Another key is another."""
    await check_in(patron, staff)
    taken = await patron.need(201, "POST", HELP, {}, key="one call")
    await leave(patron)
    assert await patron.need(201, "POST", HELP, {}, key="one call") == taken
    nowhere = await patron.send("POST", HELP, {})
    assert (nowhere.status, nowhere.code) == (422, "validation_failed")
    await go_to_second(patron)
    assert await patron.need(201, "POST", HELP, {}, key="one call") == taken
    other = await patron.need(201, "POST", HELP, {})
    await house.wait_flushed()
    places = {str(row.id): row.venue_id for row in rows(house, Incident)}
    assert places == {taken["incident_id"]: DEMO_VENUE, other["incident_id"]: SECOND}


async def test_an_sos_is_answered_alike_by_whoever_works_elsewhere_now(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """With another body by the same key it is another alarm, and nobody is left alone."""
    user_id = uuid4()
    before = with_role(house, user_id, Role.STAFF, DEMO_VENUE)
    now = with_role(house, user_id, Role.STAFF, SECOND)
    pressed = await before.need(201, "POST", SOS, {}, key="one press")
    assert await now.need(201, "POST", SOS, {}, key="one press") == pressed
    other = await now.need(201, "POST", SOS, {"zone": "bar"}, key="one press")
    await house.wait_flushed()
    places = {str(row.id): row.venue_id for row in rows(house, Incident)}
    assert places == {pressed["incident_id"]: DEMO_VENUE, other["incident_id"]: SECOND}


async def test_a_call_is_known_again_after_the_node_began_anew(
    world: World, autojump_clock: MockClock
) -> None:
    """Keys are written with what they stand for."""
    async with open_memory_last_light(world) as house:
        patron, staff = await sign_in(house, "patron1"), await sign_in(house, "staff1")
        await check_in(patron, staff)
        taken = await patron.need(201, "POST", HELP, {}, key="one call")
        await leave(patron)
    async with open_memory_last_light(world) as house:
        patron = await sign_in(house, "patron1")
        assert await patron.need(201, "POST", HELP, {}, key="one call") == taken
