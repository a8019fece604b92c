"""The tables and the records are one thing said twice, and neither says more than the other."""

from __future__ import annotations

import re

from protocol.records.base import RECORDS, Record, Unique
from storage.postgres.database import Connection, Database, DatabaseRole
from storage.postgres.mapping import mapping_of
from tests.storage.samples import ALL_RECORDS

OURS = {
    "flush",
    "pending_sends",
    "refused_rows",
    "room_cursors",
    "chain_heads",
    "jobs",
    "reconciliations",
    "replays",
    "room_snapshots",
    "migrations",
}
"""Tables of schema runtime that are no actor's rows."""


def full_name(record: type[Record]) -> str:
    return mapping_of(record).table_sql


async def test_the_tables_are_those_of_the_records(database: Database) -> None:
    """A table without a record is never written; a record without a table stops the flush."""
    async with database.connect(DatabaseRole.OWNER) as connection:
        rows = await connection.fetch(
            "select format('%s.%s', table_schema, table_name) as name"
            " from information_schema.tables"
            " where table_schema in ('public', 'runtime') and table_type = 'BASE TABLE'"
        )
    found = {row["name"] for row in rows}
    assert found == {full_name(record) for record in ALL_RECORDS} | {f"runtime.{n}" for n in OURS}
    assert sum(record.table.schema == "public" for record in ALL_RECORDS) == 60


async def test_columns_have_the_names_types_and_nulls_of_their_fields(database: Database) -> None:
    """Both directions: what a record holds has a place, and every place is filled."""
    async with database.connect(DatabaseRole.OWNER) as connection:
        rows = await connection.fetch(
            "select format('%s.%s', n.nspname, c.relname) as table, a.attname as column,"
            " format_type(a.atttypid, a.atttypmod) as type, not a.attnotnull as nullable"
            " from pg_attribute as a join pg_class as c on c.oid = a.attrelid"
            " join pg_namespace as n on n.oid = c.relnamespace"
            " where n.nspname in ('public', 'runtime') and c.relkind = 'r' and a.attnum > 0"
            " and not a.attisdropped and a.attgenerated = ''"
        )
    names = {full_name(record) for record in ALL_RECORDS}
    found = {
        (row["table"], row["column"], row["type"], row["nullable"])
        for row in rows
        if row["table"] in names
    }
    assert found == {
        (full_name(record), column.name, column.sql_type, column.nullable)
        for record in ALL_RECORDS
        for column in mapping_of(record).columns
    }


async def constraints(connection: Connection) -> dict[str, tuple[str, str, str, bool]]:
    """Name to (table, type, definition, whether it is looked at only at commit)."""
    rows = await connection.fetch(
        "select conname, conrelid::regclass::text as table, contype::text as type, condeferred,"
        " pg_get_constraintdef(oid) as definition from pg_constraint"
        " where connamespace in ('public'::regnamespace, 'runtime'::regnamespace)"
    )
    return {
        f"{row['table']}:{row['conname']}": (
            row["table"],
            row["type"],
            row["definition"],
            row["condeferred"],
        )
        for row in rows
    }


async def test_enumerations_allow_exactly_their_members(database: Database) -> None:
    """A word that only the records know would be refused at the flush, when it is too late."""
    async with database.connect(DatabaseRole.OWNER) as connection:
        found = await constraints(connection)
    allowed = {
        key: set(re.findall(r"'([^']*)'::text", definition))
        for key, (_, _, definition, _) in found.items()
    }
    for record in ALL_RECORDS:
        table = full_name(record).removeprefix("public.")
        for column in mapping_of(record).columns:
            if column.members:
                key = f"{table}:{record.table.name}_{column.name}_check"
                assert allowed[key] == set(column.members), key


async def test_keys_are_those_of_the_records(database: Database) -> None:
    """Write-behind and the in-memory twin rely on the records; the database is their alarm."""
    async with database.connect(DatabaseRole.OWNER) as connection:
        found = await constraints(connection)
    for record in ALL_RECORDS:
        table = full_name(record).removeprefix("public.")
        primary = found[f"{table}:{record.table.name}_pkey"]
        assert primary[2] == f"PRIMARY KEY ({', '.join(record.table.key)})"
        kept = {
            key for key, (of, kind, _, _) in found.items() if of == table and kind in {"u", "x"}
        }
        extra = {key for key in kept if key.endswith("_no_overlap")}
        assert kept - extra == {f"{table}:{constraint_of(record, u)}" for u in record.table.unique}


def constraint_of(record: type[Record], unique: Unique) -> str:
    return f"{record.table.name}_{'_'.join(unique.columns)}_key"


async def test_partial_keys_count_the_rows_that_the_records_say(database: Database) -> None:
    """A partial key over other states would raise an alarm over nothing, or over too little."""
    async with database.connect(DatabaseRole.OWNER) as connection:
        found = await constraints(connection)
    for record in ALL_RECORDS:
        table = full_name(record).removeprefix("public.")
        for unique in record.table.unique:
            definition = found[f"{table}:{constraint_of(record, unique)}"][2]
            _, _, where = definition.partition(" WHERE ")
            values = {value for _, among in unique.where for value in among if value is not None}
            assert set(re.findall(r"'([^']*)'::text", where)) == values
            assert ("IS NULL" in where) == any(None in among for _, among in unique.where)
            assert ("lower(" in definition) == unique.lowered


async def test_all_keys_but_primary_ones_wait_for_the_commit(database: Database) -> None:
    """A flush may hand a key from one row to another in any order within its transaction."""
    async with database.connect(DatabaseRole.OWNER) as connection:
        found = await constraints(connection)
    waiting = {deferred for _, kind, _, deferred in found.values() if kind in {"u", "x"}}
    assert waiting == {True}
    assert not any(kind == "f" for _, kind, _, _ in found.values()), "no foreign keys across owners"


def test_every_group_is_registered() -> None:
    """A group that nobody imports would not exist for loading and decoding."""
    assert len(RECORDS) == len(ALL_RECORDS) > 60
