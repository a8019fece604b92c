"""A front door with an echoing handler, and clients that say exactly what they are told to."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import attrs
import trio
from trio_websocket import WebSocketConnection, open_websocket_url

from lastlight.front_door import (
    FrontDoor,
    Patience,
    Socket,
    SocketClosed,
    SocketEndpoint,
    TlsFiles,
    frame_text,
    open_front_door,
)
from lastlight.web.answering import WebSettings
from lastlight.web.http import Request, Response

PATIENT_S = 10.0
"""A test that needs longer than this has failed."""


@attrs.define
class Desk:
    """A handler that echoes, and remembers. What `hold` is set to is waited for at /held."""

    seen: list[Request] = attrs.field(factory=list)
    began: trio.Event = attrs.field(factory=trio.Event)
    hold: trio.Event = attrs.field(factory=trio.Event)

    async def handle(self, request: Request) -> Response:
        self.seen.append(request)
        self.began.set()
        if request.path == "/held":
            await self.hold.wait()
        if request.path == "/bug":
            raise ZeroDivisionError("a secret of ours")
        answer = {
            "method": request.method,
            "path": request.path,
            "query": request.query_string.decode(),
            "bytes": len(request.body),
            "client": request.client,
            "scheme": request.scheme,
        }
        body = b"x" * 4_000_000 if request.path == "/large" else json.dumps(answer).encode()
        return Response(200, (("content-type", "application/json"),), body)


async def echo_socket(socket: Socket) -> None:
    """Send back whatever comes."""
    while True:
        try:
            message = await socket.receive()
            await socket.send_frame(frame_text(f"{message!s}".encode()))
        except SocketClosed:
            return


SLOW: tuple[bytes, ...] | None = None
"""What the direct lane leaves alone; without it there is none. See the fixture `each_lane`."""
SOCKETS: Mapping[str, SocketEndpoint] = {"/ws": SocketEndpoint(echo_socket, "lastlight.v1")}


@asynccontextmanager
async def a_door(
    desk: Desk,
    *,
    patience: Patience | None = None,
    settings: WebSettings | None = None,
    tls: TlsFiles | None = None,
) -> AsyncIterator[FrontDoor]:
    """An open door on a free port of this machine."""
    with trio.fail_after(PATIENT_S * 3):
        async with open_front_door(
            host="127.0.0.1", port=0, handler=desk.handle, sockets=SOCKETS, tls=tls,
            settings=settings, patience=patience, slow=SLOW,
        ) as door:  # fmt: skip
            yield door


async def connect(door: FrontDoor) -> trio.SocketStream:
    """A plain connection."""
    return await trio.open_tcp_stream("127.0.0.1", door.port)


@asynccontextmanager
async def a_websocket(
    door: FrontDoor, trust: ssl.SSLContext | None = None, subprotocols: Sequence[str] = ()
) -> AsyncIterator[WebSocketConnection]:
    """A client at /ws. trio-websocket's own leaves its socket open when the server closes first."""
    scheme = "ws" if trust is None else "wss"
    url = f"{scheme}://127.0.0.1:{door.port}/ws"
    ws: WebSocketConnection | None = None
    try:
        async with open_websocket_url(url, trust, subprotocols=subprotocols) as ws:
            yield ws
    finally:
        if ws is not None:
            await trio.aclose_forcefully(ws._stream)


async def read_to_end(stream: trio.abc.ReceiveStream) -> bytes:
    """All that comes until the other side ends."""
    received = b""
    with trio.fail_after(PATIENT_S):
        try:
            async for data in stream:
                received += data
        except trio.BrokenResourceError:
            return received + b"<reset>"
    return received


async def read_answer(stream: trio.abc.ReceiveStream) -> tuple[int, dict[str, str], bytes]:
    """One answer with a Content-Length: status, headers, body."""
    received = b""
    with trio.fail_after(PATIENT_S):
        while b"\r\n\r\n" not in received:
            data = await stream.receive_some()
            assert data, received
            received += data
        head, _, body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        pairs = [line.partition(": ") for line in lines]
        headers = {name.lower(): value for name, _, value in pairs}
        while len(body) < int(headers.get("content-length", "0")):
            data = await stream.receive_some()
            assert data, received
            body += data
    return int(first.split()[1]), headers, body


async def say(door: FrontDoor, request: bytes) -> bytes:
    """Send bytes on a connection of their own and read to the end."""
    async with await connect(door) as stream:
        await stream.send_all(request)
        return await read_to_end(stream)


def problem_in(raw: bytes) -> dict[str, object]:
    """The problem document of an answer read to its end."""
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head.lower(), raw
    document = json.loads(body)
    assert {"type", "title", "status", "detail", "instance", "code"} <= document.keys()
    assert b"Traceback" not in body
    return dict(document)
