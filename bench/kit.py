"""What all questions share: a node of their own, people with tokens, and where results go."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import httpx

from lastlight.auth.keys import load_keys
from lastlight.auth.tokens import Grant, Tokens
from lastlight.demo.fixture import demo_people
from lastlight.demo.ids import DEMO_VENUE
from protocol.addresses import Role

RESULTS = Path(__file__).parent / "results"
HERE = {"lat": 35.6595, "lon": 139.7005, "accuracy_m": 10}


_IDS = {person.email.partition("@")[0]: person.user_id for person in demo_people()}


def demo_user_id(name: str) -> UUID:
    """The id of a demo account, such as `patron7`."""
    return _IDS[name]


def progress(text: str) -> None:
    """Say what is being done, while it is."""
    print(f"… {text}", file=sys.stderr, flush=True)


def now_text() -> str:
    """Now, as the API spells it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(
    url: str, within_s: float = 30, process: subprocess.Popen[bytes] | None = None
) -> None:
    """Wait until something answers 200 there.

    Raises:
        TimeoutError: it does not.
        ChildProcessError: `process`, which should, has ended.
    """
    began = time.perf_counter()
    while time.perf_counter() - began < within_s:
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        if process is not None and process.poll() is not None:
            raise ChildProcessError(f"what should answer at {url} ended with {process.returncode}")
        time.sleep(0.02)
    raise TimeoutError(f"nothing answers at {url} within {within_s} s")


@attrs.define(eq=False)
class BenchNode:
    """One `lastlight serve` in a folder of its own, with the demo unless there is a town."""

    data_dir: Path
    port: int
    demo: bool = True
    metrics_port: int | None = None
    process: subprocess.Popen[bytes] | None = None
    ready_s: float = 0.0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, within_s: float = 180) -> None:
        """Start it and wait until it is ready."""
        env = {**os.environ, "LASTLIGHT_RATE_LIMITS": "off", "LASTLIGHT_LOG_LEVEL": "warning"}
        if self.metrics_port is not None:
            env["LASTLIGHT_METRICS_PORT"] = str(self.metrics_port)
        began = time.perf_counter()
        argv = [sys.executable, "-m", "lastlight", "serve", "--port", str(self.port)]
        argv += ["--data-dir", str(self.data_dir), *(["--demo"] if self.demo else [])]
        log = (self.data_dir.parent / "node.log").open("ab")
        self.process = subprocess.Popen(argv, env=env, stdout=log, stderr=log)
        wait_for(self.url + "/readyz", within_s, self.process)
        self.ready_s = time.perf_counter() - began

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it gracefully."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def resident_bytes(self) -> int:
        """Resident memory of the node's process."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
        return int(line.split()[1]) * 1024


@contextmanager
def a_node() -> Iterator[BenchNode]:
    """A fresh demo node; its folder goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="lastlight-bench-"))
    folder.chmod(0o711)
    node = BenchNode(folder / "data", free_port())
    node.data_dir.mkdir()
    try:
        node.start()
        yield node
    finally:
        node.stop()
        shutil.rmtree(folder, ignore_errors=True)


@attrs.frozen
class People:
    """Makes tokens with the node's own keys, as 500 logins would take minutes of bcrypt."""

    tokens: Tokens

    @classmethod
    def of(cls, node: BenchNode) -> People:
        """Of a node that was started once."""
        return cls(Tokens(load_keys(node.data_dir / "keys" / "signing.pem")))

    def token(self, name: str) -> str:
        """An access token of a demo account, such as `patron7`."""
        roles: dict[UUID, Role] = {}
        if name.startswith("staff"):
            roles[DEMO_VENUE] = Role.STAFF
        if name == "manager":
            roles[DEMO_VENUE] = Role.MANAGEMENT
        grant = Grant(
            user_id=demo_user_id(name),
            display_name=name,
            roles=roles,
            everywhere=Role.OWNER if name == "owner" else Role.PATRON,
            token_version=1,
            family_id=UUID(int=1),
        )
        return self.tokens.issue(grant, now=datetime.now(UTC).replace(microsecond=0))

    def client(self, node: BenchNode, name: str) -> httpx.Client:
        """A client that is signed in."""
        headers = {"authorization": f"Bearer {self.token(name)}"}
        return httpx.Client(base_url=node.url, headers=headers, timeout=30)


def door_code(node: BenchNode, people: People) -> str:
    """The check-in code of now."""
    with people.client(node, "staff1") as staff:
        answer = staff.get(f"/api/venues/{DEMO_VENUE}/checkin-code").raise_for_status()
    return str(answer.json()["tokens"][0]["qr_token"])


def save(question: str, figures: dict[str, Any]) -> None:
    """Keep figures as JSON, and print them as a Markdown table."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{question}.json").write_text(json.dumps(figures, indent=2))
    print(f"\n| {question} | |\n|---|---|")
    for name, value in figures.items():
        print(f"| {name} | {value} |")
