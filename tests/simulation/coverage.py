"""What a run of nights has met: a fault or an operation that never occurred shows nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from protocol.operations.table import OPERATIONS
from tests.simulation.faults import FAULTS, FOLLOW
from tests.simulation.nights import Told

ENOUGH: Final = 300
"""From so many nights on all must have occurred."""


class Coverage:
    """Counts over all nights of a run."""

    def __init__(self) -> None:
        self.nights = self.steps = 0
        self.cpu_s = 0.0
        self.faults: Counter[str] = Counter()
        self.operations: Counter[str] = Counter()

    def add(self, told: Told) -> None:
        """Count a night."""
        self.nights += 1
        self.steps += told.steps
        self.cpu_s += told.cpu_s
        self.faults += told.faults
        self.operations += told.operations

    def missing(self) -> list[str]:
        """Faults and operations that never occurred."""
        faults = [name for name in (*FAULTS, *FOLLOW) if not self.faults[name]]
        operations = [row.name for row in OPERATIONS if not self.operations[row.name]]
        return [*faults, *operations]

    def table(self) -> str:
        """All of it, in columns."""
        faults = _columns((name, self.faults[name]) for name in (*FAULTS, *FOLLOW))
        names = sorted(row.name for row in OPERATIONS)
        operations = _columns((name, self.operations[name]) for name in names)
        nights = max(1, self.nights)
        return (
            f"{self.nights} nights · {self.steps / nights:.0f} steps and "
            f"{self.faults.total() / nights:.0f} faults a night · "
            f"{self.cpu_s / nights:.2f} s of one core a night\n\nfaults\n{faults}\n"
            f"\noperations answered\n{operations}"
        )


def _columns(cells: Iterable[tuple[str, int]]) -> str:
    texts = [f"{count:>7} {name:<28}" for name, count in cells]
    return "\n".join("".join(texts[at : at + 3]).rstrip() for at in range(0, len(texts), 3))
