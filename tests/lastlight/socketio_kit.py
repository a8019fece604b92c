"""A stage for Socket.IO: the real front door, and clients that say exactly what they are told to.

Packets are spelt out as they travel; `test_socketio_packets` holds our own spelling to the codec of
`python-socketio`, and tests/system to the client from npm.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import attrs
import httpx
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, open_websocket_url

from lastlight.front_door import FrontDoor, open_front_door
from lastlight.realtime.attending import Attending
from lastlight.realtime.services import Resume, Resumption, Services
from lastlight.socketio.server import PATH, SocketIoServer, open_socketio
from protocol.addresses import Principal
from protocol.errors import Refusal
from tests.lastlight.door_kit import Desk
from tests.lastlight.realtime_kit import Stage, principal
from tests.plain_http import plain_client

QUERY = "EIO=4&transport="


@attrs.define(kw_only=True)
class IoStage(Stage):
    """A stage with Socket.IO. Tokens are user numbers."""

    server: SocketIoServer = attrs.field(init=False)
    http: httpx.AsyncClient = attrs.field(init=False)
    door: FrontDoor = attrs.field(init=False)

    resumer: Resume | None = None
    """What resumes instead of the stage."""

    async def resume_by(
        self,
        principal: Principal,
        room: str,
        after_seq: int | None,
        epoch: str | None,
        *,
        snapshots: bool,
    ) -> Resumption | Refusal:
        """As whoever the test has put there."""
        return await (self.resumer or self.resume)(
            principal, room, after_seq, epoch, snapshots=snapshots
        )

    def all_arrived(self) -> bool:
        """Whether it is known of each connection that nothing is on its way."""
        return all(line.talk.is_all_arrived() for line in self.server.lines())

    def url(self, transport: str, sid: str | None = None) -> str:
        """Where a client of this transport goes."""
        tail = "" if sid is None else f"&sid={sid}"
        return f"http://127.0.0.1:{self.door.port}{PATH}?{QUERY}{transport}{tail}"


@asynccontextmanager
async def an_io_stage(
    *, patience_s: float = 30, attending: Attending | None = None
) -> AsyncIterator[IoStage]:
    """Everything but a node."""
    stage = IoStage() if attending is None else IoStage(attending=attending)
    stage.people = {str(n): principal(n) for n in range(1, 40)}
    stage.may_resume.set()
    services = Services(
        authenticate=stage.authenticate, resume=stage.resume_by, command=stage.command,
        now=lambda: datetime.now(UTC), attendance=stage.attending,
    )  # fmt: skip
    with trio.fail_after(patience_s):
        async with (
            open_socketio(stage.hub, services) as server,
            open_front_door(
                host="127.0.0.1", port=0, handler=server.with_polling(Desk().handle),
                sockets={PATH: server.endpoint},
            ) as door,
            plain_client() as http,
        ):  # fmt: skip
            stage.server, stage.http, stage.door = server, http, door
            yield stage
            server.close()


@attrs.define
class Polled:
    """A client that polls."""

    stage: IoStage
    sid: str
    waiting: list[str] = attrs.field(factory=list)

    async def post(self, *packets: str) -> httpx.Response:
        """Say something."""
        body = "\x1e".join(packets)
        return await self.stage.http.post(self.stage.url("polling", self.sid), content=body)

    async def get(self) -> httpx.Response:
        """Poll once."""
        return await self.stage.http.get(self.stage.url("polling", self.sid), timeout=20)

    async def say(self, *packets: str) -> None:
        """Say something that is taken."""
        answer = await self.post(*packets)
        assert (answer.status_code, answer.text) == (200, "ok"), answer.text

    async def hear(self) -> str:
        """The next packet that is no ping; pings are answered."""
        while True:
            while self.waiting:
                packet = self.waiting.pop(0)
                if packet != "2":
                    return packet
                await self.post("3")
            answer = await self.get()
            assert answer.status_code == 200, answer.text
            self.waiting += answer.text.split("\x1e")


@attrs.define
class Wired:
    """A client on a WebSocket. `answers_pings` may be taken away from it."""

    ws: WebSocketConnection
    sid: str = ""
    answers_pings: bool = True

    async def say(self, packet: str | bytes) -> None:
        """Say something."""
        await self.ws.send_message(packet)

    async def hear(self) -> str:
        """The next packet that is no ping."""
        with trio.fail_after(10):
            while True:
                packet = await self.ws.get_message()
                assert isinstance(packet, str)
                if packet != "2":
                    return packet
                if self.answers_pings:
                    await self.ws.send_message("3")

    async def close_code(self) -> int:
        """Read until the server ends it."""
        with trio.fail_after(15):
            while True:
                try:
                    await self.hear()
                except ConnectionClosed:
                    break
        assert self.ws.closed is not None
        return int(self.ws.closed.code)


@asynccontextmanager
async def a_websocket_at(url: str) -> AsyncIterator[WebSocketConnection]:
    """A WebSocket that hangs up when left."""
    ws: WebSocketConnection | None = None
    try:
        async with open_websocket_url(url.replace("http:", "ws:")) as ws:
            yield ws
    finally:
        if ws is not None:
            await trio.aclose_forcefully(ws._stream)


async def a_poller(stage: IoStage) -> Polled:
    """A client that has opened a connection by polling, and was let into nothing yet."""
    answer = await stage.http.get(stage.url("polling"))
    assert answer.status_code == 200, answer.text
    assert answer.text.startswith("0")
    return Polled(stage, json.loads(answer.text[1:])["sid"])


@asynccontextmanager
async def a_wire(stage: IoStage) -> AsyncIterator[Wired]:
    """A client that has opened a connection on a WebSocket, and was let into nothing yet."""
    async with a_websocket_at(stage.url("websocket")) as ws:
        client = Wired(ws)
        opening = await client.hear()
        assert opening.startswith("0")
        client.sid = json.loads(opening[1:])["sid"]
        yield client


Client = Polled | Wired


async def connect(client: Client, who: str = "1", **auth: object) -> dict[str, Any]:
    """Be let in; what CONNECT was answered with."""
    await client.say("40" + json.dumps({"token": who, **auth}))
    answer = await client.hear()
    assert answer.startswith("40"), answer
    told = json.loads(answer[2:])
    assert isinstance(told, dict)
    return told


async def emit(client: Client, name: str, data: Mapping[str, object], ack: int = 1) -> Any:
    """Emit with an acknowledgement, which must be what is heard next."""
    await client.say(f"42{ack}" + json.dumps([name, data]))
    answer = await client.hear()
    assert answer.startswith(f"43{ack}["), answer
    (told,) = json.loads(answer[len(f"43{ack}") :])
    return told


async def hear_event(client: Client) -> tuple[str, dict[str, Any]]:
    """The next event: its name and its one argument."""
    packet = await client.hear()
    assert packet.startswith("42["), packet
    name, told = json.loads(packet[2:])
    return name, told
