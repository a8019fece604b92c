"""What a caller of the database may rely on, on PostgreSQL."""

from __future__ import annotations

import uuid

import pytest

from storage.postgres.database import Database, DatabaseRole


@pytest.mark.parametrize("role", list(DatabaseRole))
async def test_each_pool_connects_with_its_own_role(database: Database, role: DatabaseRole) -> None:
    """Row-level security holds only if a query's connection never has the owner's rights."""
    async with database.connect(role) as connection:
        found = await connection.fetchval("select current_setting('role')")
    assert found == role.value


async def test_json_and_ids_arrive_as_the_mapping_expects(database: Database) -> None:
    """The record mapping decodes JSON itself; a second decoding would change numbers."""
    id_ = uuid.uuid4()
    async with database.connect(DatabaseRole.WRITER) as connection:
        row = await connection.fetchrow("select $1::jsonb as json, $2::uuid as id", '{"a": 1}', id_)
    assert row is not None
    assert (row["json"], row["id"]) == ('{"a": 1}', id_)
    assert isinstance(row["id"], uuid.UUID)
