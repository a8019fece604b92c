"""An SOS on a whole node: five hundred sockets, full mailboxes, no database, a crash (Rule 8)."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import attrs
import httpx
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, open_websocket_url

from lastlight.clocks import system_ids
from tests.system.conftest import MakeNode, Template
from tests.system.guests import VENUE, Front, Person, arrival, open_front
from tests.system.harness import READY_S, NodeProcess, Yard, wait_until
from tests.system.test_database_away import StoppableServer, frozen

SOS: Final = "/api/emergency/sos"
RAISED: Final = "emergency.sos_raised"
ROOMS: Final[Mapping[str, str]] = {
    **{f"staff{n}": f"venue:{VENUE}:staff" for n in range(1, 6)},
    "manager": f"venue:{VENUE}:management",
    "owner": f"venue:{VENUE}:owner",
}
"""Who must hear of it, and where they listen."""
SOCKETS_EACH: Final = 20
PATRONS: Final = 18
AT_WORK: Final = 16
"""Commands that one connection may have under way."""
REACHED_WITHIN_S: Final = 10.0
"""Generous: two cores play five hundred clients, the node and its database."""
JOINED_WITHIN_S: Final = 60.0


@attrs.define(eq=False)
class Phone:
    """One connection, and all that it was shown."""

    person: Person
    room: str
    ws: WebSocketConnection
    shown: list[dict[str, Any]] = attrs.field(factory=list)
    problems: Counter[str] = attrs.field(factory=Counter)
    welcome: bool = False
    joined: bool = False
    moved: trio.Event = attrs.field(factory=trio.Event)

    async def say(self, **message: object) -> None:
        """Send a message."""
        await self.ws.send_message(json.dumps(message))

    async def read(self) -> None:
        """Keep what comes until the connection ends."""
        while True:
            try:
                message = json.loads(await self.ws.get_message())
            except ConnectionClosed:
                return
            if message["op"] == "error":
                self.problems[message["problem"]["code"]] += 1
            elif message["op"] == "event":
                self.shown.append(message)
            elif message["op"] == "subscribed":
                self.joined = True
            elif message["op"] == "welcome":
                self.welcome = True
            moved, self.moved = self.moved, trio.Event()
            moved.set()

    def alarms(self) -> list[dict[str, Any]]:
        """What there is to see of an SOS."""
        events = [message["event"] for message in self.shown if message["event"] is not None]
        return [event for event in events if event["type"] == RAISED and "data" in event]

    def numbers(self) -> dict[int, str]:
        """The event of each number."""
        return {
            message["seq"]: message["event"]["id"]
            for message in self.shown
            if "seq" in message and message["event"] is not None
        }

    def raised(self) -> set[int]:
        """Numbers that an SOS has."""
        return {
            message["seq"]
            for message in self.shown
            if "seq" in message and message["event"] and message["event"]["type"] == RAISED
        }

    async def wait_alarms(self, count: int) -> None:
        """Wait until so many SOS are shown."""
        while len(self.alarms()) < count:
            await self.moved.wait()

    async def wait_joined(self) -> None:
        """Wait until the room is joined."""
        while not self.joined:
            await self.moved.wait()


@asynccontextmanager
async def phones(
    node: NodeProcess,
    wanted: list[tuple[Person, str]],
    *,
    after_seq: int | None = None,
    joined: bool = True,
) -> AsyncIterator[list[Phone]]:
    """Connections of people in rooms; without `joined` the rooms are asked for and no more."""
    opened: list[Phone] = []
    async with trio.open_nursery() as nursery:

        async def keep(person: Person, room: str, *, task_status: trio.TaskStatus[Phone]) -> None:
            url = f"ws://127.0.0.1:{node.port}/ws"
            async with open_websocket_url(url, subprotocols=["lastlight.v1"]) as ws:
                phone = Phone(person, room, ws)
                await phone.say(op="hello", token=person.token)
                place = {} if after_seq is None else {"after_seq": after_seq}
                await phone.say(op="subscribe", room=room, **place)
                task_status.started(phone)
                await phone.read()

        for person, room in wanted:
            opened.append(await nursery.start(keep, person, room))
        if joined:
            with trio.fail_after(JOINED_WITHIN_S):
                for phone in opened:
                    await phone.wait_joined()
        yield opened
        nursery.cancel_scope.cancel()


async def must_know(front: Front) -> list[tuple[Person, str]]:
    """Everyone at work, each with one connection."""
    people = await front.sign_in_all(*ROOMS)
    return [(person, ROOMS[person.name]) for person in people]


async def wait_all_reached(alerted: list[Phone], count: int = 1) -> None:
    """Every one of them was shown so many SOS in time."""
    with trio.move_on_after(REACHED_WITHIN_S) as scope:
        for phone in alerted:
            await phone.wait_alarms(count)
    missing = [phone.person.name for phone in alerted if len(phone.alarms()) < count]
    assert not scope.cancelled_caught, f"not reached: {Counter(missing)}"


async def crowd(phone: Phone, code: str) -> None:
    """As many check-ins as a connection may have under way."""
    for _ in range(AT_WORK):
        await phone.say(
            op="command",
            id=str(uuid.uuid4()),
            command="CheckIn",
            data=arrival(code),
            idempotency_key=str(uuid.uuid4()),
        )


async def test_it_reaches_all_of_five_hundred_sockets_under_full_load(
    node: NodeProcess, front: Front
) -> None:
    """The venue's mailbox overflows and guests are sent away; whoever works there hears of it.

    Rule 8 at_once.
    """
    at_work = [who for who in await must_know(front) for _ in range(SOCKETS_EACH)]
    guests = [
        (person, f"venue:{VENUE}:patrons")
        for person in await front.patrons(1, PATRONS)
        for _ in range(SOCKETS_EACH)
    ]
    async with phones(node, [*at_work, *guests]) as opened:
        assert len(opened) == 500
        alerted, crowded = opened[: len(at_work)], opened[len(at_work) :]
        raiser = await front.sign_in("staff1")
        async with trio.open_nursery() as nursery:
            for phone in crowded:
                nursery.start_soon(crowd, phone, "no code of ours")
            await wait_until(lambda: _is_full(crowded), within_s=30)
            raised = await front.send(raiser, "POST", SOS, {"severity": "critical"})
            assert raised.status_code == 201, raised.text
            await wait_all_reached(alerted)
        assert all(phone.alarms() == [] for phone in crowded)
        told = {phone.alarms()[0]["data"]["incident_id"] for phone in alerted}
        assert told == {raised.json()["incident_id"]}
        await wait_until(lambda: _have_numbers(alerted, 1), within_s=REACHED_WITHIN_S)


async def _is_full(crowded: list[Phone]) -> bool:
    return any(phone.problems["actor_unavailable"] for phone in crowded)


async def _have_numbers(alerted: list[Phone], count: int) -> bool:
    """Whether the numbered places of so many SOS have followed everywhere."""
    return all(len(phone.raised()) >= count for phone in alerted)


async def press(front: Front, person: Person, **told: object) -> dict[str, Any]:
    """Call for help, which is never refused."""
    answer = await front.send(person, "POST", SOS, told)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_it_is_heard_without_a_database_before_the_node_is_ready_and_after_a_crash(
    make_node: MakeNode, yard: Yard, template: Template
) -> None:
    """Three calls: all well; frozen database and kill -9; no database and a node that starts."""
    copied = make_node()
    server = StoppableServer(copied.data_dir / "postgres")
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        assert server.server is not None
        url = {"LASTLIGHT_DATABASE_URL": server.server.url}
        node = yard.node(copied.data_dir.name, environment=url)
        await node.start()
        async with open_front(node.url, template.known) as front:
            wanted = await must_know(front)
            people = {person.name: person for person, _ in wanted}
            async with phones(node, wanted) as opened:
                await press(front, people["staff1"])
                await wait_all_reached(opened)
                async with frozen(server, nursery):
                    second = await press(front, people["staff2"])
                    assert second["recorded"] is True
                    await wait_all_reached(opened, 2)
                    await wait_until(lambda: _have_numbers(opened, 2), within_s=5)
                    node.kill()
                seen = {phone.room: phone.numbers() for phone in opened}
        await server.stop()
        node.launch()
        async with open_front(node.url, template.known) as front:
            await wait_until(lambda: _is_starting(node), within_s=READY_S)
            async with phones(node, wanted, after_seq=0, joined=False) as opened:
                await wait_until(lambda: _are_welcome(opened), within_s=JOINED_WITHIN_S)
                third = await press(front, people["staff3"], zone="door")
                assert third["recorded"] is False
                await wait_all_reached(opened)
                await nursery.start(server.run)
                for phone in opened:
                    with trio.fail_after(JOINED_WITHIN_S):
                        await phone.wait_joined()
                await wait_until(lambda: _have_numbers(opened, 3), within_s=REACHED_WITHIN_S)
                for phone in opened:
                    numbers = phone.numbers()
                    assert sorted(numbers) == list(range(1, len(numbers) + 1))
                    assert seen[phone.room].items() <= numbers.items()
                await acknowledge(front, people["manager"], third["incident_id"])
                await acknowledge(front, people["manager"], str(system_ids().fresh()))
                await hide(front, opened)
        assert await node.stop() == 0, node.tail()
        await server.stop()


async def acknowledge(front: Front, person: Person, incident_id: str) -> None:
    """Take an incident, known or not: that of a press that was lost is opened again."""
    body = {"action": "acknowledge"}
    taken = await front.need(200, person, "POST", f"{SOS}/{incident_id}/respond", body)
    assert (taken["incident_id"], taken["status"]) == (incident_id, "acknowledged")


async def hide(front: Front, opened: list[Phone]) -> None:
    """A silent call shows its raiser an empty event in its place, and the others all of it."""
    (mine,) = (phone for phone in opened if phone.person.name == "manager")
    before = {phone: len(phone.alarms()) for phone in opened}
    await press(front, mine.person, silent=True)
    others = {phone: count + 1 for phone, count in before.items() if phone is not mine}
    await wait_until(lambda: _have_alarms(others), within_s=REACHED_WITHIN_S)
    await wait_until(lambda: _has_empty(mine), within_s=REACHED_WITHIN_S)
    assert len(mine.alarms()) == before[mine]


async def _have_alarms(wanted: Mapping[Phone, int]) -> bool:
    return all(len(phone.alarms()) >= count for phone, count in wanted.items())


async def _has_empty(phone: Phone) -> bool:
    return any(message["event"] is None for message in phone.shown)


async def _is_starting(node: NodeProcess) -> bool:
    try:
        status, body = await node.readiness()
    except httpx.TransportError:
        return False
    assert (status, body["status"]) == (503, "starting")
    return True


async def _are_welcome(opened: list[Phone]) -> bool:
    return all(phone.welcome for phone in opened)
