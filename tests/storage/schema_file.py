"""Writes `storage/postgres/schema.sql` anew: `python -m tests.storage.schema_file`.

Run it after a migration was added, and look at what changed.
"""

from __future__ import annotations

import trio

from storage.postgres.database import DatabaseRole, open_asyncio_loop, open_database
from storage.postgres.describe import SCHEMA_FILE, describe_schema
from tests.conftest import PostgresForTests


async def write_schema(url: str) -> None:
    """Describe the database at `url`."""
    async with (
        open_asyncio_loop(),
        open_database(url) as database,
        database.connect(DatabaseRole.OWNER) as connection,
    ):
        text = await describe_schema(connection)
    await trio.Path(SCHEMA_FILE).write_text(text, encoding="utf-8")


def main() -> None:
    """Start a server, migrate, describe, and stop it."""
    postgres = PostgresForTests()
    try:
        trio.run(write_schema, postgres.ask("create")["url"])
    finally:
        postgres.close()


if __name__ == "__main__":
    main()
