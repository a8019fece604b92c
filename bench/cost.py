"""CPU seconds of the node's process per request, by kind and thread.

A rate says how busy the machine was; CPU time per answer says what a request costs, and hardly
depends on who else computes beside the node. It is read from /proc before and after each load, of
the thread that runs the loop and of all others, which commit and read the journal.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import attrs

from bench.http import (
    balance_script,
    check_in_rest,
    check_in_script,
    check_out_all,
    purchase_script,
    session_script,
)
from bench.kit import BenchNode, People, a_node, progress, save
from bench.wrk import run_wrk

PATRONS = 64
SECONDS = 8
WARM_SECONDS = 3
ROUNDS = 2
CHECK_IN_SECONDS = 5


@attrs.frozen(kw_only=True)
class Spent:
    """Seconds of CPU that a process has used: its main thread, and all of it."""

    main_s: float
    all_s: float

    @classmethod
    def by(cls, pid: int) -> Spent:
        """By a process. The kernel counts in hundredths of a second."""
        return cls(
            main_s=_cpu_s(Path(f"/proc/{pid}/task/{pid}/stat")),
            all_s=_cpu_s(Path(f"/proc/{pid}/stat")),
        )


def _cpu_s(stat: Path) -> float:
    # The name, in parentheses, may hold anything; user and system time are the 14th and 15th word.
    words = stat.read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@attrs.frozen(kw_only=True)
class Cost:
    """Of one kind of request: microseconds of CPU per answer."""

    count: int
    errors: int
    main_us: float
    others_us: float


def measure(node: BenchNode, script: str, *, seconds: int) -> Cost:
    """Load the node and tell what each answer cost it."""
    assert node.process is not None
    before = Spent.by(node.process.pid)
    told = run_wrk(node.url, script, seconds=seconds)
    after = Spent.by(node.process.pid)
    main_us = (after.main_s - before.main_s) / told.count * 1e6
    all_us = (after.all_s - before.all_s) / told.count * 1e6
    return Cost(
        count=told.count, errors=told.errors, main_us=main_us, others_us=max(0.0, all_us - main_us)
    )


def costs(node: BenchNode, people: People, names: list[str]) -> dict[str, Cost]:
    """The cheapest of ROUNDS rounds of each kind: what is beside the node only makes it dearer."""
    found: dict[str, list[Cost]] = {}

    def note(kind: str, script: str, seconds: int = SECONDS) -> None:
        cost = measure(node, script, seconds=seconds)
        progress(f"{kind}: {cost.main_us:.0f} + {cost.others_us:.0f} µs, {cost.count} answers")
        found.setdefault(kind, []).append(cost)

    for number in range(ROUNDS):
        if number:
            check_out_all(node, people, names)
        script = check_in_script(node, people, names, f"in{number}-{secrets.token_hex(3)}")
        note("check-in" if number else "check-in, patrons cold", script, CHECK_IN_SECONDS)
        check_in_rest(node, people, names)
    run_wrk(node.url, purchase_script(node, people, names), seconds=WARM_SECONDS)
    for _ in range(ROUNDS):
        note("purchase", purchase_script(node, people, names))
        note("read of the own session", session_script(node, people, names))
        note("read of the own balance", balance_script(people, names))
    return {kind: min(costs, key=lambda cost: cost.main_us) for kind, costs in found.items()}


def main() -> None:
    """Measure and save."""
    with a_node() as node:
        people = People.of(node)
        names = [f"patron{n}" for n in range(1, PATRONS + 1)]
        found = costs(node, people, names)
    figures: dict[str, object] = {}
    for kind, cost in found.items():
        figures[f"{kind}, µs of the loop's thread"] = round(cost.main_us)
        figures[f"{kind}, µs of other threads"] = round(cost.others_us)
        figures[f"{kind}, answers"] = cost.count
        figures[f"{kind}, errors"] = cost.errors
    save("cost", figures)
