"""WebSocket at the front door, over real sockets."""

from __future__ import annotations

import struct

import pytest
import trio
from trio_websocket import ConnectionClosed

from protocol.limits import SOCKET_MESSAGE_BYTES_MAX
from tests.lastlight.door_kit import (
    Desk,
    a_door,
    a_websocket,
    connect,
    problem_in,
    read_answer,
    read_to_end,
    say,
)

_HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)

pytestmark = pytest.mark.usefixtures("each_lane")


async def test_a_websocket_gets_its_subprotocol_and_its_messages() -> None:
    """Messages of each frame length: below 126, below 65,536, and above."""
    async with (
        a_door(Desk()) as door,
        a_websocket(door, subprotocols=["other", "lastlight.v1"]) as ws,
    ):
        assert ws.subprotocol == "lastlight.v1"
        for size in (0, 125, 126, 60_000, SOCKET_MESSAGE_BYTES_MAX):
            await ws.send_message("x" * size)
            assert await ws.get_message() == "x" * size
        assert door.statistics().sockets == 1


async def test_a_handshake_in_single_bytes_is_understood() -> None:
    """TCP promises bytes, not pieces."""
    async with a_door(Desk()) as door, await connect(door) as stream:
        for byte in _HANDSHAKE + b"\r\n":
            await stream.send_all(bytes([byte]))
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 101")


@pytest.mark.parametrize(
    "handshake",
    [
        _HANDSHAKE.replace(b"13", b"8"),
        _HANDSHAKE.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"short"),
        _HANDSHAKE.replace(b"/ws", b"/elsewhere"),
        _HANDSHAKE + b"Sec-WebSocket-Protocol: unknown\r\n",
        _HANDSHAKE + b"Content-Length: 1\r\n",
    ],
)
async def test_a_wrong_handshake_is_answered_by_http(handshake: bytes) -> None:
    """trio-websocket would close without a word, or wait for ever."""
    async with a_door(Desk()) as door:
        assert problem_in(await say(door, handshake + b"\r\n"))["code"] == "malformed_request"


async def test_an_upgrade_on_a_used_connection_is_served_or_sent_to_a_new_one(
    each_lane: str,
) -> None:
    """Proxies that reuse connections must not be left without a word: the socket never opens."""
    first = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    async with a_door(Desk()) as door, await connect(door) as stream:
        await stream.send_all(first)
        assert (await read_answer(stream))[0] == 200
        await stream.send_all(_HANDSHAKE + b"\r\n")
        status, _, body = await read_answer(stream)
    assert status == (101 if each_lane == "direct" else 400)
    assert status == 101 or b"connection of its own" in body


async def test_odd_headers_never_reach_the_websocket_library() -> None:
    """wsproto decodes the host as IDNA, and a name that is none would end the server."""
    odd = _HANDSHAKE.replace(b"Host: a", b"Host: xn--\xff\xfe..")
    async with a_door(Desk()) as door, await connect(door) as stream:
        await stream.send_all(odd + b"\r\n")
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 101")
        assert door.statistics().failed_total == 0


async def test_a_message_over_the_bound_closes_with_1009() -> None:
    """The code tells the client that sending it again is of no use."""
    async with a_door(Desk()) as door, a_websocket(door) as ws:
        await ws.send_message("x" * (SOCKET_MESSAGE_BYTES_MAX + 1))
        with pytest.raises(ConnectionClosed) as closed, trio.fail_after(10):
            await ws.get_message()
    assert closed.value.reason is not None
    assert closed.value.reason.code == 1009


async def test_a_message_is_as_long_as_its_bytes_and_all_its_pieces() -> None:
    """Characters of three bytes, or a message in a thousand frames, are no way around the bound."""
    half = SOCKET_MESSAGE_BYTES_MAX // 2
    pieces = [masked(0x01, "語" * (half // 3 + 1)), masked(0x80, "語" * (half // 3 + 1))]
    async with a_door(Desk()) as door, await connect(door) as stream:
        await stream.send_all(_HANDSHAKE + b"\r\n")
        await stream.receive_some()
        await stream.send_all(b"".join(pieces))
        assert (await read_to_end(stream))[:4] == b"\x88" + b"%c" % 35 + b"\x03\xf1"


def masked(first: int, text: str) -> bytes:
    payload = text.encode()
    return struct.pack("!BBH", first, 0x80 | 126, len(payload)) + b"\0\0\0\0" + payload


@pytest.mark.parametrize(
    "frame", [b"\x81\x05hello", b"\xff\xff\xff\xff", b"\x81\x82\0\0\0\0\xc3\x28"]
)
async def test_broken_frames_end_that_connection_only(frame: bytes) -> None:
    """Unmasked, of no kind, and text that is not UTF-8."""
    async with a_door(Desk()) as door:
        async with await connect(door) as stream:
            await stream.send_all(_HANDSHAKE + b"\r\n")
            await stream.receive_some()
            await stream.send_all(frame)
            await read_to_end(stream)
        assert (await say(door, b"GET / HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 200")


async def test_closing_the_door_tells_sockets_that_the_server_goes_away() -> None:
    """1001 makes clients come back; a plain end makes them report an error."""
    async with a_door(Desk()) as door, trio.open_nursery() as nursery, a_websocket(door) as ws:
        await ws.send_message("in")
        await ws.get_message()
        nursery.start_soon(door.close)
        with pytest.raises(ConnectionClosed) as closed:
            await ws.get_message()
    assert closed.value.reason is not None
    assert closed.value.reason.code == 1001
