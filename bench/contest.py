"""Our node and its peers in one run, with the same town, in turn: A B C A B C.

All of them run all the time; one is under load at a time, and the next begins when the store of the
one before has caught up. Each is tried with single requests first, and audited after every load.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

import attrs

from bench.audit import Auditor
from bench.kit import progress
from bench.load import Told, at_a_rate, closed, everybody
from bench.node_peer import NodePeer
from bench.peer import Peer
from bench.plans import Call, Plan, check_ins, interleaved, own_sessions, purchases
from bench.scale import Scale
from bench.stored import demand_durable
from bench.town import Town

HOT: Final = 1
"""The venue in which everybody meets."""
_RATE_GUESSED: Final = 400.0
_SUSTAINED_SETTLE_S: Final = 240.0


@attrs.define(eq=False)
class Party:
    """One server in the contest."""

    peer: Peer
    town: Town
    scale: Scale
    sessions: dict[int, str] = attrs.field(factory=dict)
    """Open visits of those who buy, by patron; each at home."""
    hot: dict[int, str] = attrs.field(factory=dict)
    """Open visits of as many, all in one venue."""
    rates: dict[str, float] = attrs.field(factory=dict)
    """The best of each kind of load so far, by which the next one's share is guessed."""
    purchases: list[float] = attrs.field(factory=list)
    """Purchases a second of each measured round, none of them a warm-up; see `half_of_most`."""
    _fresh: int = 1

    @property
    def name(self) -> str:
        """The server's."""
        return self.peer.name

    @property
    def auditor(self) -> Auditor:
        """Who holds it to its word."""
        return Auditor(self.peer, self.town)

    def prepare(self) -> None:
        """Try everything once, then let those in who will buy."""
        self.auditor.probe(*self.take(2))
        self.sessions = self.let_in(self.scale.buyers)

    def take(self, count: int) -> Sequence[int]:
        """So many patrons who have not been in, or fewer if the town has no more.

        Raises:
            RuntimeError: everybody has been in.
        """
        if self._fresh > self.town.patrons:
            raise RuntimeError(f"all {self.town.patrons} patrons have been in; ask less at once")
        taken = range(self._fresh, min(self._fresh + count, self.town.patrons + 1))
        self._fresh = taken.stop
        return taken

    def let_in(self, count: int, venue_n: int | None = None) -> dict[int, str]:
        """Let fresh patrons in, unmeasured; returns their visits."""
        patrons = self.take(count)
        told = everybody(self.peer.base_url, check_ins(self.town, patrons, venue_n=venue_n))
        visits = [json.loads(text) for _, text in told.samples]
        numbers = {str(self.town.patron_id(n)): n for n in patrons}
        return {numbers[visit["user_id"]]: str(visit["session_id"]) for visit in visits}

    def make_resident(self, patrons: Sequence[int]) -> None:
        """Let our node load accounts, as an app does that is opened in the queue outside."""
        if not isinstance(self.peer, NodePeer) or not patrons:
            return
        looks = [
            Call(method="GET", path="/api/transactions/credits", token=self.town.token(n))
            for n in patrons
        ]
        everybody(self.peer.base_url, Plan(calls=looks))

    def check_in_burst(self, seconds: float, *, resident: bool) -> Told:
        """Check-ins of patrons who were not in, each at home."""
        rate = self.rates.get("check_in", _RATE_GUESSED)
        first = self._fresh
        patrons = self.take(int(rate * seconds * 1.5) + 200)
        if resident:
            self.make_resident(patrons)
        told = self._audited(lambda: closed(self._url, self._arrivals(patrons), seconds=seconds))
        # wrk's threads do not go through their halves of the plan equally fast.
        self._fresh = min(self._fresh, first + told.sent * 2 + 100)
        self._note("check_in", told)
        return told

    def purchase_burst(self, seconds: float, *, hot: bool = False) -> Told:
        """Purchases of those who are in, each with a fresh key."""
        plan = self.purchase_plan(hot=hot)
        told = self._audited(lambda: closed(self._url, plan, seconds=seconds))
        self._note("purchase", told)
        return told

    def measure_purchases(self, seconds: float) -> Told:
        """A burst of purchases that counts for this server's maximum."""
        told = self.purchase_burst(seconds)
        self.purchases.append(told.per_second)
        return told

    def half_of_most(self) -> float:
        """Half of the maximum in purchases a second, which is the median of measured rounds.

        Raises:
            StatisticsError: none was measured.
        """
        return median(self.purchases) / 2

    def purchase_plan(self, *, hot: bool = False) -> Plan:
        """Purchases of those who are in at home, or all in one venue."""
        if hot:
            return purchases(self.town, self.hot, venue_n=HOT)
        return purchases(self.town, self.sessions)

    def read_burst(self, seconds: float) -> Told:
        """Reads of the own session."""
        plan = own_sessions(self.town, self.sessions)
        return self._audited(lambda: closed(self._url, plan, seconds=seconds))

    def purchases_at(self, rate: float, seconds: float) -> Told:
        """Purchases, so many a second."""
        plan = self.purchase_plan()
        return self._audited(lambda: at_a_rate(self._url, plan, rate=rate, seconds=seconds))

    def sustained(self) -> tuple[float, float, float]:
        """Check-ins and purchases by halves for long; answers a second, worst p99, lag at the end.

        Raises:
            Dishonest: see `Auditor.after`.
        """
        before = self.auditor.before()
        chunks: list[Told] = []
        took, lag_s = 0.0, 0.0
        while took < self.scale.sustained_s - 1:
            rate = self.rates.get("check_in", _RATE_GUESSED)
            first = self._fresh
            patrons = self.take(int(rate * self.scale.chunk_s * 0.75) + 100)
            arrivals = attrs.evolve(self._arrivals(patrons), once=True)
            plan = interleaved(arrivals, self.purchase_plan(), once=True)
            told = closed(self._url, plan, seconds=self.scale.chunk_s)
            # Half of it came in, and wrk's threads do not go through their shares equally fast.
            self._fresh = min(self._fresh, first + told.sent + 100)
            chunks.append(told)
            took += told.seconds
            # Rows are counted at the end: the store is not waited for between chunks.
            lag_s = self.peer.lag_s() if isinstance(self.peer, NodePeer) else 0.0
            progress(f"{self.name}: {told.per_second:.0f}/s, {lag_s:.1f} s behind")
            self.auditor.demand_good(told)
        self.auditor.after(before, *chunks, settle_s=_SUSTAINED_SETTLE_S)
        good = sum(told.good for told in chunks)
        return good / took, max(told.at(99) for told in chunks), lag_s

    @property
    def _url(self) -> str:
        return self.peer.base_url

    def _arrivals(self, patrons: Sequence[int]) -> Plan:
        return check_ins(self.town, patrons)

    def _audited(self, load: Callable[[], Told]) -> Told:
        before = self.auditor.before()
        told = load()
        visits = {*self.sessions.values(), *self.hot.values()}
        self.auditor.after(before, told, sessions=visits)
        client = f"client {told.cpu:.2f} of a core"
        progress(f"{self.name}: {told.per_second:.0f}/s, p99 {told.at(99):.1f} ms, {client}")
        return told

    def _note(self, kind: str, told: Told) -> None:
        self.rates[kind] = max(self.rates.get(kind, 0.0), told.per_second)


@attrs.frozen
class Contest:
    """All parties, ours first."""

    parties: Sequence[Party]

    @property
    def ours(self) -> Party:
        """Our node."""
        return self.parties[0]

    def turns(
        self, rounds: int, load: Callable[[Party], Told], *, of: Sequence[Party] | None = None
    ) -> Mapping[str, list[Told]]:
        """Each party's rounds, by name: A B C A B C."""
        parties = self.parties if of is None else of
        told: dict[str, list[Told]] = {party.name: [] for party in parties}
        for number in range(rounds):
            progress(f"round {number + 1} of {rounds}")
            for party in parties:
                told[party.name].append(load(party))
        return told


@contextmanager
def open_contest(peers: Sequence[Peer], scale: Scale) -> Iterator[Contest]:
    """Start all of them with one town, and try them.

    Raises:
        Dishonest: one of them does not do what it answers.
        NotDurable: one of them forgets at a crash.
    """
    town = Town(venues=scale.venues, patrons=scale.patrons)
    folder = Path(tempfile.mkdtemp(prefix="lastlight-bench-"))
    folder.chmod(0o711)
    started: list[Peer] = []
    try:
        parties = []
        for number, peer in enumerate(peers):
            progress(f"{peer.name} is made, with {town.patrons} patrons in {town.venues} venues")
            data_dir = folder / str(number)
            data_dir.mkdir()
            data_dir.chmod(0o711)
            started.append(peer)
            peer.start(data_dir, town)
            url = getattr(peer, "database_url", None)
            if url is not None and not isinstance(peer, NodePeer):
                demand_durable(url)
            parties.append(Party(peer, town, scale))
        for party in parties:
            party.prepare()
        yield Contest(parties)
    finally:
        for peer in started:
            peer.stop()
        shutil.rmtree(folder, ignore_errors=True)
