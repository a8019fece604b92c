"""Notices the other end of a connection that is lost without a word: no FIN, no reset, no network.

The kernel asks an idle connection once a second whether anybody is there, and gives it up when for
STAFF_SILENT_S nothing was answered or taken. It costs no task and no frame. What it finds is the
next machine on the way: behind a proxy that is the proxy.
"""

from __future__ import annotations

import socket
from typing import Final

import trio

from protocol.limits import STAFF_SILENT_S

_EVERY_S: Final = 1
_OPTIONS: Final = (
    # The last one wins over the count of probes; that is for kernels that don't know it.
    ("TCP_KEEPIDLE", _EVERY_S),
    ("TCP_KEEPINTVL", _EVERY_S),
    ("TCP_KEEPCNT", STAFF_SILENT_S - 1),
    ("TCP_USER_TIMEOUT", STAFF_SILENT_S * 1000),
)


def watch_closely(sock: trio.socket.SocketType) -> None:
    """Have the kernel end this connection soon after its other end is lost.

    Whoever reads or writes gets an error then. A socket that is closed already is let be.
    """
    if sock.fileno() < 0:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS:
        # Not every system has all of them; with any of them it is noticed, only later.
        if (option := getattr(socket, name, None)) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
