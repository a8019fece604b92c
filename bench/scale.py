"""How long and how large: one full run fits into 15 minutes with everything that it starts."""

from __future__ import annotations

from typing import Final

import attrs

RUN_S_MAX: Final = 850.0
"""No question is begun that would end later; `make bench` has its environment to make, too."""


@attrs.frozen(kw_only=True)
class Scale:
    """Of a full run. Figures of a smaller one say only that the suite works."""

    rounds: int = 2
    warm_s: float = 2
    burst_s: float = 10
    read_s: float = 5
    sustained_s: float = 60
    chunk_s: float = 20
    """A sustained load is ordered in chunks, because the codes at doors end."""
    rate_s: float = 8
    venues: int = 20
    patrons: int = 40_000
    buyers: int = 512
    entries: int = 100_000
    accounts: tuple[int, ...] = (1_000, 10_000, 100_000)
    venue_counts: tuple[int, ...] = (1, 10, 100, 1_000)
    sockets: int = 2_000

    def smaller(self, factor: float) -> Scale:
        """A smoke run, so many times smaller; its times too, where they can be.

        Raises:
            ValueError: it would be larger.
        """
        if factor < 1:
            raise ValueError(f"a smoke run is smaller, not {factor} times")

        def less(count: int, least: int) -> int:
            return max(least, round(count / factor))

        return attrs.evolve(
            self,
            rounds=2,
            warm_s=1,
            burst_s=max(2, self.burst_s / factor),
            read_s=max(2, self.read_s / factor),
            sustained_s=max(6, self.sustained_s / factor),
            chunk_s=max(3, self.chunk_s / factor),
            rate_s=max(3, self.rate_s / factor),
            # A burst lasts two seconds at least, and a fast peer lets 2,000 in meanwhile.
            patrons=less(self.patrons, 10_000),
            buyers=less(self.buyers, 128),
            entries=less(self.entries, 1_000),
            accounts=tuple(less(count, 100) for count in self.accounts),
            venue_counts=tuple(sorted({less(count, 1) for count in self.venue_counts})),
            sockets=less(self.sockets, 100),
        )
