"""Who waits for the next event of a room, and how they are told of it."""

from __future__ import annotations

from collections.abc import Iterable

import trio


class Bells:
    """One bell for each room in which somebody waits; rung when something happens there."""

    def __init__(self) -> None:
        self._rooms: dict[str, trio.Event] = {}
        self.waiting = 0

    def of(self, room: str) -> trio.Event:
        """The bell that rings next in a room."""
        return self._rooms.setdefault(room, trio.Event())

    def ring(self, rooms: Iterable[str]) -> None:
        """Something happened in these rooms."""
        for room in rooms:
            if (bell := self._rooms.pop(room, None)) is not None:
                bell.set()

    def forget(self, room: str, bell: trio.Event) -> None:
        """Nobody waits for this bell any more."""
        if self._rooms.get(room) is bell and not bell.statistics().tasks_waiting:
            del self._rooms[room]
