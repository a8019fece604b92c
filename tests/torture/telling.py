"""What a run says while it goes on, and at its end."""

from __future__ import annotations

import statistics
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from tests.torture.evening import Evening
from tests.torture.laws import Looked

_HEAD: Final = (
    "harm", "cycles", "answered", "cut off", "told to wait", "events", "connections", "up in s",
    "at most s",
)  # fmt: skip
SHOWN: Final = 4


@attrs.frozen(kw_only=True)
class Cycle:
    """What came of one."""

    harm: str
    answered: int
    unknown: int
    """Answers that said nothing yet: the same was asked again with its key."""
    cut: int
    """Requests that were never answered: asked again too."""
    heard: int
    connects: int
    start_s: float
    took_s: float
    done: Counter[str]
    """What was done to the node."""
    looked: Looked
    """What the laws looked at, if they were asked."""


@attrs.define
class Counts:
    """What an evening has come to so far."""

    answered: int = 0
    unknown: int = 0
    cut: int = 0
    heard: int = 0
    connects: int = 0
    done: Counter[str] = attrs.field(factory=Counter)

    @classmethod
    def of(cls, evening: Evening) -> Counts:
        """As it is now."""
        return cls(
            answered=sum(act.answered for guest in evening.guests for act in guest.acts),
            unknown=sum(guest.unsettled for guest in evening.guests),
            cut=evening.cut,
            heard=sum(len(watcher.heard) for watcher in evening.watchers),
            connects=sum(watcher.connects for watcher in evening.watchers),
            done=Counter(evening.done),
        )

    def since(
        self, before: Counts, *, harm: str, start_s: float, took_s: float, looked: Looked
    ) -> Cycle:
        """The cycle between two counts."""
        return Cycle(
            harm=harm,
            answered=self.answered - before.answered,
            unknown=self.unknown - before.unknown,
            cut=self.cut - before.cut,
            heard=self.heard - before.heard,
            connects=self.connects - before.connects,
            start_s=start_s,
            took_s=took_s,
            done=self.done - before.done,
            looked=looked,
        )


def say(text: str) -> None:
    """One line, now."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def line_of(number: int, count: int, cycle: Cycle) -> str:
    """What a cycle came to, in one line."""
    told = (
        f"{cycle.answered} answered", f"{cycle.cut} cut off", f"{cycle.unknown} told to wait",
        f"{cycle.heard} events", f"up in {cycle.start_s:.1f} s", f"true after {cycle.took_s:.1f} s",
    )  # fmt: skip
    return f"{number:>4}/{count} {cycle.harm:<30}" + "".join(f"{text:>19}" for text in told)


def table_of(cycles: Sequence[Cycle], left_out: Sequence[str]) -> str:
    """All cycles by kind."""
    names = sorted({cycle.harm for cycle in cycles})
    rows = [
        _HEAD,
        *(_row(name, [cycle for cycle in cycles if cycle.harm == name]) for name in names),
        _row("all", cycles),
    ]
    lines = [f"{row[0]:<31}" + "".join(f"{cell:>13}" for cell in row[1:]) for row in rows]
    lines.insert(1, "-" * len(lines[0]))
    done = sum((cycle.done for cycle in cycles), Counter[str]())
    lines += ["", "done to it: " + ", ".join(f"{what} {n}" for what, n in sorted(done.items()))]
    looked = next((cycle.looked for cycle in reversed(cycles) if cycle.looked), {})
    lines += ["", f"{'law, and what it looked at last':<53}{'rows':>11}  of which"]
    lines += [_looked_at(law, rows) for law, rows in looked.items()]
    lines += [f"left out: {name}; there is no disk that fills up" for name in left_out]
    return "\n".join(lines)


def not_looked_at(cycles: Sequence[Cycle]) -> Sequence[str]:
    """What a run says nothing about: there was none of it."""
    found = {
        "answers": any(cycle.answered for cycle in cycles),
        "events": any(cycle.heard for cycle in cycles),
        "rows": any(cycle.looked for cycle in cycles),
    }
    return [name for name, there in found.items() if not there]


def _looked_at(law: str, rows: Mapping[str, int]) -> str:
    """Where a law looked at more than a few tables, the largest ones."""
    largest = sorted(rows, key=lambda name: -rows[name])[:SHOWN]
    told = [f"{name} {rows[name]:,}" if rows[name] else f"no {name}" for name in largest]
    if len(rows) > SHOWN:
        told.append(f"{len(rows) - SHOWN} more")
    return f"{law:<53}{sum(rows.values()):>11,}  {', '.join(told)}"


def _row(name: str, cycles: Sequence[Cycle]) -> tuple[str, ...]:
    counts = [
        len(cycles),
        sum(cycle.answered for cycle in cycles),
        sum(cycle.cut for cycle in cycles),
        sum(cycle.unknown for cycle in cycles),
        sum(cycle.heard for cycle in cycles),
        sum(cycle.connects for cycle in cycles),
    ]
    starts = [cycle.start_s for cycle in cycles if cycle.start_s]
    times = [f"{statistics.median(starts):.1f}", f"{max(starts):.1f}"] if starts else ["-", "-"]
    return (name, *(str(count) for count in counts), *times)
