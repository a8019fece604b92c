"""Asks one question after the other, in a bounded time, and fails where a server does not hold.

A question that fails has no figures, and the run ends with an error. Of a server that was caught
lying nothing more is asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from subprocess import CalledProcessError, TimeoutExpired
from typing import Final

import attrs

from bench.audit import Dishonest
from bench.database import DatabaseFailed
from bench.figures import Result
from bench.kit import progress
from bench.load import LoadFailed
from bench.stored import NotDurable
from bench.suite import Question, Suite

UNTRUE: Final = (Dishonest, NotDurable)
FAILURES: Final = (
    *UNTRUE, DatabaseFailed, LoadFailed, OSError, CalledProcessError, TimeoutExpired, RuntimeError,
)  # fmt: skip
"""What a server, a client or the machine may do to a question. Anything else is a bug of ours."""


@attrs.define(eq=False)
class Run:
    """What came of it."""

    results: list[Result] = attrs.field(factory=list)
    failures: list[str] = attrs.field(factory=list)
    left_out: list[str] = attrs.field(factory=list)

    @property
    def failed(self) -> bool:
        """Whether something did not hold. Goals that were missed are no failures."""
        return bool(self.failures)


def run(
    questions: Iterable[Question],
    suite: Suite,
    *,
    within_s: float,
    faster: float = 1.0,
    keep: Callable[[Result], None] = lambda _result: None,
    clock: Callable[[], float] = time.monotonic,
) -> Run:
    """Ask all of them.

    Args:
        within_s: a question that would end later, by what it takes at most, is left out.
        faster: by what a smaller run takes less.
        keep: is given each result at once, so that an end in between loses none.
    """
    came, began, liar = Run(), clock(), False
    asked: Sequence[Question] = tuple(questions)
    try:
        for number, question in enumerate(asked, 1):
            elapsed = clock() - began
            if elapsed + question.seconds / faster > within_s or (liar and question.with_peers):
                came.left_out.append(question.name)
                progress(f"{question.name} is left out after {elapsed:.0f} s")
                continue
            if question.anew or not question.with_peers:
                suite.close()
            progress(f"question {number} of {len(asked)}: {question.name}, at {elapsed:.0f} s")
            try:
                result = question.answer(suite)
            except FAILURES as error:
                came.failures.append(f"{question.name}: {error}")
                progress(f"{question.name} FAILED: {error}")
                liar = liar or isinstance(error, UNTRUE)
                suite.close()
                continue
            result = attrs.evolve(result, seconds=round(clock() - began - elapsed, 1))
            came.results.append(result)
            keep(result)
    finally:
        suite.close()
    return came
