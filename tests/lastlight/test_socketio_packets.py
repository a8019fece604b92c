"""Our spelling of packets, held to the codec of `python-socketio` and `python-engineio`."""

from __future__ import annotations

import json

import pytest
from engineio.packet import Packet as EnginePacket  # type: ignore[import-untyped]
from engineio.payload import Payload  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from socketio.packet import Packet  # type: ignore[import-untyped]

from lastlight.front_door.socket_lane import frame_text
from lastlight.socketio.packets import (
    Connect,
    Disconnect,
    Event,
    Unread,
    ack_frame,
    connected_frame,
    disconnect_frame,
    event_frame,
    payload_of,
    read_packet,
    refused_frame,
    texts_in,
)

_TEXT = st.text(max_size=200)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)
_OBJECT = st.dictionaries(_TEXT, _JSON, max_size=5)
_ACK = st.none() | st.integers(0, 10**15 - 1)


def _text(frame: bytes) -> str:
    (text,) = texts_in(frame)
    return text.decode()


def _read(frame: bytes) -> Packet:
    """What the other codec makes of a frame of ours."""
    text = _text(frame)
    assert text[0] == "4"
    return Packet(encoded_packet=text[1:])


@given(name=_TEXT, argument=_OBJECT, ack=_ACK)
def test_what_a_client_says_is_what_was_meant(
    name: str, argument: dict[str, object], ack: int | None
) -> None:
    """Whatever the name and the argument are, brackets, digits and quotes in them too."""
    said = Packet(data=[name, argument], id=ack, binary=False).encode()
    assert read_packet(said) == Event(name, (argument,), ack)


@given(auth=_OBJECT)
def test_connect_brings_its_auth(auth: dict[str, object]) -> None:
    """It is where the token stands."""
    assert read_packet(Packet(0, auth, binary=False).encode()) == Connect(auth)
    assert read_packet(Packet(0).encode()) == Connect({})
    assert read_packet(Packet(1).encode()) == Disconnect()


@given(name=_TEXT, argument=_JSON, number=st.integers(0, 10**9))
def test_what_is_said_is_what_the_other_codec_reads(
    name: str, argument: object, number: int
) -> None:
    """Events, acknowledgements, and both answers to CONNECT."""
    event = _read(event_frame(name, argument))
    assert (event.packet_type, event.data, event.id) == (2, [name, argument], None)
    ack = _read(ack_frame(number, argument))
    assert (ack.packet_type, ack.data, ack.id) == (3, [argument], number)
    connected = _read(connected_frame("s", "p"))
    assert (connected.packet_type, connected.data) == (0, {"sid": "s", "pid": "p"})
    refused = _read(refused_frame("no", {"code": "x"}))
    assert (refused.packet_type, refused.data) == (4, {"message": "no", "data": {"code": "x"}})
    assert _read(disconnect_frame()).packet_type == 1


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_frames_become_a_payload_whatever_their_length(size: int) -> None:
    """The length of a frame is written in three ways, and a payload has none of them."""
    texts = [b"4" + b"x" * size, b"2", b"4" + b"y" * size]
    payload = payload_of(b"".join(frame_text(text) for text in texts))
    packets = Payload(encoded_payload=payload.decode()).packets
    assert [EnginePacket.encode(packet).encode() for packet in packets] == texts
    assert payload_of(b"") == b""


@given(_TEXT)
def test_nothing_that_a_client_says_upsets_the_reading(text: str) -> None:
    """Whoever says nonsense is told so; nobody else is to notice."""
    read_packet(text)
    for kind in "012456":
        read_packet(kind + text)


def test_binary_is_told_apart_and_counted() -> None:
    """Its attachments come as messages of their own, and must not be taken for nonsense."""
    packet = Packet(data=["subscribe", b"a", b"b"], id=7)
    assert packet.packet_type == 5
    read = read_packet(packet.encode()[0])
    assert isinstance(read, Unread)
    assert (read.ack, read.attachments) == (7, 2)
    assert json.dumps(read.refusal.detail)
