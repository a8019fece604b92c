"""A PostgreSQL for a peer: the one our node brings along, with the node's settings, fsync on.

`python -m bench.peers.store FOLDER` runs it until its standard input ends.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import attrs
import trio

from bench.database import database_url, run_sql
from bench.town import Town
from bench.town_sql import load
from storage.postgres.embedded import open_embedded_server

_SCHEMA = Path(__file__).parent / "schema.sql"
_SEATS = """
insert into venue_floor select id, 0, capacity from venues;
-- Tables that are still empty are left out: the planner thinks better of what it knows nothing of
-- than of what it was told has no rows, and plans are kept.
analyze users, credits, credit_grants, venues, venue_floor, menu_items, inventory_levels;
"""


@attrs.define(eq=False)
class Store:
    """One server's process, and what is in it."""

    folder: Path
    _process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return database_url(self.folder)

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            ChildProcessError: it ended instead.
        """
        argv = [sys.executable, "-m", "bench.peers.store", str(self.folder)]
        self._process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise ChildProcessError(f"PostgreSQL for {self.folder} ended with its start")

    def found(self, town: Town) -> None:
        """Make the tables and put everybody in, once."""
        if run_sql(self.url, "select to_regclass('public.venue_floor')").strip():
            return
        run_sql(self.url, _SCHEMA.read_text())
        load(self.url, town)
        run_sql(self.url, _SEATS)

    def stop(self) -> None:
        """End it gracefully; twice does no harm."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(60)
            self._process = None


async def _serve(folder: Path) -> None:
    async with open_embedded_server(folder) as server:
        await server.wait_ready()
        print("ready", flush=True)
        async with trio.lowlevel.FdStream(sys.stdin.fileno()) as owner:
            while await owner.receive_some():
                pass


if __name__ == "__main__":
    trio.run(_serve, Path(sys.argv[1]))
