"""Keeps the process from standing still, and measures every stop that happens.

A collection walks what lives, and here a hundred thousand actors do. So it is done often, of a few
thousand new objects, and after every few what outlived them is moved out of the collector's sight
(`gc.freeze`): a collection never takes longer than its few thousand objects, however much lives.
Cyclic garbage that is frozen is never freed: that is what was in use at such a moment, and became a
cycle later.

The journal's thread asks for the interpreter several times a commit, and each time the loop may
keep it for the switch interval. With Python's own 5 ms a commit of 1 ms took 20 to 50 at worst.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

import trio

from lastlight.metrics import Metrics
from protocol.limits import LOOP_STOP_S

THRESHOLDS: Final = (2_000, 3, 1_000)
"""Allocations before the youngest generation is collected, and so on for the older two."""
SWITCH_INTERVAL_S: Final = 0.0005
_SECOND: Final = 1
"""The generation of what outlived one collection."""
_LOOK_EVERY_S: Final = 0.02


def freeze() -> None:
    """Take everything that lives now out of the collector's sight, after a full collection.

    Stops the process for as long as that takes; to be called before the door opens.
    """
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def open_tamed_process() -> AsyncIterator[None]:
    """Collector and threads as a node wants them while open; afterwards they are as they were."""
    thresholds, interval_s = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(*THRESHOLDS)
    gc.callbacks.append(_freeze_survivors)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(interval_s)
        gc.callbacks.remove(_freeze_survivors)
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _freeze_survivors(phase: str, info: Mapping[str, int]) -> None:
    if phase == "stop" and info["generation"] == _SECOND:
        gc.freeze()


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
