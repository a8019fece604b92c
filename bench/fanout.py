"""How many frames a second go out to 2,000 and to 10,000 sockets of one room, beside Socket.IO.

A burst of events is published in one go, and the next one when every client has heard the last of
it: the rate is of frames that arrived. Both servers do nothing else; Socket.IO runs without
connection state recovery, which costs it something, while ours keeps its backlog. Sockets are plain
WebSockets on both sides; an event is a durable one of about 400 bytes.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from typing import Any

from bench.kit import progress, save
from bench.rooms_kit import (
    STAFF_ROOM,
    FleetOf,
    ProcessServer,
    a_fleet,
    cpu_seconds,
    raise_limits,
    rooms_only,
    side_by_side,
    socket_io,
    tokens_for,
)
from protocol.addresses import Role

SIZES = tuple(int(size) for size in os.environ.get("BENCH_SOCKETS", "2000,10000").split(","))
FRAMES = 128_000
"""A burst; 64 events to 2,000 sockets."""
ROUNDS = 5


def _burst(server: ProcessServer, fleet: FleetOf, shares: list[tuple[float, float]]) -> float:
    events = min(64, FRAMES // fleet.size)
    fleet.arm()
    before = cpu_seconds(server.process.pid)
    began = time.monotonic()
    server.ask("/publish", count=events)
    told = fleet.count(events, lazily=True)
    took = told["last"] - began
    shares.append((told["cpu"], (cpu_seconds(server.process.pid) - before) / took))
    return float(events * fleet.size / took)


def _of(size: int) -> dict[str, Any]:
    shares: dict[str, list[tuple[float, float]]] = {"ours": [], "peer": []}
    with ExitStack() as stack:
        enter = stack.enter_context
        ours, peer = enter(rooms_only()), enter(socket_io(recovery=False))
        fleets = enter(a_fleet()), enter(a_fleet())
        for server, fleet in zip((ours, peer), fleets, strict=True):
            fleet.open(server, tokens_for(server.tokens, size, Role.STAFF), STAFF_ROOM)
            progress(f"{size} clients are in {server.name}")
            _burst(server, fleet, [])
        figures = side_by_side(
            lambda: _burst(ours, fleets[0], shares["ours"]),
            lambda: _burst(peer, fleets[1], shares["peer"]),
            ROUNDS,
        )
    for name, pairs in shares.items():
        busiest, server_share = max(pairs)
        figures[f"{name}: cores that clients and server used"] = (
            f"{busiest:.2f} and {server_share:.2f}"
        )
    return figures


def main() -> None:
    """Measure and save."""
    raise_limits()
    figures: dict[str, Any] = {}
    for size in SIZES:
        for name, value in _of(size).items():
            figures[f"{size} sockets, {name}"] = value
    save("fanout", figures)
