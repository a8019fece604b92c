"""A WebSocket that carries a line, from its beginning or after polls."""

from __future__ import annotations

import trio

from lastlight.front_door.socket_lane import Socket, SocketClosed
from lastlight.socketio.line import Carrier, Line
from lastlight.socketio.packets import PING, PONG, PROBE, UPGRADE, engine_frame
from protocol.limits import SOCKET_WRITE_BYTES
from protocol.socketio_limits import UPGRADE_S


async def go_over(socket: Socket, line: Line) -> bool:
    """Let a polled line go over to a WebSocket; polls are answered at once meanwhile."""
    asked, began = None, False
    with trio.move_on_after(UPGRADE_S):
        try:
            if await socket.receive() != PING + PROBE or not line.is_free_to_go_over():
                return False
            line.is_upgrading = began = True
            line.release_poll()
            await socket.send_frame(engine_frame(PONG + PROBE))
            asked = await socket.receive()
        except SocketClosed:
            return False
        finally:
            if began:
                line.is_upgrading = False
    return asked == UPGRADE and line.is_free_to_go_over()


async def carry(socket: Socket, line: Line) -> None:
    """Let a WebSocket carry a line until either ends; the other ends with it."""

    def send_nowait(frame: bytes) -> int:
        line.stir()
        return socket.send_nowait(frame)

    line.carrier = Carrier.WEBSOCKET
    line.release_poll()
    try:
        async with line.taking, trio.open_nursery() as nursery:
            line.outbox.send_nowait = send_nowait
            # A line that is over has no use for a socket that takes nothing.
            line.hang_up = socket.abort
            nursery.start_soon(_write, socket, line, nursery.cancel_scope)
            try:
                await _read(socket, line)
            except SocketClosed:
                nursery.cancel_scope.cancel()
    finally:
        line.outbox.send_nowait = line.hang_up = None
        line.end()


async def _read(socket: Socket, line: Line) -> None:
    """Do what is said on a WebSocket.

    Raises:
        SocketClosed: nothing more will be.
    """
    while not line.talk.is_staff:
        await line.take(await socket.receive())
    # Whom others count on must not seem to be there.
    socket.watch_closely()
    while True:
        await line.take(await socket.receive())


async def _write(socket: Socket, line: Line, carrying: trio.CancelScope) -> None:
    """Send what the outbox holds, then say goodbye and close with its reason."""
    try:
        while (frames := await line.next_frames(SOCKET_WRITE_BYTES)) is not None:
            await socket.send_frame(frames)
            line.stir()
        if farewell := line.talk.farewell():
            await socket.send_frame(farewell)
        assert line.outbox.close_code is not None
        await socket.close(line.outbox.close_code, line.outbox.close_reason)
    except SocketClosed:
        pass
    carrying.cancel()
