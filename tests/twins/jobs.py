"""Where jobs' times are kept, in memory: it outlives the scheduler."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from protocol.jobs import JobRow
from storage.postgres.errors import DatabaseUnavailable


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
