"""Who may hear a room, and until when: over `/ws` and Socket.IO of a node process (Rule 15).

Two venues with staff of their own; people ask for what is not theirs, and lose what was.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any, Final

import attrs
import pytest
import trio
from trio_websocket import ConnectionClosed

from tests.lastlight.socketio_apps import WAYS, Apps, open_apps
from tests.system.guests import VENUE, Front, Person
from tests.system.harness import NodeProcess
from tests.system.phones import Phones, open_phones
from tests.system.test_people import elevated, hear, open_phone
from tests.system.test_who_is_there import say

LOST_S: Final = 1.0
"""How long a room may still be heard after its role was taken."""
PARTS: Final = ("staff", "management", "owner")
HOUSE: Final = f"venue:{VENUE}:staff"
_A_VENUE: Final = {
    "name": "Last Light Elsewhere",
    "tz": "Asia/Tokyo",
    "currency": "JPY",
    "lat": 35.6595,
    "lon": 139.7005,
    "capacity": 50,
    "hours": {"always_open": True},
    "status": "open",
}


@attrs.frozen(kw_only=True)
class Houses:
    """The demo's venue, and another one."""

    front: Front
    owner: Person
    other_id: str

    async def employ(self, name: str, venue_id: str, *roles: str) -> Person:
        """Somebody with just these roles at a venue, and a token that says so."""
        person = await self.front.sign_in(name)
        path = f"/api/users/{person.user_id}/roles"
        body = {"venue_id": venue_id, "roles": [*roles]}
        await self.front.need(200, self.owner, "PUT", path, body)
        self.front.known.pop(name)
        return await self.front.sign_in(name)


@pytest.fixture
async def houses(shared_front: Front) -> Houses:
    """A second venue beside the first; each test has one of its own."""
    owner, other_id = await elevated(shared_front, "owner"), str(uuid.uuid4())
    made = await shared_front.send(
        owner, "PUT", f"/api/admin/venues/{other_id}", _A_VENUE, headers={"if-none-match": "*"}
    )
    assert made.status_code == 201, made.text
    return Houses(front=shared_front, owner=owner, other_id=other_id)


@pytest.fixture
async def apps() -> AsyncIterator[Apps]:
    """A process for clients of Socket.IO."""
    async with open_apps() as apps:
        yield apps


@pytest.fixture
async def phones() -> AsyncIterator[Phones]:
    """A process for phones."""
    async with open_phones() as phones:
        yield phones


async def _verdict_on_ws(node: NodeProcess, person: Person, room: str) -> tuple[str, int]:
    """The problem that a wish is told, and the code that ends the connection."""
    async with open_phone(node) as ws:
        await say(ws, op="hello", token=person.token)
        await hear(ws, "welcome")
        await say(ws, op="subscribe", room=room)
        problem = (await hear(ws, "error"))["problem"]["code"]
        with pytest.raises(ConnectionClosed) as closed:
            await hear(ws, "nothing that a server says")
        assert closed.value.reason is not None
        return problem, closed.value.reason.code


async def _answered(apps: Apps, app: str, joined: int, refused: int) -> None:
    """Return when the app has been told of so many wishes what came of them."""
    await apps.wait(lambda: len(apps.of(app, "joined")) >= joined)
    await apps.wait(lambda: len(apps.of(app, "refused")) >= refused)


async def test_who_works_at_one_venue_is_in_no_room_of_another(
    shared_node: NodeProcess, houses: Houses, apps: Apps
) -> None:
    """Not even an owner's: a role counts at its venue only, and of the other nothing is learnt.

    A guest learns as little of their own venue's. Rule 15 elsewhere.
    """
    clerk = await houses.employ("patron121", VENUE, "staff")
    boss = await houses.employ("patron122", houses.other_id, "owner")
    guest = await houses.front.sign_in("patron101")
    theirs = [f"venue:{houses.other_id}:{part}" for part in PARTS]
    ours = [f"venue:{VENUE}:{part}" for part in PARTS]
    verdicts: list[tuple[Person, str, str]] = [
        *((clerk, room, "not_found") for room in theirs),
        *((boss, room, "not_found") for room in ours),
        *((guest, room, "not_found") for room in (*ours, *theirs)),
        *((clerk, room, "forbidden") for room in ours[1:]),
        (guest, f"user:{clerk.user_id}", "not_found"),
        (boss, "owner", "forbidden"),
    ]
    for person, room, code in verdicts:
        assert await _verdict_on_ws(shared_node, person, room) == (code, 4403), (person, room)
    for way, options in WAYS.items():
        for person in (clerk, boss, guest):
            app = f"{person.name} by {way}"
            asked = [(room, code) for who, room, code in verdicts if who is person]
            opening: dict[str, Any] = {"url": shared_node.url, "token": person.token}
            await apps.tell("open", app, options=options, **opening)
            for room, _ in asked:
                await apps.tell("subscribe", app, room=room)
            own = f"user:{person.user_id}"
            await apps.tell("subscribe", app, room=own)
            await _answered(apps, app, joined=1, refused=len(asked))
            told = [(line["room"], line["refused"]) for line in apps.said[app] if "refused" in line]
            assert sorted(told) == sorted(asked)
            assert apps.of(app, "joined") == [own]
            await apps.tell("close", app)


async def test_who_is_staff_no_more_loses_the_room_within_a_second_on_ws(
    shared_node: NodeProcess, houses: Houses
) -> None:
    """At one venue; what they are at the other stays theirs. Rule 15 at_once."""
    other = f"venue:{houses.other_id}:staff"
    await houses.employ("patron123", VENUE, "staff")
    clerk = await houses.employ("patron123", houses.other_id, "staff")
    async with open_phone(shared_node) as ws:
        await say(ws, op="hello", token=clerk.token)
        await hear(ws, "welcome")
        for room in (HOUSE, other):
            await say(ws, op="subscribe", room=room)
            assert (await hear(ws, "subscribed"))["room"] == room
        began = trio.current_time()
        path = f"/api/users/{clerk.user_id}/roles"
        body: dict[str, Any] = {"venue_id": VENUE, "roles": []}
        await houses.front.need(200, houses.owner, "PUT", path, body)
        with pytest.raises(ConnectionClosed) as closed:
            await hear(ws, "nothing that a server says")
        assert trio.current_time() - began < LOST_S
        assert closed.value.reason is not None
        assert closed.value.reason.code == 4403
    houses.front.known.pop("patron123")
    again = await houses.front.sign_in("patron123")
    assert await _verdict_on_ws(shared_node, again, HOUSE) == ("not_found", 4403)
    async with open_phone(shared_node) as ws:
        await say(ws, op="hello", token=again.token)
        await hear(ws, "welcome")
        await say(ws, op="subscribe", room=other)
        assert (await hear(ws, "subscribed"))["room"] == other


@pytest.mark.parametrize("way", list(WAYS))
async def test_who_is_staff_no_more_loses_the_room_within_a_second_on_socket_io(
    shared_node: NodeProcess, houses: Houses, apps: Apps, way: str
) -> None:
    """Their token counts no more either, so the stock client stops by itself. Rule 15 at_once."""
    name = f"patron{124 + list(WAYS).index(way)}"
    clerk = await houses.employ(name, VENUE, "staff")
    await apps.tell(
        "open", "a", url=shared_node.url, token=clerk.token, cursors=True, options=WAYS[way]
    )
    await apps.tell("subscribe", "a", room=HOUSE)
    await apps.wait(lambda: bool(apps.of("a", "joined")))
    began = trio.current_time()
    path = f"/api/users/{clerk.user_id}/roles"
    await houses.front.need(200, houses.owner, "PUT", path, {"venue_id": VENUE, "roles": []})
    await apps.wait(lambda: bool(apps.of("a", "disconnect")))
    assert trio.current_time() - began < LOST_S
    await apps.wait(lambda: bool(apps.of("a", "connect_error")))
    assert apps.of("a", "connect_error") == ["unauthenticated"]
    assert apps.of("a", "active") == [False]
    told = [e["problem"]["code"] for e in apps.of("a", "event") if "problem" in e]
    assert told == ["forbidden"]


async def test_a_phone_whose_role_is_taken_leaves_that_room_out_and_hears_the_others(
    shared_node: NodeProcess, houses: Houses, phones: Phones
) -> None:
    """The reference client renews its token after 4403, and its user goes on as a guest."""
    clerk = await houses.employ("patron127", VENUE, "staff")
    phone, own = phones.phone("a"), f"user:{clerk.user_id}"
    await phone.sign_in(shared_node.url, "patron127")
    await phone.join(HOUSE)
    await phone.join(own)
    path = f"/api/users/{clerk.user_id}/roles"
    await houses.front.need(200, houses.owner, "PUT", path, {"venue_id": VENUE, "roles": []})
    houses.front.known.pop("patron127")
    (guest,) = await houses.front.patrons(127, 1)
    await houses.front.check_in(guest)
    await phone.wait_event("session.checked_in")
    await phones.wait(lambda: "waiting" in phone.states and phone.states[-1] == "open")
    assert (await phone.room(HOUSE))["refused"] == "not_found"
    assert (await phone.room(own))["refused"] is None
