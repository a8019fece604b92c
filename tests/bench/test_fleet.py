"""The clients of the questions about sockets behave like clients, whatever is asked of them."""

from __future__ import annotations

import socket

from bench.fleets import FleetOf, a_fleet
from bench.frames import PONG

_PING = b"\x89\0"
_SUBSCRIBED = b'{"op":"subscribed","epoch":"e","seq":0}'
_CHUNK = 65_536


def _let_in(listener: socket.socket) -> socket.socket:
    """A server's side of the handshake, for the one client."""
    client, _ = listener.accept()
    client.settimeout(20)
    while not client.recv(_CHUNK).endswith(b"\r\n\r\n"):
        pass
    client.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    said = b""
    while b"subscribe" not in said:
        said += client.recv(_CHUNK)
    client.sendall(bytes((0x81, len(_SUBSCRIBED))) + _SUBSCRIBED)
    return client


def _enter(fleet: FleetOf, listener: socket.socket) -> socket.socket:
    fleet.say(
        "open", dialect="lastlight", port=listener.getsockname()[1], room="r", tokens=["t"],
        addresses=["127.0.0.1"], count=1, track=False, at_once=1, within_s=20,
    )  # fmt: skip
    client = _let_in(listener)
    assert fleet.hear()["open"] == 1
    return client


def test_clients_that_are_asked_nothing_answer_pings() -> None:
    """Else a server ends them while its rival is measured, and is told to lose events."""
    with socket.create_server(("127.0.0.1", 0)) as listener, a_fleet() as fleet:
        listener.settimeout(20)
        with _enter(fleet, listener) as client:
            client.sendall(_PING)
            assert client.recv(len(PONG)) == PONG
