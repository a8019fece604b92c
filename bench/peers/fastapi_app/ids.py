"""Ids in the order of time, and moments as the contract spells them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

_RANDOM_BYTES = 10
_DRAWN_AT_ONCE = 512


def _randomness() -> Iterator[int]:
    """Random bits for one id each, drawn for many at a time."""
    while True:
        drawn = os.urandom(_RANDOM_BYTES * _DRAWN_AT_ONCE)
        for at in range(0, len(drawn), _RANDOM_BYTES):
            yield int.from_bytes(drawn[at : at + _RANDOM_BYTES])


_random = _randomness()


def fresh_id() -> UUID:
    """A UUID of version 7: rows that are made together stand together in an index."""
    stamp, rest = time.time_ns() // 1_000_000, next(_random)
    low = (rest & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
    return UUID(int=stamp << 80 | 0x7000 << 64 | (rest >> 68) << 64 | low)


def now_ms() -> datetime:
    """Now, in whole milliseconds."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def spelled(at: datetime | None) -> str | None:
    """`2026-11-22T19:15:54.395Z`."""
    return None if at is None else at.isoformat(timespec="milliseconds")[:-6] + "Z"
