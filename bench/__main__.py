"""`python -m bench [question …]`: all questions, or those named; see README.md."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Final

import attrs

from bench.figures import Result
from bench.kit import RESULTS, progress
from bench.node_peer import NodePeer
from bench.peer import Peer
from bench.peers.serving import express, fastapi, install
from bench.report import publish, save, save_all, summary_of, table_of
from bench.running import Run, run
from bench.scale import RUN_S_MAX, Scale
from bench.suite import Question, Suite

QUESTIONS: Final = (
    "purchase", "own_session", "half_load", "hot_venue", "mixed_night", "loop_stops", "check_in",
    "sustained", "recovery", "memory", "growth", "cold_start", "fanout", "sos", "storm", "idle",
)  # fmt: skip
"""Modules of `bench/questions`, in the order in which they are asked.

Those of the contest stand together, and last among them those that let thousands in: each visit is
metered minute by minute from then on, whatever is asked next; peers do not meter.
"""
TOOLS: Final[Mapping[str, str]] = {
    "cost": "bench.cost",
    "profile": "bench.profile",
}
"""What helps to find out why, and is part of no run."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "question", nargs="*", help=f"{', '.join(QUESTIONS)}; or {', '.join(TOOLS)}"
    )
    parser.add_argument("--smoke", type=float, metavar="N", help="N times smaller; no figures")
    parser.add_argument("--rounds", type=int, help="of each burst, for each server")
    parser.add_argument("--alone", action="store_true", help="our node without the others")
    parser.add_argument("--within", type=float, default=RUN_S_MAX, metavar="SECONDS")
    parser.add_argument("--publish", action="store_true", help="put the table into README.md")
    given = parser.parse_args()
    if unknown := [q for q in given.question if q not in QUESTIONS and q not in TOOLS]:
        parser.error(f"no question is called {unknown[0]}; there are {', '.join(QUESTIONS)}")
    return given


def _scale(given: argparse.Namespace) -> Scale:
    scale = Scale() if given.smoke is None else Scale().smaller(given.smoke)
    return scale if given.rounds is None else attrs.evolve(scale, rounds=given.rounds)


def _questions(names: Sequence[str]) -> list[Question]:
    """Imported late: those about sockets read their sizes from the environment when they are."""
    found = []
    for name in names:
        question = importlib.import_module(f"bench.questions.{name}").QUESTION
        assert isinstance(question, Question)
        found.append(question)
    return found


def _say(came: Run) -> None:
    print(f"\n{table_of(came.results)}\n{summary_of(came.results)}")
    for name in came.left_out:
        print(f"Left out for want of time: {name}.")
    for failure in came.failures:
        print(f"FAILED, so there are no figures: {failure}")


def main() -> int:
    """Ask, show and keep; 1 if something did not hold, however many goals were met."""
    # An end from outside ends servers too: each has a process of its own, or several.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    given = _arguments()
    tools = [name for name in given.question if name in TOOLS]
    for name in tools:
        importlib.import_module(TOOLS[name]).main()
    names = [name for name in given.question if name in QUESTIONS]
    if tools and not names:
        return 0
    scale = _scale(given)
    os.environ.setdefault("BENCH_SOCKETS", str(scale.sockets))
    os.environ.setdefault("BENCH_ROUNDS", str(scale.rounds))
    plots: ModuleType | None = None
    if importlib.util.find_spec("matplotlib") is None:
        progress("matplotlib is not installed, so there will be no plots")
    else:
        plots = importlib.import_module("bench.plots")

    def peers() -> Sequence[Peer]:
        if given.alone:
            return [NodePeer()]
        install()
        return [NodePeer(), express(), fastapi()]

    def keep(result: Result) -> None:
        save(result)
        if plots is not None:
            plots.plot(result, RESULTS)

    suite = Suite(scale, peers)
    questions = _questions(names or QUESTIONS)
    faster = 1.0 if given.smoke is None else min(given.smoke, 4.0)
    came = run(questions, suite, within_s=given.within, faster=faster, keep=keep)
    _say(came)
    if given.publish and not came.failed:
        publish(came.results, Path(__file__).parent / "README.md", datetime.now(UTC).date())
    progress(f"all of it is in {save_all(came.results)}")
    return int(came.failed)


if __name__ == "__main__":
    sys.exit(main())
