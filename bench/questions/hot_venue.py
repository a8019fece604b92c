"""What does it cost that everybody is in one venue, whose actor has a part in every purchase?"""

from __future__ import annotations

from bench.figures import Result, at_least, ratios, spread
from bench.suite import Question, Suite


def answer(suite: Suite) -> Result:
    """One venue and many, in turn, on our node; as many patrons either way."""
    party, scale = suite.contest().ours, suite.scale
    party.hot = party.let_in(scale.buyers, venue_n=1)
    one, many = [], []
    for hot in (True, False):
        party.purchase_burst(scale.warm_s, hot=hot)
    for _ in range(scale.rounds):
        one.append(party.purchase_burst(scale.read_s, hot=True).per_second)
        many.append(party.purchase_burst(scale.read_s).per_second)
    rows = (
        spread("purchases in one venue", one, "per second"),
        spread(f"purchases in {scale.venues} venues", many, "per second"),
        ratios("one hot venue by many", one, many, at_least(0.8, "times")),
    )
    bars = {"one venue": one, f"{scale.venues} venues": many}
    return Result(question=QUESTION.name, asks=QUESTION.asks, rows=rows, bars=bars)


QUESTION = Question(
    name="hot_venue", asks="One hot venue beside many", answer=answer, with_peers=True, seconds=35
)
