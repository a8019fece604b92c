"""What belongs to others is not there (Rule 15): other patrons, and another venue of the house."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
import trio
from trio.testing import MockClock

from lastlight.demo.ids import Kind, demo_id
from protocol.addresses import Role
from tests.night.second_venue import SECOND, from_second, with_second_venue
from tests.twins.devices import open_device
from tests.twins.nodes import World
from tests.twins.people import VENUE, check_in, go_on_duty, here, open_till, sign_in
from tests.twins.whole import LastLight

ITEM: Final = str(demo_id(Kind.MENU_ITEM, 8))


@pytest.fixture
async def world(founded_world: World) -> World:
    """Two venues: nobody who works at the one works at the other."""
    return await with_second_venue(founded_world)


@pytest.mark.parametrize("role", [Role.STAFF, Role.MANAGEMENT])
async def test_who_works_elsewhere_finds_nothing_of_this_venue(
    role: Role, house: LastLight, autojump_clock: MockClock
) -> None:
    """A role counts only at its venue; across venues everything is 404, and nothing happens."""
    patron, staff = await sign_in(house, "patron1"), await sign_in(house, "staff1")
    visit = f"/api/sessions/{(await check_in(patron, staff))['session_id']}"
    await go_on_duty(staff)
    till = f"/api/staff/tills/{await open_till(staff)}/close"
    sos = (await staff.need(201, "POST", "/api/emergency/sos", {}))["incident_id"]
    stranger = from_second(house, role)
    patron_id = {"user_id": patron.user_id}
    buying = {"venue_id": VENUE, "lines": [{"item_id": ITEM, "qty": 1}], "tender": "credits"}
    cash = {"venue_id": VENUE, "tender": "cash", "amount_minor": 1_000}
    tried: list[tuple[str, str, Any]] = [
        ("GET", f"/api/venues/{VENUE}/checkin-code", None),
        ("GET", visit, None),
        ("GET", f"{visit}/meter", None),
        ("POST", f"{visit}/checkout", {}),
        ("POST", f"{visit}/pause", {}),
        ("POST", f"{visit}/resume", {"reason": "because"}),
        ("POST", f"{visit}/activity", {"activity": "arcade_time"}),
        ("POST", f"{visit}/location", {"fixes": [here(house)]}),
        ("GET", f"/api/transactions/credits?user_id={patron.user_id}", None),
        ("POST", "/api/transactions/purchase", {**buying, **patron_id}),
        ("POST", "/api/transactions/topup", {**cash, **patron_id}),
        ("POST", "/api/sessions/checkin", {"venue_id": VENUE, **patron_id}),
        ("POST", "/api/staff/clock-in", {"venue_id": VENUE, "location": here(house)}),
        ("POST", "/api/staff/clock-out", {"user_id": staff.user_id}),
        ("POST", till, {"counted": []}),
        ("POST", f"/api/emergency/sos/{sos}/respond", {"action": "acknowledge"}),
    ]
    answers = [(method, path, await stranger.send(method, path, body))
               for method, path, body in tried]  # fmt: skip
    # What staff may do nowhere, they are told so: it says nothing of what is here.
    hidden = {404} if role is Role.MANAGEMENT else {403, 404}
    wrong = [f"{m} {p}: {a.status} {a.code}" for m, p, a in answers if a.status not in hidden]
    assert wrong == [], wrong
    own = await stranger.need(200, "GET", f"/api/sessions/active?venue_id={VENUE}")
    assert own["items"] == []
    assert (await patron.need(200, "GET", visit))["status"] == "active"
    for room in (
        *(f"venue:{VENUE}:{audience}" for audience in ("staff", "management", "owner")),
        f"user:{patron.user_id}",
        "owner",
    ):
        async with open_device(stranger) as phone:
            await phone.say(op="subscribe", room=room)
            told = await phone.wait_for(op="error")
            expected = "forbidden" if room == "owner" else "not_found"
            assert told["problem"]["code"] == expected, room
            await trio.testing.wait_all_tasks_blocked()
            assert phone.socket.close_code == 4403


async def test_a_role_of_yesterday_is_no_role_today(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """The token's own word counts only while it lives."""
    stranger = from_second(house, Role.STAFF)
    path = f"/api/venues/{SECOND}/checkin-code"
    await stranger.need(200, "GET", path)
    house.world.clock.step += timedelta(seconds=901)
    assert (await stranger.send("GET", path)).status == 401
