"""How far the flush is, who waits for it, and for how long something durable has waited.

The same whether the flush runs in this process or in one of its own: it is told what became of
each batch, and looks at the journal by itself, so that the lag grows while nobody flushes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, Protocol
from uuid import UUID

import trio

from protocol.addresses import Address, Position
from protocol.flush_limits import FLUSH_MARK_S, FLUSH_MARKS_MAX

__all__ = ["Durable", "Standing"]


class Durable(Protocol):
    """A journal as far as it is looked at here."""

    @property
    def journal_id(self) -> UUID: ...
    @property
    def durable(self) -> Position: ...


class Standing:
    """What is known of the flush; `flushed` never goes back."""

    def __init__(self, journal: Durable) -> None:
        self._looked_at: Final = journal
        self._flushed = Position(journal.journal_id, 0)
        self._claimed = False
        self._moved = trio.Event()
        self._marks: deque[tuple[int, float]] = deque()
        """How far the journal was durable when; of what is not flushed, oldest first."""
        self._moved_at = float("-inf")
        self._refused: set[str] = set()
        self._away = False
        self.refused_rows = 0
        self.flushes = 0
        self.last_flush_s = 0.0

    @property
    def flushed(self) -> Position:
        """The last entry that is in the database."""
        return self._flushed

    @property
    def away(self) -> bool:
        """Whether the database did not answer when last asked."""
        return self._away

    @property
    def claimed(self) -> bool:
        """Whether the database has said how far it is."""
        return self._claimed

    @property
    def lag_s(self) -> float:
        """For how long something durable has waited to be flushed, within FLUSH_MARK_S."""
        self.look()
        return trio.current_time() - self._marks[0][1] if self._marks else 0.0

    @property
    def still_s(self) -> float:
        """For how long it got no further; without end if it never did."""
        return trio.current_time() - self._moved_at

    @property
    def refused_actors(self) -> frozenset[str]:
        """Addresses of actors of which rows were refused."""
        return frozenset(self._refused)

    def keeps(self, address: Address) -> bool:
        """Whether rows of this actor were refused: then what it holds is nowhere else."""
        return str(address) in self._refused

    async def wait_flushed(self, position: Position) -> None:
        """Wait until the database holds everything up to `position`."""
        while not self._claimed or self._flushed < position:
            await self._moved.wait()

    def see(self, *, away: bool) -> None:
        """The database answered, or did not."""
        self._away = away

    def look(self) -> None:
        """Note how far the journal is durable by now."""
        durable, now = self._looked_at.durable.n, trio.current_time()
        last_n, last_at = self._marks[-1] if self._marks else (self._flushed.n, float("-inf"))
        if durable <= last_n or now - last_at < FLUSH_MARK_S:
            return
        self._marks.append((durable, now))
        if len(self._marks) > FLUSH_MARKS_MAX:
            self._thin_out()

    def advance(self, position: Position) -> None:
        """The database holds everything up to here."""
        self._flushed = position
        self._claimed = True
        self._moved_at = trio.current_time()
        while self._marks and self._marks[0][0] <= position.n:
            self._marks.popleft()
        self.look()
        moved, self._moved = self._moved, trio.Event()
        moved.set()

    def _thin_out(self) -> None:
        """Of each two marks keep one, as if all of both had waited since the first."""
        marks = list(self._marks)
        pairs = zip(marks[::2], marks[1::2], strict=False)
        merged = [(later_n, earlier_at) for (_, earlier_at), (later_n, _) in pairs]
        self._marks = deque(merged + marks[len(merged) * 2 :])

    def refused(self, actors: Iterable[str]) -> None:
        """Rows of these actors were refused."""
        self._refused |= set(actors)
