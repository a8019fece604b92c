"""What the fleet says and hears, in each of the languages, as bytes. No I/O.

`lastlight` is `/ws` as docs/protocol.md describes it; `socketio` is Engine.IO 4 over WebSocket
alone, with Socket.IO 5 packets, `lastlight-socketio` the same to a node of ours. All say as much
at a time as a client may.
"""

from __future__ import annotations

import json
import struct
from typing import Protocol

import attrs

_KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
_ASK = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + _KEY
)
PONG = b"\x8a\x80\0\0\0\0"


def masked(text: str) -> bytes:
    """A text message of a client; its mask is zero, which leaves the payload as it is."""
    payload = text.encode()
    size = len(payload)
    head = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else b""
    if not head:
        head = struct.pack("!BBH", 0x81, 0x80 | 126, size)
    return head + b"\0\0\0\0" + payload


def split(buffer: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Opcode and payload of each whole frame in `buffer`, and what is left of it."""
    frames = []
    at, end = 0, len(buffer)
    while at + 2 <= end:
        size, begin = buffer[at + 1], at + 2
        if size == 126:
            if at + 4 > end:
                break
            size, begin = (buffer[at + 2] << 8) | buffer[at + 3], at + 4
        elif size == 127:
            if at + 10 > end:
                break
            size, begin = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
        if begin + size > end:
            break
        frames.append((buffer[at] & 0x0F, buffer[begin : begin + size]))
        at = begin + size
    return frames, buffer[at:]


@attrs.define
class Place:
    """Where a client stands in its room, so that it can come back."""

    epoch: str = ""
    last: str = ""


class Heard:
    """What a payload may turn out to be, besides bytes to send back."""

    OPEN = "open"
    EVENT = "event"
    NOTHING = "nothing"


class Dialect(Protocol):
    """How a fleet's clients speak."""

    def ask(self, token: str, room: str, place: Place | None) -> bytes:
        """The handshake, up to where an answer is needed."""
        ...

    def upgraded(self, token: str, room: str, place: Place | None) -> bytes:
        """What follows the 101."""
        ...

    def hear(self, payload: bytes, place: Place, *, track: bool) -> tuple[str, bytes]:
        """What it was, and what is said to it. With `track` the place moves on."""
        ...


class LastLight:
    """`lastlight.v1`."""

    def ask(self, token: str, room: str, place: Place | None) -> bytes:
        """The upgrade."""
        return f"{_ASK.format(path='/ws')}Sec-WebSocket-Protocol: lastlight.v1\r\n\r\n".encode()

    def upgraded(self, token: str, room: str, place: Place | None) -> bytes:
        """Hello, and where to go on."""
        subscribe: dict[str, object] = {"op": "subscribe", "room": room}
        if place is not None:
            subscribe |= {"epoch": place.epoch, "after_seq": int(place.last)}
        hello = masked(json.dumps({"op": "hello", "token": token}))
        return hello + masked(json.dumps(subscribe))

    def hear(self, payload: bytes, place: Place, *, track: bool) -> tuple[str, bytes]:
        """An event, or that the room is open."""
        if payload.startswith(b'{"op":"event"'):
            if track:
                at = payload.find(b'"seq":')
                if 0 <= at < 120:
                    place.last = payload[at + 6 : payload.index(b",", at)].decode()
            return Heard.EVENT, b""
        if payload.startswith(b'{"op":"subscribed"'):
            told = json.loads(payload)
            place.epoch = told["epoch"]
            if not place.last:
                place.last = str(told["seq"])
            return Heard.OPEN, b""
        if payload.startswith(b'{"op":"error"'):
            raise RuntimeError(payload.decode())
        return Heard.NOTHING, b""


class SocketIO:
    """Engine.IO over WebSocket only; one namespace."""

    def ask(self, token: str, room: str, place: Place | None) -> bytes:
        """The upgrade."""
        path = "/socket.io/?EIO=4&transport=websocket"
        return f"{_ASK.format(path=path)}\r\n".encode()

    def upgraded(self, token: str, room: str, place: Place | None) -> bytes:
        """Who is there; with a place, what to recover."""
        auth: dict[str, object] = {"token": token}
        if place is not None:
            auth |= {"pid": place.epoch, "offset": place.last}
        return masked("40" + json.dumps(auth))

    def hear(self, payload: bytes, place: Place, *, track: bool) -> tuple[str, bytes]:
        """An event, that the namespace is open, or a ping of the engine's."""
        if payload.startswith(b"42"):
            if track:
                place.last = str(json.loads(payload[2:])[-1])
            return Heard.EVENT, b""
        if payload.startswith(b"40"):
            place.epoch = str(json.loads(payload[2:]).get("pid", ""))
            return Heard.OPEN, b""
        if payload == b"2":
            return Heard.NOTHING, masked("3")
        if payload.startswith((b"44", b"41")):
            raise RuntimeError(payload.decode())
        return Heard.NOTHING, b""


class LastLightBySocketIO(SocketIO):
    """Socket.IO as a node of ours speaks it, where clients ask for their room themselves."""

    def upgraded(self, token: str, room: str, place: Place | None) -> bytes:
        """Who is there, and what to hear."""
        subscribe = "420" + json.dumps(["subscribe", {"room": room}])
        return masked("40" + json.dumps({"token": token})) + masked(subscribe)

    def hear(self, payload: bytes, place: Place, *, track: bool) -> tuple[str, bytes]:
        """As of the peer, but it is the room that makes it open."""
        if payload.startswith(b"40"):
            return Heard.NOTHING, b""
        if payload.startswith(b"430"):
            if b'"problem"' in payload[:16]:
                raise RuntimeError(payload.decode())
            return Heard.OPEN, b""
        return super().hear(payload, place, track=track)


DIALECTS: dict[str, Dialect] = {
    "lastlight": LastLight(),
    "socketio": SocketIO(),
    "lastlight-socketio": LastLightBySocketIO(),
}
