"""A disk that remembers what it held: the oracle reads entries that the journal let go of."""

from __future__ import annotations

import bisect

import attrs

from tests.twins.journal import MemoryDisk


@attrs.define(kw_only=True)
class KeepingDisk(MemoryDisk):
    """`history` has each entry that was ever durable, in order."""

    history: list[bytes] = attrs.field(factory=list)
    taken_n: int = 0

    def remember(self) -> None:
        """Take down what was written since the last time."""
        first = bisect.bisect_right(self.entries, self.taken_n, key=lambda kept: kept.n)
        for kept in self.entries[first:]:
            self.history.append(kept.data)
            self.taken_n = kept.n

    def settle(self) -> None:
        """Take down what turns out to be written before any of it is let go."""
        MemoryDisk.settle(self)
        self.remember()

    def known(self) -> list[bytes]:
        """What was ever written of entries, oldest first."""
        self.remember()
        return self.history
