"""From the press of an SOS to the last of 2,000 sockets, under load, beside Socket.IO.

The load is requests over HTTP at half the rate that the server manages in a closed loop: durable
purchases at a whole node of ours; at Socket.IO requests that check a token, tell one room of it and
keep nothing. An SOS is raised over HTTP too, by somebody else each time. It counts when the last
socket of the staff's room has heard of it.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import attrs

from bench.fleets import FleetOf, a_fleet
from bench.kit import People, progress
from bench.paced import begin_load, end_load
from bench.rooms_kit import (
    STAFF_ROOM,
    NodeServer,
    Server,
    raise_limits,
    socket_io,
    tokens_for,
    whole_node,
)
from lastlight.demo.ids import DEMO_VENUE
from protocol.addresses import Role
from protocol.limits import SOCKETS_PER_USER_MAX

SOCKETS = int(os.environ.get("BENCH_SOCKETS", "2000"))
PRESSES = int(os.environ.get("BENCH_PRESSES", "50"))
"""In each round; each by somebody else, because a second press of one person joins the first."""
ROUNDS = 2
CALIBRATE_S = 5
PAUSE_S = 0.1
MARKER = "emergency.sos_raised"


@attrs.define(eq=False)
class Side:
    """One of the two servers with its clients and its load."""

    server: Server
    fleet: FleetOf
    path: str
    work: str
    body: str
    without: str
    """What the ordered copy of an alert has and the urgent one has not."""
    buyers: Sequence[str]
    raisers: list[str]
    rate: float = 0.0
    took_ms: list[float] = attrs.field(factory=list)
    loads: list[dict[str, Any]] = attrs.field(factory=list)

    def load(self, seconds: float, rate: float) -> Any:
        """Requests in the background."""
        return begin_load(
            port=self.server.port, path=self.work, body=self.body, tokens=self.buyers,
            seconds=seconds, rate=rate,
        )  # fmt: skip

    def calibrate(self) -> None:
        """Find out what it manages."""
        told = end_load(self.load(CALIBRATE_S, 0))
        self.rate = told["per_second"] / 2
        progress(f"{self.server.name} manages {told['per_second']:.0f}/s: {told}")

    def press(self, count: int) -> None:
        """Press, one after the other, under load."""
        load = self.load(count * (PAUSE_S + 0.1) + 2, self.rate)
        time.sleep(1)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port)
        for _ in range(count):
            self.fleet.arm(MARKER, self.without)
            self.fleet.begin_count(1, lazily=False)
            token = self.raisers.pop()
            began = time.monotonic()
            headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
            connection.request("POST", self.path, json.dumps({}), headers)
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status < 300, said
            self.took_ms.append((self.fleet.end_count(1)["last"] - began) * 1000)
            time.sleep(PAUSE_S)
        connection.close()
        self.loads.append(end_load(load))
        progress(f"{self.server.name}: {self.told()}; load {self.loads[-1]}")

    def told(self) -> str:
        """What all presses took."""
        cuts = statistics.quantiles(self.took_ms, n=100, method="inclusive")
        return f"{cuts[49]:.1f} / {cuts[98]:.1f} / {max(self.took_ms):.1f}"


def _ours(server: NodeServer, fleet: FleetOf) -> Side:
    people = People.of(server.node)
    with people.client(server.node, "patron1") as patron:
        answer = patron.get("/api/inventory/items", params={"venue_id": str(DEMO_VENUE)})
    items = [item for item in answer.raise_for_status().json()["items"] if not item["alcohol"]]
    cheapest = min(items, key=lambda item: item["price_minor"])
    order = {
        "venue_id": str(DEMO_VENUE),
        "lines": [{"item_id": cheapest["item_id"], "qty": 1}],
        "tender": "credits",
    }
    buyers = [people.token(f"patron{n}") for n in range(301, 501)]
    return Side(
        server, fleet, "/api/emergency/sos", "/api/transactions/purchase", json.dumps(order),
        '"seq":', buyers, _raisers(server),
    )  # fmt: skip


def _raisers(server: Server) -> list[str]:
    count = PRESSES * ROUNDS * SOCKETS_PER_USER_MAX
    return list(dict.fromkeys(tokens_for(server.tokens, count, Role.STAFF, first=150)))


def measure() -> dict[str, Any]:
    """All figures, by what they are of."""
    raise_limits()
    with ExitStack() as stack:
        enter = stack.enter_context
        node, peer = enter(whole_node()), enter(socket_io(recovery=False))
        sides = [
            _ours(node, enter(a_fleet())),
            Side(
                peer, enter(a_fleet()), "/sos", "/work", '{"lines": [{"qty": 1}]}', "",
                tokens_for(peer.tokens, 200, Role.PATRON), _raisers(peer),
            ),
        ]  # fmt: skip
        for side in sides:
            tokens = tokens_for(side.server.tokens, SOCKETS, Role.STAFF)
            side.fleet.open(side.server, tokens, STAFF_ROOM)
            side.calibrate()
        for _ in range(ROUNDS):
            for side in sides:
                side.press(PRESSES)
    figures: dict[str, Any] = {"sockets": SOCKETS, "presses each": PRESSES * ROUNDS}
    for side in sides:
        name = side.server.name
        figures[f"{name}: press to the last socket, p50 / p99 / max ms"] = side.told()
        figures[f"{name}: load, requests a second"] = round(side.rate)
        worst = max(load["p99_ms"] for load in side.loads)
        figures[f"{name}: p99 of the load's requests, ms"] = worst
        figures[f"{name}: errors of the load"] = sum(load["errors"] for load in side.loads)
    return figures
