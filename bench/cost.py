"""CPU seconds of the node's process per request, by kind and thread.

A rate says how busy the machine was; CPU time per answer says what a request costs, and hardly
depends on who else computes beside the node. It is read from /proc before and after each load, of
the thread that runs the loop and of all others, which commit and read the journal.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import attrs

from bench.demo_load import (
    balance_script,
    check_in_body,
    check_out_all,
    purchase_script,
    session_script,
)
from bench.kit import BenchNode, People, a_node, progress, save
from bench.load import everybody
from bench.plans import Call, Plan
from bench.wrk import run_wrk

PATRONS = 400
"""How many come in; the kernel counts in hundredths of a second, so few would tell nothing."""
BUYERS = 64
SECONDS = 8
WARM_SECONDS = 3
ROUNDS = 2


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
    main_us: float
    others_us: float


def measure(node: BenchNode, load: Callable[[], int]) -> Cost:
    """Load the node and tell what each answer cost it; `load` returns how many there were."""
    assert node.process is not None
    before = Spent.by(node.process.pid)
    count = load()
    after = Spent.by(node.process.pid)
    main_us = (after.main_s - before.main_s) / count * 1e6
    all_us = (after.all_s - before.all_s) / count * 1e6
    return Cost(count=count, main_us=main_us, others_us=max(0.0, all_us - main_us))


def _answered(node: BenchNode, script: str, seconds: int) -> int:
    told = run_wrk(node.url, script, seconds=seconds)
    assert told.errors == 0, f"{told.errors} of {told.count} answers were errors"
    return told.count


def costs(node: BenchNode, people: People, names: list[str]) -> dict[str, Cost]:
    """The cheapest of ROUNDS rounds of each kind: what is beside the node only makes it dearer."""
    found: dict[str, list[Cost]] = {}

    def note(kind: str, load: Callable[[], int]) -> None:
        cost = measure(node, load)
        progress(f"{kind}: {cost.main_us:.0f} + {cost.others_us:.0f} µs, {cost.count} answers")
        found.setdefault(kind, []).append(cost)

    def burst(script: str) -> Callable[[], int]:
        return lambda: _answered(node, script, SECONDS)

    def arrivals() -> Callable[[], int]:
        body = check_in_body(node, people)
        calls = [
            Call(method="POST", path="/api/sessions/checkin", token=people.token(name), body=body,
                 keyed=True)
            for name in names
        ]  # fmt: skip
        return lambda: everybody(node.url, Plan(calls=calls), connections=64).good

    for number in range(ROUNDS):
        if number:
            check_out_all(node, people, names)
        note("check-in" if number else "check-in, patrons cold", arrivals())
    buyers = names[:BUYERS]
    _answered(node, purchase_script(node, people, buyers), WARM_SECONDS)
    for _ in range(ROUNDS):
        note("purchase", burst(purchase_script(node, people, buyers)))
        note("read of the own session", burst(session_script(node, people, buyers)))
        note("read of the own balance", burst(balance_script(people, buyers)))
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
    save("cost", figures)
