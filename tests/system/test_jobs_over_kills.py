"""Jobs of a real node over kill -9: what was missed is caught up in one run, and not once more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from protocol.jobs import JobRow
from storage.postgres.database import (
    Database,
    DatabaseRole,
    open_asyncio_loop,
    open_database,
)
from storage.postgres.jobs import PostgresJobs
from tests.system.conftest import MakeNode
from tests.system.harness import NodeProcess, wait_until

CAUGHT_UP_S: Final = 30.0
MISSED: Final = timedelta(days=3)
NAMES: Final = {"figures", "reconciliation", "replays", "retention", "room_views"}


async def rows_of(database: Database) -> dict[str, JobRow]:
    """How jobs stand, by name."""
    return {row.name: row for row in await PostgresJobs(database).rows()}


async def miss(database: Database, **since: datetime) -> None:
    """Have jobs not run since these moments, as if the node had been down for so long."""
    async with database.connect(DatabaseRole.OWNER) as connection:
        for name, at in since.items():
            await connection.execute(
                "update runtime.jobs set kept_at = $2, next_at = $2 where name = $1", name, at
            )


async def at_work(node: NodeProcess, wanted: Mapping[str, int]) -> dict[str, JobRow]:
    """Jobs by name, once they have run so often; `wanted` names some."""
    found: dict[str, JobRow] = {}

    async def have_run() -> bool:
        # The server goes and comes with the node, so each look is a connection of its own.
        async with open_asyncio_loop(), open_database(node.database_url) as database:
            found.update(await rows_of(database))
        return all(found[name].runs >= runs for name, runs in wanted.items())

    await wait_until(have_run, within_s=CAUGHT_UP_S)
    return found


async def test_a_killed_node_catches_up_what_it_missed_in_one_run(make_node: MakeNode) -> None:
    """Three nights that were missed are one run; and a kill after it does not make it two."""
    node = make_node()
    await node.start()
    known = await at_work(node, dict.fromkeys(NAMES, 0))
    before = known["retention"].runs
    ages_ago = datetime.now(UTC).replace(microsecond=0) - MISSED
    async with open_asyncio_loop(), open_database(node.database_url) as database:
        await miss(database, retention=ages_ago)
    node.kill()

    await node.start()
    caught_up = (await at_work(node, {"retention": before + 1}))["retention"]
    now = datetime.now(UTC)
    assert caught_up.runs == before + 1
    assert caught_up.kept_at is not None
    assert now - timedelta(days=1, minutes=1) < caught_up.kept_at <= now < caught_up.next_at
    assert (caught_up.failures, caught_up.error) == (0, None)

    # The next node has something else to catch up: when it has, it has passed by this one.
    figures = (await at_work(node, {}))["figures"].runs
    async with open_asyncio_loop(), open_database(node.database_url) as database:
        await miss(database, figures=ages_ago)
    node.kill()
    await node.start()
    after: dict[str, Any] = await at_work(node, {"figures": figures + 1})
    assert after["retention"] == caught_up
    assert await node.stop() == 0, node.tail()
