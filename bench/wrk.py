"""Closed-loop load by wrk: a Lua script per question, rate and latency percentiles back."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import attrs

_REPORT = """
function done(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read
    + summary.errors.write + summary.errors.timeout
  io.write(string.format(
    '\\nJSON {"count": %d, "seconds": %.6f, "errors": %d, "p50_ms": %.3f, "p90_ms": %.3f, '
    .. '"p99_ms": %.3f, "max_ms": %.3f}\\n',
    summary.requests, summary.duration / 1e6, bad, latency:percentile(50) / 1e3,
    latency:percentile(90) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
"""


class NoWrk(RuntimeError):
    """wrk is not installed: `apt-get install wrk`."""


@attrs.frozen(kw_only=True)
class Measured:
    """What one run of wrk saw."""

    count: int
    seconds: float
    errors: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float

    @property
    def per_second(self) -> float:
        """Requests answered in a second."""
        return self.count / self.seconds


def run_wrk(url: str, script: str, *, seconds: int, connections: int = 64) -> Measured:
    """Run wrk with two threads against `url`.

    Raises:
        NoWrk: it is not there.
        AssertionError: it printed no figures.
    """
    if shutil.which("wrk") is None:
        raise NoWrk("wrk is not installed; apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "load.lua"
        path.write_text(script + _REPORT)
        argv = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(path)]
        done = subprocess.run(
            [*argv, url], check=False, capture_output=True, text=True, timeout=seconds + 60
        )
    lines = [line for line in done.stdout.splitlines() if line.startswith("JSON ")]
    assert lines, f"wrk told nothing: {done.stdout[-500:]} {done.stderr[-500:]}"
    return Measured(**json.loads(lines[-1][5:]))
