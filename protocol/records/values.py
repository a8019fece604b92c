"""The parts that rows are made of besides plain values.

A part with a known shape is an attrs class, stored as jsonb; `Json` is for what only its writer
understands. `Period` alone has a type of its own in the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import attrs

Json: TypeAlias = Mapping[str, Any]
"""A JSON object, stored as jsonb: strings, integers, floats, booleans, null, lists, objects.

Floats of 10**16 and more in size come back as integers, for PostgreSQL writes out their digits.
"""


@attrs.frozen(kw_only=True)
class Period:
    """From `start` until just before `end` (tstzrange); never empty."""

    start: datetime
    end: datetime


@attrs.frozen(kw_only=True)
class HoldSource:
    """What one hold took from one grant; `source` is paid or bonus."""

    grant_id: UUID
    amount_minor: int
    source: str


@attrs.frozen(kw_only=True)
class ShiftBreak:
    """One break of a shift; open while `ended_at` is None."""

    started_at: datetime
    ended_at: datetime | None = None
    paid: bool = False


@attrs.frozen(kw_only=True)
class RateBand:
    """A rate that holds from `starts` until before `ends`, local wall time as HH:MM.

    `days` are ISO weekdays, Monday 1; empty means every day.
    """

    starts: str
    ends: str
    rate_minor_per_h: int
    days: tuple[int, ...] = ()


@attrs.frozen(kw_only=True)
class SlotWanted:
    """Where a booking is about to move: kept beside its old time until the deposit is held."""

    room_id: UUID
    starts_at: datetime
    ends_at: datetime
    """After the cleaning."""
    party_size: int
    cleaning_minutes: int
    deposit_minor: int
    hold_id: UUID

    @property
    def during(self) -> Period:
        """The time that the room is kept for."""
        return Period(start=self.starts_at, end=self.ends_at)


@attrs.frozen(kw_only=True)
class RecipePart:
    """How much of a stocked item one portion takes."""

    item_id: UUID
    amount_milli: int


@attrs.frozen(kw_only=True)
class PaymentStep:
    """A state that a payment came to, and when."""

    status: str
    at: datetime
    failure_code: str | None = None


@attrs.frozen(kw_only=True)
class RefundLine:
    """How many of one purchase line go back, and, once approved, the tax in it."""

    purchase_id: UUID
    qty: int
    amount_minor: int
    tax_minor: int = 0


@attrs.frozen(kw_only=True)
class WatchedPatron:
    """A session at safety level 1 or more that the next shift must know of (Rule 7)."""

    session_id: UUID
    safety_level: int
    note: str | None = None
