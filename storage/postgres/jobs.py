"""Where jobs' times are kept, and what operators ask to have sent again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import attrs
import msgspec

from protocol.codec import to_json
from protocol.entries import EntryUnreadable, decode_message
from protocol.jobs import JobRow
from protocol.messages import Message
from storage.postgres.asked import blocks_of
from storage.postgres.database import Database, DatabaseRole

SQL: Final = blocks_of("jobs")
REPLAYS_AT_ONCE: Final = 100


@attrs.frozen
class Replay:
    """A message that is to be sent again; None if it can't be."""

    message_id: UUID
    message: Message | None


@attrs.frozen(eq=False)
class PostgresJobs:
    """See `lastlight.jobs.job.JobStore`. All methods raise DatabaseUnavailable while it is away."""

    database: Database

    async def rows(self) -> Sequence[JobRow]:
        """All jobs that were ever planned."""
        async with self.database.connect(DatabaseRole.WRITER) as connection:
            rows = await connection.fetch(SQL["jobs"].sql)
        return [_row(row) for row in rows]

    async def keep(self, row: JobRow) -> None:
        """Take the place of the row of this name."""
        async with self.database.connect(DatabaseRole.WRITER) as connection:
            await connection.execute(
                SQL["keep_job"].sql,
                row.name,
                row.next_at,
                row.kept_at,
                row.started_at,
                row.finished_at,
                row.runs,
                row.failures,
                row.error,
                to_json(row.state).decode(),
            )

    async def dead_letters(self, most: int) -> Sequence[Mapping[str, Any]]:
        """The newest dead letters, without what they say."""
        async with self.database.connect(DatabaseRole.WRITER) as connection:
            return [dict(row) for row in await connection.fetch(SQL["dead_letters"].sql, most)]

    async def ask_replays(self, message_ids: Sequence[UUID]) -> Sequence[UUID]:
        """Have dead messages sent again by the node; those that can be."""
        async with self.database.connect(DatabaseRole.WRITER) as connection:
            rows = await connection.fetch(SQL["ask_replays"].sql, list(message_ids))
        return [row["message_id"] for row in rows]

    async def replays(self) -> Sequence[Replay]:
        """What is to be sent again."""
        async with self.database.connect(DatabaseRole.WRITER) as connection:
            rows = await connection.fetch(SQL["replays_asked"].sql, REPLAYS_AT_ONCE)
        return [Replay(row["message_id"], _message(row)) for row in rows]

    async def replayed(self, message_id: UUID, at: datetime, result: str) -> None:
        """Tell the operator what became of it."""
        async with self.database.connect(DatabaseRole.WRITER) as connection:
            await connection.execute(SQL["replay_done"].sql, message_id, at, result)


def _row(row: Mapping[str, Any]) -> JobRow:
    return JobRow(**{**row, "state": msgspec.json.decode(row["state"])})


def _message(row: Mapping[str, Any]) -> Message | None:
    if not row["replayable"]:
        return None
    try:
        return decode_message(row["payload"])
    except EntryUnreadable:
        return None
