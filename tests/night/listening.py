"""A client that folds: it holds what a room's events come to, and keeps that while it is away.

It does by the book what an application does: it asks with the place that it has, takes a snapshot
where it is given one, folds what follows, and folds an urgent copy when its place comes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import attrs
import trio

from lastlight.realtime.connection import serve_realtime
from lastlight.realtime.frames import plain
from protocol.entries import RoomEvent
from protocol.events import EVENTS
from protocol.folding import View, fold
from tests.twins.devices import MemorySocket
from tests.twins.people import Someone


@attrs.define(eq=False)
class Place:
    """What a client knows of a room."""

    epoch: str | None = None
    seq: int | None = None
    view: View = attrs.field(factory=dict)
    live: bool = False
    """Whether this connection was told where the room stands."""
    copies: dict[str, Any] = attrs.field(factory=dict)
    """Urgent copies whose places have not come, by the id of their event."""


@attrs.define(eq=False)
class Listener:
    """One person's client, over all its connections."""

    person: Someone
    wanted: tuple[str, ...]
    places: dict[str, Place] = attrs.field(factory=dict)
    refused: dict[str, str] = attrs.field(factory=dict)
    """Rooms that this connection may not hear, and the code of why."""
    snapshots: int = 0
    resumed: int = 0
    _socket: MemorySocket | None = None
    _read: int = 0
    _scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    @property
    def connected(self) -> bool:
        """Whether somebody is at the other end."""
        return self._socket is not None and self._socket.close_code is None

    async def connect(self, nursery: trio.Nursery) -> None:
        """Come (back), and ask for each room from where it is."""
        self.hang_up()
        self.refused.clear()
        self._socket, self._read = MemorySocket("192.0.2.1"), 0
        nursery.start_soon(self._serve, self._socket)
        await self._say({"op": "hello", "token": self.person.token})
        for room in self.wanted:
            place = self.places.setdefault(room, Place())
            place.live = False
            place.copies.clear()
            told: dict[str, object] = {"op": "subscribe", "room": room}
            if place.seq is not None:
                told |= {"after_seq": place.seq, "epoch": place.epoch}
            await self._say(told)

    async def _say(self, message: dict[str, object]) -> None:
        assert self._socket is not None
        await self._socket.sent.send(json.dumps(message))

    async def _serve(self, socket: MemorySocket) -> None:
        house = self.person.house
        with trio.CancelScope() as self._scope:
            await serve_realtime(socket, house.hub, house.services)
        if socket.close_code is None:
            socket.close_code = 1006

    def hang_up(self) -> None:
        """Go away, without a word."""
        self.take_in()
        self._scope.cancel()
        self._socket = None

    def take_in(self) -> None:
        """Fold what has come."""
        if self._socket is None:
            return
        shown, self._read = self._socket.shown[self._read :], len(self._socket.shown)
        for _, message in shown:
            match message["op"]:
                case "subscribed":
                    self._begin(self.places[message["room"]], message)
                case "event":
                    self._hear(self.places[message["room"]], message)
                case "error":
                    problem = message["problem"]
                    assert "room" in problem or problem["status"] in {401, 429}, problem
                    self.refused[problem.get("room", "")] = problem["code"]

    def _begin(self, place: Place, message: dict[str, Any]) -> None:
        if "snapshot" in message:
            place.view, place.seq = message["snapshot"]["view"], message["seq"]
            self.snapshots += 1
        else:
            self.resumed += 1
        assert place.seq is not None, "whoever has nothing is given a snapshot"
        place.epoch, place.live = message["epoch"], True

    def _hear(self, place: Place, message: dict[str, Any]) -> None:
        event, seq = message["event"], message.get("seq")
        if seq is None:
            if EVENTS[event["type"]].durable:
                place.copies[event["id"]] = event
            return
        assert place.live
        assert place.seq is not None
        assert seq == place.seq + 1, f"{message} after {place.seq}"
        place.seq = seq
        if event is not None and "data" not in event:
            event = place.copies.pop(event["id"])
        if event is not None:
            place.copies.pop(event["id"], None)
            place.view = fold(
                place.view, message["room"], event["type"], event["data"],
                at=event["occurred_at"], venue_id=event["venue_id"],
            )  # fmt: skip


def truth_for(user_id: str, room: str, history: Iterable[RoomEvent]) -> View:
    """What a room's events come to for somebody, told without any of what keeps views."""
    view: View = {}
    for event in history:
        if event.hide_from == UUID(user_id):
            continue
        at = plain(event.occurred_at)
        venue_id = None if event.venue_id is None else str(event.venue_id)
        assert isinstance(at, str)
        view = fold(view, room, event.type, event.data, at=at, venue_id=venue_id)
    return view


def over_a_wire(view: View) -> View:
    """As it is when it was said and read."""
    read: View = json.loads(json.dumps(view))
    return read
