"""Names for new things: UUIDs of version 7 (RFC 9562), each greater than the one before.

Lists are ordered by id and a cursor is one, so ids must rise even when the clock steps back or
stands still. Clock and chance come from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import attrs

_COUNTER_BITS = 42
_TAIL_BITS = 32


@attrs.define(eq=False)
class MonotonicIds:
    """48 bits of milliseconds, a counter of 42 bits that begins at random, and 32 random bits.

    `now_ms` is Unix time in milliseconds; `random_bits(n)` an integer of n random bits.
    """

    now_ms: Callable[[], int]
    random_bits: Callable[[int], int]
    _last_ms: int = 0
    _counter: int = 0

    def fresh(self) -> UUID:
        """The next id."""
        now_ms = self.now_ms()
        if now_ms > self._last_ms:
            # The highest bit is left free, so that a millisecond can count on from any start.
            self._last_ms = now_ms
            self._counter = self.random_bits(_COUNTER_BITS - 1)
        else:
            self._counter += 1
            if self._counter >> _COUNTER_BITS:
                self._last_ms += 1
                self._counter = 0
        high, low = self._counter >> 30, self._counter & 0x3FFFFFFF
        value = (self._last_ms << 80) | (0x7 << 76) | (high << 64) | (0x2 << 62) | (low << 32)
        return UUID(int=value | self.random_bits(_TAIL_BITS))


def id_at(at: datetime, fresh: UUID) -> UUID:
    """`fresh`, but of another time: for what has its time in its id and happened earlier."""
    ms = int(at.timestamp() * 1000)
    return UUID(int=(ms << 80) | (fresh.int & ((1 << 80) - 1)))
