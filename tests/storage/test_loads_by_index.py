"""However many rows there are of others, an actor is loaded by an index on what names it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from lastlight.behaviours import BEHAVIOURS
from protocol.addresses import ActorKind
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.loading import load_statement
from storage.postgres.mapping import mapping_of

_FIXED_PARAMETERS: Final = 4
OWNING: Final = [
    kind for kind, behaviour in BEHAVIOURS.items() if any(read.by for read in behaviour.reads)
]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All nodes of a plan."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


@pytest.mark.parametrize("kind", OWNING, ids=lambda kind: kind.value)
async def test_a_load_walks_no_table(database: Database, kind: ActorKind) -> None:
    """A cold account must not cost more with each account that the town has."""
    reads = BEHAVIOURS[kind].reads
    statement = load_statement(reads)
    owner_of = {mapping_of(read.record).table.name: read.by for read in reads if read.by}
    nulls = ", ".join(["null"] * (_FIXED_PARAMETERS + len(statement.conditions)))
    async with database.connect(DatabaseRole.WRITER) as connection, connection.transaction():
        # The tables are empty, so that a walk would always be the cheapest.
        await connection.execute("set local enable_seqscan = off")
        await connection.execute("set local plan_cache_mode = force_generic_plan")
        await connection.execute(f"prepare load as {statement.sql}")
        found = await connection.fetchval(f"explain (format json) execute load({nulls})")
        await connection.execute("deallocate load")
    (plan,) = json.loads(found)
    # An index may also be walked from end to end, by a condition on another of its columns.
    scans = [node for node in nodes(plan["Plan"]) if node.get("Relation Name") in owner_of]
    walked = [
        scan["Relation Name"]
        for scan in scans
        if not any(
            f"({owner_of[scan['Relation Name']]} = $1)" in part.get("Index Cond", "")
            for part in nodes(scan)
        )
    ]
    assert {scan["Relation Name"] for scan in scans} == owner_of.keys()
    assert walked == []
