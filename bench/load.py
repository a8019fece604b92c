"""Load as the questions order it: a plan in a closed loop or at a rate, and what came of it.

Clients have processes of their own. The closed loop is wrk's; where wrk is not installed, our own
client asks in a circle, and the figures say so by the core that it used.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from bench.plans import Plan

CONNECTIONS: Final = 64
CONNECTIONS_AT_A_RATE: Final = 256
"""Enough that a request waits for the server and not for a connection."""
_WRK_THREADS: Final = 2
_SCRIPT: Final = Path(__file__).parent / "plan.lua"
_GRACE_S: Final = 60
CREATED: Final = 201


class LoadFailed(Exception):
    """The client ended by an error or told nothing."""


@attrs.frozen(kw_only=True)
class Told:
    """What the clients saw; latencies in milliseconds."""

    sent: int
    sent_writes: int
    """Requests with a key, at most: of wrk's one may never have been on the wire."""
    seconds: float
    """From the first request to the last answer."""
    broken: int
    """Requests without an answer, other than those under way when wrk stopped."""
    statuses: Mapping[int, int]
    curve: Sequence[tuple[float, float]]
    """Percentiles with their latency, the last at 100."""
    samples: Sequence[tuple[int, str]] = attrs.field(repr=False)
    """Some answers: status and body."""
    cpu: float
    """Share of a core that the client used."""
    late_ms: float | None = None
    """By how much the client itself was late, p99; None in a closed loop."""
    at_a_rate: float | None = None

    @property
    def good(self) -> int:
        """Answers with a status that means done."""
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300)

    @property
    def good_writes(self) -> int:
        """Answers that promise a row."""
        return self.statuses.get(CREATED, 0)

    @property
    def bad(self) -> int:
        """Everything else that came back or did not."""
        return sum(self.statuses.values()) - self.good + self.broken

    @property
    def per_second(self) -> float:
        """Good answers in a second."""
        return self.good / self.seconds if self.seconds > 0 else 0.0

    def at(self, percentile: float) -> float:
        """The latency at a percentile of the curve.

        Raises:
            KeyError: the curve does not have it.
        """
        return dict(self.curve)[percentile]


def told_of(answer: Mapping[str, Any], *, cpu: float, rate: float | None = None) -> Told:
    """From what a client printed."""
    samples = [text.partition(" ") for text in answer["samples"]]
    return Told(
        sent=answer["sent"],
        sent_writes=answer["sent_writes"],
        seconds=answer["seconds"],
        broken=answer["broken"],
        statuses={int(status): count for status, count in answer["statuses"].items()},
        curve=[(float(p), float(ms)) for p, ms in answer["curve"]],
        samples=[(int(status), body) for status, _, body in samples],
        cpu=cpu,
        late_ms=answer.get("late_ms"),
        at_a_rate=rate,
    )


def closed(url: str, plan: Plan, *, seconds: float, connections: int = CONNECTIONS) -> Told:
    """Each connection asks again when it was answered, for so long or until the plan ends.

    Raises:
        LoadFailed: the client told nothing.
    """
    if shutil.which("wrk") is None:
        return _ask(url, plan, rate=0, seconds=seconds, connections=connections)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with plan.file() as path:
        argv = ["wrk", f"-t{_WRK_THREADS}", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
        argv += ["--timeout", "30s", "-s", str(_SCRIPT), url, "--", str(path), plan.tag]
        argv += ["1" if plan.once else "0", str(_WRK_THREADS)]
        done = subprocess.run(
            argv, check=False, capture_output=True, text=True, timeout=seconds + _GRACE_S
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    lines = [line for line in done.stdout.splitlines() if line.startswith("JSON ")]
    if not lines:
        raise LoadFailed(f"wrk told nothing: {done.stdout[-500:]} {done.stderr[-500:]}")
    answer = json.loads(lines[-1][5:])
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return told_of(answer, cpu=round(used / max(answer["seconds"], 1e-9), 3))


def at_a_rate(
    url: str,
    plan: Plan,
    *,
    rate: float,
    seconds: float,
    connections: int = CONNECTIONS_AT_A_RATE,
) -> Told:
    """So many requests a second, each begun when it is due.

    Raises:
        LoadFailed: the client ended by an error.
    """
    return _ask(url, plan, rate=rate, seconds=seconds, connections=connections)


def everybody(url: str, plan: Plan, *, connections: int = 16) -> Told:
    """Make each call of a plan once, unmeasured; all answers are among the samples.

    Raises:
        LoadFailed: the client ended by an error, or an answer was not good.
    """
    once = attrs.evolve(plan, once=True)
    told = _ask(url, once, rate=0, seconds=120, connections=connections, keep_all=True)
    if told.bad or told.good != len(plan.calls):
        refused = next((body for status, body in told.samples if status >= 300), "")
        what = f"{told.good} of {len(plan.calls)} were answered: {told.statuses}"
        raise LoadFailed(f"{what} {refused[:300]}".rstrip())
    return told


def _ask(url: str, plan: Plan, *, rate: float, **more: Any) -> Told:
    with plan.file() as path:
        order = {
            "port": urlsplit(url).port, "plan": str(path), "tag": plan.tag, "once": plan.once,
            "rate": rate, **more,
        }  # fmt: skip
        answer = run_client(order)
    return told_of(answer, cpu=answer["cpu"], rate=rate or None)


def run_client(order: Mapping[str, Any]) -> dict[str, Any]:
    """Our own client in a process of its own, so that nobody waits for its turn of this one.

    Raises:
        LoadFailed: it ended by an error.
    """
    done = subprocess.run(
        [sys.executable, "-m", "bench.asking"],
        input=json.dumps(order),
        check=False,
        capture_output=True,
        text=True,
        timeout=order["seconds"] + _GRACE_S,
    )
    if done.returncode != 0:
        raise LoadFailed(f"the client ended with {done.returncode}: {done.stderr[-2_000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
