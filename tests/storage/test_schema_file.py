"""`schema.sql` is what the migrations make, no more and no less."""

from __future__ import annotations

import re

import trio

from storage.postgres.database import Database, DatabaseRole
from storage.postgres.describe import SCHEMA_FILE, describe_schema

AGAIN = "run `python -m tests.storage.schema_file`, and look at what changed"


async def test_the_replayed_migrations_make_the_schema_file(database: Database) -> None:
    """A review sees what a migration makes, and nothing is made by accident."""
    expected = await trio.Path(SCHEMA_FILE).read_text(encoding="utf-8")
    async with database.connect(DatabaseRole.OWNER) as connection:
        found = await describe_schema(connection)
    assert found == expected, AGAIN


async def test_the_schema_file_makes_the_same_schema(database: Database) -> None:
    """So the description leaves nothing out that statements can say."""
    expected = await trio.Path(SCHEMA_FILE).read_text(encoding="utf-8")
    async with database.connect(DatabaseRole.LOGIN) as connection:
        await connection.execute(
            "drop schema public, runtime cascade;"
            " create schema public; grant usage, create on schema public to lastlight_owner;"
            " grant usage on schema public to lastlight_writer, lastlight_reader;"
            " create schema runtime authorization lastlight_owner"
        )
        await connection.execute(f"set role lastlight_owner; {expected}; reset role")
        found = await describe_schema(connection)
    assert _unnamed(found) == _unnamed(expected)


def _unnamed(schema: str) -> str:
    """Without the names that PostgreSQL gives to columns of functions that have none."""
    return re.sub(r"(::(?:bigint|text|boolean)) AS (?:int8|text|bool)\b", r"\1", schema)
