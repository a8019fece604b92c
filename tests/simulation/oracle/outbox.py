"""What is told is what was decided, word for word: events as they are kept, effects as done.

Each is told in the entry that decided it. What is kept, and what was done outside, is compared with
what the entry says, and not only counted. Messages on their way are compared where nodes end.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

import attrs

from protocol.codec import encode
from protocol.entries import Entry, RoomEvent
from protocol.messages import Message
from protocol.records.platform import OutboxEvent
from tests.simulation.clients import entry_of
from tests.simulation.night import Night

Place = tuple[str, int]


@attrs.define(eq=False)
class Outbox:
    """All that was decided to be told, as far as the journal is read."""

    read: int = 0
    compared: int = 0
    events: dict[Place, RoomEvent] = attrs.field(factory=dict)
    messages: dict[UUID, Message] = attrs.field(factory=dict)

    def go_on(self, night: Night) -> None:
        """Read what was written since the last time, and compare what is kept of it."""
        history = night.world.disk.known()
        fresh: dict[Place, RoomEvent] = {}
        for data in history[self.read :]:
            entry = entry_of(data)
            fresh |= _told(entry)
            self.messages |= {message.id: message for message in entry.sends}
        self.read = len(history)
        self.events |= fresh
        self._compare_events(night, fresh)
        done = night.world.effects.done
        for message in done[self.compared :]:
            decided = self.messages[message.id]
            same = (message.command, message.target) == (decided.command, decided.target)
            assert same, f"done outside: {message}; decided: {decided}"
        self.compared = len(done)

    def _compare_events(self, night: Night, fresh: dict[Place, RoomEvent]) -> None:
        kept = {
            (row.room, row.seq): row for row in night.world.database.table(OutboxEvent).values()
        }
        assert kept.keys() == self.events.keys(), kept.keys() ^ self.events.keys()
        for place, event in fresh.items():
            row = kept[place]
            seen = (row.id, row.type, row.venue_id, row.occurred_at, row.event_version)
            said = (event.id, event.type, event.venue_id, event.occurred_at, event.version)
            assert (seen, row.hide_from) == (said, event.hide_from), (row, event)
            # A database may put the names of an object into another order.
            assert encode(row.payload) == encode(event.data), (row, event)


def _told(entry: Entry) -> dict[Place, RoomEvent]:
    return {(room, seq): event for event in entry.events for room, seq in event.rooms if seq}


_OUTBOXES: Final[WeakKeyDictionary[Night, Outbox]] = WeakKeyDictionary()


def assert_what_is_told_was_decided(night: Night) -> None:
    """To be asked when all is flushed."""
    _OUTBOXES.setdefault(night, Outbox()).go_on(night)
