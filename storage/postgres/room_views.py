"""Views of rooms in the database: read when a client comes back, and kept so that events can go.

A kept view is the fold of all events of its room up to its seq; those after it stand in the outbox,
and none of them is ever forgotten. So kept view and outbox together are the view now, always.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import attrs
import msgspec
import structlog

from protocol.addresses import Position
from protocol.codec import render_json
from protocol.folding import RoomView, view_from_json
from protocol.limits import (
    EVENTS_FORGOTTEN_AT_ONCE,
    EVENTS_KEPT_S,
    ROOM_VIEW_EVENTS_MAX,
    ROOM_VIEW_KEPT_S,
    ROOM_VIEWS_AT_ONCE,
)
from storage.postgres.asked import blocks_of
from storage.postgres.database import Connection, Database, DatabaseRole
from storage.postgres.queries_realtime import SQL as REALTIME
from storage.postgres.queries_realtime import event_of
from storage.postgres.reading import Reader

SQL: Final = blocks_of("room_views")
_PAGE: Final = 1_000
log = structlog.get_logger(__name__)


@attrs.frozen
class KeptView:
    """What all events of a room up to `seq` come to; 0 if there was none."""

    seq: int
    view: RoomView


@attrs.frozen(kw_only=True, eq=False)
class RoomViews:
    """Reads and keeps them. `durable` tells up to where a view must know when it is asked for."""

    database: Database
    reader: Reader
    durable: Callable[[], Position]
    now: Callable[[], datetime]

    async def view(self, room: str) -> KeptView:
        """A room's view with everything that was durable when asked.

        Raises:
            StaleRead: the database is away, or behind.
        """
        async with self.reader.own_snapshot(self.durable()) as connection:
            return await _view(connection, room)

    async def keep(self) -> int:
        """Keep the views of rooms that are behind, at most ROOM_VIEWS_AT_ONCE; how many they were.

        Each is one transaction, so an interrupted run is taken up where it ended.

        Raises:
            DatabaseUnavailable: it is away.
        """
        before = self.now() - timedelta(seconds=ROOM_VIEW_KEPT_S)
        async with self.database.connect(DatabaseRole.WRITER) as connection:
            rows = await connection.fetch(
                SQL["rooms_behind"].sql, ROOM_VIEW_EVENTS_MAX, before, ROOM_VIEWS_AT_ONCE
            )
            for row in rows:
                async with connection.transaction():
                    await self._keep(connection, row["room"])
        if rows:
            log.info("room_views_kept", rooms=len(rows))
        return len(rows)

    async def forget_events(self) -> int:
        """Forget events older than EVENTS_KEPT_S that are in their room's kept view; how many.

        At most EVENTS_FORGOTTEN_AT_ONCE of them, so that nothing waits for it long.

        Raises:
            DatabaseUnavailable: it is away.
        """
        before = self.now() - timedelta(seconds=EVENTS_KEPT_S)
        async with self.database.connect(DatabaseRole.WRITER) as connection:
            return int(
                await connection.fetchval(
                    SQL["forget_events"].sql, before, EVENTS_FORGOTTEN_AT_ONCE
                )
            )

    async def _keep(self, connection: Connection, room: str) -> None:
        await connection.execute(SQL["hold_room"].sql, room)
        kept = await _view(connection, room)
        text = render_json(kept.view.as_json()).decode()
        await connection.execute(SQL["keep_view"].sql, room, kept.seq, text, self.now())


async def _view(connection: Connection, room: str) -> KeptView:
    """Events that are missing in between were of somebody who is erased: they are left out."""
    cursor = int(await connection.fetchval(REALTIME["last_seq"].sql, room))
    row = await connection.fetchrow(SQL["kept_view"].sql, room)
    view, seq = RoomView(), 0
    if row is not None:
        view, seq = view_from_json(msgspec.json.decode(row["view"])), row["seq"]
    while True:
        rows = await connection.fetch(REALTIME["missed_events"].sql, room, seq, _PAGE)
        for found in rows:
            view = view.after(event_of(room, found), room)
            seq = found["seq"]
        if len(rows) < _PAGE:
            return KeptView(max(seq, cursor), view)
