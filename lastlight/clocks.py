"""The clock and the ids of a real node."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from protocol.ids import MonotonicIds

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


class SystemClock:
    """The machine's clock."""

    def __init__(self) -> None:
        self._last = (0, _EPOCH)

    def now(self) -> datetime:
        """UTC with whole milliseconds."""
        # Each message asks, and many come in one millisecond: the same moment is made once.
        ms = time.time_ns() // 1_000_000
        last_ms, now = self._last
        if ms != last_ms:
            now = _EPOCH + ms * _MS
            self._last = (ms, now)
        return now


def system_ids() -> MonotonicIds:
    """Ids by the machine's clock and chance."""
    return MonotonicIds(lambda: time.time_ns() // 1_000_000, secrets.randbits)
