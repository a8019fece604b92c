"""Our node as one of those that are measured: run as its users run it, rate limits off.

Its PostgreSQL is the embedded one, fsync on. The town's venues and first patron are in the journal
before the first start; the others are put into the database.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

import attrs
import httpx
import trio

from bench.database import database_url
from bench.kit import BenchNode, free_port
from bench.peer import Stored
from bench.stored import stored_in
from bench.town import Town
from bench.town_sql import grow
from lastlight.clocks import SystemClock
from lastlight.places import Places, make_places
from protocol.entries import encode_entry
from protocol.journal import Urgency
from storage.journal.opening import open_journal

_METRIC = re.compile(r"^(lastlight_\w+)(?:\{[^}]*\})? ([-+.e\d]+|NaN)$", re.MULTILINE)
_STOPS = re.compile(r'^lastlight_loop_stop_seconds_bucket\{le="([^"]+)"\} (\S+)$', re.MULTILINE)
_POLL_S = 0.05


@attrs.define(eq=False)
class NodePeer:
    """One node; see `Peer`."""

    name: str = "Last Light"
    _node: BenchNode | None = None
    _places: Places | None = None

    @property
    def node(self) -> BenchNode:
        """The node that was started."""
        assert self._node is not None, "it was never started"
        return self._node

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return self.node.url

    @property
    def pids(self) -> Sequence[int]:
        """The node's process."""
        process = self.node.process
        return () if process is None or process.poll() is not None else (process.pid,)

    @property
    def database_url(self) -> str:
        """Where its PostgreSQL listens."""
        assert self._places is not None, "it was never started"
        return database_url(self._places.postgres)

    def start(self, data_dir: Path, town: Town) -> None:
        """Found the town if `data_dir` is empty, and serve it."""
        known = self._node is not None and self._node.data_dir == data_dir
        self._places = make_places(data_dir)
        if not known:
            _write_private(self._places.signing_keys, town.keys.pem())
            _write_private(self._places.code_secret, town.door_secret)
            trio.run(_found, self._places.journal, town)
            self._node = BenchNode(data_dir, free_port(), False, free_port())
        self.node.start()
        if not known:
            self.settle(60)
            grow(self.database_url, town, 2, town.patrons)

    def stop(self) -> None:
        """End it gracefully."""
        if self._node is not None:
            self._node.stop()

    def metrics(self) -> dict[str, float]:
        """What the node measures, by name; of those with labels the sum."""
        found: dict[str, float] = {}
        for name, value in _METRIC.findall(self._exposition()):
            found[name] = found.get(name, 0.0) + float(value)
        return found

    def _exposition(self) -> str:
        url = f"http://127.0.0.1:{self.node.metrics_port}/metrics"
        return httpx.get(url, timeout=30).raise_for_status().text

    def stops(self) -> dict[float, int]:
        """How often the loop has stood still so far, by the bound in seconds that it was within."""
        below, found = 0, {}
        for bound, count in _STOPS.findall(self._exposition()):
            found[float(bound)], below = int(float(count)) - below, int(float(count))
        return found

    def lag_s(self) -> float:
        """The age of the oldest durable entry that is not in PostgreSQL."""
        return self.metrics()["lastlight_flush_lag_seconds"]

    def settle(self, within_s: float) -> float:
        """Wait until the write-behind has caught up with the journal."""
        began, lag_s = time.monotonic(), self.lag_s()
        while self.lag_s() > 0:
            if time.monotonic() - began > within_s:
                raise TimeoutError(f"the flush is {self.lag_s():.1f} s behind after {within_s} s")
            time.sleep(_POLL_S)
        return lag_s

    def stored(self) -> Stored:
        """What is in its PostgreSQL."""
        return stored_in(self.database_url)


def _write_private(path: Path, content: bytes) -> None:
    path.touch(0o600)
    path.write_bytes(content)


async def _found(directory: Path, town: Town) -> None:
    """Write venues and the first patron into the journal of a node that has not begun."""
    first = attrs.evolve(town, patrons=1)
    async with open_journal(directory, clock=SystemClock()) as journal:
        position = journal.last
        for entry in first.entries(SystemClock().now()):
            position = journal.append_nowait(encode_entry(entry), urgency=Urgency.COMMAND)
        await journal.wait_durable(position)
