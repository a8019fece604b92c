"""Sending without waiting, over real sockets: what fits goes at once, the rest in order, whole."""

from __future__ import annotations

import socket as stdlib_socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from lastlight.front_door.stream import DoorStream
from lastlight.realtime.outbox import Outbox
from protocol.limits import SOCKET_WRITE_BYTES

_SMALL = 4_096
"""Bytes that a client's kernel takes for it; Linux makes some more of it."""


@asynccontextmanager
async def a_pair() -> AsyncIterator[tuple[DoorStream, trio.SocketStream]]:
    """A stream of the server's, and its client with little room."""
    with trio.fail_after(30), trio.socket.socket() as listening:
        await listening.bind(("127.0.0.1", 0))
        listening.listen()
        client = trio.socket.socket()
        client.setsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_RCVBUF, _SMALL)
        await client.connect(listening.getsockname())
        accepted, _ = await listening.accept()
        stream = DoorStream(trio.SocketStream(accepted))
        async with trio.SocketStream(client) as theirs:
            yield stream, theirs
        stream.abort()


def fill(stream: DoorStream) -> bytes:
    """Send until something is left; what was taken, with what is kept of the last frame."""
    taken = b""
    for n in range(10_000):
        frame = b"%06d" % n * 1_000
        left = stream.send_nowait(frame)
        if left == len(frame):
            return taken
        taken += frame
        if left:
            return taken
    raise AssertionError("nothing was ever left")


async def read_bytes(stream: trio.SocketStream, count: int) -> bytes:
    received = b""
    while len(received) < count:
        data = await stream.receive_some()
        assert data
        received += data
    return received


async def test_what_the_kernel_does_not_take_goes_before_anything_else() -> None:
    """A frame in the middle of another would be the end of the connection, or worse."""
    async with a_pair() as (stream, theirs), trio.open_nursery() as nursery:
        taken = fill(stream)
        assert stream.send_nowait(b"too early") == len(b"too early")
        nursery.start_soon(stream.send_all, b"pong")
        assert await read_bytes(theirs, len(taken) + 4) == taken + b"pong"
        assert stream.send_nowait(b"again") == 0
        assert await read_bytes(theirs, 5) == b"again"


async def test_nothing_goes_between_the_pieces_of_a_write_that_waits() -> None:
    """A pong of the library's own is written by another task than the events are."""
    async with a_pair() as (stream, theirs), trio.open_nursery() as nursery:
        taken = fill(stream)
        long = b"y" * 200_000
        nursery.start_soon(stream.send_all, long)
        await trio.testing.wait_all_tasks_blocked()
        assert stream.send_nowait(b"x") == 1
        assert await read_bytes(theirs, len(taken) + len(long)) == taken + long


async def test_a_connection_that_is_gone_takes_nothing_and_does_not_raise() -> None:
    """One client's end must not keep the others from hearing."""
    async with a_pair() as (stream, theirs):
        await theirs.aclose()
        while stream.send_nowait(b"x") == 0:
            await trio.lowlevel.checkpoint()
        assert stream.send_nowait(b"x") == 1
        stream.abort()
        assert stream.send_nowait(b"x") == 1


@attrs.define
class Kernel:
    """Takes so many bytes and then so many more; in between nothing. Passes as `send_nowait`."""

    portions: list[int]
    wire: bytearray = attrs.field(factory=bytearray)
    rest: bytes = b""

    def send_nowait(self, data: bytes) -> int:
        if self.rest:
            return len(data)
        room = self.portions.pop(0) if self.portions else 0
        self.wire += data[:room]
        left = max(0, len(data) - room)
        self.rest = data[len(data) - left :] if 0 < left < len(data) else b""
        return left

    def send_all(self, data: bytes) -> None:
        self.wire += self.rest + data
        self.rest = b""


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["put", "put", "urgent", "write"]), max_size=40),
    st.lists(st.integers(0, 9), max_size=40),
)
def test_frames_arrive_whole_and_in_order_whatever_the_kernel_takes(
    steps: list[str], portions: list[int]
) -> None:
    """Ordered frames by themselves are in order, urgent ones too, and none is torn or lost."""

    async def check() -> None:
        kernel = Kernel(portions)
        calls: list[None] = []
        outbox = Outbox(send_nowait=kernel.send_nowait, wake=lambda: calls.append(None))
        told: dict[bool, list[bytes]] = {True: [], False: []}
        for n, step in enumerate(steps):
            if step == "write":
                write(outbox, kernel)
                continue
            frame = b"[%s%03d]" % (b"u" if step == "urgent" else b"o", n)
            told[step == "urgent"].append(frame)
            outbox.put(frame, urgent=step == "urgent")
            assert calls or not len(outbox), "something waits and nobody was called"
        write(outbox, kernel)
        wire = bytes(kernel.wire)
        heard = [wire[at : at + 6] for at in range(0, len(wire), 6)]
        for urgent, mark in ((True, b"u"), (False, b"o")):
            assert [frame for frame in heard if frame[1:2] == mark] == told[urgent]

    def write(outbox: Outbox, kernel: Kernel) -> None:
        while frames := outbox.take_some(64):
            kernel.send_all(b"".join(frames))

    trio.run(check)


async def test_who_sends_is_called_once_and_again_when_it_had_nothing_left() -> None:
    """Two writers at once would write the queue in two orders; none would write it never."""
    calls: list[None] = []
    outbox = Outbox(wake=lambda: calls.append(None))
    outbox.put(b"1")
    outbox.put(b"2")
    assert len(calls) == 1
    assert outbox.take_some(SOCKET_WRITE_BYTES) == [b"1", b"2"]
    outbox.put(b"3")
    assert len(calls) == 1
    assert outbox.take_some(SOCKET_WRITE_BYTES) == [b"3"]
    assert outbox.take_some(SOCKET_WRITE_BYTES) == []
    outbox.put(b"4")
    assert len(calls) == 2


async def test_a_connection_may_get_its_way_to_the_kernel_later_and_lose_it_again() -> None:
    """Socket.IO begins with polls, goes over to a WebSocket, and may come back to polls."""
    kernel = Kernel([9, 9])
    outbox = Outbox()
    outbox.put(b"poll")
    outbox.send_nowait = kernel.send_nowait
    outbox.put(b"behind it")
    assert outbox.take_some(SOCKET_WRITE_BYTES) == [b"poll", b"behind it"]
    assert outbox.take_nowait() is None
    outbox.put(b"at once")
    outbox.send_nowait = None
    outbox.put(b"poll again")
    assert (bytes(kernel.wire), await outbox.take()) == (b"at once", b"poll again")


async def test_who_gave_up_waiting_is_called_again() -> None:
    """A poll that was cut off must not leave its connection deaf."""
    calls: list[None] = []
    outbox = Outbox(wake=lambda: calls.append(None))
    with trio.move_on_after(0):
        await outbox.take()
    outbox.put(b"1")
    assert len(calls) == 1


async def test_what_waits_together_goes_out_together_within_a_bound() -> None:
    """One write for many frames; but an emergency waits for no more than one write."""
    outbox = Outbox()
    for _ in range(8):
        outbox.put(b"x" * (SOCKET_WRITE_BYTES // 4))
    assert len(outbox.take_some(SOCKET_WRITE_BYTES)) == 4
    outbox.put(b"sos", urgent=True)
    assert outbox.take_some(SOCKET_WRITE_BYTES)[0] == b"sos"
