"""What a connection costs that says nothing: resident memory at 10,000 of them, beside Socket.IO.

Each is signed in and in one room. A whole node of ours, with its actors and the journal, once with
connections to `/ws` and once with connections to its own `/socket.io/`; Socket.IO on Node with
connection state recovery, as it keeps what clients missed then. Memory is the process's own,
without what the kernel keeps for a socket, after a while in which nothing happens.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from bench.fleets import a_fleet
from bench.kit import progress
from bench.rooms_kit import (
    PATRONS_ROOM,
    NodeServer,
    Server,
    raise_limits,
    socket_io,
    tokens_for,
    whole_node,
)
from protocol.addresses import Role

SOCKETS = int(os.environ.get("BENCH_SOCKETS", "10000"))
ROUNDS = 2
REST_S = 5
WARM_UP = 200


@contextmanager
def _node_by_socketio() -> Iterator[NodeServer]:
    with whole_node() as server:
        server.name, server.dialect = "Last Light by Socket.IO", "lastlight-socketio"
        yield server


def _kib_each(opening: AbstractContextManager[Server]) -> float:
    with opening as server:
        # What the first connections bring in for good is not theirs.
        with a_fleet() as first:
            first.open(server, tokens_for(server.tokens, WARM_UP, Role.PATRON), PATRONS_ROOM)
        with a_fleet() as fleet:
            before = server.resident_bytes()
            fleet.open(server, tokens_for(server.tokens, SOCKETS, Role.PATRON), PATRONS_ROOM)
            told = fleet.tell("rest", seconds=REST_S)
            assert told["open"] == SOCKETS, told
            each = (server.resident_bytes() - before) / SOCKETS / 1024
    progress(f"{server.name}: {each:.1f} KiB a socket")
    return each


def measure() -> dict[str, Any]:
    """All figures, by what they are of."""
    raise_limits()
    openings: dict[str, Callable[[], AbstractContextManager[Server]]] = {
        "Last Light": whole_node,
        "Last Light by Socket.IO": _node_by_socketio,
        "Socket.IO": lambda: socket_io(recovery=True),
    }
    found: dict[str, list[float]] = {name: [] for name in openings}
    for _ in range(ROUNDS):
        for name, opening in openings.items():
            found[name].append(_kib_each(opening()))
    figures: dict[str, Any] = {"sockets": SOCKETS}
    for name, values in found.items():
        figures[f"{name}: KiB a socket"] = (
            f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"
        )
    return figures
