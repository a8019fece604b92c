"""The embedded PostgreSQL whose own processes are killed, again while it recovers from that."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
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


def kill(server: EmbeddedServer, name: str) -> bool:
    """Take the server's process that calls itself so, as the kernel does for want of memory.

    Returns:
        False if there is none now.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in [] if server.pid is None else psutil.Process(server.pid).children():
            if " ".join(child.cmdline()).startswith(f"postgres: {name}"):
                child.kill()
                return True
    return False


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
