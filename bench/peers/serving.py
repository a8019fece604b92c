"""The two peers as the suite drives them: a process that serves, and a PostgreSQL of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import attrs

from bench.database import run_sql
from bench.kit import free_port, wait_for
from bench.peer import Stored
from bench.peers.node import NODE, install_packages
from bench.peers.store import Store
from bench.rooms_kit import cpu_seconds
from bench.stored import stored_in
from bench.town import Town

CONNECTIONS: Final = 16
"""To PostgreSQL: enough for a commit to carry several, few enough for two cores."""
_READY_S: Final = 120.0
_LOOK_S: Final = 0.05
_QUIET_LOOKS: Final = 2
_AT_WORK: Final = """
    select count(*) from pg_stat_activity
    where backend_type = 'client backend' and state = 'active' and pid <> pg_backend_pid()
        and datname = current_database()
"""
EXPRESS: Final = Path(__file__).parent / "express"


@attrs.define(eq=False)
class ProcessPeer:
    """One server that is told by a file what to serve; see `bench.peer.Peer`."""

    name: str
    argv: Sequence[str]
    """What runs it; the path of its settings comes after."""
    env: Mapping[str, str] = attrs.field(factory=dict)
    connections: int = CONNECTIONS
    make_store: Callable[[Path], Store] = Store
    _store: Store | None = None
    _port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pids(self) -> Sequence[int]:
        """The server's one process."""
        process = self._process
        return () if process is None or process.poll() is not None else (process.pid,)

    @property
    def database_url(self) -> str:
        """Where its PostgreSQL listens."""
        assert self._store is not None, "it was never started"
        return self._store.url

    def start(self, data_dir: Path, town: Town) -> None:
        """Make tables and people if there are none, and serve."""
        self._store = self.make_store(data_dir / "postgres")
        self._store.start()
        self._store.found(town)
        self._port = free_port()
        settings = data_dir / "settings.json"
        settings.touch(0o600)
        settings.write_text(json.dumps(self._settings(town)))
        with (data_dir / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self.argv, str(settings)], env={**os.environ, **self.env}, stdout=log, stderr=log
            )
        wait_for(self.base_url + "/readyz", _READY_S)

    def _settings(self, town: Town) -> dict[str, object]:
        return {
            "port": self._port,
            "database": connection_of(self.database_url),
            "jwks": town.keys.jwks()["keys"],
            "door_secret": town.door_secret.hex(),
            "connections": self.connections,
        }

    def stop(self) -> None:
        """End the server, then its PostgreSQL."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)
        if self._store is not None:
            self._store.stop()

    def settle(self, within_s: float) -> float:
        """Wait until nothing is under way: clients that left don't take back what they asked for.

        What was answered is never behind, as an answer is given after the commit of its rows.

        Raises:
            TimeoutError: it is still at work after `within_s`.
        """
        until = time.monotonic() + within_s
        quiet, seen = 0, self._work_done()
        while quiet < _QUIET_LOOKS:
            if time.monotonic() > until:
                raise TimeoutError(f"{self.name} is still at work after {within_s} s")
            time.sleep(_LOOK_S)
            before, seen = seen, self._work_done()
            at_work = run_sql(self.database_url, _AT_WORK).strip() != "0"
            quiet = 0 if at_work or seen != before else quiet + 1
        return 0.0

    def _work_done(self) -> float:
        return sum(cpu_seconds(pid) for pid in self.pids)

    def stored(self) -> Stored:
        """What is in its PostgreSQL."""
        return stored_in(self.database_url)


def connection_of(url: str) -> dict[str, str]:
    """A connection as both drivers take it: folder of the socket, user, database."""
    parts = urlsplit(url)
    (host,) = parse_qs(parts.query)["host"]
    return {"host": host, "user": parts.username or "", "database": parts.path.lstrip("/")}


def express() -> ProcessPeer:
    """Express 5, Socket.IO 4 and pg on Node: the stack that this system replaces."""
    argv = [str(NODE), str(EXPRESS / "server.mjs")]
    return ProcessPeer("Express + pg", argv, {"NODE_ENV": "production"})


def fastapi() -> ProcessPeer:
    """FastAPI on uvicorn with uvloop and httptools, and asyncpg."""
    return ProcessPeer(
        "FastAPI + asyncpg", [sys.executable, "-m", "bench.peers.fastapi_app.server"]
    )


def install() -> None:
    """Install the packages of what runs on Node."""
    install_packages(EXPRESS)
