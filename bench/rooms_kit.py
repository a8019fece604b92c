"""What the questions about sockets share: fleets of clients, servers of both kinds, A B A B.

The peer is Socket.IO 4 on Node, with its default engine. Servers, clients and load each have a
process of their own.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import attrs
import httpx

from bench.kit import BenchNode, People, a_node, demo_user_id, free_port, progress, wait_for
from bench.peers.node import NODE, install_packages
from lastlight.auth.keys import KeyRing
from lastlight.auth.tokens import Grant, Tokens
from lastlight.demo.ids import DEMO_VENUE
from protocol.addresses import Role
from protocol.limits import SOCKETS_PER_USER_MAX

STAFF_ROOM = f"venue:{DEMO_VENUE}:staff"
PATRONS_ROOM = f"venue:{DEMO_VENUE}:patrons"
PEER = Path(__file__).parent / "peers" / "socketio"
FILES_MAX = 65_536
AT_ONCE = 100
"""Handshakes under way at a time, where the time they take is not what is asked."""


def raise_limits() -> None:
    """Let this process and its children have enough files open for all connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(FILES_MAX, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def tokens_for(tokens: Tokens, count: int, role: Role, *, first: int = 1) -> list[str]:
    """Access tokens for so many sockets: each demo patron has as many as one user may."""
    users = -(-count // SOCKETS_PER_USER_MAX)
    made = [_token(tokens, f"patron{n}", role) for n in range(first, first + users)]
    return [made[n % users] for n in range(count)]


def _token(tokens: Tokens, name: str, role: Role) -> str:
    grant = Grant(
        user_id=demo_user_id(name),
        display_name=name,
        roles={} if role is Role.PATRON else {DEMO_VENUE: role},
        everywhere=Role.PATRON,
        token_version=1,
        family_id=UUID(int=1),
    )
    return tokens.issue(grant, now=datetime.now(UTC).replace(microsecond=0))


class Server(Protocol):
    """Something with a room in it."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def dialect(self) -> str:
        """What its clients speak; see `bench.frames`."""
        ...

    @property
    def port(self) -> int:
        """Where it listens."""
        ...

    @property
    def tokens(self) -> Tokens:
        """Makes tokens that it takes."""
        ...

    def resident_bytes(self) -> int:
        """Memory of its process."""
        ...


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, its own and the kernel's for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


@attrs.define(eq=False)
class ProcessServer:
    """A server that is a process started here."""

    name: str
    dialect: str
    port: int
    tokens: Tokens
    process: subprocess.Popen[bytes]

    def ask(self, path: str, **body: object) -> dict[str, Any]:
        """POST something."""
        answer = httpx.post(f"http://127.0.0.1:{self.port}{path}", json=body, timeout=60)
        told: dict[str, Any] = answer.raise_for_status().json()
        return told

    def resident_bytes(self) -> int:
        """Memory of its process."""
        return resident_bytes(self.process.pid)


@attrs.define(eq=False)
class NodeServer:
    """A whole node of ours."""

    node: BenchNode
    tokens: Tokens
    name: str = "Last Light"
    dialect: str = "lastlight"

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.node.port

    def resident_bytes(self) -> int:
        """Memory of its process."""
        return self.node.resident_bytes()


@contextmanager
def whole_node() -> Iterator[NodeServer]:
    """A node with everything, its journal and database too."""
    with a_node() as node:
        yield NodeServer(node, People.of(node).tokens)


@contextmanager
def rooms_only() -> Iterator[ProcessServer]:
    """Door, connections, rooms and publisher of ours, without actors; see `bench.room_server`."""
    ring = KeyRing.fresh()
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.pem"
        keys.touch(0o600)
        keys.write_bytes(b"".join(key.pem() for key in ring.keys))
        port = free_port()
        argv = [sys.executable, "-m", "bench.room_server", str(port), str(keys)]
        with _running("Last Light", "lastlight", port, Tokens(ring), argv) as server:
            yield server


@contextmanager
def socket_io(*, recovery: bool) -> Iterator[ProcessServer]:
    """The peer, with connection state recovery or without."""
    install_packages(PEER)
    ring = KeyRing.fresh()
    port = free_port()
    settings = json.dumps({"recovery": recovery, "key": ring.keys[0].jwk()})
    argv = [str(NODE), str(PEER / "server.mjs"), str(port), settings]
    with _running("Socket.IO", "socketio", port, Tokens(ring), argv) as server:
        yield server


@contextmanager
def _running(
    name: str, dialect: str, port: int, tokens: Tokens, argv: Sequence[str]
) -> Iterator[ProcessServer]:
    log = Path(tempfile.gettempdir()) / f"lastlight-bench-{dialect}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(argv, stdout=output, stderr=output)
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz")
        yield ProcessServer(name, dialect, port, tokens, process)
    finally:
        process.kill()
        process.wait()


def side_by_side(
    ours: Callable[[], float], peers: Callable[[], float], rounds: int
) -> dict[str, Any]:
    """A B A B …: both medians with their range, and the ratio of each round's pair."""
    pairs = []
    for number in range(rounds):
        pairs.append((ours(), peers()))
        progress(f"round {number + 1} of {rounds}: {pairs[-1][0]:.1f} and {pairs[-1][1]:.1f}")
    ratios = [one / other for one, other in pairs]
    return {
        "Last Light": _spread([one for one, _ in pairs]),
        "Socket.IO": _spread([other for _, other in pairs]),
        "ratio": _spread(ratios, digits=2),
    }


def _spread(values: Sequence[float], digits: int = 1) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
