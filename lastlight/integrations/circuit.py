"""Whether it is worth to ask somebody who did not answer lately.

A service that hangs would have every caller wait for the whole of its bound, one after another.
After some failures in a row it is left alone for a while; then one caller in each such while finds
out for all whether it is back. Whoever is not let through has asked nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import trio


@attrs.define(eq=False, kw_only=True)
class Circuit:
    """Counts failures. `let_through` comes before each call, one of the others after it."""

    failures_max: int
    """In a row."""
    rest_s: float
    clock: Callable[[], float] = trio.current_time
    _failures: int = attrs.field(default=0, init=False)
    _rests_until_s: float = attrs.field(default=0.0, init=False)

    @property
    def rests(self) -> bool:
        """Whether it is being left alone."""
        return self._failures >= self.failures_max

    def let_through(self) -> bool:
        """Whether to make a call now."""
        if not self.rests:
            return True
        now_s = self.clock()
        if now_s < self._rests_until_s:
            return False
        # Who comes now finds out; the others wait for the outcome.
        self._rests_until_s = now_s + self.rest_s
        return True

    def answered(self) -> None:
        """It is there, whatever it said."""
        self._failures = 0

    def failed(self) -> None:
        """It did not answer, or not with sense."""
        self._failures += 1
        if self._failures == self.failures_max:
            self._rests_until_s = self.clock() + self.rest_s
