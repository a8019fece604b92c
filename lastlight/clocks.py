"""The clock and the ids of a real node."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from uuid import UUID

import attrs


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """UTC with whole milliseconds."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


@attrs.define(eq=False)
class MonotonicIds:
    """UUIDv7 (RFC 9562): milliseconds, then a counter of 42 bits that starts at random.

    Each is greater than the one before, also when the clock steps back.
    """

    _last_ms: int = 0
    _counter: int = 0

    def fresh(self) -> UUID:
        """The next id."""
        now_ms = time.time_ns() // 1_000_000
        if now_ms > self._last_ms:
            # The highest bit is left free, so that a millisecond can count on from any start.
            self._last_ms = now_ms
            self._counter = int.from_bytes(os.urandom(6), "big") >> 7
        else:
            self._counter += 1
            if self._counter >> 42:
                self._last_ms += 1
                self._counter = 0
        high, low = self._counter >> 30, self._counter & 0x3FFFFFFF
        tail = int.from_bytes(os.urandom(4), "big")
        value = (self._last_ms << 80) | (0x7 << 76) | (high << 64) | (0x2 << 62) | (low << 32)
        return UUID(int=value | tail)
