"""How long do 100,000 journal entries take that PostgreSQL does not have, at the start of a node?

They are written into the journal of a node that is stopped; its next start must bring all of them
into PostgreSQL before it is ready, and they are counted there. What an empty start takes is
subtracted.
"""

from __future__ import annotations

import trio

from bench.audit import Dishonest
from bench.database import database_url
from bench.figures import Result, Row, at_most
from bench.kit import a_node, progress
from bench.life import ACTION, write_entries
from bench.stored import recovered_in
from bench.suite import Question, Suite
from lastlight.places import make_places

GOAL_S = 5


def demand_all(recovered: int, count: int) -> None:
    """Demand that each entry is in PostgreSQL once.

    Raises:
        Dishonest: a node that said that it is ready has fewer, or some of them twice.
    """
    if recovered != count:
        raise Dishonest(f"Last Light: ready with {recovered:,} of {count:,} entries in PostgreSQL")


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
        demand_all(recovered_in(database_url(make_places(node.data_dir).postgres), ACTION), count)
    goal = at_most(GOAL_S, "s")
    rows = (
        Row(what=f"recovery of {count:,} entries", figure=took_s, unit="s", goal=goal),
        Row(what="entries recovered", figure=count / max(took_s, 0.001), unit="per second"),
        Row(what="entries written by one writer", figure=count / written_s, unit="per second"),
    )
    return Result(question=QUESTION.name, asks=QUESTION.asks, rows=rows)


QUESTION = Question(name="recovery", asks="Recovery of the journal", answer=answer, seconds=40)
