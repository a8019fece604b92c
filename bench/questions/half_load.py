"""How long does a purchase take when a server has half as much to do as it can?

At a rate, each request counted from when it was due. The maximum is the server's own, of purchases
in a closed loop, in the same run: the median of its rounds, none of them a warm-up. Where they
were not asked for yet, they are measured first.
"""

from __future__ import annotations

from bench.contest import Party
from bench.figures import Result, Row, at_most, spread
from bench.load import Told
from bench.questions.beside import warmed
from bench.suite import Question, Suite

ROUNDS = 2
P99_MS = 25


def answer(suite: Suite) -> Result:
    """Each at its own half, in turn."""
    contest, scale = suite.contest(), suite.scale
    if not all(party.purchases for party in contest.parties):
        warmed(contest, lambda party: party.purchase_burst(scale.warm_s))
        contest.turns(scale.rounds, lambda party: party.measure_purchases(scale.read_s))

    def half(party: Party) -> Told:
        return party.purchases_at(party.half_of_most(), scale.rate_s)

    told = contest.turns(ROUNDS, half)
    late = max(one.late_ms or 0.0 for rounds in told.values() for one in rounds)
    ours = contest.ours.name
    rows = []
    for name, rounds in told.items():
        own = at_most(P99_MS, "ms") if name == ours else None
        rows.append(
            spread(f"p99 at half of the own maximum, {name}", [r.at(99) for r in rounds], "ms", own)
        )
        rates = [one.at_a_rate or 0.0 for one in rounds]
        rows.append(spread(f"requests a second then, {name}", rates, "per second"))
    rows += [_against(told[ours], told[party.name], party.name) for party in contest.parties[1:]]
    return Result(
        question=QUESTION.name, asks=QUESTION.asks, rows=tuple(rows),
        curves={name: rounds[-1].curve for name, rounds in told.items()},
        notes=(f"the client itself was late by {late:.1f} ms at most (p99)",),
    )  # fmt: skip


def _against(ours: list[Told], theirs: list[Told], name: str) -> Row:
    """Ours by theirs: below each peer's at its own half is the goal."""
    pairs = [one.at(99) / other.at(99) for one, other in zip(ours, theirs, strict=True)]
    return spread(f"p99, ours by that of {name}", pairs, "times", at_most(1, "times"))


QUESTION = Question(
    name="half_load", asks="Latency of purchases at half of the own maximum", answer=answer,
    with_peers=True, seconds=60,
)  # fmt: skip
