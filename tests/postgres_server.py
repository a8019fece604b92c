"""One embedded PostgreSQL for a whole test run, in a process of its own.

It lives until its standard input ends, so it goes when pytest goes, however pytest goes; then it
removes its folder. Each line in asks for one thing and is answered by one line of JSON:
`create` (a new database like the template; its name and URL come back), `create-empty` (one without
any schema), `drop NAME`.
"""

from __future__ import annotations

import itertools
import json
import shutil
import sys
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
from tests.places import new_folder

TEMPLATE = "template_lastlight"
UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


async def prepare_template(server: EmbeddedServer, admin: Database) -> None:
    """Make the database that every test's database is a copy of."""
    async with admin.connect(DatabaseRole.LOGIN) as connection:
        await connection.execute(f"create database {TEMPLATE}")
    async with open_database(server.url_of(TEMPLATE)) as template:
        await migrate(template)


async def execute(admin: Database, sql: str) -> None:
    """Run a statement that no transaction may contain; they queue for the one connection."""
    async with admin.connect(DatabaseRole.LOGIN, timeout_s=60) as connection:
        await connection.execute(sql, timeout_s=60)


async def make_copies(admin: Database, copies: trio.MemorySendChannel[str]) -> None:
    """Always have one copy of the template ready: copying takes longer than many a test."""
    for number in itertools.count(1):
        name = f"test_{number}"
        # PostgreSQL copies files faster than it replays them through its log.
        await execute(admin, f"create database {name} template {TEMPLATE} strategy file_copy")
        await copies.send(name)


async def serve(folder: Path) -> None:
    """Answer lines until the end of standard input."""
    empties = (f"empty_{number}" for number in itertools.count(1))
    send_copy, receive_copy = trio.open_memory_channel[str](0)
    async with (
        open_asyncio_loop(),
        open_embedded_server(folder / "postgres", settings=UNSAFE_BUT_FAST) as server,
        open_database(server.url) as admin,
        trio.open_nursery() as nursery,
    ):
        await server.wait_ready()
        await prepare_template(server, admin)
        nursery.start_soon(make_copies, admin, send_copy)
        async for line in trio.wrap_file(sys.stdin):
            match line.split():
                case ["create"]:
                    name = await receive_copy.receive()
                case ["create-empty"]:
                    name = next(empties)
                    await execute(admin, f"create database {name}")
                case ["drop", name]:
                    sql = f"drop database if exists {name} with (force)"
                    nursery.start_soon(execute, admin, sql)
                case words:
                    raise AssertionError(f"unknown words {words}")
            sys.stdout.write(json.dumps({"name": name, "url": server.url_of(name)}) + "\n")
            sys.stdout.flush()
        nursery.cancel_scope.cancel()


def main() -> None:
    """Run in a new folder that the server's user may pass through."""
    folder = new_folder("tests")
    try:
        trio.run(serve, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
