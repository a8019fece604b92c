"""What the read side of a node in memory tells of rooms, in place of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import attrs

from actors.runtime.node import Node
from lastlight.realtime.backlog import Backlog
from lastlight.realtime.resuming import Resumer
from protocol.addresses import ActorKind, Address
from protocol.entries import RoomEvent
from protocol.folding import RoomView
from protocol.records.ledger import LedgerAccount
from protocol.records.platform import OutboxEvent
from storage.postgres.room_views import KeptView
from storage.write_behind.write_behind import WriteBehind
from tests.twins.database import MemoryDatabase
from tests.twins.journal import MemoryJournal


@attrs.frozen(eq=False)
class Reading:
    """What the read side tells of rooms, once all that was durable when asked is flushed."""

    database: MemoryDatabase
    journal: MemoryJournal
    write_behind: WriteBehind

    async def balances(self, ids: Sequence[UUID]) -> Mapping[str, int]:
        await self.write_behind.wait_flushed(self.journal.durable)
        accounts = self.database.table(LedgerAccount).values()
        return {one.code: one.balance_minor for one in accounts if one.id in ids}

    async def last_seq(self, room: str) -> int:
        await self.write_behind.wait_flushed(self.journal.durable)
        return await self.database.room_seq(room)

    async def missed(self, room: str, after_seq: int, most: int) -> Sequence[RoomEvent]:
        await self.write_behind.wait_flushed(self.journal.durable)
        rows = [
            row
            for row in self.database.table(OutboxEvent).values()
            if row.room == room and row.seq > after_seq
        ]
        return [_event_of(row) for row in sorted(rows, key=lambda row: row.seq)[:most]]

    async def view(self, room: str) -> KeptView:
        """As `storage.postgres.room_views.RoomViews.view`."""
        await self.write_behind.wait_flushed(self.journal.durable)
        return self._view(room)

    def stored(self) -> list[RoomEvent]:
        """All events that are in the database, each in one room."""
        return [_event_of(row) for row in self.database.table(OutboxEvent).values()]

    def keep_views(self) -> None:
        """Keep the views of all rooms."""
        for room in self.database.cursors:
            self.database.views[room] = self._view(room)

    def forget_events(self, before: datetime) -> int:
        """Forget events from before then that are in a kept view; how many they were."""
        rows = dict(self.database.table(OutboxEvent))
        views = self.database.views
        old = [
            key
            for key, row in rows.items()
            if row.occurred_at < before and row.room in views and row.seq <= views[row.room].seq
        ]
        for key in old:
            del rows[key]
        self.database.rows = {**self.database.rows, OutboxEvent.table.name: rows}
        return len(old)

    def _view(self, room: str) -> KeptView:
        kept = self.database.views.get(room, KeptView(0, RoomView()))
        seq, view = kept.seq, kept.view
        rows = [row for row in self.database.table(OutboxEvent).values() if row.room == room]
        for row in sorted(rows, key=lambda row: row.seq):
            if row.seq > seq:
                seq, view = row.seq, view.after(_event_of(row), room)
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


def make_resumer(node: Node, backlog: Backlog, journal: MemoryJournal, reading: Reading) -> Resumer:
    return Resumer(
        backlog=backlog,
        epoch=lambda: journal.journal_id.hex,
        wait_ready=node.wait_ready,
        venue_known=lambda id_: _is_known(node, id_),
        last_seq=reading.last_seq,
        missed=reading.missed,
        view=reading.view,
    )


def _is_known(node: Node, venue_id: UUID) -> bool:
    return node.shared(Address(ActorKind.VENUE, venue_id)) is not None
