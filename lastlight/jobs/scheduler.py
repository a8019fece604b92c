"""Runs jobs at their times, and keeps in the database when that was.

Each occasion is kept once, over restarts; several that were missed are caught up in one run. A run
that fails, takes too long or is cut off by a crash is tried again, after longer and longer waits,
until the next occasion takes its place. There is one node on a database, so there is one scheduler.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs
import structlog
import trio

from actors.runtime.containing import Bug, contained
from lastlight.jobs.job import Job, JobStore, Occasion
from lastlight.jobs.schedule import Schedule
from protocol.background_limits import (
    JOB_AGAIN_FIRST_S,
    JOB_AGAIN_MAX_S,
    JOB_ERROR_CHARS_MAX,
    JOBS_AT_ONCE_MAX,
)
from protocol.errors import LastLightError
from protocol.jobs import JobRow
from protocol.records.values import Json

log = structlog.get_logger(__name__)
_NAP_S: Final = 300.0
"""Longest sleep: clocks are set, and venues open."""
_STORE_AGAIN_S: Final = 10.0
OVERDUE: Final = timedelta(minutes=15)
"""What should have run so long ago and did not is told of in `/readyz`."""

Count = Callable[[str, str], None]
"""Told the kind of a job and `ok` or `failed`."""


@attrs.frozen(kw_only=True)
class Failed:
    """A run that did not end well."""

    reason: str


@attrs.define(eq=False, kw_only=True)
class Scheduler:
    """The one scheduler. `jobs` is asked anew each time, as there may be new venues."""

    jobs: Callable[[], Sequence[Job]]
    store: JobStore
    now: Callable[[], datetime]
    count: Count = lambda _kind, _result: None
    _rows: dict[str, JobRow] = attrs.field(factory=dict)
    _planned_by: dict[str, Schedule] = attrs.field(factory=dict)
    _running: set[str] = attrs.field(factory=set)
    _ended: trio.Event = attrs.field(factory=trio.Event)
    _places: trio.CapacityLimiter = attrs.field(
        factory=lambda: trio.CapacityLimiter(JOBS_AT_ONCE_MAX)
    )

    def standing(self) -> Sequence[tuple[Job, JobRow | None]]:
        """All jobs with how they stand, by name; no row before it was first planned."""
        named = sorted(self.jobs(), key=lambda job: job.name)
        return tuple((job, self._rows.get(job.name)) for job in named)

    def in_trouble(self) -> Sequence[str]:
        """Names of jobs that fail, or should have run and did not."""
        late = self.now() - OVERDUE
        return tuple(
            job.name
            for job, row in self.standing()
            if row is not None and (row.failures > 0 or row.next_at < late)
        )

    async def run(self) -> None:
        """Keep occasions for ever."""
        await self._read()
        async with trio.open_nursery() as nursery:
            while True:
                self._ended = trio.Event()
                now = self.now()
                wake_at = now + timedelta(seconds=_NAP_S)
                for job in self.jobs():
                    if job.name in self._running:
                        continue
                    row = await self._planned(job, now)
                    if row.next_at > now:
                        wake_at = min(wake_at, row.next_at)
                        continue
                    self._running.add(job.name)
                    nursery.start_soon(self._keep_occasion, job)
                with trio.move_on_after(max(0.0, (wake_at - self.now()).total_seconds())):
                    await self._ended.wait()

    async def _read(self) -> None:
        while True:
            try:
                rows = await self.store.rows()
            except LastLightError as error:
                log.warning("jobs_wait", reason=str(error))
                await trio.sleep(_STORE_AGAIN_S)
            else:
                break
        now = self.now()
        for row in rows:
            # What was cut off may have been what ended the node: it does not come back at once.
            cut_off = Failed(reason="the node ended meanwhile")
            self._rows[row.name] = _after_failure(row, cut_off, now) if row.is_cut_off else row

    async def _planned(self, job: Job, now: datetime) -> JobRow:
        row = self._rows.get(job.name)
        if row is None:
            row = JobRow(name=job.name, next_at=job.when.after(now), kept_at=now)
            await self._keep(row)
        elif self._planned_by.get(job.name) != job.when and row.kept_at is not None:
            # The job may be planned otherwise than in the last release, or its venue have moved.
            if not row.failures:
                row = attrs.evolve(row, next_at=job.when.after(row.kept_at))
            self._rows[job.name] = row
        self._planned_by[job.name] = job.when
        return row

    async def _keep_occasion(self, job: Job) -> None:
        try:
            async with self._places:
                await self._run(job)
        finally:
            self._running.discard(job.name)
            self._ended.set()

    async def _run(self, job: Job) -> None:
        row = attrs.evolve(self._rows[job.name], started_at=self.now(), finished_at=None)
        await self._keep(row)
        started = self.now()
        assert row.kept_at is not None
        occasion = Occasion(at=max(job.when.latest(started), row.kept_at), since=row.kept_at)
        result = await _tried(job, occasion)
        ended = self.now()
        if isinstance(result, Failed):
            row = _after_failure(row, result, ended)
            # The next occasion takes its place, if that comes first.
            row = attrs.evolve(row, next_at=min(row.next_at, job.when.after(started)))
            log.warning("job_failed", job=job.name, failures=row.failures, reason=result.reason)
        else:
            row = attrs.evolve(
                row,
                next_at=job.when.after(occasion.at),
                kept_at=occasion.at,
                finished_at=ended,
                runs=row.runs + 1,
                failures=0,
                error=None,
                state=result,
            )
            took_s = round((ended - started).total_seconds(), 3)
            if any(result.values()):
                log.info("job_done", job=job.name, took_s=took_s, done=dict(result))
        self.count(job.kind, "failed" if isinstance(result, Failed) else "ok")
        await self._keep(row)

    async def _keep(self, row: JobRow) -> None:
        """Keep a row, however long the database is away: all jobs need it anyway."""
        self._rows[row.name] = row
        while True:
            try:
                await self.store.keep(row)
            except LastLightError as error:
                log.warning("jobs_wait", job=row.name, reason=str(error))
                await trio.sleep(_STORE_AGAIN_S)
            else:
                return


async def _tried(job: Job, occasion: Occasion) -> Json | Failed:
    """What one run did, or why it failed; whatever it raises harms no other job."""
    with trio.move_on_after(job.most_s):
        try:
            result = await contained(lambda: job.run(occasion))
        except LastLightError as error:
            return Failed(reason=str(error))
        if isinstance(result, Bug):
            log.error("job_broke", job=job.name, exc_info=result.error)
            return Failed(reason=type(result.error).__name__)
        return result
    return Failed(reason=f"not done within {job.most_s:g} s")


def _after_failure(row: JobRow, failed: Failed, now: datetime) -> JobRow:
    wait_s = min(JOB_AGAIN_FIRST_S * 2.0 ** min(row.failures, 32), JOB_AGAIN_MAX_S)
    return attrs.evolve(
        row,
        next_at=now + timedelta(seconds=wait_s),
        finished_at=now,
        failures=row.failures + 1,
        error=failed.reason[:JOB_ERROR_CHARS_MAX],
    )
