"""Half of the maximum is half of what a server was measured at, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest

from bench.contest import Contest, Party
from bench.load import Told
from bench.questions import half_load, hot_venue, purchase
from bench.scale import Scale
from bench.suite import Suite
from bench.town import Town
from tests.bench.liars import TinyPeer

SCALE = Scale(rounds=3)
WARM_UP_RATE = 900


def told(rate: float) -> Told:
    """A second of so many answers, each a millisecond later the more there were."""
    return Told(
        sent=int(rate), sent_writes=int(rate), seconds=1, broken=0, statuses={201: int(rate)},
        curve=[(50, 1), (99, rate / 100)], samples=[], cpu=0, at_a_rate=rate,
    )  # fmt: skip


@attrs.define(eq=False)
class Scripted(Party):
    """A party whose warm-ups are fast, and whose rounds are as a test says."""

    rounds: Iterator[float] = attrs.field(kw_only=True)
    asked_at: list[float] = attrs.field(factory=list, kw_only=True)

    def let_in(self, count: int, venue_n: int | None = None) -> dict[int, str]:
        """Nobody has to be there."""
        return {}

    def purchase_burst(self, seconds: float, *, hot: bool = False) -> Told:
        """What comes next, or more than ever in a warm-up and in one venue."""
        rate = WARM_UP_RATE if hot or seconds == SCALE.warm_s else next(self.rounds)
        one = told(rate)
        self._note("purchase", one)
        return one

    def purchases_at(self, rate: float, seconds: float) -> Told:
        """Keeps what it was asked for."""
        self.asked_at.append(rate)
        return told(rate)


@pytest.fixture
def parties() -> list[Scripted]:
    """Two, one of them half as fast; both have a round that is far off."""
    rates = ((100, 120, 500, 130, 140, 150), (50, 60, 250, 65, 70, 75))
    return [
        Scripted(TinyPeer(name=name), Town(), SCALE, rounds=iter(each))
        for name, each in zip(("A", "B"), rates, strict=True)
    ]


def test_a_server_is_asked_for_half_of_the_median_of_its_rounds(
    parties: list[Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best burst, warm-up and all, was up to 63 % of what the table says is the maximum."""
    monkeypatch.setattr(purchase, "constant_rate", lambda seconds: 1_000.0)
    monkeypatch.setattr(purchase, "pgbench_rate", lambda contest, seconds: 1_000.0)
    suite = Suite(SCALE, list)
    suite._contest = Contest(parties)
    table = purchase.answer(suite)
    hot_venue.answer(suite)
    half_load.answer(suite)
    assert [row.figure for row in table.rows[:2]] == [120, 60]
    assert [party.asked_at for party in parties] == [[60, 60], [30, 30]]


def test_asked_alone_it_measures_the_maximum_first(parties: list[Scripted]) -> None:
    """Of all servers alike: as many rounds, none of them the first after a start."""
    suite = Suite(SCALE, list)
    suite._contest = Contest(parties)
    answer = half_load.answer(suite)
    assert [party.asked_at for party in parties] == [[60, 60], [30, 30]]
    rates = [row.figure for row in answer.rows if row.what.startswith("requests a second")]
    assert rates == [60, 30]
