"""One accepted connection, plain or TLS, as both lanes are handed it.

What was read to find out the lane is read again by it. A write is whole or the connection is
dead: writers take turns and can't be cancelled half way, so a frame never splits another one; a
client that does not take it within SEND_TIMEOUT_S is cut off. `send_nowait` writes without waiting
where nobody else writes; what the kernel did not take of it goes before anything else.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from typing import TypeAlias

import trio

from lastlight.front_door.lost_peers import watch_closely
from protocol.limits import LINGER_BYTES_MAX, LINGER_S, SEND_TIMEOUT_S

_RECEIVE_BYTES = 64 * 1024

Transport: TypeAlias = trio.abc.HalfCloseableStream | trio.SSLStream[trio.SocketStream]


class DoorStream(trio.abc.Stream):
    """A byte stream with the bytes put back that were read from it before."""

    def __init__(self, transport: Transport, hang_up: Callable[[], None] = lambda: None) -> None:
        """`hang_up` closes a transport that has no socket, at once."""
        self._hang_up = hang_up
        self._transport = transport
        self._replay = b""
        self._rest = b""
        """What is left of a frame that `send_nowait` began."""
        self._fd = transport.socket.fileno() if isinstance(transport, trio.SocketStream) else -1
        """Where can be written without waiting, -1 if nowhere. Only this class closes it, and never
        before it has forgotten it here: the number may be somebody else's then."""
        self._sending = False
        """Whether a write of somebody's waits."""
        self._send_lock: trio.Lock | None = None
        """Made when somebody has to wait, as most connections never do."""
        self._closed = False
        self._ended = False
        """The other side has said that nothing more comes."""

    def put_back(self, data: bytes) -> None:
        """Let `data` be read next, before anything else."""
        self._replay = data + self._replay

    @property
    def is_tls(self) -> bool:
        """Whether the connection is encrypted up to here."""
        return isinstance(self._transport, trio.SSLStream)

    def watch_closely(self) -> None:
        """Have it noticed soon that the other end is lost; see `lost_peers`."""
        transport = self._transport
        if isinstance(transport, trio.SSLStream):
            transport = transport.transport_stream
        if isinstance(transport, trio.SocketStream):
            watch_closely(transport.socket)

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """As `trio.abc.ReceiveStream`; TLS errors are a broken connection."""
        limit = max_bytes or _RECEIVE_BYTES
        if self._replay:
            await trio.lowlevel.checkpoint()
            data, self._replay = self._replay[:limit], self._replay[limit:]
            return data
        try:
            received = bytes(await self._transport.receive_some(limit))
        except ssl.SSLError as error:
            raise trio.BrokenResourceError(str(error)) from error
        self._ended = self._ended or not received
        return received

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Write everything.

        Raises:
            trio.BrokenResourceError: the client is gone, or did not take it within SEND_TIMEOUT_S.
                The connection is unusable.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        left = self.send_nowait(data)
        if left == 0 and data:
            await trio.lowlevel.cancel_shielded_checkpoint()
            return
        if left < len(data):
            data = b""
        if self._send_lock is None:
            self._send_lock = trio.Lock()
        async with self._send_lock:
            with trio.move_on_after(SEND_TIMEOUT_S, shield=True) as scope:
                rest, self._rest = self._rest, b""
                self._sending = True
                try:
                    await self._transport.send_all(rest + data if rest else data)
                except ssl.SSLError as error:
                    raise trio.BrokenResourceError(str(error)) from error
                finally:
                    self._sending = False
            if scope.cancelled_caught:
                self.abort()
                raise trio.BrokenResourceError(
                    f"{len(data)} bytes were not taken within {SEND_TIMEOUT_S:g} s"
                )

    def send_nowait(self, data: bytes | bytearray | memoryview) -> int:
        """Write what can be written at once; never raises.

        Returns:
            How many bytes are left. If all are, nothing was begun and the caller keeps `data`: the
            connection is encrypted, busy, full or gone, and `send_all` tells which. If some are,
            they are kept here and sent first by the next `send_all`, an empty one too.
        """
        if self._fd < 0 or self._rest or self._sending:
            return len(data)
        try:
            left = len(data) - os.write(self._fd, data)
        except OSError:
            return len(data)
        if left:
            self._rest = bytes(data[-left:])
        return left

    async def wait_send_all_might_not_block(self) -> None:
        """As `trio.abc.SendStream`."""
        await self._transport.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        """Say that nothing more comes from here. TLS says it when closing."""
        if isinstance(self._transport, trio.SSLStream):
            await trio.lowlevel.checkpoint()
            return
        await self._transport.send_eof()

    async def linger(self) -> None:
        """Throw away what still comes, for LINGER_S at most.

        Closing with unread bytes makes the kernel send a reset, which may take our last answer out
        of the client's hands before it was read.
        """
        left = LINGER_BYTES_MAX
        with trio.move_on_after(LINGER_S, shield=True):
            try:
                await self.send_eof()
                while left > 0 and not self._ended:
                    left -= len(await self.receive_some())
            except (trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError):
                return

    async def aclose(self) -> None:
        """As `trio.abc.AsyncResource`. Never raises because the other side is gone."""
        if self._closed:
            await trio.lowlevel.checkpoint()
            return
        self._closed = True
        self._fd = -1
        try:
            with trio.move_on_after(LINGER_S):
                await self._transport.aclose()
        except (trio.BrokenResourceError, ssl.SSLError):
            await trio.lowlevel.checkpoint()

    def abort(self) -> None:
        """Close at once. Whoever waits on the stream gets `trio.ClosedResourceError`."""
        self._closed = True
        self._fd = -1
        transport = self._transport
        if isinstance(transport, trio.SSLStream):
            transport = transport.transport_stream
        if isinstance(transport, trio.SocketStream):
            transport.socket.close()
        self._hang_up()
