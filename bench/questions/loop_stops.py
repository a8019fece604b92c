"""How long does the event loop stand still at most, while as much is bought as goes?

What the node itself counts: it looks fifty times a second and keeps what was more than 50 ms late,
by class. On few cores the operating system's own turns are in it. The goal is held against
purchases, which keep the loop busy; check-ins here are of cold accounts, which wait for PostgreSQL
as well, and are told beside.
"""

from __future__ import annotations

from typing import Final

from bench.figures import Result, Row, at_most
from bench.node_peer import NodePeer
from bench.suite import Question, Suite
from protocol.limits import LOOP_STOP_S

_BEYOND_MS: Final = 10_000.0


def longest_ms(before: dict[float, int], after: dict[float, int]) -> float:
    """The bound of the longest stop's class, in ms; 50 without any: shorter ones do not count."""
    seen = [bound for bound, count in after.items() if count > before.get(bound, 0)]
    return min(max([LOOP_STOP_S, *seen]) * 1e3, _BEYOND_MS)


def answer(suite: Suite) -> Result:
    """One burst of purchases, then one of cold check-ins."""
    party = suite.contest().ours
    assert isinstance(party.peer, NodePeer)
    rows = []
    for what in ("purchases", "cold check-ins"):
        before = party.peer.stops()
        if what == "purchases":
            party.purchase_burst(suite.scale.read_s)
        else:
            party.check_in_burst(suite.scale.read_s, resident=False)
        after = party.peer.stops()
        count = sum(after.values()) - sum(before.values())
        longest = longest_ms(before, after)
        name = f"longest stop of the loop under {what}: this or less"
        goal = at_most(50, "ms") if what == "purchases" else None
        rows.append(Row(what=name, figure=longest, unit="ms", goal=goal))
        rows.append(Row(what=f"stops of more than 50 ms under {what}", figure=count))
    note = "stops count from 50 ms on, by class, and are told by its upper bound: 50 is none"
    return Result(question=QUESTION.name, asks=QUESTION.asks, rows=tuple(rows), notes=(note,))


QUESTION = Question(
    name="loop_stops", asks="Stops of the loop under full load", answer=answer,
    with_peers=True, seconds=15,
)  # fmt: skip
