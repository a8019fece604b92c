"""Watching a room over `/ws`, from where it was left if the connection breaks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
import trio
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    ConnectionTimeout,
    DisconnectionTimeout,
    HandshakeError,
    WebSocketConnection,
    open_websocket_url,
)

from lastlight.demo.night_client import Person

SUBPROTOCOL: Final = "lastlight.v1"
AGAIN_S: Final = 3.0
HELLO_EVERY_S: Final = 60.0
"""How often the token is looked at; a new one is said before the old one ends."""
_ALERTS: Final = ("emergency.sos_raised", "safety.help_requested", "emergency.broadcast")
_BROKEN: Final = (
    ConnectionClosed,
    ConnectionRejected,
    ConnectionTimeout,
    DisconnectionTimeout,
    HandshakeError,
    OSError,
)

Hear = Callable[[Mapping[str, Any]], None]


@attrs.define(eq=False, kw_only=True)
class Watcher:
    """One person's view of one room; `hear` gets each event once, in the room's order."""

    person: Person
    url: str
    room: str
    hear: Hear
    _seq: int | None = None
    _epoch: str | None = None

    async def watch(self) -> None:
        """Until cancelled; a lost connection is told of and made again."""
        address = self.url.replace("http", "ws", 1) + "/ws"
        while True:
            try:
                async with open_websocket_url(address, subprotocols=[SUBPROTOCOL]) as socket:
                    await self._talk(socket)
            except* _BROKEN as group:
                broken: BaseException = group
                while isinstance(broken, BaseExceptionGroup):
                    broken = broken.exceptions[0]
                reason = getattr(broken, "reason", None) or type(broken).__name__
                reason = getattr(reason, "reason", None) or reason
                self.person.figures.note(
                    f"{self.person.email} lost the view of {self.room.split(':')[-1]}: {reason}",
                    "odd",
                )
            await trio.sleep(AGAIN_S)

    async def _talk(self, socket: WebSocketConnection) -> None:
        token = await self.person.token()
        if token is None:
            return
        await _say(socket, op="hello", token=token)
        place = {} if self._seq is None else {"after_seq": self._seq, "epoch": self._epoch}
        await _say(socket, op="subscribe", room=self.room, **place)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._stay_signed_in, socket, token)
            while True:
                message = json.loads(await socket.get_message())
                self._take(message)
                if (has := _acknowledged(message)) is not None:
                    await _say(socket, op="ack", room=self.room, **has)

    async def _stay_signed_in(self, socket: WebSocketConnection, said: str) -> None:
        while True:
            await trio.sleep(HELLO_EVERY_S)
            token = await self.person.token()
            if token is not None and token != said:
                await _say(socket, op="hello", token=token)
                said = token

    def _take(self, message: Mapping[str, Any]) -> None:
        op = message.get("op")
        if op == "subscribed":
            self._epoch = message["epoch"]
            if "snapshot" in message:
                # Otherwise what was missed comes now, and brings its own numbers.
                self._seq = message["seq"]
        elif op == "event":
            self._seq = message.get("seq", self._seq)
            event = message.get("event")
            if event is not None and "data" in event:
                self.hear(event)
        elif op == "error":
            problem = message.get("problem") or {}
            self.person.figures.refusals[str(problem.get("code", "error"))] += 1
            self.person.figures.note(
                f"{self.person.email} may not watch {self.room}: {problem.get('detail')}", "odd"
            )


def _acknowledged(message: Mapping[str, Any]) -> Mapping[str, object] | None:
    """What to tell the node that it has arrived: where the room stood, and each alert."""
    if message.get("op") == "subscribed":
        return {"seq": message["seq"]} if "snapshot" in message else None
    event = message.get("event") or {}
    if message.get("op") != "event" or event.get("type") not in _ALERTS:
        return None
    return {"seq": message["seq"]} if "seq" in message else {"id": event["id"]}


async def _say(socket: WebSocketConnection, **message: object) -> None:
    await socket.send_message(json.dumps(message))
