"""Names for new things: UUIDs of version 7 (RFC 9562), each greater than the one before.

Lists are ordered by id and a cursor is one, so ids must rise even when the clock steps back or
stands still. Clock and chance come from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import attrs
import msgspec

_COUNTER_BITS = 42
_TAIL_BITS = 32
_TAILS_DRAWN = 64
"""Chance is drawn so many tails at a time: asking the system for each was half of an id's cost."""
_SHIFTS = range(0, _TAIL_BITS * _TAILS_DRAWN, _TAIL_BITS)


@attrs.define(eq=False)
class MonotonicIds:
    """48 bits of milliseconds, a counter of 42 bits that begins at random, and 32 random bits.

    `now_ms` is Unix time in milliseconds; `random_bits(n)` an integer of n random bits.
    """

    now_ms: Callable[[], int]
    random_bits: Callable[[int], int]
    _last_ms: int = 0
    _counter: int = 0
    _tails: list[int] = attrs.field(factory=list)

    def fresh(self) -> UUID:
        """The next id."""
        now_ms = self.now_ms()
        if now_ms > self._last_ms:
            # The highest bit is left free, so that a millisecond can count on from any start.
            self._last_ms = now_ms
            self._counter = self._chance() << (_COUNTER_BITS - 1 - _TAIL_BITS)
        else:
            self._counter += 1
            if self._counter >> _COUNTER_BITS:
                self._last_ms += 1
                self._counter = 0
        high, low = self._counter >> 30, self._counter & 0x3FFFFFFF
        value = (self._last_ms << 80) | (0x7 << 76) | (high << 64) | (0x2 << 62) | (low << 32)
        # Made in C: half the time of UUID's own way, and a purchase has sixteen.
        return msgspec.convert((value | self._chance()).to_bytes(16, "big"), UUID)

    def _chance(self) -> int:
        """_TAIL_BITS random bits."""
        if not self._tails:
            drawn = self.random_bits(_TAIL_BITS * _TAILS_DRAWN)
            mask = (1 << _TAIL_BITS) - 1
            self._tails = [drawn >> shift & mask for shift in _SHIFTS]
        return self._tails.pop()


def id_at(at: datetime, fresh: UUID) -> UUID:
    """`fresh`, but of another time: for what has its time in its id and happened earlier."""
    ms = int(at.timestamp() * 1000)
    return UUID(int=(ms << 80) | (fresh.int & ((1 << 80) - 1)))
