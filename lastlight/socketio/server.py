"""Socket.IO at `/socket.io/`: the polling requests and WebSockets of all lines.

What a request may be wrong with is said as a problem with status 400, as Engine.IO has it; the
stock client then opens a new connection. Nothing about rights is decided here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import parse_qsl

import attrs
import structlog
import trio

from lastlight.front_door.opening import Upgrade
from lastlight.front_door.socket_lane import Socket, SocketEndpoint
from lastlight.realtime.hub import Hub
from lastlight.realtime.services import Services
from lastlight.socketio.carrying import carry, go_over
from lastlight.socketio.line import Carrier, Line, packets_in
from lastlight.socketio.packets import open_frame, payload_of
from lastlight.socketio.recovery import Recoveries
from lastlight.socketio.talk import Talk
from lastlight.web.http import Handler, Request, Response
from lastlight.web.problems import problem_response
from protocol.errors import Code, LastLightError, Refusal
from protocol.limits import (
    CONNECTIONS_MAX,
    SOCKET_MESSAGE_BYTES_MAX,
    SOCKET_PING_S,
    SOCKET_PONG_S,
    SOCKETS_PER_ADDRESS_MAX,
)
from protocol.socketio_limits import PACKETS_MAX

PATH: Final = "/socket.io/"
_GOING_AWAY: Final = 1001
_REFUSED: Final = 1008
# What a bug in what is said with one client may raise: it ends that client's line alone.
_LINE_ERRORS: Final = (
    LastLightError, LookupError, ValueError, TypeError, AttributeError, RuntimeError,
)  # fmt: skip

log = structlog.get_logger("lastlight.socketio")


@attrs.frozen
class _Query:
    """What stands after the question mark."""

    carrier: Carrier
    sid: str | None


class SocketIoServer:
    """All lines of the node. Made by `open_socketio`."""

    def __init__(self, hub: Hub, services: Services, nursery: trio.Nursery) -> None:
        self._hub, self._services, self._nursery = hub, services, nursery
        self._recoveries = Recoveries()
        self._lines: dict[str, Line] = {}
        self._addresses: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, sid: str) -> Line | None:
        """The line of an id, if there is one."""
        return self._lines.get(sid)

    def lines(self) -> tuple[Line, ...]:
        """All lines."""
        return tuple(self._lines.values())

    @property
    def endpoint(self) -> SocketEndpoint:
        """What answers WebSockets at PATH."""
        return _Endpoint(self.serve, None, takes_query=self._takes)

    def with_polling(self, handler: Handler) -> Handler:
        """The same handler, with polling at PATH beside it."""

        async def handle(request: Request) -> Response:
            if request.path not in {PATH, PATH.rstrip("/")}:
                return await handler(request)
            return await self.answer(request)

        return handle

    def close(self) -> None:
        """Ask all clients to come again elsewhere; polls that wait are answered."""
        for line in self.lines():
            line.outbox.close(_GOING_AWAY, "the server is stopping; come again")

    async def answer(self, request: Request) -> Response:
        """One polling request."""
        query = _read_query(request.query_string)
        if isinstance(query, Refusal):
            return problem_response(query, request.request_id)
        if request.method not in {"GET", "POST"}:
            refusal = Refusal(Code.METHOD_NOT_ALLOWED, "lines are polled with GET and POST")
            allow = (("allow", "GET, POST, OPTIONS"),)
            return problem_response(refusal, request.request_id, allow)
        told = await self._answer(request, query)
        if isinstance(told, Refusal):
            return problem_response(told, request.request_id)
        headers = (("content-type", "text/plain; charset=UTF-8"), ("cache-control", "no-store"))
        return Response(200, headers, told)

    async def _answer(self, request: Request, query: _Query) -> bytes | Refusal:
        if query.carrier is not Carrier.POLLING:
            return _bad("a WebSocket begins with an upgrade on a connection of its own")
        if query.sid is None:
            return await self._begin_polled(request)
        line = self._lines.get(query.sid)
        if line is None or line.over.is_set():
            return _bad("this sid is not known, or not any more; open a new connection")
        if line.carrier is not Carrier.POLLING:
            return _bad("this sid is carried by a WebSocket now")
        if request.method == "POST":
            return await self._post(line, request.body)
        if line.taking.locked():
            line.end()
            return _bad("another poll of this sid waits already; it was closed")
        return await line.poll()

    async def _begin_polled(self, request: Request) -> bytes | Refusal:
        if request.method != "GET":
            return _bad("a connection is opened with GET")
        if len(self._lines) >= CONNECTIONS_MAX:
            detail = f"this server has its {CONNECTIONS_MAX} connections; come again"
            return Refusal(Code.ACTOR_UNAVAILABLE, detail, retry_after_s=5)
        if self._addresses[request.client] >= SOCKETS_PER_ADDRESS_MAX:
            detail = f"{request.client} has its {SOCKETS_PER_ADDRESS_MAX} connections"
            return Refusal(Code.RATE_LIMITED, detail, retry_after_s=5)
        line = await self._open(request.client, Carrier.POLLING)
        return payload_of(_opening(line))

    async def _post(self, line: Line, body: bytes) -> bytes | Refusal:
        if line.posting.locked():
            line.end()
            return _bad("another request of this sid is being read; it was closed")
        if len(body) > SOCKET_MESSAGE_BYTES_MAX:
            line.end()
            detail = f"a payload may have at most {SOCKET_MESSAGE_BYTES_MAX} bytes"
            return Refusal(Code.PAYLOAD_TOO_LARGE, detail)
        try:
            packets = packets_in(body.decode())
        except UnicodeDecodeError:
            return _bad("a payload is text in UTF-8")
        if len(packets) > PACKETS_MAX:
            line.end()
            return _bad(f"a payload may have at most {PACKETS_MAX} packets")
        async with line.posting:
            for packet in packets:
                await line.take(packet)
        return b"ok"

    async def serve(self, socket: Socket) -> None:
        """One WebSocket, to its end."""
        query = _read_query(socket.upgrade.query_string)
        assert isinstance(query, _Query), "the endpoint takes no other"
        if query.sid is None:
            line = await self._open(socket.client, Carrier.WEBSOCKET)
            line.outbox.put(_opening(line))
            await carry(socket, line)
            return
        line_or_none = self._lines.get(query.sid)
        if line_or_none is None or not await go_over(socket, line_or_none):
            await socket.close(_REFUSED, "no line to go over to this WebSocket")
            return
        await carry(socket, line_or_none)

    async def _open(self, address: str, carrier: Carrier) -> Line:
        line = Line(address, carrier)
        await self._nursery.start(self._live, line)
        return line

    async def _live(self, line: Line, task_status: trio.TaskStatus[None]) -> None:
        """What a line does by itself until it is over."""
        self._lines[line.sid] = line
        self._addresses[line.address] += 1
        try:
            async with trio.open_nursery() as nursery:
                line.talk = Talk(
                    address=line.address, hub=self._hub, services=self._services,
                    outbox=line.outbox, nursery=nursery, recoveries=self._recoveries,
                    end=line.end,
                )  # fmt: skip
                nursery.start_soon(line.keep_alive)
                line.outbox.closing = lambda: nursery.start_soon(line.end_soon)
                nursery.start_soon(line.talk.expect_connect)
                task_status.started()
                await line.over.wait()
                nursery.cancel_scope.cancel()
        except* _LINE_ERRORS as errors:
            log.warning("connection_failed", lane="socket.io", exc_info=errors)
        finally:
            line.outbox.closing = None
            line.end()
            del self._lines[line.sid]
            self._addresses[line.address] -= 1
            if self._addresses[line.address] <= 0:
                del self._addresses[line.address]

    def _takes(self, upgrade: Upgrade) -> bool:
        query = _read_query(upgrade.query_string)
        if isinstance(query, Refusal) or query.carrier is not Carrier.WEBSOCKET:
            return False
        return query.sid is None or query.sid in self._lines


@attrs.frozen(kw_only=True)
class _Endpoint(SocketEndpoint):
    takes_query: Callable[[Upgrade], bool]

    def takes(self, upgrade: Upgrade) -> bool:
        """Whether the query is one of Engine.IO 4, for a line that is there."""
        return SocketEndpoint.takes(self, upgrade) and self.takes_query(upgrade)


@asynccontextmanager
async def open_socketio(hub: Hub, services: Services) -> AsyncIterator[SocketIoServer]:
    """Serve lines until left; then all are ended."""
    async with trio.open_nursery() as nursery:
        yield SocketIoServer(hub, services, nursery)
        nursery.cancel_scope.cancel()


def _opening(line: Line) -> bytes:
    upgrades = ["websocket"] if line.carrier is Carrier.POLLING else []
    return open_frame(
        line.sid, upgrades=upgrades, ping_s=SOCKET_PING_S, pong_s=SOCKET_PONG_S,
        most=SOCKET_MESSAGE_BYTES_MAX,
    )  # fmt: skip


def _read_query(raw: bytes) -> _Query | Refusal:
    values = dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True))
    if values.get("EIO") != "4":
        return _bad("only Engine.IO 4 is spoken (EIO=4): socket.io-client 3 and 4")
    try:
        carrier = Carrier(values.get("transport"))
    except ValueError:
        return _bad("`transport` must be polling or websocket")
    return _Query(carrier, values.get("sid"))


def _bad(detail: str) -> Refusal:
    return Refusal(Code.MALFORMED_REQUEST, detail)
