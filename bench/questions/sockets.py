"""What questions about connections have in common: figures of `bench/fanout.py` and its like.

They are measured beside Socket.IO on Node, in turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import evolve

from bench.figures import Goal, Result, Row
from bench.suite import Question, Suite

_SPREAD: Final = re.compile(r"^(-?[\d.]+) \((-?[\d.]+) to (-?[\d.]+)\)$")


def rows_of(figures: Mapping[str, Any]) -> tuple[Row, ...]:
    """A row a figure. A spread keeps its range; of several figures in a text each is a row."""
    rows: list[Row] = []
    for what, value in figures.items():
        if isinstance(value, int | float):
            rows.append(Row(what=what, figure=float(value)))
        elif found := _SPREAD.match(str(value)):
            middle, low, high = map(float, found.groups())
            rows.append(Row(what=what, figure=middle, low=low, high=high))
        else:
            parts = [float(part) for part in str(value).split(" / ")]
            names = what.rpartition(", ")[2].split(" / ")
            before = what.rpartition(", ")[0]
            for part, name in zip(parts, names, strict=True):
                rows.append(Row(what=f"{before}, {name}", figure=part))
    return tuple(rows)


def with_goals(rows: tuple[Row, ...], goals: Mapping[str, Goal]) -> tuple[Row, ...]:
    """The same rows; a goal that no row is held against would never be missed, and is a bug."""
    ends = {end: [row.what for row in rows if row.what.endswith(end)] for end in goals}
    assert all(ends.values()), f"no figure is named as these goals: {ends}"
    goal_of = {what: goals[end] for end, names in ends.items() for what in names}
    return tuple(evolve(row, goal=goal_of.get(row.what)) for row in rows)


def question(
    name: str,
    asks: str,
    measure: Callable[[], Mapping[str, Any]],
    seconds: float,
    *,
    goals: Mapping[str, Goal],
) -> Question:
    """A question whose figures a function makes; goals are by how a figure's name ends."""

    def answer(suite: Suite) -> Result:
        return Result(question=name, asks=asks, rows=with_goals(rows_of(measure()), goals))

    return Question(name=name, asks=asks, answer=answer, seconds=seconds)
