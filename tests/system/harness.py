"""A node as its operator has it: a process with a data directory, killed and started at will.

Nothing here looks inside. What a test may know of a node is what it answers, what stands in its
database, and what it leaves on the machine.
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx
import psutil  # type: ignore[import-untyped]
import trio

from tests.places import REPOSITORY, new_folder
from tests.plain_http import plain_client
from tests.system.forking import Forked, Nest

READY_S: Final = 90.0
END_S: Final = 60.0
LOOK_AGAIN_S: Final = 0.05
TAIL_BYTES: Final = 4_000
COMMAND: Final = "import sys; from lastlight.cli import main; sys.exit(main())"
"""What the console script does; in the tests' own interpreter, installed or not."""
AS_USER: Final = (
    "import encodings.idna, lastlight.cli_serve, os, sys; from lastlight.cli import main;"
    " uid = int(sys.argv.pop(1)); os.setgroups([]); os.setgid(uid); os.setuid(uid);"
    " sys.exit(main())"
)
"""The same for a user who may not be able to read the checkout: read first, then become them."""


async def wait_until(condition: Callable[[], Awaitable[bool]], *, within_s: float) -> None:
    """Look at another process until it is as it should be.

    Raises:
        trio.TooSlowError: it is not within `within_s`.
    """
    with trio.fail_after(within_s):
        while not await condition():  # noqa: ASYNC110 - another process sets no event here
            await trio.sleep(LOOK_AGAIN_S)


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def processes_on(folder: Path) -> list[psutil.Process]:
    """All that runs and names `folder`; what is dead but not collected has ended."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and any(str(folder) in w for w in process.cmdline()):
                found.append(process)
    return found


def end_tree(process: psutil.Process) -> None:
    """Kill a process and all that it started, which does not name the folder."""
    with suppress(psutil.NoSuchProcess):
        tree = [process, *process.children(recursive=True)]
        for each in tree:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(tree, timeout=END_S)


@functools.cache
def nest() -> Nest:
    """What this process's nodes are forked from."""
    return Nest()


class NodeProcess:
    """`lastlight serve` on a port and a data directory of its own, which it keeps when restarted.

    Args:
        data_dir: made by the node if missing.
        environment: settings besides those of every test.
        demo: found the demo venue.
        uid: become this user first; only root can.
        fresh: an interpreter of its own, as the console script has, and not a fork of one.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        environment: dict[str, str] | None = None,
        demo: bool = True,
        uid: int | None = None,
        fresh: bool = False,
    ) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.log = data_dir.with_name(f"{data_dir.name}.log")
        self.start_s = 0.0
        self._demo = demo
        self._uid = uid
        self._fresh = fresh or uid is not None
        self._environment = {
            **{name: v for name, v in os.environ.items() if not name.startswith("LASTLIGHT_")},
            "LASTLIGHT_RATE_LIMITS": "off",
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | Forked | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database_url(self) -> str:
        """Where its own PostgreSQL listens."""
        return socket_url(self.data_dir / "postgres" / "socket")

    @property
    def process(self) -> subprocess.Popen[bytes] | Forked:
        """The process that was started last."""
        assert self._process is not None, "the node was never started"
        return self._process

    def launch(self) -> None:
        """Start the process, and wait for nothing."""
        words = ["serve", "--port", str(self.port), "--data-dir", str(self.data_dir)]
        if self._demo:
            words.append("--demo")
        if not self._fresh:
            self._process = nest().start(words, self._environment, self.log)
            return
        program = [COMMAND] if self._uid is None else [AS_USER, str(self._uid)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", *program, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=REPOSITORY,
                env=self._environment,
                start_new_session=True,
            )

    async def start(self) -> None:
        """Start it and wait until it takes commands.

        Raises:
            AssertionError: it ended instead, or is not ready within READY_S; with its last words.
        """
        began = time.monotonic()
        self.launch()
        async with plain_client(base_url=self.url, timeout=5) as http:
            try:
                await wait_until(lambda: self._is_ready(http), within_s=READY_S)
            except trio.TooSlowError:
                raise AssertionError(f"not ready in {READY_S:g} s: {self.tail()}") from None
        self.start_s = time.monotonic() - began

    async def _is_ready(self, http: httpx.AsyncClient) -> bool:
        status = self.process.poll()
        assert status is None, f"the node ended with {status}: {self.tail()}"
        with suppress(httpx.TransportError):
            return (await http.get("/readyz")).status_code == 200
        return False

    async def readiness(self) -> tuple[int, dict[str, object]]:
        """What `/readyz` says."""
        async with plain_client(base_url=self.url, timeout=5) as http:
            answer = await http.get("/readyz")
        return answer.status_code, answer.json()

    def kill(self) -> None:
        """End as kill -9 does; its PostgreSQL is left as that leaves it."""
        self.process.kill()
        self.process.wait()

    async def stop(self) -> int:
        """End gracefully; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return await self.wait_end()

    async def wait_end(self) -> int:
        """Wait until the process ends by itself; returns the exit status."""
        with trio.fail_after(END_S):
            return await trio.to_thread.run_sync(self.process.wait, abandon_on_cancel=True)

    def server(self) -> psutil.Process:
        """Its own PostgreSQL, which must be running."""
        pid_file = self.data_dir / "postgres" / "cluster" / "postmaster.pid"
        return psutil.Process(int(pid_file.read_text().split()[0]))

    def has_another_server(self, before: psutil.Process) -> bool:
        """Whether a PostgreSQL runs that is not `before`, whose last processes may answer yet."""
        with suppress(psutil.NoSuchProcess, FileNotFoundError, IndexError, ValueError):
            server = self.server()
            return bool(server != before and server.is_running())
        return False

    def end(self) -> None:
        """Whatever became of it: it does not run any more."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def tail(self) -> str:
        """Its last words."""
        return self.log.read_bytes()[-TAIL_BYTES:].decode(errors="replace")


class Yard:
    """A folder for nodes. Made by `open_yard`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._nodes: list[NodeProcess] = []

    def node(
        self,
        name: str,
        *,
        environment: dict[str, str] | None = None,
        demo: bool = True,
        uid: int | None = None,
        fresh: bool = False,
    ) -> NodeProcess:
        """A node on the data directory of this name, which may be there already."""
        made = NodeProcess(
            self.path / name, environment=environment, demo=demo, uid=uid, fresh=fresh
        )
        self._nodes.append(made)
        return made

    def copy(self, template: Path, name: str) -> None:
        """Make a data directory like a stopped node's, owners and modes kept.

        The reserve is left out: a node makes it anew, and it is most of the bytes.
        """
        subprocess.run(["cp", "-a", str(template), str(self.path / name)], check=True)
        (self.path / name / "journal" / "reserve").unlink(missing_ok=True)

    def end(self) -> None:
        """Let nothing run on below a failed test."""
        for node in self._nodes:
            node.end()
        for process in processes_on(self.path):
            end_tree(process)


@contextmanager
def end_nodes(yard: Yard) -> Iterator[Yard]:
    """A yard of which nothing runs on."""
    try:
        yield yard
    finally:
        yard.end()


@contextmanager
def open_yard() -> Iterator[Yard]:
    """A folder of its own."""
    yard = Yard(new_folder("system"))
    try:
        with end_nodes(yard):
            yield yard
    finally:
        shutil.rmtree(yard.path)


def socket_url(socket_dir: Path) -> str:
    """The URL of an embedded PostgreSQL by its socket's folder."""
    return f"postgresql://lastlight@/lastlight?host={quote(str(socket_dir), safe='')}"
