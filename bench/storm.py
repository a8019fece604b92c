"""Everybody comes back at once: 2,000 sockets lose their connection, miss ten events, and return.

Time from the first connect to the last missed event of the last client, which is in its room again
and has everything. A whole node of ours; Socket.IO with connection state recovery. Both check the
signature of each client's token. No client waits for another.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import attrs
import httpx

from bench.fleets import FleetOf, TooFew, a_fleet
from bench.kit import People, progress
from bench.rooms_kit import (
    PATRONS_ROOM,
    NodeServer,
    Server,
    raise_limits,
    side_by_side,
    socket_io,
    tokens_for,
    whole_node,
)
from lastlight.demo.ids import DEMO_VENUE
from protocol.addresses import Role

SOCKETS = int(os.environ.get("BENCH_SOCKETS", "2000"))
MISSED = 10
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
WITHIN_S = 60
NOTICE_S = 2.0
"""For the server to notice that they are gone."""


@attrs.define(eq=False)
class Prices:
    """The price of one thing, of whose changes everybody in the venue hears."""

    manager: httpx.Client
    path: str
    tag: str
    price_minor: int

    @classmethod
    def of(cls, manager: httpx.Client) -> Prices:
        """Of the first thing on the menu."""
        answer = manager.get("/api/inventory/items", params={"venue_id": str(DEMO_VENUE)})
        item = answer.raise_for_status().json()["items"][0]
        path = f"/api/inventory/items/{item['item_id']}"
        return cls(manager, path, f'"v{item["version"]}"', item["price_minor"])

    def change(self, count: int) -> None:
        """Raise it, so often."""
        for _ in range(count):
            self.price_minor += 1
            answer = self.manager.patch(
                self.path, json={"price_minor": self.price_minor}, headers={"if-match": self.tag}
            )
            self.tag = answer.raise_for_status().headers["etag"]


def _storm(fleet: FleetOf, publish: Callable[[int], None]) -> float:
    fleet.arm()
    publish(1)
    fleet.count(1, lazily=False)
    fleet.tell("drop")
    time.sleep(NOTICE_S)
    publish(MISSED)
    told = fleet.tell("again", at_once=SOCKETS, within_s=WITHIN_S, frames=SOCKETS * MISSED)
    if told["open"] < SOCKETS or told["heard"] != SOCKETS * MISSED:
        raise TooFew(f"{told['open']} came back and heard {told['heard']} events")
    progress(f"{told['seconds']:.2f} s; the clients used {told['cpu']:.2f} of a core")
    return float(told["seconds"])


def _manager(server: NodeServer) -> httpx.Client:
    return People.of(server.node).client(server.node, "manager")


def measure() -> dict[str, Any]:
    """All figures, by what they are of."""
    raise_limits()
    with ExitStack() as stack:
        enter = stack.enter_context
        ours, peer = enter(whole_node()), enter(socket_io(recovery=True))
        fleets = enter(a_fleet()), enter(a_fleet())
        servers: tuple[Server, Server] = (ours, peer)
        for server, fleet in zip(servers, fleets, strict=True):
            tokens = tokens_for(server.tokens, SOCKETS, Role.PATRON)
            fleet.open(server, tokens, PATRONS_ROOM, track=True)
            progress(f"{SOCKETS} clients are in {server.name}")
        prices = Prices.of(enter(_manager(ours)))

        def publish(count: int) -> None:
            peer.ask("/publish", count=count)

        figures = side_by_side(
            lambda: _storm(fleets[0], prices.change), lambda: _storm(fleets[1], publish), ROUNDS
        )
    return {f"{SOCKETS} sockets, s, {name}": value for name, value in figures.items()}
