"""WebSockets on a stream of ours, and the socket that handlers get.

Handlers write whole frames that were framed once for everybody (`frame_text`): frames of a server
are not masked and no extension is agreed on, so they are the same bytes for all. What comes in is
taken apart by wsproto, in the task that reads it. That task answers pings and the closing handshake
too, and asks for a sign of life, so that an idle connection has one task and no more.
"""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable

import attrs
import trio
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage

from lastlight.front_door.opening import Upgrade
from lastlight.front_door.stream import DoorStream
from protocol.errors import LastLightError
from protocol.limits import (
    SOCKET_CLOSE_S,
    SOCKET_MESSAGE_BYTES_MAX,
    SOCKET_PING_S,
    SOCKET_PONG_S,
    SOCKET_READ_BYTES,
)

_TEXT_FINAL = 0x81
_GOING_AWAY = 1001
_LOST = 1006
_TOO_BIG = 1009


@attrs.define(eq=False)
class SocketClosed(LastLightError):
    """The WebSocket has ended, whoever ended it. Nothing more can be read or sent."""

    close_code: int

    def __str__(self) -> str:
        return f"the WebSocket was closed with {self.close_code}"


def frame_text(payload: bytes) -> bytes:
    """A text message as an unmasked frame (RFC 6455 5.2), ready for any number of sockets."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", _TEXT_FINAL, size) + payload
    if size < 65_536:
        return struct.pack("!BBH", _TEXT_FINAL, 126, size) + payload
    return struct.pack("!BBQ", _TEXT_FINAL, 127, size) + payload


class Socket:
    """An accepted WebSocket. One task reads, one task writes; anyone may close."""

    __slots__ = (
        "_code", "_freed", "_parts", "_reading", "_size", "_stream", "_wire", "client",
        "send_nowait", "upgrade",
    )  # fmt: skip

    def __init__(self, stream: DoorStream, upgrade: Upgrade, client: str) -> None:
        self._stream = stream
        self._wire = Connection(ConnectionType.SERVER)
        self._parts: list[str | bytes] = []
        self._size = 0
        self._code: int | None = None
        """With what it was closed; None while it is open, or being closed by us."""
        self._reading = False
        self._freed: trio.Event | None = None
        """Set when nobody reads any more, for who waits to."""
        self.upgrade = upgrade
        self.client = client
        self.send_nowait = stream.send_nowait
        """Sends of a frame what can be sent at once; see `DoorStream.send_nowait`."""

    def watch_closely(self) -> None:
        """Have it noticed soon that the client is lost, though it says nothing of it."""
        self._stream.watch_closely()

    async def receive(self) -> str | bytes:
        """The next message, of at most SOCKET_MESSAGE_BYTES_MAX.

        Whoever says nothing for SOCKET_PING_S is asked for a sign of life, and hung up on without
        one for SOCKET_PONG_S. Cancelling loses nothing.

        Raises:
            SocketClosed: there will be none.
        """
        self._reading = True
        try:
            while True:
                if self._code is not None:
                    raise SocketClosed(self._code)
                for event in self._wire.events():
                    message = await self._hear(event)
                    if message is not None:
                        return message
                await self._read()
        finally:
            self._reading = False
            if self._freed is not None:
                self._freed.set()

    async def _read(self) -> None:
        pinged = False
        while True:
            with trio.move_on_after(SOCKET_PONG_S if pinged else SOCKET_PING_S):
                try:
                    data = await self._stream.receive_some(SOCKET_READ_BYTES)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    data = b""
                break
            if pinged:
                self.abort()
                raise self._over(_LOST)
            if self._wire.state is ConnectionState.OPEN:
                await self._say(Ping())
            pinged = True
        if not data:
            raise self._over(_LOST)
        self._wire.receive_data(data)

    async def _hear(self, event: Event) -> str | bytes | None:
        """The message that an event completes."""
        match event:
            case Ping():
                if self._wire.state is ConnectionState.OPEN:
                    await self._say(event.response())
            case CloseConnection():
                await self._hear_close(event)
            case TextMessage() | BytesMessage() if self._wire.state is ConnectionState.OPEN:
                return await self._collect(event)
            case _:
                assert isinstance(event, Pong | TextMessage | BytesMessage), event
        return None

    async def _collect(self, event: TextMessage | BytesMessage) -> str | bytes | None:
        data = event.data if isinstance(event.data, str) else bytes(event.data)
        wide = isinstance(data, str) and not data.isascii()
        self._size += len(data.encode()) if wide else len(data)  # type: ignore[union-attr]
        if self._size > SOCKET_MESSAGE_BYTES_MAX:
            self._parts.clear()
            reason = f"a message has at most {SOCKET_MESSAGE_BYTES_MAX} bytes"
            await self._say(CloseConnection(code=_TOO_BIG, reason=reason))
            await self._stream.linger()
            raise self._over(_TOO_BIG)
        if not event.message_finished:
            self._parts.append(data)
            return None
        parts, self._parts, self._size = [*self._parts, data], [], 0
        if isinstance(data, str):
            return "".join(part for part in parts if isinstance(part, str))
        return b"".join(part for part in parts if isinstance(part, bytes))

    async def _hear_close(self, event: CloseConnection) -> None:
        """The other side ends it, answers that we do, or broke the protocol."""
        if self._wire.state is ConnectionState.REMOTE_CLOSING:
            await self._say(event.response())
        elif self._wire.state is ConnectionState.OPEN:
            await self._say(event)
            await self._stream.linger()
        raise self._over(int(event.code))

    async def _say(self, event: Event) -> None:
        await self.send_frame(bytes(self._wire.send(event)))

    async def send_frame(self, frame: bytes) -> None:
        """Send what `frame_text` made, or several of them; with none, what `send_nowait` left.

        Raises:
            SocketClosed: it was not sent, or not wholly.
        """
        if self._code is not None:
            raise SocketClosed(self._code)
        try:
            await self._stream.send_all(frame)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise self._over(_LOST) from None

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye and wait for the answer, SOCKET_CLOSE_S at most; then hang up."""
        with trio.move_on_after(SOCKET_CLOSE_S):
            try:
                if self._code is None and self._wire.state is ConnectionState.OPEN:
                    await self._say(CloseConnection(code=code, reason=reason))
                while self._code is None:
                    if self._reading:
                        self._freed = trio.Event()
                        await self._freed.wait()
                    else:
                        await self.receive()
            except SocketClosed:
                pass
        await self._stream.aclose()

    def abort(self) -> None:
        """Hang up at once."""
        self._stream.abort()

    def _over(self, code: int) -> SocketClosed:
        if self._code is None:
            self._code = code
        return SocketClosed(self._code)


SocketHandler = Callable[[Socket], Awaitable[None]]


@attrs.frozen
class SocketEndpoint:
    """What answers at a path. A client that asks for subprotocols must ask for this one too."""

    serve: SocketHandler
    subprotocol: str | None = None

    def takes(self, upgrade: Upgrade) -> bool:
        """Whether the client speaks what is spoken here."""
        return not upgrade.subprotocols or self.subprotocol in upgrade.subprotocols

    def chosen(self, upgrade: Upgrade) -> str | None:
        """The subprotocol that is agreed on."""
        return self.subprotocol if self.subprotocol in upgrade.subprotocols else None


async def serve_socket(
    stream: DoorStream,
    upgrade: Upgrade,
    endpoint: SocketEndpoint,
    client: str,
    ending: trio.CancelScope,
) -> None:
    """Accept a WebSocket and run its handler; closed with 1000 after it, 1001 if `ending` cancels.

    Closes the stream in any case.
    """
    subprotocol = endpoint.chosen(upgrade)
    try:
        await stream.send_all(upgrade.acceptance(subprotocol))
        socket = Socket(stream, upgrade, client)
        with ending:
            await endpoint.serve(socket)
        if ending.cancelled_caught:
            await socket.close(_GOING_AWAY, "the server is stopping; come again")
        else:
            await socket.close(1000, "")
    finally:
        with trio.CancelScope(shield=True):
            await stream.aclose()
