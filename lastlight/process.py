"""Keeps the process from standing still: the collector tamed, and every stop that happens measured.

A full collection walks everything that lives, and here a hundred thousand actors do. So what lives
is moved out of its sight (`gc.freeze`) after the start and again whenever many more have come, and
the young are collected less often. Cyclic garbage that is frozen is never freed, so it is collected
first: wholly at the start, where nobody waits yet, and from the younger generations later on.
"""

from __future__ import annotations

import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import trio

from lastlight.metrics import Metrics
from protocol.limits import FREEZE_ACTIVATIONS, LOOP_STOP_S

THRESHOLDS: Final = (50_000, 50, 1_000)
"""Allocations before the youngest generation is collected, and so on for the older two."""
_YOUNGER: Final = 1
_LOOK_EVERY_S: Final = 0.02


class Collector:
    """The garbage collector of this process while `open_tamed_collector` is open."""

    def __init__(self, freeze_every: int) -> None:
        self._freeze_every = freeze_every
        self._activations = 0

    def freeze(self) -> None:
        """Take everything that lives now out of the collector's sight, after a full collection.

        Stops the process for as long as that takes; to be called before the door opens.
        """
        gc.collect()
        gc.freeze()
        self._activations = 0

    def activated(self) -> None:
        """Count one activated actor; freezes again after every few thousand."""
        self._activations += 1
        if self._activations >= self._freeze_every:
            self._activations = 0
            gc.collect(_YOUNGER)
            gc.freeze()

    def statistics(self) -> dict[str, int]:
        """Objects out of sight, and activations since the last freeze."""
        return {"frozen": gc.get_freeze_count(), "activations": self._activations}


@asynccontextmanager
async def open_tamed_collector(
    *, freeze_every: int = FREEZE_ACTIVATIONS
) -> AsyncIterator[Collector]:
    """Raise the collector's thresholds while open; afterwards it is as it was."""
    before = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield Collector(freeze_every)
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def watch_loop(metrics: Metrics, *, clock: Callable[[], float] = time.perf_counter) -> None:
    """Measure each time the loop stands still for longer than LOOP_STOP_S, until cancelled.

    Wakes up fifty times a second; what it is late by is what every request waited as well.
    """
    while True:
        began_s = clock()
        await trio.sleep(_LOOK_EVERY_S)
        late_s = clock() - began_s - _LOOK_EVERY_S
        if late_s > LOOP_STOP_S:
            metrics.loop_stops.observe(late_s)
