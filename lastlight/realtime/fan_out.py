"""Gives events to many connections without standing in anybody's way.

An event to ten thousand connections takes a tenth of a second. It is given in steps, and every
FAN_OUT_SLICE_S others have their turn. Each room's events are given in the order they came; those
that wait together go out together, FAN_OUT_TOGETHER at most, and rooms take turns. An urgent one
goes before all that have not been given yet, and before what is left of those under way. What is
short is given at once, by whoever brings it.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeAlias, TypeVar

import trio

from protocol.limits import FAN_OUT_EVENTS_MAX, FAN_OUT_SLICE_S, FAN_OUT_TOGETHER

Steps: TypeAlias = Iterator[None]
"""Events on their way: each step gives them to a few more connections, and never waits."""
Piece = TypeVar("Piece")


class FanOut(Generic[Piece]):
    """What is on its way to rooms, at most FAN_OUT_EVENTS_MAX; `run` gives what takes longer."""

    def __init__(self, giving: Callable[[str, Sequence[Piece]], Steps]) -> None:
        """`giving` makes the steps that give a room some pieces, in order."""
        self._giving = giving
        self._urgent: deque[Steps] = deque()
        self._under_way: Steps | None = None
        self._rooms: OrderedDict[str, deque[Piece]] = OrderedDict()
        self._waiting = 0
        self._runs = False
        self._stepping = False
        self._bell = trio.Event()

    def __len__(self) -> int:
        return len(self._urgent) + (self._under_way is not None) + self._waiting

    def add(self, room: str, piece: Piece) -> None:
        """Put something in line for a room; `go` is to be called then."""
        self._rooms.setdefault(room, deque()).append(piece)
        self._waiting += 1

    def go(self) -> None:
        """Give what was added, for FAN_OUT_SLICE_S at most, unless more is under way.

        Over the bound, or where nothing runs, whoever brings it gives it wholly.
        """
        if self._stepping:
            return
        if not self._runs:
            self.finish()
            return
        if self._under_way is None and not self._urgent:
            self._give(until=trio.current_time() + FAN_OUT_SLICE_S)
        while len(self) > FAN_OUT_EVENTS_MAX:
            self._give(batches=1)
        if len(self):
            self._bell.set()

    def overtake(self, steps: Steps) -> None:
        """Give something before all else, beginning now."""
        self._urgent.append(steps)
        if self._stepping:
            return
        if not self._runs:
            self.finish()
            return
        if len(self._urgent) == 1:
            self._give(until=trio.current_time() + FAN_OUT_SLICE_S)
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

    def _give(self, *, until: float | None = None, batches: int | None = None) -> None:
        self._stepping = True
        try:
            while batches != 0 and (steps := self._next()) is not None:
                for _ in steps:
                    if until is not None and trio.current_time() >= until:
                        return
                if self._urgent and self._urgent[0] is steps:
                    self._urgent.popleft()
                else:
                    self._under_way = None
                batches = None if batches is None else batches - 1
                if until is not None and trio.current_time() >= until:
                    return
        finally:
            self._stepping = False

    def _next(self) -> Steps | None:
        if self._urgent:
            return self._urgent[0]
        if self._under_way is None and self._rooms:
            room, line = self._rooms.popitem(last=False)
            pieces = [line.popleft() for _ in range(min(len(line), FAN_OUT_TOGETHER))]
            if line:
                self._rooms[room] = line
            self._waiting -= len(pieces)
            self._under_way = self._giving(room, pieces)
        return self._under_way
