"""The numbering of rooms: gapless per room, given when the entry is appended.

A number given to an entry that was never durable was never given: on a reset all cursors are
dropped and read anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from protocol.entries import RoomEvent


class RoomCursors:
    """The last `seq` of each room that some resident actor speaks to."""

    def __init__(self, last_seq: Callable[[str], Awaitable[int]]) -> None:
        self._last_seq = last_seq
        self._cursors: dict[str, int] = {}
        self._written: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._cursors)

    def knows(self, room: str) -> bool:
        """Whether the room's cursor is here."""
        return room in self._cursors

    async def ensure(self, rooms: tuple[str, ...]) -> None:
        """Bring the cursors of these rooms in.

        Raises:
            LastLightError: the database is away and a cursor is not here. Nothing changed.
        """
        for room in rooms:
            if room not in self._cursors:
                last = await self._last_seq(room)
                # Another actor may have brought it in, and numbered on, while this one waited.
                self._cursors.setdefault(room, last)

    def next(self, room: str) -> int:
        """Give the next number of a room whose cursor is here."""
        self._cursors[room] += 1
        return self._cursors[room]

    def take_back(self, events: Iterable[RoomEvent]) -> None:
        """Take back the numbers just given to events that the journal did not take."""
        for event in events:
            for room, _ in event.rooms:
                self._cursors[room] -= 1

    def written(self, events: Iterable[RoomEvent], position: int) -> None:
        """The numbers just given stand in the entry at `position`."""
        for event in events:
            for room, _ in event.rooms:
                self._written[room] = position

    def forget(self, rooms: tuple[str, ...], flushed: int) -> None:
        """Drop cursors of which everything is flushed; others would be read anew too low."""
        for room in rooms:
            if self._written.get(room, 0) <= flushed:
                self._cursors.pop(room, None)
                self._written.pop(room, None)
