"""Rooms and nothing else: the node's own door, connections, backlog and publisher, without actors.

`python -m bench.room_server PORT KEYS`. POST /publish with `{"count": n}` publishes so many durable
events into the room of the venue's staff, in one go.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import trio

from bench.rooms_kit import PATRONS_ROOM, raise_limits
from lastlight.auth.keys import load_keys
from lastlight.auth.tokens import Tokens
from lastlight.clocks import system_ids
from lastlight.demo.ids import DEMO_VENUE
from lastlight.front_door import SocketEndpoint, open_front_door
from lastlight.metrics import Metrics
from lastlight.process import freeze, open_tamed_process
from lastlight.realtime.backlog import Backlog
from lastlight.realtime.connection import SUBPROTOCOL, serve_realtime
from lastlight.realtime.hub import Hub
from lastlight.realtime.publisher import RoomPublisher
from lastlight.realtime.services import Answer, Resumption, Services
from lastlight.web.http import Request, Response
from protocol.addresses import Principal
from protocol.entries import RoomEvent
from protocol.errors import Code, Refusal
from protocol.events.inventory import InventoryItemUpdated

_EPOCH = UUID(int=1).hex


class Rooms:
    """One room, and what is said in it."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens, self._ids = tokens, system_ids()
        self._seq = 0
        self.hub = Hub()
        self.backlog = Backlog()
        self.publisher = RoomPublisher(self.hub, self.backlog, Metrics())

    async def handle(self, request: Request) -> Response:
        """What the question wants."""
        if request.path == "/publish":
            asked = json.loads(request.body)
            for _ in range(asked["count"]):
                self._publish()
        told = {"connections": self.hub.statistics().connections}
        return Response(200, (("content-type", "application/json"),), json.dumps(told).encode())

    def _publish(self) -> None:
        self._seq += 1
        event = RoomEvent(
            id=self._ids.fresh(),
            type=InventoryItemUpdated.type,
            venue_id=DEMO_VENUE,
            occurred_at=datetime.now(UTC).replace(microsecond=0),
            data={
                "item_id": str(DEMO_VENUE),
                "available": True,
                "price_minor": self._seq,
                "version": self._seq,
            },
            rooms=((PATRONS_ROOM, self._seq),),
        )
        self.publisher.publish(event)

    async def authenticate(self, token: str) -> Principal | Refusal:
        """Whose token it is."""
        return self._tokens.verify(token, now=datetime.now(UTC))

    async def resume(
        self,
        principal: Principal,
        room: str,
        after_seq: int | None,
        epoch: str | None,
        *,
        snapshots: bool,
    ) -> Resumption | Refusal:
        """What was missed, from memory."""
        missed: Sequence[RoomEvent] = ()
        if after_seq is not None:
            missed = self.backlog.after(room, after_seq) or ()
        return Resumption(epoch=_EPOCH, seq=self._seq, events=tuple(missed))

    async def command(
        self, who: Principal, name: str, data: Mapping[str, object], key: str | None
    ) -> Answer | Refusal:
        """There are none."""
        return Refusal(Code.NOT_FOUND, "no commands here")


async def serve(port: int, keys: Path) -> None:
    """Serve until killed."""
    rooms = Rooms(Tokens(load_keys(keys)))
    services = Services(
        authenticate=rooms.authenticate,
        resume=rooms.resume,
        command=rooms.command,
        now=lambda: datetime.now(UTC),
    )
    endpoint = SocketEndpoint(lambda s: serve_realtime(s, rooms.hub, services), SUBPROTOCOL)
    async with (
        open_tamed_process(),
        trio.open_nursery() as nursery,
        open_front_door(
            host="127.0.0.1", port=port, handler=rooms.handle, sockets={"/ws": endpoint}
        ),
    ):
        freeze()
        nursery.start_soon(rooms.hub.run)
        await trio.sleep_forever()


if __name__ == "__main__":
    raise_limits()
    trio.run(serve, int(sys.argv[1]), Path(sys.argv[2]))
