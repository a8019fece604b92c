"""Where jobs' times are kept, in memory: it outlives the scheduler."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import attrs

from protocol.entries import decode_message
from protocol.jobs import JobRow
from protocol.messages import Message
from protocol.records.runtime import DeadLetter
from storage.postgres.errors import DatabaseUnavailable
from storage.postgres.jobs import Replay
from tests.twins.database import MemoryDatabase


@attrs.define(eq=False)
class MemoryJobs:
    """See `lastlight.jobs.job.JobStore`; `away` makes it not answer."""

    kept: dict[str, JobRow] = attrs.field(factory=dict)
    away: bool = False

    async def rows(self) -> Sequence[JobRow]:
        self._answer()
        return tuple(self.kept.values())

    async def keep(self, row: JobRow) -> None:
        self._answer()
        self.kept[row.name] = row

    def _answer(self) -> None:
        if self.away:
            raise DatabaseUnavailable("the twin was told to be away")


@attrs.define(eq=False)
class MemoryLetters:
    """What operators asked to have sent again, over the rows of the database's twin."""

    database: MemoryDatabase
    asked: list[UUID]
    results: dict[UUID, str] = attrs.field(factory=dict)

    async def replays(self) -> Sequence[Replay]:
        waiting = [id_ for id_ in self.asked if id_ not in self.results]
        return [Replay(id_, self._message(id_)) for id_ in waiting]

    async def replayed(self, message_id: UUID, at: datetime, result: str) -> None:
        self.results[message_id] = result

    def _message(self, id_: UUID) -> Message | None:
        letter = self.database.table(DeadLetter).get((id_,))
        return decode_message(letter.payload) if letter and letter.replayable else None
