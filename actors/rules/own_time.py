"""How far a patron's own limits of time reach: per day, 7 or 30 business days (Rule 7).

Time is what passes on the meter, whatever it costs. The instant at which a limit is reached is
worked out, so running time stops there to the millisecond, whenever anyone looks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import attrs

from actors.rules.business_day import business_day_of, start_of
from actors.rules.funds import FUNDS_HORIZON
from actors.rules.metering import MS_PER_MINUTE, Metered, Tariff
from actors.rules.own_limits import WARN_PERCENT, first_day
from protocol.internal.allowances import TimeAllowance, TimeLimit

BLOCK_PERCENT: Final = 100
_MS: Final = timedelta(milliseconds=1)
_DAY: Final = timedelta(days=1)


@attrs.frozen(kw_only=True)
class Crossing:
    """A limit of which so many per cent are used, and were not before this visit."""

    limit: TimeLimit
    used_minutes: int
    percent: int


def time_by_day(segments: Iterable[Metered], at: datetime, tariff: Tariff) -> dict[date, int]:
    """Milliseconds on the meter until `at`, by business day."""
    sums: defaultdict[date, int] = defaultdict(int)
    cutover = tariff.settings.cutover
    for segment in segments:
        start = segment.started_at
        end = at if segment.ended_at is None else min(segment.ended_at, at)
        while start < end:
            day = business_day_of(start, tariff.tz, cutover)
            until = min(end, start_of(day + _DAY, tariff.tz, cutover))
            sums[day] += (until - start) // _MS
            start = until
    return dict(sums)


def used_ms(
    limit: TimeLimit, today: date, elsewhere_ms: Mapping[date, int], own_ms: Mapping[date, int]
) -> int:
    """What is used of a limit on a business day."""
    first = first_day(limit.period, today)
    return sum(
        ms for days in (elsewhere_ms, own_ms) for day, ms in days.items() if first <= day <= today
    )


def end_of_time(
    segments: Sequence[Metered], at: datetime, tariff: Tariff, allowance: TimeAllowance
) -> datetime | None:
    """The first instant at which a limit is reached if what runs goes on; None within 48 h.

    It is not before the running segment began: what is past its limit already ends there.
    """
    running = [segment for segment in segments if segment.ended_at is None]
    if not running or not allowance.limits:
        return None
    start, horizon = max(one.started_at for one in running), at + FUNDS_HORIZON
    while start < horizon:
        today = business_day_of(start, tariff.tz, tariff.settings.cutover)
        tomorrow_at = start_of(today + _DAY, tariff.tz, tariff.settings.cutover)
        own_ms = time_by_day(segments, start, tariff)
        left_ms = min(
            limit.minutes * MS_PER_MINUTE - used_ms(limit, today, allowance.elsewhere_ms, own_ms)
            for limit in allowance.limits
        )
        end = start + max(0, left_ms) * _MS
        if end < tomorrow_at:
            return end
        # Tomorrow an old day is forgotten, and its time may be used anew.
        start = tomorrow_at
    return None


def reached(
    segments: Iterable[Metered], at: datetime, tariff: Tariff, allowance: TimeAllowance
) -> TimeLimit | None:
    """A limit that is used up at `at`; None if there is time left in all of them."""
    own_ms = time_by_day(segments, at, tariff)
    today = business_day_of(at, tariff.tz, tariff.settings.cutover)
    for limit in allowance.limits:
        if used_ms(limit, today, allowance.elsewhere_ms, own_ms) >= limit.minutes * MS_PER_MINUTE:
            return limit
    return None


def crossings(
    segments: Iterable[Metered], at: datetime, tariff: Tariff, allowance: TimeAllowance
) -> tuple[Crossing, ...]:
    """What this visit brought to 80 or to 100 per cent; what others had is theirs to have told."""
    own_ms = time_by_day(segments, at, tariff)
    today = business_day_of(at, tariff.tz, tariff.settings.cutover)
    found = []
    for limit in allowance.limits:
        whole_ms = limit.minutes * MS_PER_MINUTE
        before_ms = used_ms(limit, today, allowance.elsewhere_ms, {})
        now_ms = used_ms(limit, today, allowance.elsewhere_ms, own_ms)
        found += [
            Crossing(limit=limit, used_minutes=now_ms // MS_PER_MINUTE, percent=percent)
            for percent in (WARN_PERCENT, BLOCK_PERCENT)
            if before_ms * 100 < percent * whole_ms <= now_ms * 100
        ]
    return tuple(found)
