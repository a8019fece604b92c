"""The one way in: accepts connections, finds out what they speak, and hands them to their lane.

Whatever a client sends, or does not send, ends at most its own connection. On the way out no new
request is taken, those under way are finished within the grace period, and then all is closed.
"""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import cast
from uuid import uuid4

import attrs
import h2.exceptions
import h11
import structlog
import trio
import wsproto.utilities
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ASGIFramework

from lastlight.front_door.direct_lane import DirectLane
from lastlight.front_door.http_lane import HTTPLane, make_config
from lastlight.front_door.opening import Lane, Upgrade, decide_opening
from lastlight.front_door.patience import Patience
from lastlight.front_door.socket_lane import SocketEndpoint, serve_socket
from lastlight.front_door.stream import DoorStream, Transport
from lastlight.front_door.tls import TlsFiles, listen, make_context
from lastlight.web.answering import Answering, WebSettings
from lastlight.web.app import make_app
from lastlight.web.clients import client_of
from lastlight.web.http import Handler
from lastlight.web.problems import problem_response
from protocol.errors import Code, LastLightError, Refusal
from protocol.limits import HEADER_BYTES_MAX

# What libraries are known to raise, or may, when a client is out to upset them.
_CONNECTION_ERRORS = (
    h11.ProtocolError,
    h2.exceptions.H2Error,
    wsproto.utilities.ProtocolError,
    trio.BrokenResourceError,
    trio.ClosedResourceError,
    ssl.SSLError,
    LastLightError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    NameError,
    RuntimeError,
    OSError,
)
_GONE = (trio.BrokenResourceError, trio.ClosedResourceError, ssl.SSLError, OSError)
_REFUSAL_TIMEOUT_S = 1.0

log = structlog.get_logger("lastlight.front_door")


@attrs.frozen(kw_only=True)
class DoorStatistics:
    """Connections now, and counts since the door was opened."""

    open: int
    http1: int
    http2: int
    sockets: int
    accepted_total: int
    refused_total: int
    timed_out_total: int
    failed_total: int


@attrs.define(eq=False)
class _Guest:
    """One connection. `end` asks it to leave when it can; it may be called at any time."""

    stream: DoorStream
    peer: tuple[str, int]
    end: Callable[[], None]
    lane: str = "opening"


class FrontDoor:
    """An open front door; see `open_front_door`."""

    def __init__(
        self,
        handler: Handler,
        sockets: Mapping[str, SocketEndpoint],
        tls: ssl.SSLContext | None,
        settings: WebSettings,
        patience: Patience,
        slow: tuple[bytes, ...] | None,
    ) -> None:
        self.port = 0
        self._answering = Answering(handler, settings)
        self._slow = slow
        self._app = ASGIWrapper(cast(ASGIFramework, make_app(self._answering)))
        self._config = make_config()
        self._context = WorkerContext(None)
        self._sockets = sockets
        self._tls = tls
        self._settings = settings
        self._patience = patience
        self._guests: set[_Guest] = set()
        self._per_address: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._emptied = trio.Event()

    def statistics(self) -> DoorStatistics:
        """How many are in, and what came of those before."""
        lanes = Counter(guest.lane for guest in self._guests)
        return DoorStatistics(
            open=len(self._guests),
            http1=lanes[Lane.HTTP1.value],
            http2=lanes[Lane.HTTP2.value],
            sockets=lanes["websocket"],
            accepted_total=self._counts["accepted"],
            refused_total=self._counts["refused"],
            timed_out_total=self._counts["timed_out"],
            failed_total=self._counts["failed"],
        )

    async def welcome(self, accepted: trio.SocketStream) -> None:
        """Serve one connection to its end, whatever happens on it."""
        self._counts["accepted"] += 1
        try:
            peer = cast(tuple[str, int], accepted.socket.getpeername()[:2])
        except OSError:
            await trio.aclose_forcefully(accepted)
            return
        transport: Transport = accepted
        if self._tls is not None:
            transport = trio.SSLStream(accepted, self._tls, server_side=True, https_compatible=True)
        opening = trio.CancelScope()
        guest = _Guest(DoorStream(transport), peer, opening.cancel)
        if (refusal := self._refuse(peer[0])) is not None:
            await self._turn_away(guest, refusal)
            return
        self._guests.add(guest)
        self._per_address[peer[0]] += 1
        try:
            await self._serve(guest, transport, opening)
        except* _GONE:
            self._counts["gone"] += 1
        except* _CONNECTION_ERRORS as errors:
            self._counts["failed"] += 1
            log.warning("connection_failed", lane=guest.lane, exc_info=errors)
        finally:
            guest.stream.abort()
            self._guests.discard(guest)
            if not self._guests:
                self._emptied.set()
            self._per_address[peer[0]] -= 1
            if self._per_address[peer[0]] <= 0:
                del self._per_address[peer[0]]

    def _refuse(self, address: str) -> Refusal | None:
        in_all, from_one = (
            self._patience.connection_count_max,
            self._patience.connection_count_per_address_max,
        )
        if len(self._guests) >= in_all:
            detail = f"this server has its {in_all} connections; come again"
            return Refusal(Code.ACTOR_UNAVAILABLE, detail, retry_after_s=5)
        if self._per_address[address] >= from_one and not self._settings.proxies.trust(address):
            detail = f"{address} has its {from_one} connections; use one for several requests"
            return Refusal(Code.RATE_LIMITED, detail, retry_after_s=5)
        return None

    async def _turn_away(self, guest: _Guest, refusal: Refusal) -> None:
        self._counts["refused"] += 1
        answer = problem_response(refusal, str(uuid4()))
        lines = [f"HTTP/1.1 {answer.status} Refused", "connection: close"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        lines += [f"content-length: {len(answer.body)}", "", ""]
        try:
            with trio.move_on_after(_REFUSAL_TIMEOUT_S):
                # A TLS handshake would cost more than this connection is owed.
                if not guest.stream.is_tls:
                    await guest.stream.send_all("\r\n".join(lines).encode() + answer.body)
                    await guest.stream.linger()
        except _GONE:
            return
        finally:
            guest.stream.abort()

    async def _serve(self, guest: _Guest, transport: Transport, opening: trio.CancelScope) -> None:
        opening.deadline = trio.current_time() + self._patience.headers_s
        verdict: Lane | Upgrade | None = None
        with opening:
            verdict = await self._find_lane(guest.stream, transport)
        if verdict is None:
            self._counts["timed_out"] += opening.cancelled_caught
            return
        if verdict is Lane.HTTP1 and self._slow is not None:
            direct = DirectLane(
                self._answering, guest.stream, self._patience,
                sockets=self._sockets, slow=self._slow, client=guest.peer,
            )  # fmt: skip
            guest.lane, guest.end = Lane.HTTP1.value, direct.end_when_idle
            verdict = await direct.serve()
            if verdict is None:
                return
        if isinstance(verdict, Upgrade):
            endpoint = self._sockets[verdict.path]
            if endpoint.takes(verdict):
                await self._serve_socket(guest, verdict, endpoint)
                return
            verdict = Lane.HTTP1
        lane = HTTPLane(self._app, self._config, self._context, guest.stream, self._patience)
        guest.lane, guest.end = verdict.value, lane.end_when_idle
        await lane.serve(verdict, guest.peer)

    async def _find_lane(self, stream: DoorStream, transport: Transport) -> Lane | Upgrade | None:
        """None if the client left before it could be told."""
        if isinstance(transport, trio.SSLStream):
            await transport.do_handshake()
            if transport.selected_alpn_protocol() == Lane.HTTP2.value:
                return Lane.HTTP2
        buffer = b""
        while (data := await stream.receive_some(HEADER_BYTES_MAX)) != b"":
            buffer += data
            verdict = decide_opening(buffer, self._sockets)
            if verdict is not None:
                if not isinstance(verdict, Upgrade) or not self._sockets[verdict.path].takes(
                    verdict
                ):
                    stream.put_back(buffer)
                return verdict
        return None

    async def _serve_socket(
        self, guest: _Guest, upgrade: Upgrade, endpoint: SocketEndpoint
    ) -> None:
        scheme = "https" if self._tls is not None else "http"
        client = client_of(guest.peer[0], scheme, upgrade.headers, self._settings.proxies)
        ending = trio.CancelScope()
        guest.lane, guest.end = "websocket", ending.cancel
        await serve_socket(guest.stream, upgrade, endpoint, client.address, ending)

    async def close(self) -> None:
        """Ask everybody to leave; back when all have, or after the grace period."""
        self._emptied = trio.Event()
        await self._context.terminated.set()
        for guest in tuple(self._guests):
            guest.end()
        with trio.move_on_after(self._patience.grace_s):
            if self._guests:
                await self._emptied.wait()
        for guest in tuple(self._guests):
            guest.stream.abort()


@asynccontextmanager
async def open_front_door(
    *,
    host: str,
    port: int,
    handler: Handler,
    sockets: Mapping[str, SocketEndpoint],
    tls: TlsFiles | None = None,
    settings: WebSettings | None = None,
    patience: Patience | None = None,
    slow: tuple[bytes, ...] | None = None,
) -> AsyncIterator[FrontDoor]:
    """Listen on `host` and `port` (0 picks a free one, see `FrontDoor.port`) until left.

    Leaving the context lets requests under way finish within the grace period.

    Args:
        sockets: what answers WebSockets, by path.
        slow: prefixes of targets that the direct lane leaves alone, see `DirectLane`; without it
            there is no direct lane.

    Raises:
        CannotListen: the port or the certificate can't be used. Nothing was opened.
    """
    context = make_context(tls) if tls is not None else None
    door = FrontDoor(
        handler, sockets, context, settings or WebSettings(), patience or Patience(), slow
    )
    listeners = await listen(host, port)
    door.port = listeners[0].socket.getsockname()[1]
    async with trio.open_nursery() as guests:
        async with trio.open_nursery() as reception:
            await reception.start(
                partial(trio.serve_listeners, door.welcome, listeners, handler_nursery=guests)
            )
            yield door
            reception.cancel_scope.cancel()
        await door.close()
        guests.cancel_scope.cancel()
