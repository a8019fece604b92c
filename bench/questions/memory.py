"""What does a resident account weigh, and how long does the loop stop while 60,000 come in?

The production runtime and account actors in this process, over the in-memory twins of storage, so
that it is the actors that are weighed and not the database.
"""

from __future__ import annotations

import trio

from bench.actors import activate, weigh
from bench.figures import Result, Row, at_most
from bench.suite import Question, Suite

_RESIDENT_SHARE = 10


def answer(suite: Suite) -> Result:
    """Weigh some, then bring many in."""
    most = suite.scale.accounts[-1]
    each = trio.run(weigh, max(100, most // _RESIDENT_SHARE))
    took_s, stop_ms = trio.run(activate, max(100, most * 6 // 10))
    rate = max(100, most * 6 // 10) / took_s
    rows = (
        Row(
            what="a resident account with its last 5 keys", figure=each / 1024, unit="KB",
            goal=at_most(12, "KB"),
        ),
        Row(what="accounts that come in", figure=rate, unit="per second"),
        Row(what="longest stop of the loop meanwhile", figure=stop_ms, unit="ms"),
    )  # fmt: skip
    return Result(question=QUESTION.name, asks=QUESTION.asks, rows=rows)


QUESTION = Question(name="memory", asks="Memory of resident accounts", answer=answer, seconds=35)
