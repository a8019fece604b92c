"""What a room costs at a moment, and when that changes: the bands of its rates (Rule 3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from actors.rules.business_day import start_of
from protocol.errors import Code, FieldError, Refusal
from protocol.records.values import RateBand

_DAY_MINUTES: Final = 24 * 60
_WEEK_MINUTES: Final = 7 * _DAY_MINUTES


def rate_at(
    bands: Iterable[RateBand], at: datetime, tz: ZoneInfo, *, otherwise_minor_per_h: int
) -> int:
    """The rate of the first band that holds at a moment, else the venue's.

    A band that ends at or before its start runs over midnight; its days are those it starts on.
    """
    local = at.astimezone(tz)
    for band in bands:
        if _holds(band, local.time(), local.isoweekday()):
            return band.rate_minor_per_h
    return otherwise_minor_per_h


def next_change(
    bands: Iterable[RateBand], at: datetime, tz: ZoneInfo, *, otherwise_minor_per_h: int
) -> datetime | None:
    """The first moment after `at` from which another rate holds; None if none ever does.

    Where the wall clock skips or repeats a band's time, it counts as a cutover does (Rule 5).
    """
    known = tuple(bands)
    today = at.astimezone(tz).date()
    walls = {time.fromisoformat(wall) for band in known for wall in (band.starts, band.ends)}
    # Every band comes round within a week.
    days = [today + timedelta(days=n) for n in range(9)]
    rate = rate_at(known, at, tz, otherwise_minor_per_h=otherwise_minor_per_h)
    for moment in sorted(start_of(day, tz, wall) for day in days for wall in walls):
        if moment > at and rate != rate_at(
            known, moment, tz, otherwise_minor_per_h=otherwise_minor_per_h
        ):
            return moment
    return None


def refuse_overlap(bands: Iterable[RateBand]) -> Refusal | None:
    """Why a room can't have these rates: two of them would hold at one time of a week."""
    seen: list[tuple[int, int, int]] = []
    for n, band in enumerate(bands):
        for starts, ends in sorted(_minutes_of(band)):
            for other, from_, until in seen:
                if starts < until and from_ < ends and other != n:
                    detail = f"band {n + 1} and band {other + 1} hold at the same time"
                    error = FieldError(f"/rate_bands/{n}", "overlap", detail)
                    return Refusal(Code.RATE_BAND_OVERLAP, detail, errors=(error,))
            seen.append((n, starts, ends))
    return None


def _minutes_of(band: RateBand) -> Iterator[tuple[int, int]]:
    """When a band holds, in minutes of a week; what runs over its end goes on at its start."""
    starts, ends = (_minute(time.fromisoformat(wall)) for wall in (band.starts, band.ends))
    length = (ends - starts) % _DAY_MINUTES or _DAY_MINUTES
    for day in band.days or range(1, 8):
        begin = (day - 1) * _DAY_MINUTES + starts
        yield begin, min(begin + length, _WEEK_MINUTES)
        if begin + length > _WEEK_MINUTES:
            yield 0, begin + length - _WEEK_MINUTES


def _minute(wall: time) -> int:
    return wall.hour * 60 + wall.minute


def _holds(band: RateBand, wall: time, weekday: int) -> bool:
    starts, ends = time.fromisoformat(band.starts), time.fromisoformat(band.ends)
    yesterday = (weekday + 5) % 7 + 1
    if starts < ends:
        return starts <= wall < ends and _on(band, weekday)
    return (wall >= starts and _on(band, weekday)) or (wall < ends and _on(band, yesterday))


def _on(band: RateBand, weekday: int) -> bool:
    return not band.days or weekday in band.days
