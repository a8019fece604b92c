"""Hypercorn's HTTP protocols on a stream of ours.

`hypercorn.trio.TCPServer` is not used as it is: it answers malformed requests with an empty body,
offers WebSocket over HTTP/2, never ends an idle connection whose answer quart-trio cancelled half
way, sends behind a shield without bound, and dies on a plain CONNECT, on a path that is not ASCII
and on a body that goes on after its answer. Its protocol classes are, with these seams closed.
"""

from __future__ import annotations

import math
from typing import Any, Final
from uuid import uuid4

import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
import h11
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import Request as StreamRequest
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState, H11SendableEvent

from lastlight.front_door.opening import Lane
from lastlight.front_door.patience import Patience
from lastlight.front_door.stream import DoorStream
from lastlight.front_door.strict_lines import StrictLines
from lastlight.web.problems import problem_response
from protocol.errors import Code, Refusal
from protocol.limits import (
    BODY_BYTES_MAX,
    HEADER_BYTES_MAX,
    HTTP2_RESETS_MAX,
    HTTP2_STREAMS_MAX,
)

_RECEIVE_BYTES: Final = 64 * 1024
_METHOD_CHARS_MAX: Final = 32


def make_config() -> Config:
    """Hypercorn's settings, all bounds from `protocol.limits`."""
    config = Config()
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = None
    config.h11_max_incomplete_size = HEADER_BYTES_MAX
    config.h2_max_concurrent_streams = HTTP2_STREAMS_MAX
    config.h2_max_header_list_size = HEADER_BYTES_MAX
    config.keep_alive_max_requests = 1_000_000
    return config


class _HTTP1(H11Protocol):
    """HTTP/1.1 whose refusals are problem documents. No upgrades: not to h2c, not to WebSocket."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        # Private to h11, which has no other place to say how its lines are to be read.
        assert isinstance(self.connection, h11.Connection)
        self.connection._receive_buffer = self._lines = StrictLines()  # noqa: SLF001

    async def _send_error_response(self, status_code: int) -> None:
        detail = self._lines.complaint or (
            f"this is no HTTP/1.1 request, or its headers are over {HEADER_BYTES_MAX} bytes"
        )
        refusal = Refusal(Code.MALFORMED_REQUEST, detail)
        answer = problem_response(refusal, str(uuid4()))
        headers = [(name.encode(), value.encode()) for name, value in answer.headers]
        headers += [(b"content-length", b"%d" % len(answer.body)), (b"connection", b"close")]
        headers += self.config.response_headers("h11")
        await self._send_h11_event(h11.Response(status_code=answer.status, headers=headers))
        await self._send_h11_event(h11.Data(data=answer.body))
        await self._send_h11_event(h11.EndOfMessage())

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        # A body that is going to be refused for its length is not asked for (RFC 9110 10.1.1).
        if isinstance(event, h11.InformationalResponse) and self._announces_too_much:
            return
        await super()._send_h11_event(event)

    _announces_too_much = False

    async def _check_protocol(self, event: h11.Request) -> None:
        lengths = [int(value) for name, value in event.headers if name == b"content-length"]
        self._announces_too_much = any(length > BODY_BYTES_MAX for length in lengths)

    async def _create_stream(self, request: h11.Request) -> None:
        # h11 bounds what is incomplete, so headers that come in one piece pass it at any length.
        size = sum(len(name) + len(value) for name, value in request.headers)
        if size + len(request.target) > HEADER_BYTES_MAX:
            await self._send_error_response(431)
            await self.send(Closed())
            return
        self.stream = HTTPStream(
            self.app, self.config, self.context, self.task_group, self.ssl, self.client,
            self.server, self.stream_send, STREAM_ID,
        )  # fmt: skip
        await self.stream.handle(
            StreamRequest(
                stream_id=STREAM_ID,
                headers=list(request.headers),
                http_version=request.http_version.decode(),
                method=request.method.decode("ascii"),
                raw_path=request.target,
                state=self.connection_state,
            )
        )
        self.keep_alive_requests += 1

    @property
    def has_unread_body(self) -> bool:
        """Whether the client is still sending what was already answered."""
        return self.connection.their_state in {h11.SEND_BODY, h11.ERROR}


class _HTTP2(H2Protocol):
    """HTTP/2 that offers no WebSocket and resets the streams that Hypercorn trips over."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.connection.local_settings = h2.settings.Settings(
            client=False,
            initial_values={
                h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: HTTP2_STREAMS_MAX,
                h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: HEADER_BYTES_MAX,
                h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL: 0,
            },
        )
        # h2 reads the bound from its own defaults before the settings are replaced.
        self.connection.decoder.max_header_list_size = HEADER_BYTES_MAX
        self._resets = 0

    async def _handle_events(self, events: list[h2.events.Event]) -> None:
        for event in events:
            # One at a time: answering one may end the stream that the next one belongs to.
            if isinstance(event, h2.events.DataReceived) and event.stream_id not in self.streams:
                self._refuse_data(event)
            else:
                await super()._handle_events([event])
            if isinstance(event, h2.events.StreamReset):
                self._resets += 1
        if self._resets > HTTP2_RESETS_MAX:
            # Opening and resetting streams costs the client nothing and us a task each.
            self.connection.close_connection(h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)
            await self._flush()
            await self.send(Closed())

    def _refuse_data(self, event: h2.events.DataReceived) -> None:
        """The answer is out already; the client need not send the rest (RFC 9113 8.1)."""
        try:
            # Only the connection's window is given back: the stream's is not needed again.
            self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self.connection.reset_stream(event.stream_id, h2.errors.ErrorCodes.NO_ERROR)
        except h2.exceptions.ProtocolError:
            return

    async def _create_stream(self, request: h2.events.RequestReceived) -> None:
        pseudo = {name: value for name, value in request.headers if name.startswith(b":")}
        method, path = pseudo.get(b":method", b""), pseudo.get(b":path", b"")
        if method == b"CONNECT" or not (
            method.isalpha() and len(method) <= _METHOD_CHARS_MAX and path.isascii() and path
        ):
            self.connection.reset_stream(request.stream_id, h2.errors.ErrorCodes.PROTOCOL_ERROR)
            return
        await super()._create_stream(request)


class HTTPLane:
    """One connection that speaks HTTP, until it ends. See `serve`."""

    def __init__(
        self,
        app: ASGIWrapper,
        config: Config,
        context: WorkerContext,
        stream: DoorStream,
        patience: Patience,
    ) -> None:
        self._patience = patience
        self._app = app
        self._config = config
        self._context = context
        self._stream = stream
        self._protocol: _HTTP1 | _HTTP2
        self._reading = trio.CancelScope()
        self._deadline = math.inf
        self._is_idle = True
        self._is_closing = False

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way."""
        return self._is_idle

    def end_when_idle(self) -> None:
        """Take no further request; what is under way is finished (see `terminated`)."""
        if self._is_idle:
            self._end()

    async def serve(self, lane: Lane, client: tuple[str, int]) -> None:
        """Serve requests until either side ends the connection."""
        try:
            async with TaskGroup() as task_group:
                kind = _HTTP2 if lane is Lane.HTTP2 else _HTTP1
                self._protocol = kind(
                    self._app, self._config, self._context, task_group,
                    ConnectionState({}), self._stream.is_tls, client, None, self._send,
                )  # fmt: skip
                await self._protocol.initiate()
                self._set_idle(True)
                await self._read_all()
        finally:
            with trio.CancelScope(shield=True):
                await self._close()

    async def _read_all(self) -> None:
        while not self._is_closing:
            with trio.CancelScope(deadline=self._deadline) as self._reading:
                try:
                    data = await self._stream.receive_some(_RECEIVE_BYTES)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    break
            if self._reading.cancelled_caught:
                break
            if self._is_idle and isinstance(self._protocol, _HTTP1):
                self._deadline = min(self._deadline, trio.current_time() + self._patience.headers_s)
            await self._protocol.handle(RawData(data))
            if data == b"":
                break
        await self._protocol.handle(Closed())

    async def _send(self, event: Event) -> None:
        """What the protocol has to say to the connection; called from any of its tasks."""
        if isinstance(event, RawData):
            try:
                with trio.CancelScope(shield=True):  # half a frame would ruin what follows
                    await self._stream.send_all(event.data)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._end()
                await self._protocol.handle(Closed())
        elif isinstance(event, Closed):
            self._end()
            await self._protocol.handle(Closed())
        elif isinstance(event, Updated):
            self._set_idle(event.idle)

    def _set_idle(self, is_idle: bool) -> None:
        self._is_idle = is_idle
        if is_idle and self._context.terminated.is_set():
            self.end_when_idle()
        if not is_idle:
            self._deadline = math.inf
        elif isinstance(self._protocol, _HTTP1) and self._protocol.connection.trailing_data[0]:
            # The next request began before the last answer was out.
            self._deadline = trio.current_time() + self._patience.headers_s
        else:
            self._deadline = trio.current_time() + self._patience.keep_alive_s
        self._reading.deadline = self._deadline

    def _end(self) -> None:
        """Read no more. The connection is closed when its last task is done; see `serve`."""
        self._is_closing = True
        self._reading.cancel()

    async def _close(self) -> None:
        if isinstance(self._protocol, _HTTP1) and self._protocol.has_unread_body:
            await self._stream.linger()
        await self._stream.aclose()
