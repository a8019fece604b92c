"""The log of each room: its last durable events, and what all of them came to.

So most clients resume without the database. The logs of houses are here from the start and for
good; those of people are bounded, the ones quiet longest are forgotten first and found in the
database again. A person's view is brought in when they ask for it; until then publishing to their
room folds nothing. What always holds: a view is that of its log's last event.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from uuid import UUID

import attrs
import msgspec

from lastlight.realtime.frames import envelope_of, plain
from protocol.codec import render_json
from protocol.entries import RoomEvent
from protocol.folding import RoomView, View
from protocol.limits import BACKLOG_ROOMS_MAX, ROOM_BACKLOG_EVENTS


@attrs.frozen(eq=False)
class Snapshot:
    """Where a room stands, as JSON, made once for all who may see the same.

    `frames` is for those who say it: what they made of it, by their own language.
    """

    body: msgspec.Raw
    frames: dict[object, bytes] = attrs.field(factory=dict)

    @classmethod
    def of(cls, value: object) -> Snapshot:
        """Of plain values."""
        return cls(msgspec.Raw(render_json(value)))

    @classmethod
    def of_view(cls, view: View, room: str, latest: Iterator[RoomEvent]) -> Snapshot:
        """Of a view; beside it stand the newest ephemeral events of the room, one of each type."""
        return cls.of({"view": view, "latest": [plain(envelope_of(e, room, None)) for e in latest]})


@attrs.define(eq=False)
class _Log:
    floor: int
    """The `seq` before the first event held."""
    view: RoomView | None = None
    events: deque[tuple[int, RoomEvent]] = attrs.field(factory=deque)
    latest: dict[str, RoomEvent] = attrs.field(factory=dict)
    told: Snapshot | None = None

    @property
    def last(self) -> int:
        return self.events[-1][0] if self.events else self.floor

    def append(self, room: str, seq: int, event: RoomEvent) -> None:
        self.events.append((seq, event))
        if len(self.events) > ROOM_BACKLOG_EVENTS:
            self.floor = self.events.popleft()[0]
        if self.view is not None:
            self.view, self.told = self.view.after(event, room), None


class Backlog:
    """What was published, by room."""

    def __init__(self) -> None:
        self._houses: dict[str, _Log] = {}
        self._people: OrderedDict[str, _Log] = OrderedDict()
        self.forgotten = 0
        """People's logs that gave way to others so far; see `load`."""

    def add(self, event: RoomEvent) -> None:
        """An event was published."""
        for room, seq in event.rooms:
            log = self._log(room)
            if seq is not None:
                self._append(log, room, seq, event)
            elif log is not None and log.view is not None:
                log.latest[event.type], log.told = event, None

    def _append(self, log: _Log | None, room: str, seq: int, event: RoomEvent) -> None:
        if log is None or seq > log.last + 1:
            # Of a house that is new everything is here; of anything else, what was is not.
            new_house = seq == 1 and not _is_someones(room)
            log = self._put(room, _Log(seq - 1, RoomView() if new_house else None))
        elif seq <= log.last:
            return  # It was read from the database before it was published.
        log.append(room, seq, event)

    def load(self, room: str, seq: int, view: RoomView, forgotten: int) -> bool:
        """Take a view that was read from the database; False if it is of no use any more.

        `forgotten` is what this had forgotten when the reading began: whether anything was
        published meanwhile is not known of a log that may have been among them.
        """
        log = self._log(room)
        if log is None:
            if forgotten != self.forgotten:
                return False
            self._put(room, _Log(seq, view))
        elif log.last < seq:
            # It was durable, and is not published yet.
            self._put(room, _Log(seq, view))
        elif seq < log.floor:
            return False
        else:
            for at, event in log.events:
                view = view.after(event, room) if at > seq else view
            log.view, log.told = view, None
        return True

    def snapshot(self, room: str, user_id: UUID) -> tuple[int, Snapshot] | None:
        """Where a room stands as one user may see it, and since when; None if it is not here."""
        log = self._log(room)
        if log is None:
            return None
        if log.view is None and log.floor == 0:
            self.load(room, 0, RoomView(), self.forgotten)
        if log.view is None:
            return None
        mine = log.view.of(user_id)
        if mine is not log.view.shown:
            return log.last, Snapshot.of_view(mine, room, iter(log.latest.values()))
        if log.told is None:
            log.told = Snapshot.of_view(mine, room, iter(log.latest.values()))
        return log.last, log.told

    def last(self, room: str) -> int | None:
        """The last `seq` published in a room, or None if that is not known here."""
        log = self._log(room)
        return None if log is None else log.last

    def after(self, room: str, seq: int) -> tuple[RoomEvent, ...] | None:
        """The events after `seq`, or None if they or that place itself are not here."""
        log = self._log(room)
        if log is None or not log.floor <= seq <= log.last:
            return None
        return tuple(event for at, event in log.events if at > seq)

    def forget(self, room: str) -> None:
        """Let go of all that is here of a person's room."""
        if self._people.pop(room, None) is not None:
            self.forgotten += 1

    def _log(self, room: str) -> _Log | None:
        if not _is_someones(room):
            return self._houses.get(room)
        log = self._people.get(room)
        if log is not None:
            self._people.move_to_end(room)
        return log

    def _put(self, room: str, log: _Log) -> _Log:
        if not _is_someones(room):
            self._houses[room] = log
            return log
        self._people[room] = log
        self._people.move_to_end(room)
        if len(self._people) > BACKLOG_ROOMS_MAX:
            self._people.popitem(last=False)
            self.forgotten += 1
        return log


def _is_someones(room: str) -> bool:
    return room.startswith("user:")
