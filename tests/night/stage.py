"""Plays a trio run piece by piece for tests that are not async, such as Hypothesis's machines.

Between two pieces the run stands still, and so does its clock: nothing happens that was not asked
for. With the same seed, tasks take their turns in the same order every time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from queue import SimpleQueue
from typing import Any, TypeVar

import attrs
import outcome
import trio
from trio.testing import MockClock

T = TypeVar("T")
_TURN_S = 60.0
"""Far longer than the longest turn; then something has stopped for good."""


@attrs.define(eq=False)
class Stage:
    """One run. What a piece enters into `kept` stays open for those after it."""

    seed: int = 0
    kept: AsyncExitStack = attrs.field(factory=AsyncExitStack)
    broken: bool = False
    """Whether a piece failed."""
    _turns: SimpleQueue[Callable[[], object]] = attrs.field(factory=SimpleQueue)
    _asked: Callable[[], Awaitable[Any]] | None = None
    _heard: outcome.Outcome[Any] | None = None
    _ended: outcome.Outcome[None] | None = None
    _leaving: bool = False

    def __attrs_post_init__(self) -> None:
        trio._core._run._r.seed(self.seed)
        trio.lowlevel.start_guest_run(
            self._main,
            run_sync_soon_threadsafe=self._turns.put,
            done_callback=self._done,
            host_uses_signal_set_wakeup_fd=True,
            clock=MockClock(autojump_threshold=0),
        )

    def play(self, piece: Callable[[], Awaitable[T]]) -> T:
        """Do this within the run, to its end; raises what it raises, or what ended the run."""
        self._asked = piece
        while (heard := self._heard) is None:
            self._turn()
        self._heard = None
        self.broken |= isinstance(heard, outcome.Error)
        value: T = heard.unwrap()
        return value

    def close(self) -> None:
        """Leave everything that is kept, and end the run."""
        self._leaving = True
        while self._ended is None:
            self._turns.get(timeout=_TURN_S)()
        self._ended.unwrap()

    def _turn(self) -> None:
        if self._ended is not None:
            self.broken = True
            self._ended.unwrap()
            raise RuntimeError("the run is over")
        self._turns.get(timeout=_TURN_S)()

    async def _main(self) -> None:
        async with self.kept:
            while not self._leaving:
                # Never waits: nothing is left to do between two pieces, so time would jump.
                await trio.lowlevel.checkpoint()
                piece, self._asked = self._asked, None
                if piece is None:
                    continue
                heard = await outcome.acapture(piece)
                if isinstance(heard, outcome.Error) and isinstance(heard.error, trio.Cancelled):
                    heard.unwrap()  # Something that is kept has failed, and its error follows.
                self._heard = heard

    def _done(self, ended: outcome.Outcome[None]) -> None:
        self._ended = ended
