"""How far a patron's credits reach: holds, warnings, and the instant at which they end (Rule 3).

The end of funds is worked out with the very function that charges, so a visit that stops there is
never overdrawn, whatever blocks, caps and cutovers lie in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from actors.rules.business_day import business_day_of
from actors.rules.metering import (
    MS_PER_HOUR,
    MS_PER_MINUTE,
    Metered,
    Tariff,
    block_minor,
    charge_at,
)
from actors.rules.settings import VenueSettings
from protocol.errors import Code, Refusal

HOLD_MINUTES: Final = 15
"""A continuous activity holds this much of its rate ahead."""
LOW_CREDIT_MINUTES: Final = 10
FUNDS_HORIZON: Final = timedelta(hours=48)
"""Nobody is told when funds end that last longer than this."""
_MS: Final = timedelta(milliseconds=1)


def hold_minor(rate_minor_per_h: int) -> int:
    """What a continuous activity holds: 15 minutes of its rate, rounded up."""
    return -(-rate_minor_per_h * HOLD_MINUTES * MS_PER_MINUTE // MS_PER_HOUR)


def booking_minor(rate_minor_per_h: int, minutes: int, *, settings: VenueSettings) -> int:
    """What a booking of `minutes` holds: its full price, in blocks."""
    return block_minor(minutes * MS_PER_MINUTE, rate_minor_per_h, settings=settings)


def refuse_funds(
    available_minor: int, needed_minor: int, *, is_frozen: bool = False
) -> Refusal | None:
    """Why these funds are too little to check in with; `is_frozen` while the wallet owes."""
    if available_minor >= needed_minor:
        return None
    why = " while what is owed is not repaid" if is_frozen else ""
    return Refusal(
        Code.INSUFFICIENT_CREDITS,
        f"the wallet has {available_minor} minor available{why}; this check-in needs "
        f"{needed_minor}; top up first",
        extra={"available_minor": available_minor, "needed_minor": needed_minor},
    )


def cap_headroom_minor(segments: Iterable[Metered], at: datetime, tariff: Tariff) -> int:
    """What time can still cost on the business day of `at`; no hold need exceed it."""
    day = business_day_of(at, tariff.tz, tariff.settings.cutover)
    charged = charge_at(segments, at, tariff).by_day().get(day, 0)
    elsewhere = tariff.charged_elsewhere_minor.get(day, 0)
    return max(0, tariff.settings.time_cap_per_day_minor - elsewhere - charged)


def funds_end(
    segments: Iterable[Metered], at: datetime, tariff: Tariff, *, funds_minor: int
) -> datetime | None:
    """The last instant that `funds_minor` can pay for, if the visit goes on as it is.

    `funds_minor` is all that the visit's time may cost from its start: what was charged so far,
    what is held for it, and what is available. At the returned instant the charge is within it,
    a millisecond later it is not. It is before `at` if funds have ended already, and None if they
    last for `FUNDS_HORIZON` or nothing is running.
    """
    kept = list(segments)
    running = [segment for segment in kept if segment.ended_at is None]
    if not running or charge_at(kept, at + FUNDS_HORIZON, tariff).total_minor <= funds_minor:
        return None
    start = min(segment.started_at for segment in kept)
    # The charge never falls, so halving finds the step at which it passes the funds.
    paid_ms, unpaid_ms = 0, (at + FUNDS_HORIZON - start) // _MS
    while unpaid_ms - paid_ms > 1:
        middle_ms = (paid_ms + unpaid_ms) // 2
        if charge_at(kept, start + middle_ms * _MS, tariff).total_minor <= funds_minor:
            paid_ms = middle_ms
        else:
            unpaid_ms = middle_ms
    return start + paid_ms * _MS


def minutes_left(ends_at: datetime | None, now: datetime) -> int | None:
    """Whole minutes until funds end, rounded down; None if they last."""
    return None if ends_at is None else max(0, (ends_at - now) // timedelta(minutes=1))


def is_low(ends_at: datetime | None, now: datetime) -> bool:
    """Whether to warn: 10 minutes or less are left."""
    return ends_at is not None and ends_at - now <= timedelta(minutes=LOW_CREDIT_MINUTES)
