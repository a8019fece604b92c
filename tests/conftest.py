"""Fixtures that everything may use; PostgreSQL is real, and one server serves the whole run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest
import structlog

from storage.postgres.database import Database, open_asyncio_loop, open_database
from tests.places import REPOSITORY, SHARED, open_shared_folder

BYTECODE = REPOSITORY / ".pytest_cache" / "bytecode"


def keep_bytecode() -> None:
    """Let workers, nodes and other children compile each module once, out of the tree's way.

    Machines for CI often forbid Python to write bytecode; then every process compiles all that it
    imports, which takes several seconds each, and a run starts more than a hundred of them.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(BYTECODE))
    sys.dont_write_bytecode = False
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"]


def pytest_configure(config: pytest.Config) -> None:
    """Logs show plain tracebacks: the decorated ones take a second each, and nights have many."""
    keep_bytecode()
    if SHARED not in os.environ:
        stack = ExitStack()
        stack.enter_context(open_shared_folder())
        config.add_cleanup(stack.close)
    plain = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])


class PostgresForTests:
    """Hands out fresh databases; the server is a process that ends when its input does."""

    def __init__(self) -> None:
        # A session of its own: Ctrl-C reaches pytest only, and the end of input does the rest.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.postgres_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=REPOSITORY,
            text=True,
            start_new_session=True,
        )

    def ask(self, line: str) -> dict[str, str]:
        """Send one line, and wait for its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        if not (answered := self._process.stdout.readline()):
            raise RuntimeError("the PostgreSQL of the tests has ended; its last words are above")
        answer: dict[str, str] = json.loads(answered)
        return answer

    def close(self) -> None:
        """End the server and wait until it has gone."""
        self._process.communicate(timeout=60)


@pytest.fixture(scope="session")
def postgres_for_tests() -> Iterator[PostgresForTests]:
    """The server of the test run; started by the first test that asks for a database."""
    postgres = PostgresForTests()
    yield postgres
    postgres.close()


@pytest.fixture
def postgres_url(postgres_for_tests: PostgresForTests) -> Iterator[str]:
    """A fresh database with all migrations applied, for this test alone."""
    made = postgres_for_tests.ask("create")
    yield made["url"]
    postgres_for_tests.ask(f"drop {made['name']}")


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """The opened pools of `postgres_url`, with the asyncio loop around them."""
    async with open_asyncio_loop(), open_database(postgres_url) as opened:
        yield opened
