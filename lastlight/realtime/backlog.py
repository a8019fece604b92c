"""The last durable events of each room, so that most clients resume without the database.

Bounded per room and in all: the rooms that were quiet longest are forgotten first, and found in
`event_outbox` again.
"""

from __future__ import annotations

from collections import OrderedDict, deque

import attrs

from protocol.entries import RoomEvent
from protocol.limits import BACKLOG_ROOMS_MAX, ROOM_BACKLOG_EVENTS


@attrs.define(eq=False)
class _Held:
    floor: int
    """The `seq` before the first event held."""
    events: deque[tuple[int, RoomEvent]]

    @property
    def last(self) -> int:
        return self.events[-1][0] if self.events else self.floor


class Backlog:
    """What was published, by room."""

    def __init__(self) -> None:
        self._rooms: OrderedDict[str, _Held] = OrderedDict()

    def add(self, event: RoomEvent) -> None:
        """A durable event was published."""
        for room, seq in event.rooms:
            if seq is None:
                continue
            held = self._rooms.get(room)
            if held is None or held.last != seq - 1:
                held = self._rooms[room] = _Held(seq - 1, deque())
            held.events.append((seq, event))
            if len(held.events) > ROOM_BACKLOG_EVENTS:
                held.floor = held.events.popleft()[0]
            self._rooms.move_to_end(room)
            if len(self._rooms) > BACKLOG_ROOMS_MAX:
                self._rooms.popitem(last=False)

    def prime(self, room: str, seq: int) -> None:
        """A room in which nothing was published yet stands at `seq`."""
        if room not in self._rooms:
            self._rooms[room] = _Held(seq, deque())

    def last(self, room: str) -> int | None:
        """The last `seq` published in a room, or None if that is not known here."""
        held = self._rooms.get(room)
        return None if held is None else held.last

    def after(self, room: str, seq: int) -> tuple[RoomEvent, ...] | None:
        """The events after `seq`, or None if some of them are not here."""
        held = self._rooms.get(room)
        if held is None or seq < held.floor:
            return None
        return tuple(event for at, event in held.events if at > seq)
