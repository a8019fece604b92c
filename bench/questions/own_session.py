"""How often a second can patrons read their own session, at 64 connections?"""

from __future__ import annotations

from bench.figures import Result, at_least
from bench.questions.beside import curves_of, rates_of, rows_beside, warmed, worst_client
from bench.suite import Question, Suite

GOALS = {"Express": at_least(10, "times")}


def answer(suite: Suite) -> Result:
    """Burst by burst, in turn."""
    contest, scale = suite.contest(), suite.scale
    warmed(contest, lambda party: party.read_burst(scale.warm_s))
    told = contest.turns(scale.rounds, lambda party: party.read_burst(scale.read_s))
    rates = rates_of(told)
    return Result(
        question=QUESTION.name, asks=QUESTION.asks,
        rows=tuple(rows_beside(contest, "own session", rates, GOALS)), bars=rates,
        curves=curves_of(told), notes=(worst_client(told),),
    )  # fmt: skip


QUESTION = Question(
    name="own_session", asks="Reads of the own session at 64 connections", answer=answer,
    with_peers=True, seconds=45,
)  # fmt: skip
