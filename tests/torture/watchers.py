"""Those who listen to rooms all evening, come back whenever they are cut off, and keep everything.

A watcher takes nothing on trust: numbers must follow one another, and what it has folded is later
compared with what a newcomer is given.
"""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
import trio
from trio_websocket import (
    ConnectionClosed,
    HandshakeError,
    WebSocketConnection,
    wrap_client_stream,
)

from protocol.folding import fold
from protocol.folding_table import FOLD
from tests.system.guests import Person

AGAIN_S: Final = 0.2
HANDSHAKE_S: Final = 10.0
DROPS: Final = 0.01
"""How often a watcher hangs up by itself after something it heard."""
GONE: Final = (ConnectionClosed, HandshakeError, OSError, trio.BrokenResourceError,
               trio.ClosedResourceError, trio.TooSlowError)  # fmt: skip


class _Left(Exception):
    """This connection is of no more use."""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[WebSocketConnection]:
    """A connection to `/ws` whose stream is closed whoever hangs up."""
    place = urlsplit(url)
    assert place.hostname is not None
    assert place.port is not None
    stream = await trio.open_tcp_stream(place.hostname, place.port)
    async with stream, trio.open_nursery() as nursery:
        with trio.fail_after(HANDSHAKE_S):
            ws = await wrap_client_stream(
                nursery, stream, place.netloc, "/ws", subprotocols=["lastlight.v1"]
            )
        try:
            yield ws
        finally:
            nursery.cancel_scope.cancel()


@attrs.define(eq=False, kw_only=True)
class Watcher:
    """One room as one person hears it."""

    url: str
    who: Callable[[], Person]
    room: str
    dice: random.Random
    seq: int = 0
    epoch: str | None = None
    view: Mapping[str, Any] = attrs.field(factory=dict)
    heard: dict[int, str | None] = attrs.field(factory=dict)
    """The event at each place since the first connection; None where it is not theirs to see."""
    copies: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    jumps: list[tuple[int, int]] = attrs.field(factory=list)
    """From and to which place it was given a snapshot."""
    wrong: list[str] = attrs.field(factory=list)
    connects: int = 0
    joined: trio.Event = attrs.field(factory=trio.Event)

    async def watch(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                async with connected(self.url) as ws:
                    await self._follow(ws)
            except* (*GONE, _Left):
                pass
            await trio.sleep(AGAIN_S)

    async def _follow(self, ws: WebSocketConnection) -> None:
        place = {} if self.epoch is None else {"after_seq": self.seq, "epoch": self.epoch}
        await ws.send_message(json.dumps({"op": "hello", "token": self.who().token}))
        wish = {"op": "subscribe", "room": self.room, **place}
        await ws.send_message(json.dumps(wish))
        while True:
            self._take(json.loads(await ws.get_message()))
            if self.joined.is_set() and self.dice.random() < DROPS:
                return

    def _take(self, said: dict[str, Any]) -> None:
        match said["op"]:
            case "subscribed":
                self._stands(said)
            case "event" if "seq" in said:
                self._numbered(said["seq"], said["event"])
            case "event":
                if said["event"]["type"] in FOLD:
                    self.copies[said["event"]["id"]] = said["event"]
            case "error":
                raise _Left(said["problem"]["code"])

    def _stands(self, said: dict[str, Any]) -> None:
        self.connects += 1
        snapshot = said.get("snapshot")
        if snapshot is not None:
            if self.epoch is not None:
                self.jumps.append((self.seq, said["seq"]))
                if said["seq"] < self.seq:
                    self.wrong.append(f"a snapshot at {said['seq']} after {self.seq}")
            self.view, self.seq = snapshot["view"], said["seq"]
        self.epoch = said["epoch"]
        self.joined.set()

    def _numbered(self, seq: int, event: dict[str, Any] | None) -> None:
        if seq != self.seq + 1:
            self.wrong.append(f"place {seq} came after {self.seq}")
            return
        self.seq = seq
        self.heard[seq] = None if event is None else event["id"]
        if event is None:
            return
        whole = event if "data" in event else self.copies.get(event["id"])
        if whole is None:
            self.wrong.append(f"place {seq} is of a copy that never came: {event}")
            return
        self.view = fold(
            self.view, self.room, whole["type"], whole["data"], at=whole["occurred_at"],
            venue_id=whole["venue_id"],
        )  # fmt: skip


async def standing(url: str, person: Person, room: str) -> tuple[int, Mapping[str, Any]]:
    """Where a room stands for somebody who comes for the first time."""
    async with connected(url) as ws:
        await ws.send_message(json.dumps({"op": "hello", "token": person.token}))
        await ws.send_message(json.dumps({"op": "subscribe", "room": room}))
        with trio.fail_after(HANDSHAKE_S):
            while (said := json.loads(await ws.get_message()))["op"] != "subscribed":
                assert said["op"] == "welcome", said
    return said["seq"], said["snapshot"]["view"]
