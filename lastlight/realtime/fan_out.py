"""Gives events to many connections without standing in anybody's way.

An event to ten thousand connections takes a tenth of a second. It is given in steps, and every
FAN_OUT_SLICE_S others have their turn. Events are given wholly and in the order they came, so each
room's order is kept; an urgent one goes before all that have not been given yet, and before what is
left of one that is under way. What is short is given at once, by whoever brings it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TypeAlias

import trio

from protocol.limits import FAN_OUT_EVENTS_MAX, FAN_OUT_SLICE_S

Steps: TypeAlias = Iterator[None]
"""An event on its way: each step gives it to a few more connections, and never waits."""


class FanOut:
    """Events on their way, at most FAN_OUT_EVENTS_MAX of them; `run` gives what takes longer."""

    def __init__(self) -> None:
        self._urgent: deque[Steps] = deque()
        self._ordered: deque[Steps] = deque()
        self._runs = False
        self._stepping = False
        self._bell = trio.Event()

    def __len__(self) -> int:
        return len(self._urgent) + len(self._ordered)

    def begin(self, steps: Steps, *, urgent: bool = False) -> None:
        """Give an event, for FAN_OUT_SLICE_S at most; what is left of it `run` gives.

        Over the bound, or where nothing runs, whoever brings it gives it wholly.
        """
        (self._urgent if urgent else self._ordered).append(steps)
        if self._stepping:
            return
        if not self._runs:
            self.finish()
            return
        if len(self) == 1 or (urgent and len(self._urgent) == 1):
            self._give(until=trio.current_time() + FAN_OUT_SLICE_S)
        while len(self) > FAN_OUT_EVENTS_MAX:
            self._give(count=1)
        if len(self):
            self._bell.set()

    def finish(self) -> None:
        """Give all of it, without letting others have their turn."""
        self._give()

    async def run(self) -> None:
        """Give what was begun, until cancelled; then what is brought is given wholly at once."""
        self._runs = True
        try:
            while True:
                self._give(until=trio.current_time() + FAN_OUT_SLICE_S)
                if not len(self):
                    self._bell = trio.Event()
                    await self._bell.wait()
                else:
                    await trio.lowlevel.checkpoint()
        finally:
            self._runs = False
            self.finish()

    def _give(self, *, until: float | None = None, count: int | None = None) -> None:
        self._stepping = True
        try:
            while (queue := self._urgent or self._ordered) and count != 0:
                for _ in queue[0]:
                    if until is not None and trio.current_time() >= until:
                        return
                queue.popleft()
                count = None if count is None else count - 1
                if until is not None and trio.current_time() >= until:
                    return
        finally:
            self._stepping = False
