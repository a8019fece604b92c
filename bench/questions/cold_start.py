"""How long from nothing to ready, and from a graceful end to ready again?"""

from __future__ import annotations

from bench.figures import Result, Row
from bench.kit import a_node
from bench.suite import Question, Suite


def answer(suite: Suite) -> Result:
    """A fresh folder, then the same again."""
    with a_node() as node:
        first_s = node.ready_s
        node.stop()
        node.start()
        again_s = node.ready_s
    rows = (
        Row(what="first start to ready, database and demo made", figure=first_s, unit="s"),
        Row(what="next start to ready", figure=again_s, unit="s"),
    )
    return Result(question=QUESTION.name, asks=QUESTION.asks, rows=rows)


QUESTION = Question(name="cold_start", asks="From start to ready", answer=answer, seconds=15)
