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
    by_owner = {
        name
        for node in nodes(plan["Plan"])
        if "Relation Name" in node and (name := node["Relation Name"]) in owner_of
        for inner in nodes(node)
        if f"({owner_of[name]} = $1)" in inner.get("Index Cond", "")
    }
    walked = [
        node["Relation Name"]
        for node in nodes(plan["Plan"])
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in owner_of
    ]
    assert by_owner == owner_of.keys()
    assert walked == []
