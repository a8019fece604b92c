"""What a question comes to: rows with goal, figure and whether it was met, and what plots show."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import attrs


class Sense(Enum):
    """On which side of a goal one wants to be."""

    AT_LEAST = "or more"
    AT_MOST = "or less"


@attrs.frozen(kw_only=True)
class Goal:
    """A bound that a figure is held against, in the figure's own unit."""

    sense: Sense
    bound: float
    unit: str = ""

    def met_by(self, figure: float) -> bool:
        """Whether a figure is on the right side, the bound itself included."""
        if self.sense is Sense.AT_LEAST:
            return figure >= self.bound
        return figure <= self.bound

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.bound:g}{unit} {self.sense.value}"


def at_least(bound: float, unit: str = "") -> Goal:
    """A goal that more is better of."""
    return Goal(sense=Sense.AT_LEAST, bound=bound, unit=unit)


def at_most(bound: float, unit: str = "") -> Goal:
    """A goal that less is better of."""
    return Goal(sense=Sense.AT_MOST, bound=bound, unit=unit)


@attrs.frozen(kw_only=True)
class Row:
    """One line of the table. With several rounds the figure is their median."""

    what: str
    figure: float
    unit: str = ""
    low: float | None = None
    high: float | None = None
    goal: Goal | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal was met; None where there is none."""
        return None if self.goal is None else self.goal.met_by(self.figure)

    @property
    def text(self) -> str:
        """The figure with its spread and unit."""
        said = readable(self.figure)
        if self.low is not None and self.high is not None and self.low != self.high:
            said += f" ({readable(self.low)} to {readable(self.high)})"
        return f"{said} {self.unit}".rstrip()


def readable(value: float) -> str:
    """Three figures that mean something."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(what: str, values: Sequence[float], unit: str = "", goal: Goal | None = None) -> Row:
    """A row of several rounds: median and range."""
    return Row(
        what=what, figure=statistics.median(values), unit=unit,
        low=min(values), high=max(values), goal=goal,
    )  # fmt: skip


def ratios(
    what: str, ours: Sequence[float], theirs: Sequence[float], goal: Goal | None = None
) -> Row:
    """Ours by theirs, of each round's pair: what the machine does in an hour is in both.

    Raises:
        ValueError: the rounds are not pairs.
    """
    pairs = zip(ours, theirs, strict=True)
    return spread(what, [one / other for one, other in pairs], "times", goal)


@attrs.frozen(kw_only=True)
class Result:
    """One question, answered."""

    question: str
    asks: str
    rows: tuple[Row, ...]
    curves: Mapping[str, Sequence[tuple[float, float]]] = attrs.field(factory=dict)
    """By name: percentiles with milliseconds."""
    bars: Mapping[str, Sequence[float]] = attrs.field(factory=dict)
    """By name: a figure for each round."""
    bars_unit: str = "per second"
    lines: Mapping[str, Sequence[tuple[float, float]]] = attrs.field(factory=dict)
    """By name: pairs of a size and a figure, for what should stay flat."""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Everything, for other programs."""
        told: dict[str, Any] = attrs.asdict(
            self,
            recurse=True,
            value_serializer=lambda _i, _f, v: v.value if isinstance(v, Enum) else v,
        )
        for row, told_row in zip(self.rows, told["rows"], strict=True):
            told_row["met"] = row.met
        return told
