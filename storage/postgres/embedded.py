"""The node's own PostgreSQL: made, started, watched and stopped by the node that uses it.

So `lastlight serve` needs no database server, and none is left behind. The server is a child of
the node; if it dies it is started again, if the node dies it is told to stop, and what an earlier
node left running is stopped before a new one starts. One node at a time: the folder is locked.
The data directory appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

import attrs
import trio

from storage.postgres import launch
from storage.postgres.errors import EmbeddedServerUnusable
from storage.postgres.initialise import DATABASE, USER, initialise
from storage.postgres.place import Place, find_place, lock_place, open_private
from storage.postgres.postmaster import clear_the_way, read_pid_file, stop, wait_exit

__all__ = [
    "EmbeddedServer",
    "EmbeddedServerStatistics",
    "open_embedded_server",
    "url_of_running",
]

POLL_S: Final = 0.02
RESTART_DELAY_MIN_S: Final = 0.1
RESTART_DELAY_MAX_S: Final = 5.0
START_FAILURES_MAX: Final = 3
"""After so many starts in a row that never became ready, waiters are told; starting goes on."""
LOG_TAIL_BYTES: Final = 2_000
LOG_NAME: Final = "server.log"
LOG_BYTES_MAX: Final = 16 * 1024**2
LOG_CHECK_S: Final = 60.0

SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "40",
    "shared_buffers": "128MB",
    "wal_compression": "on",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "10min",
    # Worker processes cost more than they give on two cores with short statements.
    "io_method": "sync",
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "2",
    "jit": "off",
    # The node starts it again. A server that begins anew by itself, after one of its processes was
    # killed, waits for ever if that happens to its startup process too.
    "restart_after_crash": "off",
    # A statement whose client has gone would hold its locks until it ends.
    "client_connection_check_interval": "1s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


@attrs.frozen(kw_only=True)
class EmbeddedServerStatistics:
    """What an operator asks of the server first."""

    pid: int | None
    ready: bool
    start_count: int
    crash_count: int
    last_exit: str | None
    cluster: Path


def url_of_running(data_dir: Path) -> str | None:
    """Where the server of a node that runs now takes connections; None if none does. Blocks.

    Raises:
        EmbeddedServerUnusable: see `find_place`.
    """
    found = read_pid_file(find_place(data_dir).cluster)
    if found is None or not found.ready or found.socket_dir is None:
        return None
    return f"postgresql://{USER}@/{DATABASE}?host={quote(str(found.socket_dir), safe='')}"


class EmbeddedServer:
    """A running, or restarting, PostgreSQL. Made by `open_embedded_server` only."""

    def __init__(self, place: Place, settings: Mapping[str, str]) -> None:
        self._place = place
        self._settings = {**SETTINGS, **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ready = False
        self._told = trio.Event()
        self._start_count = 0
        self._crash_count = 0
        self._start_failures = 0
        self._last_exit: str | None = None

    @property
    def url(self) -> str:
        """Where to connect, as the owner of everything; valid across restarts."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """As `url`, for another database of the server."""
        return f"postgresql://{USER}@/{database}?host={quote(str(self._place.socket_dir), safe='')}"

    @property
    def socket_dir(self) -> Path:
        """Where its socket is."""
        return self._place.socket_dir

    @property
    def pid(self) -> int | None:
        """The postmaster's, or None between two starts."""
        return None if self._process is None else self._process.pid

    def statistics(self) -> EmbeddedServerStatistics:
        """Counts since the node started."""
        return EmbeddedServerStatistics(
            pid=self.pid,
            ready=self._is_ready,
            start_count=self._start_count,
            crash_count=self._crash_count,
            last_exit=self._last_exit,
            cluster=self._place.cluster,
        )

    async def wait_ready(self) -> None:
        """Wait until the server answers queries; crash recovery may take minutes.

        Raises:
            EmbeddedServerUnusable: it stopped `START_FAILURES_MAX` times before it was ready. It
                is still being started again and again: the cause may be passing.
        """
        while not self._is_ready:
            await self._told.wait()
            if not self._is_ready and self._start_failures >= START_FAILURES_MAX:
                raise EmbeddedServerUnusable(
                    f"PostgreSQL on {self._place.cluster} stopped {self._start_failures} times"
                    f" before it was ready ({self._last_exit}); its last words: {self._log_tail()}"
                )

    async def _supervise(self) -> None:
        """Run the server until cancelled, again after each death; leaves no process."""
        while True:
            await self._run_once()
            delay_s = RESTART_DELAY_MIN_S * 2 ** min(self._start_failures, 10)
            await trio.sleep(min(delay_s, RESTART_DELAY_MAX_S))

    async def _run_once(self) -> None:
        await clear_the_way(self._place)
        self._process = process = self._spawn()
        self._start_count += 1
        was_ready = False
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._watch_start, process)
                nursery.start_soon(self._bound_log)
                await wait_exit(process)
                nursery.cancel_scope.cancel()
        finally:
            was_ready, self._is_ready = self._is_ready, False
            self._told = trio.Event() if was_ready else self._told
            with trio.CancelScope(shield=True):
                await stop(process)
            self._process = None
        self._crash_count += 1
        self._last_exit = f"exit status {process.returncode}"
        self._start_failures = 0 if was_ready else self._start_failures + 1
        if self._start_failures >= START_FAILURES_MAX:
            self._told.set()
            self._told = trio.Event()

    async def _watch_start(self, process: subprocess.Popen[bytes]) -> None:
        """Notice that the server is ready; it says so in its pid file after any recovery."""
        while True:
            found = read_pid_file(self._place.cluster)
            if found is not None and found.pid == process.pid and found.ready:
                break
            await trio.sleep(POLL_S)
        self._is_ready = True
        self._told.set()

    def _spawn(self) -> subprocess.Popen[bytes]:
        place = self._place
        settings = {**self._settings, "unix_socket_directories": str(place.socket_dir)}
        server = [
            *(str(place.binaries / "postgres"), "-D", str(place.cluster)),
            *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
        ]
        launcher = [
            *(sys.executable, "-I", "-S", launch.__file__, str(os.getpid())),
            "-" if place.uid is None else str(place.uid),
            "-" if place.gid is None else str(place.gid),
        ]
        try:
            return self._start_child([*launcher, *server])
        except PermissionError:
            if place.uid is not None:
                raise
            # A node that gave up root after its start may not run its own interpreter again; its
            # server runs all the same, only not tied to it.
            return self._start_child(server)

    def _start_child(self, command: list[str]) -> subprocess.Popen[bytes]:
        with open_private(self._place, LOG_NAME) as log:
            # Started here and not in a worker thread, whose end would count as the parent's death;
            # in a session of its own, because Ctrl-C is the node's to act on, in its own order.
            return subprocess.Popen(  # noqa: S603 - every word is ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"LC_ALL": "C", "PATH": os.defpath},
                umask=0o077,
                start_new_session=True,
            )

    @property
    def _log_path(self) -> Path:
        return self._place.folder / LOG_NAME

    async def _bound_log(self) -> None:
        """Keep one older log beside the current one, each of at most about `LOG_BYTES_MAX`.

        The server writes to a plain file: its own log collector would outlive it for a moment.
        """
        while True:
            if self._log_path.stat().st_size > LOG_BYTES_MAX:
                await trio.to_thread.run_sync(
                    shutil.copyfile, self._log_path, self._log_path.with_suffix(".log.1")
                )
                os.truncate(self._log_path, 0)  # The server appends, so it goes on at the start.
            await trio.sleep(LOG_CHECK_S)

    def _log_tail(self) -> str:
        text = self._log_path.read_bytes()[-LOG_TAIL_BYTES:]
        return text.decode(errors="replace").strip()


@contextlib.asynccontextmanager
async def open_embedded_server(
    data_dir: Path, *, user: str | None = None, settings: Mapping[str, str] | None = None
) -> AsyncIterator[EmbeddedServer]:
    """Run a PostgreSQL on `data_dir` until the block is left; it may not be ready yet on entry.

    Cancelling the block does not stop the server before the block has ended: what is inside may
    still want to write.

    Args:
        data_dir: PostgreSQL's own folder, made if missing; 0700 and, if the node is root, owned by
            another user, so nothing else may be kept there.
        user: who runs it if the node is root, see `find_place`.
        settings: PostgreSQL settings over `SETTINGS`.

    Raises:
        EmbeddedServerUnusable: it can't run here, or another node has it. Nothing was started.
    """
    place = await trio.to_thread.run_sync(lambda: find_place(data_dir, user=user))
    with lock_place(place):
        await initialise(place)
        server = EmbeddedServer(place, settings or {})
        supervision = trio.CancelScope(shield=True)

        async def supervise() -> None:
            with supervision:
                await server._supervise()  # noqa: SLF001 - one module, one lifecycle

        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(supervise)
                try:
                    yield server
                finally:
                    supervision.cancel()
        finally:
            if place.socket_dir.parent != place.folder:
                shutil.rmtree(place.socket_dir, ignore_errors=True)
