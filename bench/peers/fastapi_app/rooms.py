"""Rooms of WebSockets: who is told what, after it is on the disk."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from bench.peers.fastapi_app.ids import fresh_id, spelled
from bench.peers.fastapi_app.tokens import Principal


class Told(NamedTuple):
    """One event, and the rooms that hear of it."""

    id: UUID
    rooms: tuple[str, ...]
    type: str
    venue_id: UUID | None
    data: dict[str, Any]


def told(
    kind: str, rooms: tuple[str, ...], data: dict[str, Any], venue_id: UUID | None = None
) -> Told:
    """An event with an id of its own."""
    return Told(fresh_id(), rooms, kind, venue_id, data)


def event_columns(events: Iterable[Told]) -> dict[str, list[Any]]:
    """The events as the write statements take them."""
    kept = list(events)
    return {
        "event_ids": [event.id for event in kept],
        "event_rooms": [" ".join(event.rooms) for event in kept],
        "event_types": [event.type for event in kept],
        "event_venues": [event.venue_id for event in kept],
        "event_payloads": [msgspec.json.encode(event.data).decode() for event in kept],
    }


class Rooms:
    """Everybody who listens, by room."""

    def __init__(self) -> None:
        self._listening: defaultdict[str, set[WebSocket]] = defaultdict(set)
        self._sending: set[asyncio.Task[None]] = set()

    def tell(self, events: Iterable[Told], at: datetime) -> None:
        """Send each event to its rooms; whoever asked does not wait for it."""
        for event in events:
            for room in event.rooms:
                if listening := self._listening.get(room):
                    frame = self._frame(event, room, at)
                    for socket in listening:
                        sending = asyncio.create_task(_send(socket, frame))
                        self._sending.add(sending)
                        sending.add_done_callback(self._sending.discard)

    async def listen(self, socket: WebSocket, principal: Principal) -> None:
        """Stay in the rooms that are theirs until they leave."""
        rooms = [f"user:{principal.user_id}"]
        rooms += [
            f"venue:{venue}:{room}"
            for venue, role in principal.roles.items()
            for room in ("staff", "management", "owner")
            if room == role or room == "staff"
        ]
        for room in rooms:
            self._listening[room].add(socket)
        try:
            await socket.send_json({"ready": True})
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            pass
        finally:
            for room in rooms:
                self._listening[room].discard(socket)

    def _frame(self, event: Told, room: str, at: datetime) -> str:
        return msgspec.json.encode(
            {
                "id": str(event.id),
                "room": room,
                "type": event.type,
                "venue_id": None if event.venue_id is None else str(event.venue_id),
                "occurred_at": spelled(at),
                "version": 1,
                "data": event.data,
            }
        ).decode()


async def _send(socket: WebSocket, frame: str) -> None:
    try:
        await socket.send_text(frame)
    except (WebSocketDisconnect, RuntimeError):
        return  # It has just gone, which its own task notices too.
