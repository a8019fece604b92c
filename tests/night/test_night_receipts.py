"""A night in which devices say what they received: who knows of a call, and that nobody does.

Rule 8 received, Rule 8 unheard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest
import trio
from trio.testing import MockClock

from protocol.limits import RECEIPTS_EVERY_S
from protocol.records.safety import Incident, IncidentEvent
from protocol.records.venues import Broadcast
from tests.night.books import assert_all_is_well
from tests.night.test_night_alarms import (
    RAISED,
    SOS,
    STAFF_ROOM,
    alerts,
    escalations,
    everyone,
    seqs_of,
)
from tests.twins.devices import Device, open_device
from tests.twins.nodes import World
from tests.twins.people import VENUE, sign_in
from tests.twins.whole import LastLight, open_memory_last_light

HELP: Final = "/api/safety/help-requests"
BROADCASTS: Final = "/api/emergency/broadcasts"
TOLD_S: Final = 2 * RECEIPTS_EVERY_S
"""By then a venue has heard of a receipt."""


def user_of(devices: Mapping[str, Device], name: str) -> str:
    return devices[name].person.user_id


async def take_in(device: Device, type_: str = RAISED, room: str | None = None) -> None:
    """Acknowledge the urgent copy that is shown, by its id."""
    found = await device.wait_for_event(type_)
    await device.say(op="ack", room=room or found["room"], id=found["id"])


async def incident_of(house: LastLight) -> Incident:
    """The only incident, as the database has it."""
    await house.wait_flushed()
    (incident,) = house.world.database.table(Incident).values()
    assert isinstance(incident, Incident)
    return incident


async def receipts_in(house: LastLight) -> list[dict[str, Any]]:
    """What the timeline says of receipts, line by line."""
    await house.wait_flushed()
    lines = sorted(house.world.database.table(IncidentEvent).values(), key=lambda line: line.seq)
    return [line.detail["by"] for line in lines if line.kind == "received"]


async def test_who_has_it_stands_in_the_timeline_and_puts_off_nothing(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """By the id of the urgent copy, by the place that follows, twice and out of turn: once each."""
    async with everyone(house) as devices:
        pressed_at = trio.current_time()
        await devices["staff1"].person.need(201, "POST", SOS, {})
        await take_in(devices["staff2"])
        await trio.sleep(TOLD_S)
        (first,) = await receipts_in(house)
        assert [*first] == [user_of(devices, "staff2")]
        for name in ("manager", "staff1", "staff2", "owner"):
            device = devices[name]
            room = device.events()[0]["room"]
            stood = (await device.wait_for(op="subscribed", room=room))["seq"]
            for seq in (stood + 1, stood + 9, 0):
                await device.say(op="ack", room=room, seq=seq)
        await trio.sleep(TOLD_S)
        _, second = await receipts_in(house)
        assert {*second} == {user_of(devices, "manager"), user_of(devices, "owner")}
        incident = await incident_of(house)
        assert str(incident.received_by[0]) == user_of(devices, "staff2")
        assert len(incident.received_by) == 3
        assert incident.received_at is not None
        assert incident.received_at >= incident.raised_at
        await trio.sleep(pressed_at + 35 - trio.current_time())
        assert [round(at) for at, *_ in escalations(devices["manager"], pressed_at)] == [30]
    await house.wait_flushed()
    assert_all_is_well(house.world)


async def test_a_call_that_no_phone_has_is_louder_after_ten_seconds(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """Everybody's phone sleeps. Whoever wakes one sees that more people were alerted already."""
    staff, manager = await sign_in(house, "staff1"), await sign_in(house, "manager")
    pressed_at = trio.current_time()
    async with open_device(staff, STAFF_ROOM) as own:
        await staff.need(201, "POST", SOS, {})
        await own.wait_for_event(RAISED)
        await own.say(op="ack", room=STAFF_ROOM, seq=1)
        await trio.sleep(12)
        ((at, tier, said),) = escalations(own, pressed_at)
        assert (round(at), tier, said) == (10, 1, "notifying")
        assert [alert.tier for alert in alerts(house.world)] == [0, 1]
        assert alerts(house.world)[1].reason == "unheard"
        async with open_device(manager, STAFF_ROOM) as phone:
            await trio.sleep(pressed_at + 185 - trio.current_time())
            times = [(round(at), tier) for at, tier, _ in escalations(phone, pressed_at)]
            assert times == [(90, 2), (180, 3)]
    assert (await incident_of(house)).received_by == ()
    assert_all_is_well(house.world)


@pytest.mark.parametrize("answers", [True, False])
async def test_a_device_that_acknowledges_and_did_not_this_time_has_not_received_it(
    house: LastLight, answers: bool, autojump_clock: MockClock
) -> None:
    """A phone in the cellar keeps its connection for a while; nobody's table should wait for it."""
    staff, other = await sign_in(house, "staff1"), await sign_in(house, "staff2")
    async with open_device(other, STAFF_ROOM) as phone:
        await phone.say(op="ack", room=STAFF_ROOM, seq=0)
        pressed_at = trio.current_time()
        await staff.need(201, "POST", SOS, {"severity": "high"})
        if answers:
            await take_in(phone)
        await trio.sleep(61)
        (first, *_) = escalations(phone, pressed_at)
        assert (round(first[0]), first[1]) == (60 if answers else 10, 1)
    await house.wait_flushed()
    assert_all_is_well(house.world)


async def test_an_acknowledgement_in_time_makes_it_nobody_s_silence(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """Somebody answered from a browser within the ten seconds: they know, whatever phones say."""
    staff, manager = await sign_in(house, "staff1"), await sign_in(house, "manager")
    raised = await staff.need(201, "POST", SOS, {})
    await trio.sleep(5)
    path = f"{SOS}/{raised['incident_id']}/respond"
    await manager.need(200, "POST", path, {"action": "acknowledge"})
    await trio.sleep(60)
    assert [alert.tier for alert in alerts(house.world)] == [0]


async def test_receipts_of_a_call_that_is_not_recorded_yet_wait_for_its_venue(
    world: World, autojump_clock: MockClock
) -> None:
    """The node starts: the alert goes out from the token alone, and who has it is not forgotten."""
    async with open_memory_last_light(world) as house:
        known = {
            name: await sign_in(house, name)
            for name in ("staff1", "staff2", "manager", "owner", "patron1")
        }
    world.database.away = True
    async with open_memory_last_light(world, ready=False) as house:
        async with everyone(house, known=known, joined=False) as devices:
            await trio.sleep(1)
            raised = await devices["staff1"].person.need(201, "POST", SOS, {})
            assert raised["recorded"] is False
            await take_in(devices["staff2"])
            await trio.sleep(20)
            world.database.away = False
            await house.node.wait_ready()
            await trio.sleep(3)
            incident = await incident_of(house)
            assert [str(who) for who in incident.received_by] == [user_of(devices, "staff2")]
            assert all(alert.reason != "unheard" for alert in alerts(world))
        assert_all_is_well(world)


async def test_a_silent_call_is_not_received_by_its_raiser_s_empty_place(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """Their device acknowledges a place in which it was shown nothing."""
    async with everyone(house) as devices:
        raiser = devices["staff2"]
        await raiser.person.need(201, "POST", SOS, {"silent": True})
        await trio.sleep(0.1)
        await raiser.say(op="ack", room=STAFF_ROOM, seq=seqs_of(raiser)[-1])
        await take_in(devices["manager"])
        await trio.sleep(TOLD_S)
        incident = await incident_of(house)
        assert [str(who) for who in incident.received_by] == [user_of(devices, "manager")]


async def test_help_that_was_asked_for_discreetly_has_its_receipts_too(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """Two people hear of it, so it matters most whether they do."""
    async with everyone(house) as devices:
        patron = devices["patron1"]
        await patron.person.need(201, "POST", HELP, {"venue_id": VENUE})
        await take_in(devices["staff2"], "safety.help_requested")
        await patron.say(op="ack", room=f"user:{patron.person.user_id}", seq=1)
        await trio.sleep(TOLD_S)
        (by,) = await receipts_in(house)
        assert [*by] == [user_of(devices, "staff2")]


@pytest.mark.parametrize("needs_ack", [True, False])
async def test_a_broadcast_counts_who_has_it(
    house: LastLight, needs_ack: bool, autojump_clock: MockClock
) -> None:
    """Guests and staff, each once; where no receipt is asked for, none is kept."""
    async with everyone(house) as devices:
        told = {
            "venue_id": VENUE, "kind": "evacuate", "message": "Leave by the stairs",
            "needs_ack": needs_ack,
        }  # fmt: skip
        await devices["manager"].person.need(201, "POST", BROADCASTS, told)
        for name in ("patron1", "staff2", "manager"):
            for _ in range(2):
                await take_in(devices[name], "emergency.broadcast")
        await trio.sleep(TOLD_S)
        await house.wait_flushed()
        (sent,) = house.world.database.table(Broadcast).values()
        acked = {str(who) for who in sent.acked_by}
        names = ("patron1", "staff2", "manager") if needs_ack else ()
        assert acked == {user_of(devices, name) for name in names}
        assert sent.acked == len(names)
    assert_all_is_well(house.world)


async def test_who_polls_has_what_they_ask_to_be_told_after(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """A network that lets no socket through: the next poll says that the last one arrived."""
    staff, other = await sign_in(house, "staff1"), await sign_in(house, "staff2")
    poll = f"/api/realtime/events?room={STAFF_ROOM}"
    stands = (await other.need(200, "GET", poll))["seq"]
    for _ in range(2):
        await other.need(200, "GET", f"{poll}&after_seq={stands}&wait_s=0")
    await staff.need(201, "POST", SOS, {})
    await trio.sleep(0.1)
    found = await other.need(200, "GET", f"{poll}&after_seq={stands}")
    assert [item["event"]["type"] for item in found["items"]] == [RAISED]
    await trio.sleep(TOLD_S)
    assert await receipts_in(house) == []
    pressed_at = trio.current_time()
    await other.need(200, "GET", f"{poll}&after_seq={found['seq']}&wait_s=0")
    late = await sign_in(house, "manager")
    await late.need(200, "GET", f"{poll}&after_seq={found['seq']}&wait_s=0")
    await trio.sleep(TOLD_S)
    (by,) = await receipts_in(house)
    assert [*by] == [other.user_id]
    await trio.sleep(pressed_at + 20 - trio.current_time())
    assert [alert.tier for alert in alerts(house.world)] == [0]


async def test_nobody_acknowledges_what_they_may_not_hear(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """A guest who knows an event's id, or names a room they are not in, has received nothing."""
    async with everyone(house) as devices:
        await devices["staff1"].person.need(201, "POST", SOS, {})
        shown = await devices["staff2"].wait_for_event(RAISED)
        guest = devices["patron1"]
        for room in (STAFF_ROOM, f"venue:{VENUE}:patrons", f"user:{guest.person.user_id}"):
            await guest.say(op="ack", room=room, id=shown["id"])
            await guest.say(op="ack", room=room, seq=5)
        await guest.say(op="ack", room=STAFF_ROOM)
        refused = await guest.wait_for(op="error")
        assert refused["problem"]["code"] == "validation_failed"
        await trio.sleep(TOLD_S)
        assert await receipts_in(house) == []
