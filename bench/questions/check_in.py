"""How many patrons a second come in, each answer on the disk, at 64 connections?

Accounts are resident in our node, as an app is opened before its owner is at the door; the first,
short round is of cold ones and told apart. Peers read their tables either way.
"""

from __future__ import annotations

from bench.figures import Result, at_least, spread
from bench.questions.beside import curves_of, rates_of, rows_beside, warmed, worst_client
from bench.suite import Question, Suite

GOALS = {"Express": at_least(10, "times"), "FastAPI": at_least(8, "times")}


def answer(suite: Suite) -> Result:
    """Burst by burst, in turn."""
    contest, scale = suite.contest(), suite.scale
    cold = warmed(contest, lambda party: party.check_in_burst(scale.warm_s, resident=False))
    told = contest.turns(
        scale.rounds, lambda party: party.check_in_burst(scale.burst_s, resident=True)
    )
    rates = rates_of(told)
    rows = rows_beside(contest, "check-in", rates, GOALS)
    ours = contest.ours.name
    rows.append(spread("check-in, accounts cold", rates_of(cold)[ours], "per second"))
    return Result(
        question=QUESTION.name, asks=QUESTION.asks, rows=tuple(rows), bars=rates,
        curves=curves_of(told), notes=(worst_client(told),),
    )  # fmt: skip


QUESTION = Question(
    name="check_in", asks="Durable check-ins at 64 connections", answer=answer,
    with_peers=True, seconds=135,
)  # fmt: skip
