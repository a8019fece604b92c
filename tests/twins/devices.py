"""Realtime clients in memory: the production connection, on a socket that is a queue.

A device acknowledges nothing and keeps everything, so a test can look at what it was shown, in
which order, and when.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import attrs
import trio

from lastlight.front_door.socket_lane import Socket, SocketClosed
from lastlight.realtime.connection import serve_realtime
from protocol.limits import COMMAND_DEADLINE_S
from tests.twins.people import Someone

_INBOX = 64


class MemorySocket(Socket):
    """What `serve_realtime` gets. Everything sent is read at once, so the client is never slow."""

    def __init__(self, client: str) -> None:
        self.client = client
        self.send_nowait = self.show
        self.sent, self._inbox = trio.open_memory_channel[str](_INBOX)
        self.shown: list[tuple[float, dict[str, Any]]] = []
        """When, on trio's clock, and what."""
        self.close_code: int | None = None
        self.moved = trio.Event()

    def watch_closely(self) -> None:
        """Nobody in memory is lost without a word."""

    async def receive(self) -> str | bytes:
        """The next message of the client."""
        try:
            return await self._inbox.receive()
        except trio.EndOfChannel:
            raise SocketClosed(1000) from None

    async def send_frame(self, frame: bytes) -> None:
        """Show a frame, or several in one piece."""
        await trio.lowlevel.checkpoint()
        self.show(frame)

    def show(self, data: bytes) -> int:
        """Show frames at once; nothing is left of them."""
        for message in _messages_in(data):
            self.shown.append((trio.current_time(), message))
        moved, self.moved = self.moved, trio.Event()
        moved.set()
        return 0

    async def ping(self, timeout_s: float) -> bool:
        """It is there."""
        await trio.lowlevel.checkpoint()
        return True

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye."""
        await trio.lowlevel.checkpoint()
        self.close_code = code
        self.sent.close()

    def abort(self) -> None:
        """Hang up."""
        self.sent.close()


def _messages_in(frame: bytes) -> list[dict[str, Any]]:
    found = []
    while frame:
        size, head = frame[1], 2
        if size == 126:
            size, head = int.from_bytes(frame[2:4], "big"), 4
        elif size == 127:
            size, head = int.from_bytes(frame[2:10], "big"), 10
        found.append(json.loads(frame[head : head + size]))
        frame = frame[head + size :]
    return found


@attrs.frozen(eq=False)
class Device:
    """One connection of a person."""

    person: Someone
    socket: MemorySocket

    @property
    def messages(self) -> list[dict[str, Any]]:
        """All that was shown."""
        return [message for _, message in self.socket.shown]

    def events(self, room: str | None = None) -> list[dict[str, Any]]:
        """Frames of events, in the order shown: urgent copies, cursors and empty ones as well."""
        return [
            message
            for message in self.messages
            if message["op"] == "event" and room in {None, message["room"]}
        ]

    def shown(self, type_: str) -> list[tuple[float, dict[str, Any]]]:
        """Events of a type that there is something to see of, with the time of each."""
        return [
            (at, message["event"])
            for at, message in self.socket.shown
            if message["op"] == "event"
            and (event := message["event"]) is not None
            and event["type"] == type_
            and "data" in event
        ]

    async def say(self, **message: object) -> None:
        """Send a message."""
        await self.socket.sent.send(json.dumps(message))

    async def wait_for(self, **wanted: object) -> dict[str, Any]:
        """The first message with these members, waited for if need be."""
        with trio.fail_after(2 * COMMAND_DEADLINE_S):
            while True:
                moved = self.socket.moved
                for message in self.messages:
                    if all(message.get(name) == value for name, value in wanted.items()):
                        return message
                await moved.wait()

    async def wait_for_event(self, type_: str) -> dict[str, Any]:
        """The first event of a type that there is something to see of, waited for if need be."""
        with trio.fail_after(2 * COMMAND_DEADLINE_S):
            while True:
                moved = self.socket.moved
                for _, event in self.shown(type_):
                    return event
                await moved.wait()

    async def subscribe(
        self, room: str, after_seq: int | None = None, epoch: str | None = None
    ) -> dict[str, Any]:
        """Hear a room; returns what the server said to it."""
        asked = {"after_seq": after_seq, "epoch": epoch}
        told = {name: value for name, value in asked.items() if value is not None}
        await self.say(op="subscribe", room=room, **told)
        return await self.wait_for(op="subscribed", room=room)

    async def command(
        self, name: str, data: dict[str, object], *, key: str | None = None
    ) -> dict[str, Any]:
        """Send a command and wait for its reply or problem."""
        id_ = str(uuid4())
        told = {} if key is None else {"idempotency_key": key}
        await self.say(op="command", id=id_, command=name, data=data, **told)
        return await self.wait_for(id=id_)

    async def hello(self) -> None:
        """Say who it is, again with the person's newest token."""
        await self.say(op="hello", token=self.person.token)

    def hang_up(self) -> None:
        """Go away."""
        self.socket.sent.close()


@asynccontextmanager
async def open_device(person: Someone, *rooms: str) -> AsyncIterator[Device]:
    """A connection of `person` to the node that they are at, hearing `rooms`."""
    device = Device(person, MemorySocket("192.0.2.1"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_realtime, device.socket, person.house.hub, person.house.services)
        await device.hello()
        await device.wait_for(op="welcome")
        for room in rooms:
            await device.subscribe(room)
        yield device
        device.hang_up()
        nursery.cancel_scope.cancel()
