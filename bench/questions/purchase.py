"""How many purchases a second, each answer on the disk, at 64 connections?

Beside peers, and beside what the same machine does at most: a constant answered by trio and
httptools, and the same transaction by PostgreSQL's own pgbench.
"""

from __future__ import annotations

from bench.ceilings import constant_rate, pgbench_rate
from bench.figures import Result, Row, at_least, ratios, spread
from bench.load import Told
from bench.questions.beside import curves_of, rates_of, rows_beside, warmed, worst_client
from bench.suite import Question, Suite

GOALS = {"Express": at_least(10, "times"), "FastAPI": at_least(8, "times")}


def answer(suite: Suite) -> Result:
    """Burst by burst, in turn; after each turn the ceiling."""
    contest, scale = suite.contest(), suite.scale
    warmed(contest, lambda party: party.purchase_burst(scale.warm_s))
    told: dict[str, list[Told]] = {party.name: [] for party in contest.parties}
    ceiling = []
    for _ in range(scale.rounds):
        for name, rounds in contest.turns(1, lambda p: p.measure_purchases(scale.burst_s)).items():
            told[name] += rounds
        ceiling.append(constant_rate(max(1, scale.burst_s / 5)))
    rates = rates_of(told)
    rows = rows_beside(contest, "purchase", rates, GOALS)
    ours = rates[contest.ours.name]
    rows.append(spread("ceiling: trio and httptools, a constant", ceiling, "per second"))
    rows.append(ratios("purchase, of the ceiling", ours, ceiling, at_least(0.25, "times")))
    if len(contest.parties) > 1:
        rate = pgbench_rate(contest, scale.read_s)
        rows.append(Row(what="the same transaction by pgbench", figure=rate, unit="per second"))
    return Result(
        question=QUESTION.name, asks=QUESTION.asks, rows=tuple(rows),
        bars=rates, curves=curves_of(told),
        notes=(worst_client(told),),
    )  # fmt: skip


QUESTION = Question(
    name="purchase", asks="Durable purchases at 64 connections", answer=answer,
    with_peers=True, seconds=115,
)  # fmt: skip
