"""An SOS in the night: whom it reaches when, and that nothing but a person ends it (Rule 8)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import pytest
import trio
from trio.testing import MockClock

from protocol.internal.emergencies import AlertPeople
from tests.night.books import assert_all_is_well
from tests.twins.devices import Device, open_device
from tests.twins.nodes import World
from tests.twins.people import VENUE, Someone, go_on_duty, sign_in
from tests.twins.whole import LastLight, open_memory_last_light

SOS: Final = "/api/emergency/sos"
STAFF_ROOM: Final = f"venue:{VENUE}:staff"
RAISED: Final = "emergency.sos_raised"
ESCALATED: Final = "emergency.sos_escalated"
TIERS: Final = {"critical": (30, 90, 180), "high": (60, 180, 360), "medium": (120, 300, 600)}
REPEAT_S: Final = 60
TOKEN_S: Final = 840


async def wait_signed_in(until_s: float, *devices: Device) -> None:
    """Let time pass up to a moment of trio's clock; tokens are renewed on the way."""
    while (left_s := until_s - trio.current_time()) > 0:
        await trio.sleep(min(left_s, TOKEN_S))
        for device in devices:
            await device.person.refresh()
            await device.hello()


def escalations(device: Device, since: float) -> list[tuple[float, int, str]]:
    """Seconds since a moment, tier, and what was said of each escalation that was shown.

    Who hears two rooms is shown an event in each; by its id it is one.
    """
    seen: dict[str, tuple[float, int, str]] = {}
    for at, event in device.shown(ESCALATED):
        told = (at - since, event["data"]["tier"], event["data"]["status"])
        seen.setdefault(event["id"], told)
    return [*seen.values()]


def alerts(world: World) -> list[AlertPeople]:
    """What was sent to phones outside, in order."""
    found = [message.command for message in world.effects.done]
    return [command for command in found if isinstance(command, AlertPeople)]


@asynccontextmanager
async def everyone(
    house: LastLight, *, known: Mapping[str, Someone] | None = None, joined: bool = True
) -> AsyncIterator[dict[str, Device]]:
    """One device for each kind of person in the rooms that are theirs.

    Those in `known` are signed in already; without `joined` the rooms are asked for and no more.
    """
    rooms = {
        "staff1": (STAFF_ROOM,),
        "staff2": (STAFF_ROOM,),
        "manager": (STAFF_ROOM, f"venue:{VENUE}:management"),
        "owner": (f"venue:{VENUE}:owner", f"venue:{VENUE}:management"),
        "patron1": (f"venue:{VENUE}:patrons",),
    }
    async with AsyncExitStack() as stack:
        devices = {}
        for name, heard in rooms.items():
            person = known[name].at(house) if known else await sign_in(house, name)
            wanted = (*heard, f"user:{person.user_id}")
            device = await stack.enter_async_context(
                open_device(person, *(wanted if joined else ()))
            )
            for room in () if joined else wanted:
                await device.say(op="subscribe", room=room)
            devices[name] = device
        yield devices


@pytest.mark.parametrize("severity", TIERS)
async def test_it_gets_louder_at_its_times_until_somebody_comes(
    house: LastLight, severity: str, autojump_clock: MockClock
) -> None:
    """Each tier to the millisecond, then everyone once a minute, through every socket.

    Rule 8 no_silent_end.
    """
    async with everyone(house) as devices:
        staff, manager, owner = devices["staff1"], devices["manager"], devices["owner"]
        pressed_at = trio.current_time()
        raised = await staff.person.need(201, "POST", SOS, {"severity": severity})
        await trio.sleep(0.5)
        for name in ("staff1", "staff2", "manager", "owner"):
            at, event = devices[name].shown(RAISED)[0]
            assert at - pressed_at < 0.1
            assert event["data"]["incident_id"] == raised["incident_id"]
        first, second, third = TIERS[severity]
        end = pressed_at + third + 3 * REPEAT_S + 30
        await wait_signed_in(end, *devices.values())
        due = [
            (first, 1, "notifying"),
            (second, 2, "notifying"),
            *((third + n * REPEAT_S, 3, "exhausted") for n in range(4)),
        ]
        for device in (staff, manager, owner):
            assert [
                (round(at), tier, said) for at, tier, said in escalations(device, pressed_at)
            ] == due
            assert all(at - round(at) < 0.1 for at, _, _ in escalations(device, pressed_at))
        assert devices["patron1"].events() == []
        assert [alert.tier for alert in alerts(house.world)] == [0, 1, 2, 3, 3, 3, 3]
        # Tier 0 has no voice; on-duty management has from tier 1 on, the owner from tier 2 on.
        channels = [
            {group.audience: set(group.channels) for group in alert.groups}
            for alert in alerts(house.world)
        ]
        assert channels[0]["owner"] == {"push", "socket"}
        assert {"sms", "voice"} <= channels[1]["on_duty_management"]
        assert "voice" in channels[2]["owner"]
        assert "external_contact" in channels[3]
        path = f"{SOS}/{raised['incident_id']}/respond"
        await manager.person.need(200, "POST", path, {"action": "acknowledge"})
        await wait_signed_in(trio.current_time() + 4 * REPEAT_S, *devices.values())
        assert len(escalations(staff, pressed_at)) == len(due)
    await house.wait_flushed()
    assert_all_is_well(house.world)


async def test_who_acknowledged_and_does_not_come_is_not_waited_for(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """Five minutes, then the first tier again; whoever is on the scene ends it. Rule 8 no_show."""
    async with everyone(house) as devices:
        staff, manager = devices["staff1"], devices["manager"]
        raised = await staff.person.need(201, "POST", SOS, {"severity": "medium"})
        path = f"{SOS}/{raised['incident_id']}/respond"
        own = await staff.person.send("POST", path, {"action": "acknowledge"})
        assert own.code == "self_ack"
        await manager.person.need(200, "POST", path, {"action": "acknowledge"})
        taken = await devices["staff2"].person.send("POST", path, {"action": "acknowledge"})
        assert taken.code == "already_acknowledged"
        acknowledged_at = trio.current_time()
        await wait_signed_in(acknowledged_at + 299, *devices.values())
        assert escalations(staff, acknowledged_at) == []
        await trio.sleep(2)
        ((at, tier, _),) = escalations(staff, acknowledged_at)
        assert (round(at), tier) == (300, 1)
        await manager.person.need(200, "POST", path, {"action": "acknowledge"})
        await manager.person.need(200, "POST", path, {"action": "on_scene"})
        await wait_signed_in(trio.current_time() + 20 * REPEAT_S, *devices.values())
        assert len(escalations(staff, acknowledged_at)) == 1
        await manager.person.need(200, "POST", path, {"action": "resolve"})
        await trio.sleep(1)
        assert staff.shown("emergency.sos_resolved")
    await house.wait_flushed()
    assert_all_is_well(house.world)


async def test_it_goes_on_getting_louder_after_the_node_was_gone(
    world: World, autojump_clock: MockClock
) -> None:
    """Dead from second 20 to second 100: two tiers are caught up at once, the third is on time."""
    async with open_memory_last_light(world) as house:
        staff = await sign_in(house, "staff1")
        await go_on_duty(staff)
        pressed_at = trio.current_time()
        await staff.need(201, "POST", SOS, {})
        await trio.sleep(20)
    await trio.sleep(80)
    async with open_memory_last_light(world) as house:
        async with open_device(await sign_in(house, "manager"), STAFF_ROOM) as phone:
            await trio.sleep(pressed_at + 200 - trio.current_time())
            shown = escalations(phone, pressed_at)
        tiers = [(event.data["tier"], event.occurred_at) for event in world.publisher.events
                 if event.type == ESCALATED]  # fmt: skip
        assert [tier for tier, _ in tiers] == [1, 2, 3]
        assert [(round(at), tier) for at, tier, _ in shown][-1] == (180, 3)
        # The two that were caught up left at the same moment, in whichever order.
        assert sorted(alert.tier for alert in alerts(world)) == [0, 1, 2, 3]
        await house.wait_flushed()
    assert_all_is_well(world)


async def test_a_silent_call_shows_nothing_to_whoever_raised_it(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """Live or resumed, on every device of the raiser: an empty event in its place, and no more.

    Rule 8 silent.
    """
    async with everyone(house) as devices:
        raiser, other = devices["manager"], devices["staff2"]
        epoch, start = raiser.messages[1]["epoch"], raiser.messages[1]["seq"]
        raised = await raiser.person.need(201, "POST", SOS, {"silent": True})
        await trio.sleep(35)
        # Whoever is made to take it back sees it taken back; everyone else still comes.
        path = f"{SOS}/{raised['incident_id']}/respond"
        taken_back = await raiser.person.need(200, "POST", path, {"action": "resolve"})
        assert taken_back["status"] == "resolved"
        await trio.sleep(65)
        assert [tier for _, tier, _ in escalations(other, 0)] == [1, 2]
        hidden = raiser.events(STAFF_ROOM)
        assert [message["event"] for message in hidden] == [None] * 3
        assert [message["seq"] for message in hidden] == seqs_of(other)
        assert seqs_of(other) == [start + 1, start + 2, start + 3]
        assert raiser.events(f"user:{raiser.person.user_id}") == []
        async with open_device(await sign_in(house, "manager")) as second:
            await second.subscribe(STAFF_ROOM, start, epoch)
            await trio.sleep(0.1)
            assert second.events() == hidden
        outside = [group for alert in alerts(house.world) for group in alert.groups]
        assert all(raiser.person.user_id not in map(str, g.user_ids) for g in outside)


def seqs_of(device: Device) -> list[int]:
    """The places that the staff room took on a device, in order."""
    return [message["seq"] for message in device.events(STAFF_ROOM) if "seq" in message]


async def test_the_urgent_copy_comes_first_and_its_place_follows(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """Shown once: without a number at once, then as a bare cursor, so that resuming knows of it."""
    async with everyone(house) as devices:
        await devices["staff2"].person.need(201, "POST", SOS, b"\xff not even JSON")
        await trio.sleep(1)
        for name in ("staff1", "manager"):
            copy, cursor = devices[name].events(STAFF_ROOM)
            assert "seq" not in copy
            assert copy["event"]["id"] == cursor["id"]
            assert cursor["seq"] == devices[name].messages[1]["seq"] + 1
            assert "data" not in cursor["event"]


async def test_an_acknowledgement_of_a_call_that_was_lost_opens_it_again(
    world: World, autojump_clock: MockClock
) -> None:
    """The gateway alone took the press and the journal was full: somebody on the way is noted."""
    async with open_memory_last_light(world) as house:
        manager, staff = await sign_in(house, "manager"), await sign_in(house, "staff1")
        lost = str(world.ids.fresh())
        path = f"{SOS}/{lost}/respond"
        refused = await manager.send("POST", path, {"action": "on_scene"})
        assert (refused.status, refused.code) == (404, "not_found")
        patron = await sign_in(house, "patron1")
        assert (await patron.send("POST", path, {"action": "acknowledge"})).status == 403
        async with open_device(staff, STAFF_ROOM) as phone:
            opened = await manager.need(200, "POST", path, {"action": "acknowledge"})
            assert (opened["incident_id"], opened["status"]) == (lost, "acknowledged")
            acknowledged_at = trio.current_time()
            await trio.sleep(310)
            ((at, tier, _),) = escalations(phone, acknowledged_at)
            assert (round(at), tier) == (300, 1)
        await house.wait_flushed()
    assert_all_is_well(world)


async def test_a_press_counts_once_however_often_it_is_pressed(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """Trembling hands: all presses within a minute are one incident, and each alerts again.

    Rule 8 repeat.
    """
    staff = await sign_in(house, "staff1")
    answers: list[Any] = []

    async def press() -> None:
        answers.append(await staff.send("POST", SOS, {}))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(press)
    assert {answer.status for answer in answers} == {200, 201}
    assert len({answer.body["incident_id"] for answer in answers}) == 1
    await trio.sleep(1)
    raised = [event for event in house.world.publisher.events if event.type == RAISED]
    assert [event.data["repeat"] for event in raised] == list(range(20))
