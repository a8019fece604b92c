"""An SOS while the node itself is in trouble: it reaches everyone all the same (Rule 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs
import trio
from trio.testing import MockClock

from protocol.limits import MAILBOX_COMMANDS_MAX
from protocol.records.safety import Incident
from tests.night.books import assert_all_is_well
from tests.night.test_night_alarms import RAISED, SOS, STAFF_ROOM, everyone
from tests.twins.database import MemoryDatabase
from tests.twins.devices import Device
from tests.twins.journal_faults import JournalFaults, planted
from tests.twins.nodes import World
from tests.twins.people import VENUE, Someone, here, sign_in
from tests.twins.whole import LastLight, copy_of, open_memory_last_light

WHO_MUST_KNOW: Final = ("staff1", "staff2", "manager", "owner")
AT_ONCE_S: Final = 0.1


@attrs.define(eq=False)
class HangingDatabase(MemoryDatabase):
    """Reads of stored answers wait for `lets_go`: the actor that needs one stands still."""

    lets_go: trio.Event | None = None

    async def answer(self, key: tuple[object, ...]) -> Mapping[str, object] | None:
        if self.lets_go is not None:
            await self.lets_go.wait()
        return await super().answer(key)


def assert_reached(devices: Mapping[str, Device], since: float, within_s: float) -> None:
    """Everyone who must know was shown it in time, and nobody else."""
    for name in WHO_MUST_KNOW:
        shown = devices[name].shown(RAISED)
        assert shown, name
        assert shown[0][0] - since <= within_s, name
    assert devices["patron1"].shown(RAISED) == []


def assert_one_incident(world: World, incident_id: str) -> None:
    """It is in the tables, once, under the name that was answered."""
    assert [str(row.id) for row in world.database.table(Incident).values()] == [incident_id]


async def people_of(world: World) -> dict[str, Someone]:
    """Sign in where all is well; tokens outlive the node."""
    async with open_memory_last_light(world) as house:
        names = (*WHO_MUST_KNOW, "patron1")
        return {name: await sign_in(house, name) for name in names}


async def test_it_arrives_while_the_node_is_starting(
    world: World, autojump_clock: MockClock
) -> None:
    """No database, no venue: the token alone. It is recorded once there is one again."""
    known = await people_of(world)
    world.database.away = True
    async with open_memory_last_light(world, ready=False) as house:
        async with everyone(house, known=known, joined=False) as devices:
            await trio.sleep(1)
            assert not house.node.ready
            pressed_at = trio.current_time()
            staff = devices["staff1"].person
            raised = await staff.need(201, "POST", SOS, {"severity": "high"})
            assert raised["recorded"] is False
            await trio.sleep(AT_ONCE_S)
            assert_reached(devices, pressed_at, AT_ONCE_S)
            other = await staff.send("GET", f"/api/venues/{VENUE}/checkin-code")
            assert (other.status, other.code) == (503, "starting")
            owner = devices["owner"].person
            unnamed = await owner.send("POST", SOS, {})
            assert (unnamed.status, unnamed.code) == (503, "starting")
            await trio.sleep(20)
            world.database.away = False
            await house.node.wait_ready()
            for name in WHO_MUST_KNOW:
                assert await devices[name].wait_for(op="subscribed")
            path = f"{SOS}/{raised['incident_id']}/respond"
            manager = devices["manager"].person
            taken = await manager.need(200, "POST", path, {"action": "acknowledge"})
            assert taken["severity"] == "high"
            await trio.sleep(1)
        await house.wait_flushed()
        assert_one_incident(world, raised["incident_id"])
        assert_all_is_well(world)


async def test_it_arrives_while_the_venue_hangs(
    founded_world: World, autojump_clock: MockClock
) -> None:
    """The venue waits for a database that does not answer; after a second the gateway acts."""
    world = copy_of(founded_world)
    plain = attrs.asdict(world.database, recurse=False)
    world.database = database = HangingDatabase(**plain)
    async with open_memory_last_light(world) as house:
        patron, staff = await sign_in(house, "patron1"), await sign_in(house, "staff1")
        codes = await staff.need(200, "GET", f"/api/venues/{VENUE}/checkin-code")
        arrival = {
            "venue_id": VENUE,
            "qr_token": codes["tokens"][0]["qr_token"],
            "location": here(house),
        }
        first = await patron.need(201, "POST", "/api/sessions/checkin", arrival, key="k")
    # Restarted, so that the stored answer is in the database only.
    await trio.sleep(20 * 60)
    async with open_memory_last_light(world) as house:
        async with everyone(house) as devices:
            again = devices["patron1"].person
            database.lets_go = trio.Event()
            answers: list[Any] = []

            async def repeat() -> None:
                answers.append(await again.send("POST", "/api/sessions/checkin", arrival, key="k"))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(repeat)
                await trio.sleep(0.5)
                pressed_at = trio.current_time()
                staff = devices["staff1"].person
                raised = await staff.need(201, "POST", SOS, {})
                assert raised["recorded"] is False
                await trio.sleep(AT_ONCE_S)
                assert_reached(devices, pressed_at, 1 + 2 * AT_ONCE_S)
                database.lets_go.set()
            assert answers[0].body == first
            await trio.sleep(1)
        await house.wait_flushed()
        assert_one_incident(world, raised["incident_id"])
        assert_all_is_well(world)


async def test_it_arrives_though_the_venue_is_full(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """Hundreds wait at the venue and hundreds are sent away; the SOS goes first.

    Rule 8 always_taken.
    """
    async with everyone(house) as devices:
        patron, staff = devices["patron1"].person, devices["staff1"].person
        codes: list[str | None] = []
        pressed: dict[str, float] = {}

        async def crowd() -> None:
            body = {"venue_id": VENUE, "qr_token": "x", "location": here(house)}
            codes.append((await patron.send("POST", "/api/sessions/checkin", body)).code)

        async def press() -> None:
            pressed["at"] = trio.current_time()
            raised = await staff.need(201, "POST", SOS, {})
            assert raised["recorded"] is True

        async with trio.open_nursery() as nursery:
            for number in range(4 * MAILBOX_COMMANDS_MAX):
                nursery.start_soon(crowd)
                if number == 2 * MAILBOX_COMMANDS_MAX:
                    nursery.start_soon(press)
        assert codes.count("actor_unavailable") > MAILBOX_COMMANDS_MAX
        await trio.sleep(AT_ONCE_S)
        assert_reached(devices, pressed["at"], AT_ONCE_S)


async def test_it_is_recorded_though_the_database_is_away(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """The venue is resident, so it decides; the rows follow when they can."""
    async with everyone(house) as devices:
        await house.wait_flushed()
        house.world.database.away = True
        pressed_at = trio.current_time()
        raised = await devices["staff1"].person.need(201, "POST", SOS, {})
        assert raised["recorded"] is True
        await trio.sleep(AT_ONCE_S)
        assert_reached(devices, pressed_at, AT_ONCE_S)
        await trio.sleep(60)
        house.world.database.away = False
        await trio.sleep(5)
    await house.wait_flushed()
    assert_one_incident(house.world, raised["incident_id"])


async def test_no_event_hides_behind_a_number_after_its_commit_was_lost(
    world: World, autojump_clock: MockClock
) -> None:
    """The urgent copy is out, its entry is lost: the next event takes the number, and is shown."""
    faults = JournalFaults()
    async with open_memory_last_light(world, hooks=faults) as house:
        async with everyone(house) as devices:
            stood = await devices["staff2"].wait_for(op="subscribed")
            epoch, start = stood["epoch"], stood["seq"]
            staff, manager = devices["staff1"].person, devices["manager"].person
            await house.wait_flushed()
            faults.before = planted()
            raised = await staff.need(201, "POST", SOS, {})
            await trio.sleep(2)
            assert house.node.counts.resets == 1
            path = f"{SOS}/{raised['incident_id']}/respond"
            await manager.need(200, "POST", path, {"action": "acknowledge"})
            await trio.sleep(1)
            told = seqs(devices["staff2"])
        async with everyone(house) as devices:
            await devices["staff2"].subscribe(STAFF_ROOM, start, epoch)
            await trio.sleep(1)
            resumed = seqs(devices["staff2"])
    assert told == resumed
    assert [seq for seq, _ in resumed] == [start + n for n in range(1, len(resumed) + 1)]
    await trio.sleep(61)
    async with open_memory_last_light(world) as house:
        async with everyone(house) as devices:
            await devices["staff1"].person.need(201, "POST", SOS, {"zone": "door"})
            await trio.sleep(1)
            await devices["staff2"].subscribe(STAFF_ROOM, start, epoch)
            await trio.sleep(1)
            later = seqs(devices["staff2"])
        assert later[: len(told)] == told
        assert len(later) > len(told)
        await house.wait_flushed()
        assert_one_number_one_event(world)


def seqs(device: Device) -> list[tuple[int, str]]:
    """Number and event of all that has a number in the staff room, each once, in order."""
    found = {
        message["seq"]: message["event"]["id"]
        for message in device.events(STAFF_ROOM)
        if "seq" in message
    }
    return sorted(found.items())


def assert_one_number_one_event(world: World) -> None:
    """Over the node's lives, a number of a room was never given to two events."""
    given: dict[tuple[str, int], object] = {}
    for event in world.publisher.events:
        for room, seq in event.rooms:
            if seq is not None:
                assert given.setdefault((room, seq), event.id) == event.id
