"""Views of rooms over the database in memory; see `storage.postgres.room_views`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice

import attrs

from protocol.entries import RoomEvent
from protocol.folding import RoomView
from protocol.limits import (
    EVENTS_FORGOTTEN_AT_ONCE,
    EVENTS_KEPT_S,
    ROOM_VIEW_EVENTS_MAX,
    ROOM_VIEW_KEPT_S,
    ROOM_VIEWS_AT_ONCE,
)
from protocol.records.platform import OutboxEvent
from storage.postgres.room_views import KeptView
from tests.twins.database import MemoryDatabase

NOTHING = KeptView(0, RoomView())


@attrs.frozen(kw_only=True, eq=False)
class MemoryRoomViews:
    """Reads and keeps them."""

    database: MemoryDatabase
    now: Callable[[], datetime]

    async def view(self, room: str) -> KeptView:
        return self._view(room)

    async def keep(self) -> int:
        behind = list(islice(self._behind(), ROOM_VIEWS_AT_ONCE))
        for room in behind:
            self.database.views[room] = (self._view(room), self.now())
        return len(behind)

    async def forget_events(self) -> int:
        before = self.now() - timedelta(seconds=EVENTS_KEPT_S)
        rows = dict(self.database.table(OutboxEvent))
        old = [
            key
            for key, row in rows.items()
            if row.occurred_at < before and row.seq <= self._kept(row.room).seq
        ][:EVENTS_FORGOTTEN_AT_ONCE]
        for key in old:
            del rows[key]
        self.database.rows = {**self.database.rows, OutboxEvent.table.name: rows}
        return len(old)

    def events(self, room: str, after_seq: int = 0) -> list[RoomEvent]:
        """The events of a room that are stored, in order."""
        rows = [
            row
            for row in self.database.table(OutboxEvent).values()
            if row.room == room and row.seq > after_seq
        ]
        return [_event_of(row) for row in sorted(rows, key=lambda row: row.seq)]

    def _kept(self, room: str) -> KeptView:
        return self.database.views[room][0] if room in self.database.views else NOTHING

    def _behind(self) -> Iterator[str]:
        long_ago = self.now() - timedelta(seconds=ROOM_VIEW_KEPT_S)
        for room, seq in self.database.cursors.items():
            missing = seq - self._kept(room).seq
            kept_at = self.database.views[room][1] if room in self.database.views else None
            if missing >= ROOM_VIEW_EVENTS_MAX or (
                missing and (kept_at is None or kept_at < long_ago)
            ):
                yield room

    def _view(self, room: str) -> KeptView:
        kept = self._kept(room)
        seq, view = kept.seq, kept.view
        for event in self.events(room, seq):
            view = view.after(event, room)
        return KeptView(max(seq, self.database.cursors.get(room, 0)), view)


def _event_of(row: OutboxEvent) -> RoomEvent:
    return RoomEvent(
        id=row.id,
        type=row.type,
        venue_id=row.venue_id,
        occurred_at=row.occurred_at,
        data=row.payload,
        rooms=((row.room, row.seq),),
        version=row.event_version,
        hide_from=row.hide_from,
    )
