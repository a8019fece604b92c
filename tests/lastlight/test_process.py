"""The collector and the loop's stops, with a clock that is told what to say."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import trio
from trio.testing import MockClock

from lastlight.metrics import Metrics
from lastlight.process import THRESHOLDS, open_tamed_collector, watch_loop


class Knot:
    """Garbage that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


async def test_the_collector_is_tamed_while_open_and_as_before_afterwards() -> None:
    """Whoever embeds a node keeps the collector they had."""
    before = gc.get_threshold()
    async with open_tamed_collector() as collector:
        assert gc.get_threshold() == THRESHOLDS
        collector.freeze()
        assert collector.statistics()["frozen"] > 0
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


async def test_after_enough_activations_what_lives_is_frozen_again() -> None:
    """Each wave of actors would else be walked by every full collection from then on."""
    async with open_tamed_collector(freeze_every=3) as collector:
        collector.freeze()
        frozen = collector.statistics()["frozen"]
        actors = [Knot() for _ in range(1000)]
        for activation in (1, 2):
            collector.activated()
            assert collector.statistics() == {"frozen": frozen, "activations": activation}
        collector.activated()
        assert collector.statistics()["frozen"] >= frozen + len(actors)
        assert collector.statistics()["activations"] == 0


async def test_garbage_is_not_frozen() -> None:
    """What is frozen is never freed: a node would grow by every cycle it ever dropped."""
    async with open_tamed_collector(freeze_every=1) as collector:
        for freeze in (collector.freeze, collector.activated):
            knot = weakref.ref(Knot())
            assert knot() is not None
            freeze()
            assert knot() is None


async def test_only_stops_are_measured(autojump_clock: MockClock) -> None:
    """20 ms asleep are no stop, nor is a little lateness; 50 ms more are, and by how much."""

    def times() -> Iterator[float]:
        for began_s, slept_s in ((0.0, 0.02), (1.0, 0.06), (2.0, 0.27)):
            yield began_s
            yield began_s + slept_s
        while True:
            yield 9.0

    said = times()
    metrics = Metrics()
    with trio.move_on_after(1):
        await watch_loop(metrics, clock=lambda: next(said))
    measured = metrics.registry.get_sample_value
    assert measured("lastlight_loop_stop_seconds_count") == 1
    assert abs((measured("lastlight_loop_stop_seconds_sum") or 0) - 0.25) < 1e-9
