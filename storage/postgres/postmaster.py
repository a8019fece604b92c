"""Deals with what an earlier start left behind: a running server, or its pid file.

A pid file proves nothing: its process may have died, and its number may be another's by now. So
the server is asked: it must answer on its socket with that pid, or run with our data directory in
its arguments. A server that is ours is stopped; anybody else's process is left alone. The file is
then not removed but made to name this node, which PostgreSQL ignores while it still checks that no
process holds the old shared memory.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

import attrs
import trio

from storage.postgres.errors import EmbeddedServerUnusable
from storage.postgres.place import SOCKET_NAME, Place

__all__ = ["PidFile", "clear_the_way", "read_pid_file", "stop", "wait_exit"]

STOP_SIGNALS: Final = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 8.0), (signal.SIGKILL, 5.0))
"""How a server is stopped: fast, at once, by force, and how many seconds each may take.

PostgreSQL itself kills children that ignore the second after 5 s.
"""
POLL_S: Final = 0.02
_IS_LINUX: Final[bool] = sys.platform.startswith("linux")


@attrs.frozen(kw_only=True)
class PidFile:
    """The lines of `postmaster.pid` that matter here."""

    pid: int
    socket_dir: Path | None
    ready: bool


def read_pid_file(cluster: Path) -> PidFile | None:
    """The pid file of a data directory, or None if there is none or it is not whole."""
    try:
        lines = (cluster / "postmaster.pid").read_text(errors="replace").splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    socket_dir = Path(lines[4]) if len(lines) > 4 and lines[4] else None
    ready = len(lines) > 7 and lines[7].strip() == "ready"
    return PidFile(pid=pid, socket_dir=socket_dir, ready=ready)


async def clear_the_way(place: Place) -> int | None:
    """Stop a server that an earlier node left on this data directory; unlock the directory.

    Returns:
        The pid of the server that was stopped, or None.

    Raises:
        EmbeddedServerUnusable: a server that this node can't stop uses the directory.
    """
    found = read_pid_file(place.cluster)
    stopped = None
    if found is not None and await trio.to_thread.run_sync(_is_our_server, place, found):
        await _stop_orphan(place, found.pid)
        stopped = found.pid
    _unlock(place.cluster)
    for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
        (place.socket_dir / name).unlink(missing_ok=True)
    return stopped


async def _stop_orphan(place: Place, pid: int) -> None:
    for number, wait_s in STOP_SIGNALS:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            os.kill(pid, signal.SIGCONT)  # A frozen server hears nothing else.
        with trio.move_on_after(wait_s):
            while _is_alive(place.cluster, pid):  # noqa: ASYNC110 - not a child
                await trio.sleep(POLL_S)
            return
    raise EmbeddedServerUnusable(
        f"a PostgreSQL with pid {pid} runs on {place.cluster} and can't be stopped; stop it"
    )


def _unlock(cluster: Path) -> None:
    """Make PostgreSQL look past the pid in its file, but not past the shared memory named there."""
    path = cluster / "postmaster.pid"
    try:
        first, *rest = path.read_text(errors="replace").splitlines(keepends=True)
        int(first)
    except FileNotFoundError:
        return
    except ValueError:
        path.unlink()  # Not whole: the server died while it wrote, before it used anything.
        return
    # In place, so that the file keeps its owner, and not through a link: the folder is not ours
    # if we are root. The node is the server's parent-to-be.
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "w") as file:
        file.write("".join([f"{os.getpid()}\n", *rest]))


def _is_our_server(place: Place, found: PidFile) -> bool:
    """Whether the process of the pid file is a server on this data directory; blocks up to 1 s."""
    listener = _listener(found.socket_dir or place.socket_dir, found.pid)
    if listener is not None and listener != found.pid:
        raise EmbeddedServerUnusable(
            f"a server outside of this machine's sight (pid {found.pid}) uses {place.cluster};"
            " stop the node that runs it, perhaps in another container"
        )
    return listener is not None or _is_alive(place.cluster, found.pid, unsure=False)


def _listener(socket_dir: Path, expected_pid: int) -> int | None:
    """The pid of who answers on the socket; None if nobody does. Linux alone tells the pid."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(socket_dir / SOCKET_NAME))
        except OSError:
            return None
        if not _IS_LINUX:
            return expected_pid
        credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        pid: int = struct.unpack("3i", credentials)[0]
        return pid


def _is_alive(cluster: Path, pid: int, *, unsure: bool = True) -> bool:
    """Whether `pid` runs on `cluster`; `unsure` where the system does not show arguments."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        if _IS_LINUX:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 0)
            return unsure
        return False
    # A zombie has no arguments: it holds nothing any more, whoever forgot to collect it.
    return os.fsencode(cluster) in arguments


async def wait_exit(process: subprocess.Popen[bytes]) -> None:
    """Wait until `process` has ended and is collected."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # Not Linux, or a container that forbids it.
        while process.poll() is None:  # noqa: ASYNC110 - the system has nothing to wait for
            await trio.sleep(POLL_S)
        return
    try:
        await trio.lowlevel.wait_readable(descriptor)
    finally:
        os.close(descriptor)
    process.wait()


async def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the server, fast and then harder, and wait until it has ended."""
    for number, wait_s in STOP_SIGNALS:
        if process.poll() is not None:
            return
        process.send_signal(number)
        with trio.move_on_after(wait_s):
            await wait_exit(process)
    await wait_exit(process)
