"""The table of steps: each kind by name, with how often it is taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from tests.simulation.night import Night

Step: TypeAlias = Callable[[Night], Awaitable[object]]
STEPS: Final[dict[str, tuple[int, Step]]] = {}


def step(weight: int = 2) -> Callable[[Step], Step]:
    """Put a step into the table, under its function's name."""

    def put(taken: Step) -> Step:
        name = taken.__name__.replace("_", " ")
        assert name not in STEPS, f"{name} is in the table already"
        STEPS[name] = (weight, taken)
        return taken

    return put
