"""The packets of Engine.IO 4 and Socket.IO 5. Pure: text in, what was meant out, and back.

Engine.IO is what carries (open, ping, upgrade), Socket.IO what is said in its messages (connect,
event, ack). What is put into an outbox is a WebSocket frame; `payload_of` makes a polling answer
out of the same frames, so that an event is encoded once for both. Binary attachments are told
apart only to be refused: nothing that is said here is binary.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import attrs

from lastlight.front_door.socket_lane import frame_text
from lastlight.realtime.frames import plain
from protocol.codec_json import Malformed, parse_json, render_json
from protocol.errors import Code, Refusal

# Engine.IO
OPEN: Final = "0"
CLOSE: Final = "1"
PING: Final = "2"
PONG: Final = "3"
MESSAGE: Final = "4"
UPGRADE: Final = "5"
NOOP: Final = "6"
PROBE: Final = "probe"
BASE64: Final = "b"
"""In front of a binary message in a polling payload."""
SEPARATOR: Final = "\x1e"

# Socket.IO
_CONNECT, _DISCONNECT, _EVENT, _ACK, _CONNECT_ERROR = "0", "1", "2", "3", "4"
_BINARY: Final = "56"
_PACKET: Final = re.compile(
    r"([0-6])(?:([0-9]{1,4})-)?(?:/([^,]{0,128})(?:,|\Z))?([0-9]{1,15})?(.*)", re.DOTALL
)


@attrs.frozen
class Connect:
    """Be let into the one namespace there is."""

    auth: dict[str, object]


@attrs.frozen
class ConnectElsewhere:
    """Be let into a namespace that is not there."""

    namespace: str


@attrs.frozen
class Disconnect:
    """Goodbye."""


@attrs.frozen
class Event:
    """An event of the client; `ack` is the number that its answer carries, if it wants one."""

    name: str
    arguments: tuple[object, ...]
    ack: int | None


@attrs.frozen
class Ignored:
    """What needs no answer, such as an acknowledgement of what nobody asked."""


@attrs.frozen
class Unread:
    """A packet that is none, or is not taken. `attachments` binary messages belong to it."""

    refusal: Refusal
    ack: int | None = None
    attachments: int = 0


ClientPacket: TypeAlias = Connect | ConnectElsewhere | Disconnect | Event | Ignored | Unread


def read_packet(text: str) -> ClientPacket:
    """What a client says in one Engine.IO message (its `4` taken off)."""
    matched = _PACKET.fullmatch(text)
    if matched is None:
        return _malformed("this is no Socket.IO packet")
    kind, attachments, namespace, number, rest = matched.groups()
    ack = None if number is None else int(number)
    if namespace:
        return ConnectElsewhere(f"/{namespace}") if kind == _CONNECT else Ignored()
    if kind in _BINARY:
        detail = "binary arguments are not taken; send JSON"
        refusal = Refusal(Code.MALFORMED_REQUEST, detail)
        return Unread(refusal, ack if kind == "5" else None, int(attachments or 0))
    if kind == _DISCONNECT:
        return Disconnect()
    if kind == _ACK:
        return Ignored()
    if kind == _CONNECT_ERROR:
        return _malformed("only a server says why not to connect")
    try:
        data = parse_json(rest.encode()) if rest else None
    except (Malformed, UnicodeEncodeError) as error:
        return _malformed(str(error), ack)
    if kind == _CONNECT:
        if data is not None and not isinstance(data, dict):
            return _malformed("`auth` must be an object with `token`")
        return Connect(data or {})
    if not isinstance(data, list) or not data or not isinstance(data[0], str):
        return _malformed("an event is a list that begins with its name", ack)
    return Event(data[0], tuple(data[1:]), ack)


def _malformed(detail: str, ack: int | None = None) -> Unread:
    return Unread(Refusal(Code.MALFORMED_REQUEST, detail), ack)


def open_frame(sid: str, *, upgrades: list[str], ping_s: float, pong_s: float, most: int) -> bytes:
    """The first that is said on a connection: its id and what is agreed on; times in seconds."""
    told = {
        "sid": sid,
        "upgrades": upgrades,
        "pingInterval": round(ping_s * 1000),
        "pingTimeout": round(pong_s * 1000),
        "maxPayload": most,
    }
    return frame_text(OPEN.encode() + render_json(told))


def engine_frame(text: str) -> bytes:
    """A packet of Engine.IO that carries no message."""
    return frame_text(text.encode())


def connected_frame(sid: str, pid: str) -> bytes:
    """Let in; `pid` is what a later connection may ask to be recovered by."""
    return _frame(_CONNECT, b"", {"sid": sid, "pid": pid})


def refused_frame(message: str, problem: object) -> bytes:
    """Not let in."""
    return _frame(_CONNECT_ERROR, b"", {"message": message, "data": problem})


def elsewhere_frame(namespace: str, problem: object) -> bytes:
    """Not let into another namespace."""
    told = {"message": "Invalid namespace", "data": problem}
    return _frame(_CONNECT_ERROR, namespace.encode() + b",", told)


def disconnect_frame() -> bytes:
    """Goodbye, and do not come again by yourself."""
    return frame_text((MESSAGE + _DISCONNECT).encode())


def event_frame(name: str, argument: object) -> bytes:
    """An event with one argument."""
    return _frame(_EVENT, b"", [name, argument])


def ack_frame(number: int, argument: object) -> bytes:
    """The answer to an event that wanted one."""
    return _frame(_ACK, str(number).encode(), [argument])


def _frame(kind: str, head: bytes, data: object) -> bytes:
    return frame_text((MESSAGE + kind).encode() + head + render_json(plain(data)))


def payload_of(frames: bytes) -> bytes:
    """The same packets as one polling payload."""
    return SEPARATOR.encode().join(texts_in(frames))


def texts_in(frames: bytes) -> Iterator[bytes]:
    """What stands in whole frames that `frame_text` made, one after the other."""
    at = 0
    while at < len(frames):
        size, start = frames[at + 1], at + 2
        if size == 126:
            (size,), start = struct.unpack_from("!H", frames, start), start + 2
        elif size == 127:
            (size,), start = struct.unpack_from("!Q", frames, start), start + 8
        at = start + size
        yield frames[start:at]


def one_argument(event: Event) -> dict[str, Any] | Refusal:
    """The object that an event of a client has as its one argument."""
    if len(event.arguments) == 1 and isinstance(event.arguments[0], dict):
        return dict(event.arguments[0])
    detail = f"{event.name[:80]} takes one argument, an object, and an acknowledgement"
    return Refusal(Code.VALIDATION_FAILED, detail)
