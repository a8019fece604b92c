"""Says what a database's schema is, in words that two databases of one schema share.

`schema.sql` is this description of the replayed migrations, kept so that a change of the schema
shows in review as what it makes, and so that nothing is made by accident. It is read from the
catalogs and needs no client program of PostgreSQL's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from storage.postgres.database import Connection

__all__ = ["SCHEMA_FILE", "describe_schema"]

SCHEMA_FILE: Final = Path(__file__).parent / "schema.sql"
_QUERY: Final = Path(__file__).parent / "describe.sql"


async def describe_schema(connection: Connection) -> str:
    """The schemas `public` and `runtime`: tables, functions, policies, grants.

    The text depends on PostgreSQL's major version, which words expressions in its own way.
    """
    query = _QUERY.read_text(encoding="utf-8")
    async with connection.transaction(readonly=True):
        await connection.execute("set local search_path = ''")
        rows = await connection.fetch(query)
    return "\n\n".join(str(row["text"]) for row in rows) + "\n"
