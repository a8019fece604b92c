"""The collector, threads and the loop's stops, with a clock that is told what to say."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator

import pytest
import trio
from trio.testing import MockClock

from lastlight.metrics import Metrics
from lastlight.process import (
    SWITCH_INTERVAL_S,
    THRESHOLDS,
    freeze,
    open_tamed_process,
    watch_loop,
)


class Knot:
    """Garbage that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


async def test_the_process_is_tamed_while_open_and_as_before_afterwards() -> None:
    """Whoever embeds a node keeps the collector that they had."""
    before = gc.get_threshold(), sys.getswitchinterval(), list(gc.callbacks)
    async with open_tamed_process():
        assert gc.get_threshold() == THRESHOLDS
        assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL_S)
        freeze()
        assert gc.get_freeze_count() > 0
    assert (gc.get_threshold(), sys.getswitchinterval(), list(gc.callbacks)) == before
    assert gc.get_freeze_count() == 0


async def test_what_outlives_two_collections_is_walked_by_no_later_one() -> None:
    """Else each later collection would stop the node for longer."""
    async with open_tamed_process():
        gc.disable()
        try:
            freeze()
            frozen = gc.get_freeze_count()
            actors = [Knot() for _ in range(1000)]
            gc.collect(0)
            assert gc.get_freeze_count() == frozen
            gc.collect(1)
            assert gc.get_freeze_count() >= frozen + len(actors)
        finally:
            gc.enable()


@pytest.mark.parametrize("generation", [0, 1])
async def test_garbage_is_not_frozen(generation: int) -> None:
    """What is frozen is never freed: a node would grow by every cycle it ever dropped."""
    async with open_tamed_process():
        for collect in (freeze, lambda: gc.collect(generation)):
            knot = weakref.ref(Knot())
            collect()
            assert knot() is None


async def test_collections_stay_small_however_much_lives() -> None:
    """As many as thresholds say, each of what is new."""
    walked: list[int] = []

    def count(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            walked.append(sum(len(gc.get_objects(n)) for n in range(info["generation"] + 1)))

    async with open_tamed_process():
        freeze()
        gc.callbacks.append(count)
        try:
            kept = [Knot() for _ in range(100_000)]
        finally:
            gc.callbacks.remove(count)
    assert len(kept) == 100_000
    assert len(walked) > 10
    assert max(walked) < 10 * THRESHOLDS[0]


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
