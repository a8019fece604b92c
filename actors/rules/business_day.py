"""Which trading day a moment belongs to, and when that day begins and ends (Rule 5).

A day is an interval of time, not of wall clocks: days follow one another without gap or overlap,
and each moment is in exactly one. Where clocks are put back over the cutover, the day has begun
at the first of the two and does not end again when the wall clock repeats.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

CLOSE_AFTER_CUTOVER: Final = timedelta(minutes=60)
"""Rule 5: this long after its end a day closes by itself."""

_STARTS_KEPT: Final = 4096
"""Every decision about money asks for the same few days; finding out takes four conversions. And a
sale asks nine times which day its moment belongs to."""
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)


class Bounds(NamedTuple):
    """A half-open interval of UTC."""

    start: datetime
    end: datetime


def business_day_of(t: datetime, tz: ZoneInfo, cutover: time) -> date:
    """The trading day of a moment: the local date, or the day before if it is before cutover."""
    # Of one zone's moments the two that a wall clock shows alike would pass for the same one.
    return _day_of(t if t.tzinfo is UTC else t.astimezone(UTC), tz, cutover)


@lru_cache(maxsize=_STARTS_KEPT)
def _day_of(t: datetime, tz: ZoneInfo, cutover: time) -> date:
    local = t.astimezone(tz)
    day = local.date() if local.time() >= cutover else local.date() - _DAY
    # When clocks go back over the cutover, the wall shows "before cutover" a second time.
    return day + _DAY if t >= start_of(day + _DAY, tz, cutover) else day


def posting_day(day: date, closed_through: date | None) -> date:
    """The day to which something of `day` is posted (Rule 5).

    A closed day is frozen: what belongs to it and comes later is posted to the day that follows
    the last closed one, `closed_through`; None if none was closed yet.
    """
    return day if closed_through is None or day > closed_through else closed_through + _DAY


def bounds(day: date, tz: ZoneInfo, cutover: time) -> Bounds:
    """`[day cutover, next day cutover)`; 23, 24 or 25 hours long as a rule."""
    return Bounds(start_of(day, tz, cutover), start_of(day + _DAY, tz, cutover))


@lru_cache(maxsize=_STARTS_KEPT)
def start_of(day: date, tz: ZoneInfo, cutover: time) -> datetime:
    """The instant at which a trading day begins, in UTC.

    A cutover inside a gap means the first instant after the gap, in an overlap the earlier one.
    """
    wall = datetime.combine(day, cutover)
    # Python resolves an overlap (fold 0) to the earlier instant by itself.
    early = wall.replace(tzinfo=tz).astimezone(UTC)
    if early.astimezone(tz).replace(tzinfo=None) == wall:
        return early
    return _end_of_gap(wall, tz)


def _end_of_gap(wall: datetime, tz: ZoneInfo) -> datetime:
    """The first instant whose wall time is after `wall`, which no clock in `tz` ever shows."""
    after = wall.replace(tzinfo=tz, fold=0).astimezone(UTC)
    before = wall.replace(tzinfo=tz, fold=1).astimezone(UTC)
    # Clocks change at whole seconds, so halving by seconds ends on the very instant.
    while after - before > _SECOND:
        middle = before + _SECOND * ((after - before) // _SECOND // 2)
        if middle.astimezone(tz).replace(tzinfo=None) > wall:
            after = middle
        else:
            before = middle
    return after
