"""A network that fails where a test says: a proxy that ends its connections at the n-th thing said.

A thing said is a whole HTTP message or a whole WebSocket frame, in either direction, in the order
in which they arrive here. So a test can try the failure at each place of an exchange, one by one,
until the exchange is over before it is reached.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import trio

_CHUNK: int = 64 * 1024


class Pieces:
    """Cuts the bytes of one direction into HTTP messages and, after an upgrade, frames.

    Attributes:
        is_upgraded: what comes now are frames.
        asked: first line of the last HTTP message.
    """

    def __init__(self) -> None:
        self.is_upgraded = False
        self.asked = b""
        self._held = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Whole things said; the rest is kept until more of it comes."""
        self._held += data
        while length := self._length():
            piece, self._held = self._held[:length], self._held[length:]
            if not self.is_upgraded:
                self.asked = piece.partition(b"\r\n")[0]
            yield piece

    def _length(self) -> int:
        """Of the first thing said; 0 if it is not whole."""
        length = self._length_of_frame() if self.is_upgraded else self._length_of_message()
        return length if 0 < length <= len(self._held) else 0

    def _length_of_message(self) -> int:
        head, end, body = self._held.partition(b"\r\n\r\n")
        if not end:
            return 0
        fields = dict(
            line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line
        )
        before = len(head) + len(end)
        if b"chunked" in fields.get(b"transfer-encoding", b""):
            last = body.find(b"0\r\n\r\n") if not body.startswith(b"0\r\n\r\n") else 0
            return 0 if last < 0 else before + last + 5
        if head.startswith((b"HTTP/1.1 101", b"HTTP/1.1 204", b"HTTP/1.1 304")):
            return before
        return before + int(fields.get(b"content-length", b"0"))

    def _length_of_frame(self) -> int:
        held = self._held
        if len(held) < 2:
            return 0
        masked, short = held[1] >> 7, held[1] & 0x7F
        extended = {126: 2, 127: 8}.get(short, 0)
        if len(held) < 2 + extended:
            return 0
        length = int.from_bytes(held[2 : 2 + extended], "big") if extended else short
        return 2 + extended + 4 * masked + length


class Cutter:
    """A way to a node that can be cut. Made by `open_cutter`.

    Attributes:
        port: where clients connect.
        said_count: things said since `arm`, also in the connections that were cut.
        cut_count: how often all connections were ended.
        is_away: connections are refused while this holds, as without a network.
    """

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self.said_count = 0
        self.cut_count = 0
        self.is_away = False
        self._target_port = target_port
        self._at: int | None = None
        self._half = False
        self._of = b""
        self._open: set[trio.SocketStream] = set()

    @property
    def url(self) -> str:
        """What clients take for the node's address."""
        return f"http://127.0.0.1:{self.port}"

    def arm(self, at: int | None, *, half: bool = False, of: str = "") -> None:
        """Count anew, and cut once, in place of thing number `at`; `half` of it gets through.

        Only what is said of requests counts whose first line has `of` in it.
        """
        self.said_count, self._at, self._half, self._of = 0, at, half, of.encode()

    def cut(self) -> None:
        """End all connections as a network that is gone does."""
        self.cut_count += 1
        self._at = None
        for stream in [*self._open]:
            _reset(stream)
        self._open.clear()

    async def serve(self, client: trio.SocketStream) -> None:
        """Carry one connection until either side, or the cutter, ends it."""
        if self.is_away:
            _reset(client)
            return
        self._open.add(client)
        try:
            node = await trio.open_tcp_stream("127.0.0.1", self._target_port)
        except OSError:
            self._open.discard(client)
            _reset(client)
            return
        if client not in self._open:  # cut while the node was called
            _reset(node)
            return
        self._open.add(node)
        up, down = Pieces(), Pieces()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._carry, client, node, up, up, nursery)
                nursery.start_soon(self._carry, node, client, down, up, nursery)
        finally:
            self._open -= {client, node}
            _reset(client)
            _reset(node)

    async def _carry(
        self,
        source: trio.SocketStream,
        target: trio.SocketStream,
        pieces: Pieces,
        up: Pieces,
        nursery: trio.Nursery,
    ) -> None:
        try:
            while data := await source.receive_some(_CHUNK):
                for piece in pieces.feed(data):
                    counts = self._of in up.asked
                    if counts and self._at == self.said_count:
                        if self._half:
                            await target.send_all(piece[: len(piece) // 2])
                        self.said_count += 1
                        self.cut()
                        return
                    self.said_count += counts
                    if pieces is not up and piece.startswith(b"HTTP/1.1 101"):
                        pieces.is_upgraded = up.is_upgraded = True
                    await target.send_all(piece)
            await target.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            nursery.cancel_scope.cancel()


def _reset(stream: trio.SocketStream) -> None:
    """Close without a goodbye."""
    if stream.socket.fileno() >= 0:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.socket.close()


@asynccontextmanager
async def open_cutter(target_port: int) -> AsyncIterator[Cutter]:
    """A way to the node at this port of this machine, which may come and go."""
    cutter = Cutter(target_port)
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        cutter.port = listeners[0].socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, cutter.serve, listeners)
        yield cutter
        nursery.cancel_scope.cancel()
