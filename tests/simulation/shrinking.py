"""Makes a night that fails as short as it can be: moves are left out while it fails alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from tests.simulation.plan import Plan

SHRINK_S: Final = 120.0


def shrink(
    plan: Plan, fails: Callable[[Plan], bool], *, seconds: float = SHRINK_S
) -> tuple[int, ...]:
    """The numbers of moves that it takes; none can be left out alone, if there was time to see.

    Halves, then quarters and so on are left out, and what is not needed stays out.
    """
    kept = list(range(len(plan.moves)))
    until = time.monotonic() + seconds
    size = max(1, len(kept) // 2)
    while kept and time.monotonic() < until:
        at, smaller = 0, False
        while at < len(kept) and time.monotonic() < until:
            without = kept[:at] + kept[at + size :]
            if fails(plan.only(without)):
                kept, smaller = without, True
            else:
                at += size
        if size == 1 and not smaller:
            break
        size = max(1, size // 2)
    return tuple(kept)
