"""A node reduced to its PostgreSQL, run as a process of its own so that tests may kill it.

Arguments: data directory. Prints one line of JSON with the server's pid and socket's URL each time
it becomes ready, and stays until its standard input ends. As root with a second argument, a uid,
it becomes that user first, as a node started by an ordinary user would be.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import trio

from storage.postgres.database import DatabaseRole, open_asyncio_loop, open_database
from storage.postgres.embedded import open_embedded_server


async def run(data_dir: Path) -> None:
    """Keep the server until the end of standard input."""
    async with (
        open_asyncio_loop(),
        open_embedded_server(data_dir) as server,
        open_database(server.url) as database,
    ):
        await server.wait_ready()
        async with database.connect(DatabaseRole.LOGIN) as connection:
            await connection.execute("create table if not exists kept (number integer)")
            await connection.execute("insert into kept values (1)")
            kept = await connection.fetchval("select count(*) from kept")
        sys.stdout.write(json.dumps({"pid": server.pid, "url": server.url, "kept": kept}) + "\n")
        sys.stdout.flush()
        async for _ in trio.wrap_file(sys.stdin):
            pass


def main() -> None:
    """Run as the user that the arguments name."""
    data_dir, *uid = sys.argv[1:]
    if uid:
        os.setgroups([])
        os.setgid(int(uid[0]))
        os.setuid(int(uid[0]))
    trio.run(run, Path(data_dir))


if __name__ == "__main__":
    main()
