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
        """How much time passed from when it came to show one moment to when it showed another.

        Where it was set back a node's time stands still until it shows more than ever before; that
        is not counted, as what was skipped is not.
        """
        return self._passed_at(until) - self._passed_at(since)

    def _passed_at(self, moment: datetime) -> timedelta:
        shown, passed, most = moment - self.start, timedelta(), timedelta()
        ends = [since for since, _ in self.steps[1:]]
        for (since, step), end in zip(self.steps, [*ends, None], strict=True):
            begins = max(since + step, most)
            if end is None:
                return passed + max(shown - begins, timedelta())
            most = max(end + step, most)
            passed += max(min(shown, end + step) - begins, timedelta())
        raise AssertionError("it was set before the night began")
