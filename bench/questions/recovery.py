"""How long do 100,000 journal entries take that PostgreSQL does not have, at the start of a node?

They are written into the journal of a node that is stopped; its next start must bring all of them
into PostgreSQL before it is ready. What an empty start takes is subtracted.
"""

from __future__ import annotations

import trio

from bench.figures import Result, Row, at_most
from bench.kit import a_node, progress
from bench.life import write_entries
from bench.suite import Question, Suite

GOAL_S = 5


def answer(suite: Suite) -> Result:
    """An empty start, then one with the entries."""
    count = suite.scale.entries
    with a_node() as node:
        node.stop()
        node.start()
        empty_s = node.ready_s
        node.stop()
        progress(f"writing {count:,} entries")
        written_s = trio.run(write_entries, node.data_dir / "journal", count)
        node.start()
        took_s = max(0.0, node.ready_s - empty_s)
    goal = at_most(GOAL_S, "s")
    rows = (
        Row(what=f"recovery of {count:,} entries", figure=took_s, unit="s", goal=goal),
        Row(what="entries recovered", figure=count / max(took_s, 0.001), unit="per second"),
        Row(what="entries written by one writer", figure=count / written_s, unit="per second"),
    )
    return Result(question=QUESTION.name, asks=QUESTION.asks, rows=rows)


QUESTION = Question(name="recovery", asks="Recovery of the journal", answer=answer, seconds=40)
