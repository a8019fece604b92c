"""What a run says while it goes on, and at its end."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence

import attrs

from tests.torture.evening import Evening


@attrs.frozen(kw_only=True)
class Cycle:
    """What came of one."""

    harm: str
    answered: int
    unknown: int
    """Answers that said nothing yet: the same was asked again with its key."""
    heard: int
    connects: int
    start_s: float
    took_s: float


@attrs.define
class Counts:
    """What an evening has come to so far."""

    answered: int = 0
    unknown: int = 0
    heard: int = 0
    connects: int = 0

    @classmethod
    def of(cls, evening: Evening) -> Counts:
        """As it is now."""
        return cls(
            answered=sum(act.answered for guest in evening.guests for act in guest.acts),
            unknown=sum(guest.unsettled for guest in evening.guests),
            heard=sum(len(watcher.heard) for watcher in evening.watchers),
            connects=sum(watcher.connects for watcher in evening.watchers),
        )

    def since(self, before: Counts, *, harm: str, start_s: float, took_s: float) -> Cycle:
        """The cycle between two counts."""
        return Cycle(
            harm=harm,
            answered=self.answered - before.answered,
            unknown=self.unknown - before.unknown,
            heard=self.heard - before.heard,
            connects=self.connects - before.connects,
            start_s=start_s,
            took_s=took_s,
        )


def say(text: str) -> None:
    """One line, now."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def line_of(number: int, count: int, cycle: Cycle) -> str:
    """What a cycle came to, in one line."""
    return (
        f"{number:>4}/{count} {cycle.harm:<30} {cycle.answered:>5} answered {cycle.unknown:>4}"
        f" asked again {cycle.heard:>6} events {cycle.connects:>4} connections  up in"
        f" {cycle.start_s:4.1f} s  all true after {cycle.took_s:5.1f} s"
    )


def table_of(cycles: Sequence[Cycle], left_out: Sequence[str]) -> str:
    """All cycles by kind."""
    head = (
        f"{'harm':<31}{'cycles':>7}{'answered':>10}{'asked again':>12}{'events':>8}"
        f"{'connections':>12}{'up in s':>9}{'at most':>9}"
    )
    names = sorted({cycle.harm for cycle in cycles})
    lines = [head, "-" * len(head)]
    lines += [_row(name, [cycle for cycle in cycles if cycle.harm == name]) for name in names]
    lines += [_row("all", cycles)]
    lines += [f"left out: {name}; only root can make a disk that fills up" for name in left_out]
    return "\n".join(lines)


def _row(name: str, cycles: Sequence[Cycle]) -> str:
    starts = [cycle.start_s for cycle in cycles] or [0.0]
    return (
        f"{name:<31}{len(cycles):>7}{sum(c.answered for c in cycles):>10}"
        f"{sum(c.unknown for c in cycles):>12}{sum(c.heard for c in cycles):>8}"
        f"{sum(c.connects for c in cycles):>12}{statistics.median(starts):>9.1f}{max(starts):>9.1f}"
    )
