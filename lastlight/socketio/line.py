"""One Engine.IO connection, called a line: its id, its bounds, and what carries it just now.

A line outlives single requests: it begins polled or on a WebSocket, may go over from the one to the
other, and ends when its client says so, is silent, or its outbox was closed and emptied. Only one
task takes from the outbox at a time, the poll that waits or the WebSocket's writer: `taking`.
"""

from __future__ import annotations

import enum
import secrets
from collections.abc import Callable

import trio

from lastlight.realtime.outbox import Outbox
from lastlight.socketio.packets import (
    BASE64,
    CLOSE,
    MESSAGE,
    NOOP,
    PING,
    PONG,
    SEPARATOR,
    engine_frame,
    payload_of,
)
from lastlight.socketio.talk import Talk
from protocol.limits import SOCKET_CLOSE_S, SOCKET_PING_S, SOCKET_PONG_S
from protocol.socketio_limits import ANSWER_BYTES, PROVE_S

_GONE = 1000


class Carrier(enum.Enum):
    """What a line is carried by."""

    POLLING = "polling"
    WEBSOCKET = "websocket"


class Line:
    """One connection of a client. `talk` is set before anybody else gets to see it."""

    talk: Talk

    def __init__(self, address: str, carrier: Carrier) -> None:
        self.sid = secrets.token_urlsafe(15)
        self.address = address
        self.carrier = carrier
        self.outbox = Outbox()
        self.taking = trio.Lock()
        self.posting = trio.Lock()
        self.over = trio.Event()
        self.is_upgrading = False
        self.hang_up: Callable[[], None] | None = None
        """Ends at once what carries the line, where that is a WebSocket."""
        self._said_farewell = False
        self._poll: trio.CancelScope | None = None
        self._stirred = trio.Event()
        self._ponged = trio.Event()

    def end(self) -> None:
        """Say nothing more, and be gone. May be called at any time, and twice."""
        self.outbox.close(_GONE, "")
        if hasattr(self, "talk"):
            self.talk.leave()
        self.over.set()
        if self.hang_up is not None:
            self.hang_up()

    def stir(self) -> None:
        """Something was sent."""
        self._stirred.set()

    async def take(self, packet: str | bytes) -> None:
        """One Engine.IO packet of the client."""
        if self.over.is_set():
            return
        if isinstance(packet, bytes) or packet[:1] == BASE64:
            await self.talk.hear_binary()
        elif packet[:1] == MESSAGE:
            await self.talk.hear(packet[1:])
        elif packet == PONG:
            self._ponged.set()
        elif packet == CLOSE:
            self.end()
        elif packet != NOOP:
            await self.talk.hear_nonsense(f"{packet[:8]!r} is no Engine.IO packet that is taken")

    async def keep_alive(self) -> None:
        """Ping, and end with a client that does not answer.

        A ping travels in order with what is said, so its answer proves that what was put before it
        has arrived. One goes out soon after something was sent, not only when all has been quiet.
        """
        while True:
            with trio.move_on_after(SOCKET_PING_S):
                while self.talk.is_all_arrived():
                    self._stirred = trio.Event()
                    await self._stirred.wait()
            given = self.talk.places()
            self._ponged = trio.Event()
            self.outbox.put(engine_frame(PING))
            with trio.move_on_after(SOCKET_PONG_S) as waiting:
                await self._ponged.wait()
            if waiting.cancelled_caught:
                self.end()
                return
            self.talk.arrived(given)
            await trio.sleep(PROVE_S)

    async def end_soon(self) -> None:
        """End after the outbox was closed, and its last words had the time to go out."""
        await trio.sleep(SOCKET_CLOSE_S)
        self.end()

    async def poll(self) -> bytes:
        """The answer to a poll: what waits, as soon as anything does. `taking` must be free.

        A poll that is given up ends the line: its client is gone, or has lost count.
        """
        answered = False
        try:
            async with self.taking:
                self._poll = trio.CancelScope()
                if self.is_upgrading:
                    self._poll.cancel()
                payload = b""
                with self._poll:
                    payload = await self._gather()
                answered = True
                return payload or NOOP.encode()
        finally:
            self._poll = None
            if not answered:
                self.end()

    def is_free_to_go_over(self) -> bool:
        """Whether a WebSocket may begin to take over from the polls."""
        polled = self.carrier is Carrier.POLLING and not self.is_upgrading
        return polled and not self.over.is_set()

    def release_poll(self) -> None:
        """Let a poll that waits be answered now."""
        if self._poll is not None:
            self._poll.cancel()

    async def next_frames(self, bytes_max: int) -> bytes | None:
        """What waits, about so much of it, as soon as anything does; None once nothing will.

        It may be empty, where the rest of a frame is in the stream already.
        """
        frame = await self.outbox.take()
        if frame is None:
            return None
        # Asking an outbox that is empty would tell it that nothing is on its way.
        more = self.outbox.take_some(bytes_max) if len(self.outbox) else ()
        return b"".join([frame, *more])

    async def _gather(self) -> bytes:
        frames = await self.next_frames(ANSWER_BYTES)
        self.stir()
        if frames is None and not self._said_farewell:
            self._said_farewell = True
            frames = self.talk.farewell() or None
        if frames is None:
            # Alone: the stock client would throw away what stands before it in the same payload.
            self.end()
            frames = engine_frame(CLOSE)
        return payload_of(frames)


def packets_in(payload: str) -> list[str]:
    """The packets of a polling request."""
    return payload.split(SEPARATOR)
