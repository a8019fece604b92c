"""How many frames a second go out to 2,000 and to 10,000 sockets of one room, beside Socket.IO.

In bursts: so many events are published in one go, and the next ones when every client has heard the
last of them. One by one: each event when every client has heard the one before. The rate is of
frames that arrived. Both servers do nothing else; Socket.IO runs without connection state recovery,
which costs it something, while ours keeps its backlog. Sockets are plain WebSockets on both sides;
an event is a durable one of about 400 bytes. They are patrons': the kernel asks staff's connections
once a second whether they live, and on loopback it drops such questions to thousands at once.
"""

from __future__ import annotations

import os
import statistics
import time
from contextlib import ExitStack
from typing import Any

import attrs

from bench.fleets import FleetOf, a_fleet
from bench.kit import progress
from bench.rooms_kit import (
    PATRONS_ROOM,
    ProcessServer,
    cpu_seconds,
    raise_limits,
    rooms_only,
    side_by_side,
    socket_io,
    tokens_for,
)
from protocol.addresses import Role

SIZES = tuple(int(size) for size in os.environ.get("BENCH_SOCKETS", "2000,10000").split(","))
BURST_EVENTS = 64
BURST_FRAMES = 128_000
SINGLES_FRAMES = 64_000
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))


@attrs.define(eq=False)
class Side:
    """One of the two servers with its clients."""

    server: ProcessServer
    fleet: FleetOf
    fleet_shares: list[float] = attrs.field(factory=list)
    cpu_us: list[float] = attrs.field(factory=list)
    """Processor time of the server for each frame."""

    def _publish(self, count: int) -> float:
        """Frames a second of so many events in one go."""
        pid = self.server.process.pid
        self.fleet.arm()
        before, began = cpu_seconds(pid), time.monotonic()
        self.server.ask("/publish", count=count)
        told = self.fleet.count(count, lazily=count > 1)
        frames = count * self.fleet.size
        self.fleet_shares.append(told["cpu"])
        self.cpu_us.append((cpu_seconds(pid) - before) / frames * 1e6)
        return float(frames / (told["last"] - began))

    def burst(self) -> float:
        """Frames a second, in a burst."""
        return self._publish(min(BURST_EVENTS, BURST_FRAMES // self.fleet.size))

    def one_by_one(self) -> float:
        """Frames a second, each event by itself."""
        rates = [self._publish(1) for _ in range(max(1, SINGLES_FRAMES // self.fleet.size))]
        return statistics.harmonic_mean(rates)


def _of(size: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with ExitStack() as stack:
        enter = stack.enter_context
        ours = Side(enter(rooms_only()), enter(a_fleet()))
        peer = Side(enter(socket_io(recovery=False)), enter(a_fleet()))
        for side in (ours, peer):
            tokens = tokens_for(side.server.tokens, size, Role.PATRON)
            side.fleet.open(side.server, tokens, PATRONS_ROOM)
            progress(f"{size} clients are in {side.server.name}")
            side.burst()
        for what, one, other in (
            ("in bursts", ours.burst, peer.burst),
            ("one by one", ours.one_by_one, peer.one_by_one),
        ):
            for side in (ours, peer):
                side.fleet_shares.clear()
                side.cpu_us.clear()
            for name, value in side_by_side(one, other, ROUNDS).items():
                figures[f"{what}, {name}"] = value
            for side in (ours, peer):
                figures[f"{what}, {side.server.name}: server's processor µs a frame"] = round(
                    statistics.fmean(side.cpu_us), 1
                )
                figures[f"{what}, {side.server.name}: cores its clients used at most"] = max(
                    side.fleet_shares
                )
    return figures


def measure() -> dict[str, Any]:
    """All figures, by what they are of."""
    raise_limits()
    figures: dict[str, Any] = {}
    for size in SIZES:
        for name, value in _of(size).items():
            figures[f"{size} sockets, {name}"] = value
    return figures
