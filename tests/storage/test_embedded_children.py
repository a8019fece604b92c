"""The embedded PostgreSQL whose own processes are killed, again while it recovers from that."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from storage.postgres.database import open_asyncio_loop, open_database
from storage.postgres.embedded import EmbeddedServer, open_embedded_server
from tests.places import new_folder
from tests.storage.test_embedded_life import ask

WITHIN_S = 60.0


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder for a server that has not been."""
    folder = new_folder("children")
    yield folder / "postgres"
    shutil.rmtree(folder)


def child_of(server: EmbeddedServer, name: str) -> int | None:
    """The process of the server that calls itself so, if there is one now."""
    pid = server.pid
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            title = Path(f"/proc/{child}/cmdline").read_bytes()
            if title.startswith(f"postgres: {name}".encode()):
                return int(child)
    return None


def kill(server: EmbeddedServer, name: str) -> bool:
    """Take a process as the kernel does for want of memory; False if it is not there."""
    child = child_of(server, name)
    if child is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    return child is not None


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes as Linux does")
async def test_a_server_whose_startup_process_is_killed_too_comes_back(data_dir: Path) -> None:
    """PostgreSQL that begins anew by itself then waits for ever, and says that it recovers."""
    async with (
        open_asyncio_loop(),
        open_embedded_server(data_dir) as server,
        open_database(server.url) as database,
    ):
        await server.wait_ready()
        with trio.fail_after(WITHIN_S):
            # It is there for a moment only: whoever misses it makes another one.
            while not kill(server, "startup"):
                if server.statistics().ready:
                    kill(server, "checkpointer")
                await trio.lowlevel.checkpoint()
            assert await ask(database) == 42
        assert server.statistics().crash_count >= 1
