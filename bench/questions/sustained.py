"""What holds for a minute: check-ins and purchases by halves, and how far the database is behind?

Accounts that come in are cold. Our node answers from its journal and flushes behind; a peer's
answer is its commit. Only those who buy are in when it begins: each visit is metered every minute
from then on, which takes our node as much as a purchase, and peers do not meter.
Against the first peer only: the others say nothing new for their minute.
"""

from __future__ import annotations

from bench.figures import Result, Row, at_least, at_most
from bench.kit import progress
from bench.suite import Question, Suite


def answer(suite: Suite) -> Result:
    """One after the other."""
    contest = suite.contest()
    rows, rates = [], []
    for party in contest.parties[:2]:
        progress(f"{party.name} for {suite.scale.sustained_s:.0f} s")
        rate, p99, lag_s = party.sustained()
        rates.append(rate)
        rows.append(Row(what=f"sustained, {party.name}", figure=rate, unit="per second"))
        rows.append(Row(what=f"sustained, worst p99, {party.name}", figure=p99, unit="ms"))
        if party is contest.ours:
            goal = at_most(5, "s")
            rows.append(Row(what="flush lag at the end", figure=lag_s, unit="s", goal=goal))
    if len(rates) > 1:
        what = f"sustained, against {contest.parties[1].name}"
        rows.append(
            Row(what=what, figure=rates[0] / rates[1], unit="times", goal=at_least(10, "times"))
        )
    return Result(
        question=QUESTION.name, asks=QUESTION.asks, rows=tuple(rows),
        bars={p.name: [rate] for p, rate in zip(contest.parties, rates, strict=False)},
    )  # fmt: skip


QUESTION = Question(
    name="sustained", asks="Check-ins and purchases by halves, for a minute", answer=answer,
    with_peers=True, anew=True, seconds=180,
)  # fmt: skip
