"""trio-websocket on a stream of ours, and the socket that handlers get.

Handlers write whole frames that were framed once for everybody (`frame_text`): frames of a server
are not masked and no extension is agreed on, so they are the same bytes for all. trio-websocket
reads, answers pings and closes; it never gets to see the client's own handshake.
"""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable

import attrs
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_server_stream

from lastlight.front_door.opening import Upgrade
from lastlight.front_door.stream import DoorStream
from protocol.errors import LastLightError
from protocol.limits import SOCKET_CLOSE_S, SOCKET_MESSAGE_BYTES_MAX

_TEXT_FINAL = 0x81
_GOING_AWAY = 1001


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

    def __init__(
        self,
        connection: WebSocketConnection,
        stream: DoorStream,
        upgrade: Upgrade,
        client: str,
    ) -> None:
        self._connection = connection
        self._stream = stream
        self.upgrade = upgrade
        self.client = client

    async def receive(self) -> str | bytes:
        """The next message, of at most SOCKET_MESSAGE_BYTES_MAX.

        Raises:
            SocketClosed: there will be none.
        """
        try:
            message = await self._connection.get_message()
        except ConnectionClosed:
            raise SocketClosed(self._close_code()) from None
        return message if isinstance(message, str) else bytes(message)

    async def send_frame(self, frame: bytes) -> None:
        """Send what `frame_text` made.

        Raises:
            SocketClosed: it was not sent, or not wholly.
        """
        if self._connection.closed is not None:
            raise SocketClosed(self._close_code())
        try:
            await self._stream.send_all(frame)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise SocketClosed(self._close_code()) from None

    async def ping(self, timeout_s: float) -> bool:
        """Whether the other side answered a ping in time."""
        # trio-websocket never wakes who waits for a pong of a connection that has ended.
        with trio.move_on_after(timeout_s):
            try:
                await self._connection.ping()
            except ConnectionClosed:
                return False
            return True
        return False

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye and wait for the answer, SOCKET_CLOSE_S at most; then hang up."""
        with trio.move_on_after(SOCKET_CLOSE_S):
            await self._connection.aclose(code, reason)
        await self._stream.aclose()

    def abort(self) -> None:
        """Hang up at once."""
        self._stream.abort()

    def _close_code(self) -> int:
        closed = self._connection.closed
        return 1006 if closed is None else closed.code


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
    stream.put_back(upgrade.header_block(subprotocol))
    try:
        async with trio.open_nursery() as nursery:
            proposal = await wrap_server_stream(
                nursery, stream, message_queue_size=1, max_message_size=SOCKET_MESSAGE_BYTES_MAX
            )
            connection = await proposal.accept(subprotocol=subprotocol)
            socket = Socket(connection, stream, upgrade, client)
            with ending:
                await endpoint.serve(socket)
            if ending.cancelled_caught:
                await socket.close(_GOING_AWAY, "the server is stopping; come again")
            else:
                await socket.close(1000, "")
            nursery.cancel_scope.cancel()
    finally:
        with trio.CancelScope(shield=True):
            await stream.aclose()
