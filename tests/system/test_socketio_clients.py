"""The stock `socket.io-client` from npm against a node that is killed under it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import trio

from tests.clients.javascript import HERE, Ended, Script, open_script
from tests.system.conftest import MakeNode, Template
from tests.system.guests import VENUE, Front, Person, open_front, order

WAYS: Final[dict[str, dict[str, Any]]] = {
    "default": {},
    "websocket": {"transports": ["websocket"]},
    "polling": {"transports": ["polling"]},
}
STAFF_ROOM: Final = f"venue:{VENUE}:staff"
HEARD_S: Final = 40.0


async def _told(front: Front, person: Person, room: str, after_seq: int) -> list[dict[str, Any]]:
    """The durable events of a room as the node tells them over HTTP."""
    path = f"/api/realtime/events?room={room}&after_seq={after_seq}&wait_s=0&limit=100"
    found: list[dict[str, Any]] = (await front.need(200, person, "GET", path))["items"]
    return found


async def _buy(front: Front, person: Person) -> None:
    item = await front.cheapest(person)
    body = order({"item_id": item["item_id"], "qty": 1})
    await front.need(201, person, "POST", "/api/transactions/purchase", body)


async def _hear(script: Script, said: list[dict[str, Any]]) -> None:
    while True:
        try:
            said.append(await script.hear(within_s=600))
        except Ended:
            return


async def _until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(HEARD_S):
        while not condition():  # noqa: ASYNC110 - another process sets no event here
            await trio.sleep(0.02)


def _of(said: list[dict[str, Any]], app: str, key: str) -> list[Any]:
    return [line[key] for line in said if line["app"] == app and key in line]


def _numbered(said: list[dict[str, Any]], app: str) -> list[tuple[int, str]]:
    """Place and id of what one has heard; a cursor stands for its urgent copy."""
    return [(e["seq"], e["id"]) for e in _of(said, app, "event") if "seq" in e and "id" in e]


async def test_who_is_connected_when_a_node_is_killed_misses_nothing(
    make_node: MakeNode, template: Template
) -> None:
    """An SOS, orders, and kill -9 in between: no event missing, none twice, in order.

    The urgent copy and its numbered twin count as one. Each client has a way of its own to connect,
    and is told `recovered` by the node's next life, which remembers nothing of it.
    """
    node = make_node()
    await node.start()
    said: list[dict[str, Any]] = []
    async with (
        open_front(node.url, template.known) as front,
        open_script(HERE / "socketio.ts") as script,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(_hear, script, said)
        patron = (await front.patrons(1, 1))[0]
        staff, raiser = await front.sign_in("staff1"), await front.sign_in("staff2")
        people = {
            way: (patron, f"user:{patron.user_id}") if way == "websocket" else (staff, STAFF_ROOM)
            for way in WAYS
        }
        for way, (person, room) in people.items():
            opening = {"url": node.url, "token": person.token, "cursors": True}
            await script.say({"do": "open", "app": way, "options": WAYS[way], **opening})
            await script.say({"do": "subscribe", "app": way, "room": room})
        await _until(lambda: all(_of(said, way, "joined") for way in WAYS))
        begin = {way: _of(said, way, "seq")[0] for way in WAYS}
        sos = await front.need(201, raiser, "POST", "/api/emergency/sos", {"venue_id": VENUE})
        for _ in range(2):
            await _buy(front, patron)
        node.kill()
        await _until(lambda: all(_of(said, way, "disconnect") for way in WAYS))
        await node.start()
        await _buy(front, patron)
        path = f"/api/emergency/sos/{sos['incident_id']}/respond"
        await front.need(200, staff, "POST", path, {"action": "acknowledge"})
        for way, (person, room) in people.items():
            happened = await _told(front, person, room, begin[way])
            wanted = [(e["seq"], e["event"]["id"]) for e in happened]
            assert wanted
            await _until(lambda way=way, w=wanted: len(_numbered(said, way)) >= len(w))  # type: ignore[misc]
            assert _numbered(said, way) == wanted
            recovered = [told["recovered"] for told in _of(said, way, "connect")]
            assert recovered[0] is False
            assert recovered[-1] is True
            alarms = [e for e in _of(said, way, "event") if e["name"] == "emergency.sos_raised"]
            copies = [e for e in alarms if "seq" not in e]
            assert len(copies) <= 1
            assert len(alarms) - len(copies) <= 1
        nursery.cancel_scope.cancel()
