"""What connections and tokens are told when memory does not know it.

These are questions of the node, not of a person: rooms are checked when they are subscribed to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import attrs
import msgspec

from protocol.addresses import Position
from protocol.entries import RoomEvent
from protocol.limits import ROOM_BACKLOG_EVENTS
from storage.postgres.asked import blocks_of
from storage.postgres.reading import Reader

SQL: Final = blocks_of("realtime")


@attrs.frozen(kw_only=True)
class RevocationFacts:
    """What ended access tokens early. `raised` are user, least token version, and when that was
    known; `ended` are families and when they ended."""

    raised: tuple[tuple[UUID, int, datetime], ...]
    ended: tuple[tuple[UUID, datetime], ...]


@attrs.frozen(kw_only=True, eq=False)
class RoomReader:
    """Reads up to what `durable` tells when asked. All methods raise StaleRead."""

    reader: Reader
    durable: Callable[[], Position]
    now: Callable[[], datetime]

    async def missed_events(
        self, room: str, after_seq: int, limit: int = ROOM_BACKLOG_EVENTS + 1
    ) -> Sequence[RoomEvent]:
        """Durable events of a room after a `seq`, in order; each names this room only.

        The outbox forgets after 72 h, so the first may be later than the next.
        """
        async with self.reader.own_snapshot(self.durable()) as connection:
            rows = await connection.fetch(SQL["missed_events"].sql, room, after_seq, limit)
        return [event_of(room, row) for row in rows]

    async def last_seq(self, room: str) -> int:
        """The last `seq` given in a room, 0 if none was."""
        async with self.reader.own_snapshot(self.durable()) as connection:
            return int(await connection.fetchval(SQL["last_seq"].sql, room))

    async def revocation_facts(self, since: datetime) -> RevocationFacts:
        """What ended tokens since then, or may have.

        When a version was raised is not stored, so everyone's counts who was given a token since.
        """
        now = self.now()
        async with self.reader.own_snapshot(self.durable()) as connection:
            raised = await connection.fetch(SQL["raised_versions"].sql, since)
            ended = await connection.fetch(SQL["ended_families"].sql, since)
        return RevocationFacts(
            raised=tuple((row["id"], row["token_version"], now) for row in raised),
            ended=tuple((row["family_id"], row["revoked_at"]) for row in ended),
        )


def event_of(room: str, row: Mapping[str, Any]) -> RoomEvent:
    """A row of the outbox as it went out; it names this room only."""
    return RoomEvent(
        id=row["id"],
        type=row["type"],
        venue_id=row["venue_id"],
        occurred_at=row["occurred_at"],
        data=msgspec.json.decode(row["payload"]),
        rooms=((room, row["seq"]),),
        version=row["event_version"],
        hide_from=row["hide_from"],
    )
