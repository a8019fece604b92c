"""The reference client in Node against a node: what a phone's user sees, whatever the network does.

The phones run the TypeScript of `docs/examples` on the browser-standard WebSocket. What they have
shown is compared with what the node tells over HTTP, and what they hold with a snapshot that a
newcomer is given.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import trio

from tests.system.conftest import MakeNode, Template
from tests.system.cutting import Cutter, open_cutter
from tests.system.guests import VENUE, Front, Person, arrival, now, open_front, order
from tests.system.harness import NodeProcess
from tests.system.phones import Phones, Refused, open_phones

STAFF_ROOM = f"venue:{VENUE}:staff"


@pytest.fixture
async def phones() -> AsyncIterator[Phones]:
    """A process for the phones of one test."""
    async with open_phones() as phones:
        yield phones


@pytest.fixture
async def way(shared_node: NodeProcess) -> AsyncIterator[Cutter]:
    """A network to the shared node."""
    async with open_cutter(shared_node.port) as way:
        yield way


def own_room(person: Person) -> str:
    """Where somebody hears of themselves."""
    return f"user:{person.user_id}"


async def told(front: Front, person: Person, room: str, after_seq: int) -> list[dict[str, Any]]:
    """The durable events of a room as the node tells them over HTTP."""
    found: list[dict[str, Any]] = []
    while True:
        path = f"/api/realtime/events?room={room}&after_seq={after_seq}&wait_s=0&limit=100"
        page = (await front.need(200, person, "GET", path))["items"]
        if not page:
            return found
        found += [place["event"] for place in page]
        after_seq = page[-1]["seq"]


async def buy(front: Front, person: Person) -> None:
    """Make some events happen to somebody."""
    item = await front.cheapest(person)
    body = order({"item_id": item["item_id"], "qty": 1})
    await front.need(201, person, "POST", "/api/transactions/purchase", body)


async def test_a_phone_joins_commands_and_holds_what_the_node_holds(
    phones: Phones, way: Cutter, shared_front: Front
) -> None:
    """From opening the app to a check-in that its own room tells of, over the socket alone."""
    (patron,) = await shared_front.patrons(101, 1)
    phone, room = phones.phone("a"), own_room(patron)
    await phone.open(way.url, patron)
    await phone.wait_state("open")
    await phone.join(room)
    start = (await phone.room(room))["seq"]
    answer = await phone.do("command", name="CheckIn", data=arrival(await shared_front.door_code()))
    await phone.wait_event("session.checked_in")
    held = await phone.room(room)
    assert answer["session_id"] in held["view"]["sessions"]
    happened = await told(shared_front, patron, room, start)
    await phone.wait_events(len(happened))
    assert [event["id"] for event in phone.events] == [event["id"] for event in happened]


async def test_what_is_refused_is_told_and_other_rooms_go_on(
    phones: Phones, way: Cutter, shared_front: Front
) -> None:
    """A patron who asks for a staff room loses that wish, not the connection for good."""
    (patron,) = await shared_front.patrons(102, 1)
    phone = phones.phone("a")
    await phone.sign_in(way.url, "patron102")
    await phone.join(own_room(patron))
    with pytest.raises(Refused, match="not_found"):
        await phone.join(STAFF_ROOM)
    with pytest.raises(Refused, match="validation_failed"):
        await phone.do("command", name="CheckIn", data={"venue_id": "here"})
    await buy(shared_front, patron)
    await phone.wait_events(1)


async def test_a_cut_anywhere_loses_nothing_and_shows_nothing_twice(
    phones: Phones, way: Cutter, shared_front: Front
) -> None:
    """At each frame of the handshake, of a resume and of what happens then, whole or half of it."""
    (patron,) = await shared_front.patrons(103, 1)
    room = own_room(patron)
    item = await shared_front.cheapest(patron)
    data = order({"item_id": item["item_id"], "qty": 1})
    phone, begin = phones.phone("lasting"), 0
    await phone.open(way.url, patron)
    await phone.join(room)
    begin = (await phone.room(room))["seq"]
    places = 0
    for half in (False, True):
        for at in range(100):
            # While it is away something happens, which it then has to resume.
            way.is_away = True
            way.cut()
            await phone.wait_state("waiting")
            await buy(shared_front, patron)
            way.is_away = False
            way.arm(at, half=half)
            cuts = way.cut_count
            await phone.do("wake")
            # Said again after the cut, with its key; so it happens once.
            await phone.do("command", name="PurchaseItems", data=data)
            happened = await told(shared_front, patron, room, begin)
            await phone.wait_events(len(happened))
            assert [(event["seq"], event["id"]) for event in phone.events] == [
                (event["seq"], event["id"]) for event in happened
            ]
            way.arm(None)
            places += way.cut_count > cuts
            if way.cut_count == cuts:
                break
    assert places >= 2 * 8, "nothing was cut"
    bought = sum(event["type"] == "transaction.posted" for event in happened)
    assert bought == 2 * (places + 2)
    newcomer = phones.phone("newcomer")
    await newcomer.open(way.url, patron)
    await newcomer.join(room)
    assert await newcomer.room(room) == await phone.room(room)


async def test_a_node_that_is_killed_comes_back_with_everything_for_everybody(
    phones: Phones, make_node: MakeNode, template: Template
) -> None:
    """An SOS, orders, and kill -9 in between: no event missing, none twice, in order.

    The urgent copy and its numbered twin count as one.
    """
    node = make_node()
    await node.start()
    async with open_front(node.url, template.known) as front:
        patron = (await front.patrons(1, 1))[0]
        staff = await front.sign_in("staff1")
        guest, helper = phones.phone("guest"), phones.phone("helper")
        await guest.open(node.url, patron)
        await helper.open(node.url, staff)
        rooms = {guest: own_room(patron), helper: STAFF_ROOM}
        begin = {}
        for phone, room in rooms.items():
            await phone.join(room)
            begin[phone] = (await phone.room(room))["seq"]
        raiser = await front.sign_in("staff2")
        sos = await front.need(201, raiser, "POST", "/api/emergency/sos", {"venue_id": VENUE})
        await helper.wait_events(1)
        for _ in range(3):
            await buy(front, patron)
        node.kill()
        await guest.wait_state("waiting")
        await node.start()
        for phone in rooms:
            await phone.do("wake")
        await buy(front, patron)
        path = f"/api/emergency/sos/{sos['incident_id']}/respond"
        await front.need(200, staff, "POST", path, {"action": "acknowledge"})
        for phone, room in rooms.items():
            who = patron if phone is guest else staff
            happened = await told(front, who, room, begin[phone])
            assert happened
            await phone.wait_events(len(happened))
            assert [event["id"] for event in phone.events] == [event["id"] for event in happened]
            newcomer = phones.phone(f"new at {room}")
            await newcomer.open(node.url, who)
            await newcomer.join(room)
            held = await phone.room(room)
            assert held["seq"] == happened[-1]["seq"]
            assert await newcomer.room(room) == held
        assert sos["incident_id"] in (await helper.room(STAFF_ROOM))["view"]["incidents"]


async def test_what_was_done_without_a_network_is_done_once_it_is_there(
    phones: Phones, way: Cutter, shared_front: Front
) -> None:
    """Pause, resume and check-out of one visit, kept in order and told in one batch, once."""
    (patron,) = await shared_front.patrons(104, 1)
    visit = await shared_front.check_in(patron)
    phone, path = phones.phone("a"), f"/api/sessions/{visit['session_id']}"
    await phone.open(way.url, patron)
    way.is_away = True
    way.cut()
    first = await phone.do("push", method="POST", path=f"{path}/pause", more={})
    again = await phone.do("push", method="POST", path=f"{path}/resume", more={"after": [first]})
    await phone.do("push", method="POST", path=f"{path}/checkout", more={"after": [again]})
    way.is_away = False
    # The answer is lost on its way; the batch is sent again as it was.
    way.arm(1, of="/api/sync/")
    assert await phone.do("flush") == 0
    assert way.cut_count == 2
    assert [result["outcome"] for result in phone.results] == ["replayed"] * 3
    assert phone.results[2]["data"]["status"] == "closed"
    assert now() >= phone.results[2]["occurred_at"]


async def test_a_sign_in_is_kept_fresh_by_itself(phones: Phones, way: Cutter) -> None:
    """A token that counts no more is renewed once, by however many ask at the same time.

    The second use of a refresh token would end the whole sign-in.
    """
    phone = phones.phone("a")
    tokens = {"access": "ended", "refresh": "none", "until": 9e15}
    await phone.do("open", url=way.url, tokens=tokens)
    await phone.wait_state("signed_out")
    user_id = await phone.sign_in(way.url, "patron105")
    for _ in range(2):
        await phone.do("open", url=way.url)
        await phone.wait_state("open")
        await phone.do("spoil")
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(partial(phone.do, "request", method="GET", path="/api/users/me"))
        await phone.join(f"user:{user_id}")
        await phone.do("spoil")
