"""Ids in the order of time, and moments as the contract spells them."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from uuid import UUID


def fresh_id() -> UUID:
    """A UUID of version 7: rows that are made together stand together in an index."""
    stamp = time.time_ns() // 1_000_000
    rest = int.from_bytes(os.urandom(10))
    low = (rest & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
    return UUID(int=stamp << 80 | 0x7000 << 64 | (rest >> 68) << 64 | low)


def now_ms() -> datetime:
    """Now, in whole milliseconds."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def spelled(at: datetime | None) -> str | None:
    """`2026-11-22T19:15:54.395Z`."""
    return None if at is None else at.isoformat(timespec="milliseconds")[:-6] + "Z"
