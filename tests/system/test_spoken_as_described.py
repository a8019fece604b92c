"""What a node says and takes over a socket is what the AsyncAPI document promises."""

from __future__ import annotations

import json
import uuid
from typing import Any, Final

import jsonschema_rs
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, open_websocket_url

from tests.plain_http import plain_client
from tests.system.guests import VENUE, Front, arrival
from tests.system.harness import NodeProcess

ANSWER_S: Final = 30.0


class Described:
    """A document as a client loads it from a node."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def complaints(self, said: dict[str, Any]) -> list[str]:
        """What of a message, of either side, is not as described."""
        payload = self._document["components"]["messages"][said["op"]]["payload"]
        schema = {"allOf": [payload], "components": self._document["components"]}
        found = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        complaints = [str(error) for error in found.iter_errors(said)]
        event = said.get("event") if said["op"] == "event" else None
        if event is not None and "data" in event:
            complaints += self.complaints_of_event(event)
        return complaints

    def complaints_of_event(self, event: dict[str, Any]) -> list[str]:
        """What of an envelope is not as its type is described."""
        payload = self._document["components"]["messages"][event["type"]]["payload"]
        schema = {"allOf": [payload], "components": self._document["components"]}
        found = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        return [str(error) for error in found.iter_errors(event)]


async def test_every_word_of_a_conversation_is_as_described(
    shared_node: NodeProcess, shared_front: Front
) -> None:
    """All that a client may say, all that it may be answered, in the words of `/ws`."""
    (patron,) = await shared_front.patrons(106, 1)
    async with plain_client(base_url=shared_node.url) as http:
        described = Described((await http.get("/docs/asyncapi.json")).json())
    url, room = shared_node.url.replace("http", "ws") + "/ws", f"user:{patron.user_id}"
    check_in = {
        "op": "command", "id": "c1", "command": "CheckIn",
        "data": arrival(await shared_front.door_code()), "idempotency_key": str(uuid.uuid4()),
    }  # fmt: skip
    spoken: list[dict[str, Any]] = [
        {"op": "hello", "token": patron.token},
        {"op": "ping"},
        {"op": "subscribe", "room": room},
        {"op": "subscribe", "room": room, "after_seq": 0, "epoch": "another"},
        check_in,
        {"op": "command", "id": "c2", "command": "Sing"},
        {"op": "ack", "room": room, "seq": 1},
        {"op": "hello", "token": patron.token},
        {"op": "subscribe", "room": f"venue:{VENUE}:staff"},
    ]
    heard: list[dict[str, Any]] = []
    with trio.fail_after(ANSWER_S):
        async with open_websocket_url(url, subprotocols=["lastlight.v1"]) as ws:
            for message in spoken:
                assert described.complaints(message) == []
                await ws.send_message(json.dumps(message))
                # What takes time is done side by side; each here is waited for.
                if message["op"] == "subscribe":
                    await _hear_until(ws, heard, "subscribed")
                elif message is check_in:
                    await _hear_until(ws, heard, "session.checked_in")
        # trio-websocket leaves its end open when the server closes first.
        await trio.aclose_forcefully(ws._stream)
    for said in heard:
        assert described.complaints(said) == [], said
    ops = {said["op"] for said in heard}
    assert ops == {"welcome", "subscribed", "event", "reply", "error", "pong"}
    assert any("snapshot" in said for said in heard)


async def _hear_until(ws: WebSocketConnection, heard: list[dict[str, Any]], name: str) -> None:
    """Take in what is said until a message of this `op`, an event of this type, or the end."""
    while True:
        try:
            heard.append(json.loads(await ws.get_message()))
        except ConnectionClosed:
            return
        event = heard[-1].get("event")
        if heard[-1]["op"] == name or (event is not None and event["type"] == name):
            return
