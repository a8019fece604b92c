"""A client that the network leaves: it says no goodbye, and acknowledges nothing any more."""

from __future__ import annotations

import ctypes
import socket as stdlib_socket
import struct

import trio
from trio_websocket import WebSocketConnection

_SO_ATTACH_FILTER = 26
"""Linux's number; Python names it nowhere."""
_RETURN_NOTHING = struct.pack("HBBI", 0x06, 0, 0, 0)
"""One instruction of a socket filter: keep no byte of what arrives."""


def socket_of(ws: WebSocketConnection) -> trio.socket.SocketType:
    """What carries a connection."""
    stream = ws._stream
    assert isinstance(stream, trio.SocketStream)
    return stream.socket


def cut_off(ws: WebSocketConnection) -> None:
    """Drop all that arrives at this client before its own kernel sees it."""
    program = ctypes.create_string_buffer(_RETURN_NOTHING)
    told = struct.pack("@HP", 1, ctypes.addressof(program))
    socket_of(ws).setsockopt(stdlib_socket.SOL_SOCKET, _SO_ATTACH_FILTER, told)
