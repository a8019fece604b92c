"""One embedded PostgreSQL for a whole test run, in a process of its own.

It lives until its standard input ends, so it goes when pytest goes, however pytest goes; then it
removes its folder. Each line in asks for one thing and is answered by one line of JSON:
`create` (a new database like the template; its name and URL come back), `create-empty` (one without
any schema), `drop NAME`.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import trio

from storage.postgres.database import (
    Database,
    DatabaseRole,
    open_asyncio_loop,
    open_database,
)
from storage.postgres.embedded import EmbeddedServer, open_embedded_server
from storage.postgres.migrate import migrate

TEMPLATE = "template_lastlight"
UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


async def prepare_template(server: EmbeddedServer, admin: Database) -> None:
    """Make the database that every test's database is a copy of."""
    async with admin.connect(DatabaseRole.LOGIN) as connection:
        await connection.execute(f"create database {TEMPLATE}")
    async with open_database(server.url_of(TEMPLATE)) as template:
        await migrate(template)


def statement(words: list[str], names: Iterator[str]) -> tuple[str, str]:
    """The database that a line is about, and what to do with it."""
    match words:
        case ["create"]:
            return (name := next(names)), f"create database {name} template {TEMPLATE}"
        case ["create-empty"]:
            return (name := next(names)), f"create database {name}"
        case ["drop", name]:
            return name, f"drop database if exists {name} with (force)"
    raise AssertionError(f"unknown words {words}")


async def serve(folder: Path) -> None:
    """Answer lines until the end of standard input."""
    names = (f"test_{number}" for number in itertools.count(1))
    async with (
        open_asyncio_loop(),
        open_embedded_server(folder / "postgres", settings=UNSAFE_BUT_FAST) as server,
        open_database(server.url) as admin,
    ):
        await server.wait_ready()
        await prepare_template(server, admin)
        async for line in trio.wrap_file(sys.stdin):
            name, sql = statement(line.split(), names)
            async with admin.connect(DatabaseRole.LOGIN) as connection:
                await connection.execute(sql)
            answer = {"name": name, "url": server.url_of(name)}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


def main() -> None:
    """Run in a new folder that the server's user may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="lastlight-tests-"))
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    try:
        trio.run(serve, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
