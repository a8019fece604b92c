"""Many new rows at once: by COPY into a table of the session's own, and from there to theirs.

PostgreSQL copies into no table whose row-level security binds whoever copies, and ours binds all
(decision 0007). Temporary tables have none. The driver asks of each element of an array whether it
is an array too, and of nothing that it copies; below `STAGED_FROM` rows the two statements more
cost what that saves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from protocol.records.base import Record
from storage.postgres.database import Connection
from storage.postgres.mapping import RecordMapping

STAGED_FROM: Final = 256
"""Rows of one table in one batch from which on they are copied."""


async def insert_staged(
    connection: Connection, mapping: RecordMapping[Any], records: Sequence[Record]
) -> None:
    """Insert `records` into the table of `mapping`, within the transaction that is open."""
    staged, columns = f"staged_{mapping.table.name}", mapping.columns_sql
    # Whatever a batch that failed left of it is gone with its transaction.
    await connection.execute(
        f"create temporary table if not exists {staged} on commit delete rows"
        f" as select {columns} from {mapping.table_sql} with no data"
    )
    await connection.copy_records_to_table(
        staged, schema="pg_temp", columns=mapping.names, records=map(mapping.to_row, records)
    )
    await connection.execute(
        f"insert into {mapping.table_sql} ({columns}) select {columns} from pg_temp.{staged}"
    )
