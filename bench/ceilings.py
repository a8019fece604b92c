"""What the machine does at most: HTTP without work, and the transaction without a server.

Both run in the same minutes as what is measured, as machines differ from hour to hour.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from bench.database import program
from bench.kit import free_port, wait_for
from bench.load import closed
from bench.peers.pgbench import script
from bench.peers.serving import ProcessPeer
from bench.plans import purchases
from bench.town import Town

if TYPE_CHECKING:
    from bench.contest import Contest

PGBENCH_CLIENTS: Final = 16
PGBENCH_THREADS: Final = 2
_GRACE_S: Final = 60
_RATE: Final = re.compile(r"^tps = ([\d.]+) ", re.MULTILINE)
_FAILED: Final = re.compile(r"^number of failed transactions: (\d+)", re.MULTILINE)


class CeilingFailed(RuntimeError):
    """A ceiling could not be measured, or not all of it happened."""


def constant_rate(seconds: float) -> float:
    """Requests of a purchase's size that trio and httptools answer in a second with a constant."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.constant_httptools", str(port)])
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url)
        return closed(url, purchases(Town(), range(1, 101)), seconds=seconds).per_second
    finally:
        process.kill()
        process.wait()


def pgbench_rate(contest: Contest, seconds: float) -> float:
    """Purchases in a second by pgbench, with a peer's statements on that peer's tables.

    Raises:
        CeilingFailed: no peer with such tables runs, or a transaction failed.
    """
    for party in contest.parties:
        if isinstance(party.peer, ProcessPeer):
            return transaction_rate(party.peer.database_url, party.town, seconds)
    raise CeilingFailed("pgbench needs the tables of a peer, and none of them runs")


def transaction_rate(
    url: str, town: Town, seconds: float, *, clients: int = PGBENCH_CLIENTS
) -> float:
    """Purchases of random patrons, each at home, in a second.

    Raises:
        CeilingFailed: a transaction failed.
    """
    with TemporaryDirectory(prefix="lastlight-bench-pgbench-") as folder:
        path = Path(folder) / "purchase.sql"
        path.write_text(script(town))
        argv = [str(program("pgbench")), "-n", "-M", "prepared", "-f", str(path)]
        argv += ["-c", str(clients), "-j", str(PGBENCH_THREADS)]
        argv += ["-T", str(max(1, round(seconds))), url]
        done = subprocess.run(
            argv, check=False, capture_output=True, text=True, timeout=seconds + _GRACE_S
        )
    rate, failed = _RATE.search(done.stdout), _FAILED.search(done.stdout)
    if done.returncode or rate is None or failed is None or failed[1] != "0":
        raise CeilingFailed(f"pgbench: {done.stdout[-500:]} {done.stderr[-500:]}")
    return float(rate[1])
