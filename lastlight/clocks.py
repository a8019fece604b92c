"""The clock and the ids of a real node."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from protocol.ids import MonotonicIds

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


_BEHIND: Final = (9, 10)
"""The pace of a clock that waits for the machine's: nine tenths."""


class SystemClock:
    """The machine's clock, which never goes back while the process lives, and never stands still.

    When the machine's is set back, this one goes on more slowly until that has come up to it. Had
    it gone back with it, the tokens of the last minutes would be of the future, and whoever presses
    an SOS refused; had it waited, no timer would be due for as long, and no alarm made louder.
    """

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        steady_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall_ns = wall_ns
        self._steady_ns = steady_ns
        self._told_ns, self._told_at_ns = wall_ns(), steady_ns()
        self._last = (0, _EPOCH)

    def now_ms(self) -> int:
        """Unix time in whole milliseconds."""
        wall_ns, at_ns = self._wall_ns(), self._steady_ns()
        slower, whole = _BEHIND
        least_ns = self._told_ns + (at_ns - self._told_at_ns) * slower // whole
        self._told_ns, self._told_at_ns = max(wall_ns, least_ns), at_ns
        return self._told_ns // 1_000_000

    def now(self) -> datetime:
        """UTC with whole milliseconds."""
        # Each message asks, and many come in one millisecond: the same moment is made once.
        ms = self.now_ms()
        last_ms, now = self._last
        if ms != last_ms:
            now = _EPOCH + ms * _MS
            self._last = (ms, now)
        return now


def system_ids(clock: SystemClock | None = None) -> MonotonicIds:
    """Ids by a clock, or the machine's, and chance."""
    return MonotonicIds((clock or SystemClock()).now_ms, secrets.randbits)
