"""Rooms on a whole node: what a client holds is what the node tells, before and after a crash."""

from __future__ import annotations

import json
from typing import Any

import trio
from trio_websocket import WebSocketConnection, open_websocket_url

from lastlight.demo.ids import Kind, demo_id
from protocol.folding import fold
from tests.system.conftest import MakeNode, Template
from tests.system.guests import VENUE, Person, open_front, order
from tests.system.harness import NodeProcess

HEARD_S = 20
WATER = {"item_id": str(demo_id(Kind.MENU_ITEM, 7))}


def connect(node: NodeProcess) -> Any:
    """A WebSocket of the node."""
    url = node.url.replace("http", "ws", 1) + "/ws"
    return open_websocket_url(url, subprotocols=["lastlight.v1"])


async def hear(ws: WebSocketConnection, op: str) -> dict[str, Any]:
    """The next message of a kind."""
    with trio.fail_after(HEARD_S):
        while (message := json.loads(await ws.get_message()))["op"] != op:
            assert message["op"] != "error", message
    found: dict[str, Any] = message
    return found


async def come(ws: WebSocketConnection, person: Person, room: str, **place: object) -> Any:
    """Say who it is and ask for a room; what is said to that."""
    await ws.send_message(json.dumps({"op": "hello", "token": person.token}))
    await hear(ws, "welcome")
    await ws.send_message(json.dumps({"op": "subscribe", "room": room, **place}))
    return await hear(ws, "subscribed")


async def folded(ws: WebSocketConnection, room: str, view: Any, at: int, until: int) -> Any:
    """A view with the events after its place, which come without a gap."""
    for seq in range(at + 1, until + 1):
        message = await hear(ws, "event")
        event = message["event"]
        assert message["seq"] == seq
        view = fold(
            view, room, event["type"], event["data"], at=event["occurred_at"],
            venue_id=event["venue_id"],
        )  # fmt: skip
    return view


async def test_a_room_is_the_same_from_a_snapshot_by_events_and_after_a_crash(
    make_node: MakeNode, template: Template
) -> None:
    """One round trip to the right state, for whoever was here and whoever was not.

    Rule 17 resume.
    """
    node = make_node()
    await node.start()
    patron, staff = template.known["patron19"], template.known["staff4"]
    own, floor = f"user:{patron.user_id}", f"venue:{VENUE}:staff"
    async with open_front(node.url, template.known) as front:
        async with connect(node) as ws:
            begun = await come(ws, patron, own)
            assert begun["snapshot"]["view"]["wallet"]["available_minor"] == 100_000
        async with connect(node) as ws:
            view = (await come(ws, staff, floor))["snapshot"]["view"]
            assert [len(view[name]) for name in ("items", "rooms", "games")] == [20, 6, 12]
            assert view["venue"]["status"] == "open"
        body = order({**WATER, "qty": 1})
        bought = await front.need(201, patron, "POST", "/api/transactions/purchase", body)
    node.kill()
    await node.start()
    place = {"after_seq": begun["seq"], "epoch": begun["epoch"]}
    async with connect(node) as ws:
        back = await come(ws, patron, own, **place)
        assert "snapshot" not in back
        mine = await folded(ws, own, begun["snapshot"]["view"], begun["seq"], back["seq"])
    async with connect(node) as ws:
        anew = await come(ws, patron, own, after_seq=back["seq"] + 1_000, epoch=back["epoch"])
        assert anew["seq"] == back["seq"]
        assert anew["snapshot"]["view"] == mine
    assert mine["wallet"]["available_minor"] == bought["balance"]["available_minor"] < 100_000
    assert await node.stop() == 0, node.tail()
