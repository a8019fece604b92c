"""The machine's clock of a night, and how long the node ran while it went on.

Nights skip time: the clock is set forward while nothing runs, or while no node is there. What is
due in such a gap can be done only after it, so lateness is counted in time that passed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import attrs
import trio

from tests.twins.outside import TrioClock


def _noted(clock: Any, _attribute: Any, step: timedelta) -> timedelta:
    clock.steps.append((_passed(), step))
    return step


def _passed() -> timedelta:
    try:
        return timedelta(milliseconds=round(trio.current_time() * 1000))
    except RuntimeError:
        return timedelta()  # The night has not begun.


@attrs.define(eq=False)
class KeepingClock(TrioClock):
    """A clock that knows when it was set forward."""

    step: timedelta = attrs.field(default=timedelta(), on_setattr=_noted)
    steps: list[tuple[timedelta, timedelta]] = attrs.field(factory=list)
    """When it was set, in time that had passed since the beginning, and how far ahead it was."""

    def passed_between(self, since: datetime, until: datetime) -> timedelta:
        """How much time passed at least from when it showed one moment to when it showed another.

        It may have been set back meanwhile, and have shown both more than once.
        """
        return self._first_at(until) - self._last_at(since)

    def _first_at(self, moment: datetime) -> timedelta:
        """When it first showed as much or more, in time that had passed since the beginning."""
        shown = moment - self.start
        ends = [since for since, _ in self.steps[1:]]
        for (since, step), end in zip(self.steps, [*ends, timedelta.max], strict=True):
            if shown - step <= end:
                return max(shown - step, since)
        raise AssertionError("the last of its settings has no end")

    def _last_at(self, moment: datetime) -> timedelta:
        """When it last came to show as much or more."""
        shown, next_set = moment - self.start, timedelta.max
        for since, step in reversed(self.steps):
            if shown - step >= since:
                return min(shown - step, next_set)
            next_set = since
        return timedelta()
