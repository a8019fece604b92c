"""Care for patrons on a whole node: drinks, checks, people who come or not, calls for help."""

from __future__ import annotations

from typing import Any, Final

import trio
from trio.testing import MockClock

from lastlight.demo.ids import Kind, demo_id
from protocol.internal.emergencies import AlertPeople
from protocol.records.safety import Intervention, SafetyLog
from protocol.records.staff import StaffTask
from tests.night.books import assert_all_is_well
from tests.twins.devices import open_device
from tests.twins.people import VENUE, Someone, an_order, ask, check_in, go_on_duty, here
from tests.twins.whole import LastLight

LOGS: Final = "/api/safety/logs"
CASES: Final = "/api/safety/interventions"
HELP: Final = "/api/safety/help-requests"
BROADCAST: Final = "/api/emergency/broadcasts"
VERIFY: Final = "/api/safety/verifications"
CHECK_IN: Final = "/api/sessions/checkin"
BEER: Final = {"item_id": str(demo_id(Kind.MENU_ITEM, 1))}
STAFF_ROOM: Final = f"venue:{VENUE}:staff"


def alerts(house: LastLight) -> list[AlertPeople]:
    """What was sent to phones outside, in order."""
    found = [message.command for message in house.world.effects.done]
    return [command for command in found if isinstance(command, AlertPeople)]


async def told(house: LastLight, kind: str) -> list[Any]:
    """What events of a type said so far."""
    await trio.sleep(0.5)
    return [event.data for event in house.world.publisher.events if event.type == kind]


async def settled(house: LastLight) -> None:
    """Let what is under way come to its end, and into the database."""
    await trio.sleep(5)
    await house.wait_flushed()
    assert_all_is_well(house.world)


async def test_a_case_that_nobody_acknowledges_goes_on_and_on(
    house: LastLight, patron: Someone, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Rule 7: 5 min, then the next tier of people; a word of a person ends it and nothing else."""
    await go_on_duty(staff)
    session_id = (await check_in(patron, staff))["session_id"]
    body = {"session_id": session_id, "level": 2, "reason": "sits alone and cries"}
    opened = await manager.need(201, "POST", CASES, body)
    (asked,) = await told(house, "safety.verification_requested")
    await patron.need(200, "POST", VERIFY, {"check_id": asked["check_id"], "response": "ok"})
    assert (await told(house, "task.assigned"))[-1]["assignee_id"] == staff.user_id
    await trio.sleep(297)
    assert await told(house, "safety.intervention_updated") == []
    await trio.sleep(5)
    (late,) = await told(house, "safety.intervention_updated")
    assert (late["status"], late["intervention_id"]) == ("escalated", opened["intervention_id"])
    await trio.sleep(30 * 60)
    tiers = [alert.tier for alert in alerts(house) if alert.reason == "care_overdue"]
    assert tiers[:3] == [1, 2, 3]
    assert len(tiers) >= 6
    await staff.refresh()
    path = f"{CASES}/{opened['intervention_id']}/outcome"
    taken = await staff.need(200, "POST", path, {"acknowledged": True})
    assert taken["status"] == "acknowledged"
    done = await staff.need(200, "POST", path, {"outcome": "water_food"})
    assert done["status"] == "closed"
    again = await staff.send("POST", path, {"outcome": "fine"})
    assert again.code == "intervention_closed"
    before = len(alerts(house))
    await trio.sleep(20 * 60)
    assert len([a for a in alerts(house)[before:] if a.reason == "care_overdue"]) == 0
    await settled(house)
    rows = house.world.database.table(StaffTask).values()
    assert {row.status.value for row in rows if row.kind == "safety"} == {"cancelled"} or all(
        row.done_at is not None for row in rows if row.kind == "safety"
    )


async def test_a_hold_cools_refuses_and_shuts_the_door_until_management_lifts_it(
    house: LastLight, patron: Someone, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Through the front: signs, 403 alcohol_refused, check-out, 409 safety_hold_active, lifted."""
    visit = await check_in(patron, staff)
    seen = {"session_id": visit["session_id"], "signs": ["slurred_speech", "unsteady"]}
    logged = await staff.need(201, "POST", LOGS, seen)
    assert logged["safety_level"] == 3
    beer = await patron.send("POST", "/api/transactions/purchase", an_order(BEER))
    assert (beer.status, beer.code) == (403, "alcohol_refused")
    path = f"/api/sessions/{visit['session_id']}"
    assert (await patron.send("POST", f"{path}/resume")).code == "safety_hold_active"
    await patron.need(200, "POST", f"{path}/checkout")
    await trio.sleep(1)
    back = await patron.send("POST", CHECK_IN, await code_of(patron, staff))
    assert (back.status, back.code) == (409, "safety_hold_active")
    case = f"{CASES}/{logged['intervention_id']}/outcome"
    assert (await staff.send("POST", case, {"outcome": "fine"})).code == "forbidden"
    lifted = await manager.need(200, "POST", case, {"outcome": "fine"})
    assert lifted["status"] == "closed"
    await trio.sleep(1)
    await patron.need(201, "POST", CHECK_IN, await code_of(patron, staff))
    await settled(house)
    lines = [*house.world.database.table(SafetyLog).values()]
    assert {"observation", "level", "intervention", "refusal"} <= {line.kind for line in lines}
    assert sorted(line.seq for line in lines if line.seq) == [*range(1, len(lines) + 1)]


async def code_of(patron: Someone, staff: Someone) -> dict[str, Any]:
    """The body of a check-in at the door, now."""
    codes = await staff.need(200, "GET", f"/api/venues/{VENUE}/checkin-code")
    return {
        "venue_id": VENUE,
        "qr_token": codes["tokens"][0]["qr_token"],
        "location": here(patron.house),
        "party_size": 1,
        "activity": "lounge",
    }


async def test_help_without_a_visit_is_taken_and_shows_nowhere(
    house: LastLight, patron: Someone, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """An empty body, no session: two are alerted, then it gets as loud as an SOS."""
    await go_on_duty(staff)
    async with (
        open_device(staff, STAFF_ROOM) as phone,
        open_device(patron, f"user:{patron.user_id}") as screen,
    ):
        taken = await patron.need(201, "POST", HELP, b"no JSON at all")
        assert taken["recorded"]
        await trio.sleep(1)
        ((_, event),) = phone.shown("safety.help_requested")
        assert event["data"]["incident_id"] == taken["incident_id"]
        assert event["data"]["session_id"] is None
        await trio.sleep(620)
        assert [alert.tier for alert in alerts(house)][:4] == [0, 1, 2, 3]
        path = f"/api/emergency/sos/{taken['incident_id']}/respond"
        await manager.need(200, "POST", path, {"action": "acknowledge"})
        await manager.need(200, "POST", path, {"action": "on_scene"})
        await manager.need(200, "POST", path, {"action": "resolve"})
        await trio.sleep(1)
        assert screen.events() == []
    await settled(house)


async def test_a_check_answered_with_help_calls_people_and_shows_nothing(
    house: LastLight, patron: Someone, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Discreet: level 4 within, and no level on any screen of the patron."""
    session_id = (await check_in(patron, staff))["session_id"]
    body = {"session_id": session_id, "level": 1, "reason": "a man follows her"}
    await manager.need(201, "POST", CASES, body)
    (asked,) = await told(house, "safety.verification_requested")
    answer = {"check_id": asked["check_id"], "response": "help"}
    shown = await patron.need(200, "POST", VERIFY, answer)
    assert shown["status"] == "active"
    assert "safety_level" not in shown
    own = await patron.need(200, "GET", f"/api/sessions/{session_id}")
    (listed,) = (await patron.need(200, "GET", "/api/sessions/active"))["items"]
    assert (own["safety_level"], listed["safety_level"]) == (None, None)
    seen = await staff.need(200, "GET", f"/api/sessions/{session_id}")
    assert seen["safety_level"] == 4
    (called,) = await told(house, "safety.help_requested")
    assert (called["session_id"], called["user_id"]) == (session_id, patron.user_id)
    assert (await told(house, "safety.threshold_crossed"))[-1]["level"] == 4
    assert (await patron.send("POST", VERIFY, answer)).code == "check_closed"
    await settled(house)
    (case,) = house.world.database.table(Intervention).values()
    assert (case.level, case.source.value) == (4, "patron")


async def test_an_evacuation_reaches_the_patrons_and_needs_no_pin(
    house: LastLight, patron: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Everybody in the house hears at once; anything else needs a step-up."""
    body = {"venue_id": VENUE, "kind": "evacuate", "message": "Leave by the stairs"}
    async with open_device(patron, f"venue:{VENUE}:patrons") as screen:
        sent = await manager.need(201, "POST", BROADCAST, body)
        await trio.sleep(1)
        ((_, event),) = screen.shown("emergency.broadcast")
        assert event["data"]["broadcast_id"] == sent["broadcast_id"]
    info = await manager.send("POST", BROADCAST, {**body, "kind": "info"})
    assert info.code == "step_up_required"
    assert (await patron.send("POST", BROADCAST, body)).status == 403
    await settled(house)


async def test_nobody_who_is_not_signed_in_calls_for_help(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """Rule 8: only a valid token is needed, but that is."""
    assert (await ask(house, "POST", HELP, {})).status == 401


async def test_accepting_the_task_is_acknowledging_the_case(
    house: LastLight, patron: Someone, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Whoever says on the task that they go need not say it a second time."""
    await go_on_duty(staff)
    session_id = (await check_in(patron, staff))["session_id"]
    body = {"session_id": session_id, "level": 2, "reason": "sits alone and cries"}
    await manager.need(201, "POST", CASES, body)
    task_id = (await told(house, "task.assigned"))[-1]["task_id"]
    headers = (
        ("authorization", f"Bearer {staff.token}"),
        ("idempotency-key", "going"),
        ("if-match", '"v1"'),
    )
    path = f"/api/staff/tasks/{task_id}"
    heard = await ask(house, "PATCH", path, {"status": "accepted"}, headers=headers)
    assert heard.status == 200, heard
    (update,) = await told(house, "safety.intervention_updated")
    assert (update["status"], update["by"]) == ("acknowledged", staff.user_id)
    await settled(house)
