"""Where jobs' times are kept: what the scheduler relies on, of the twin and of PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from lastlight.jobs.job import JobStore
from protocol.jobs import JobRow
from storage.postgres.database import open_asyncio_loop, open_database
from storage.postgres.jobs import PostgresJobs
from tests.twins.jobs import MemoryJobs

NOON = datetime(2026, 11, 20, 12, 0, 0, 123000, tzinfo=UTC)


@pytest.fixture(params=["twin", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[JobStore]:
    """A store without any jobs."""
    if request.param == "twin":
        yield MemoryJobs()
        return
    url = request.getfixturevalue("postgres_url")
    async with open_asyncio_loop(), open_database(url) as database:
        yield PostgresJobs(database)


async def test_a_row_comes_back_as_it_was_kept(store: JobStore) -> None:
    """To the millisecond: an occasion that comes back a little later would be kept twice."""
    planned = JobRow(name="planned", next_at=NOON, kept_at=NOON - timedelta(days=1))
    failing = JobRow(
        name="failing",
        next_at=NOON,
        kept_at=NOON,
        started_at=NOON,
        finished_at=NOON + timedelta(milliseconds=1),
        runs=7,
        failures=2,
        error="the provider did not answer",
        state={"days": 3, "provider": "on"},
    )
    await store.keep(planned)
    await store.keep(failing)
    assert sorted(await store.rows(), key=lambda row: row.name) == [failing, planned]


async def test_a_row_takes_the_place_of_the_one_of_its_name(store: JobStore) -> None:
    """There is one truth about a job, the last one."""
    row = JobRow(name="night", next_at=NOON, started_at=NOON)
    await store.keep(row)
    after = attrs.evolve(row, finished_at=NOON, runs=1, next_at=NOON + timedelta(days=1))
    await store.keep(after)
    assert list(await store.rows()) == [after]


async def test_nothing_is_there_at_first(store: JobStore) -> None:
    """A new house plans its jobs from its first moment on."""
    assert list(await store.rows()) == []
