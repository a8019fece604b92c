"""When a place is open, or a thing on sale: weekly windows of local wall time.

Hours are a JSON object: `{"always_open": true}`, or for each weekday (`mon` to `sun`) a list of
pairs `["18:00", "02:00"]`. A pair that ends at or before its start ends on the next day. A day that
is not named has no hours. Windows that touch are one. Wall time becomes an instant as a cutover
does (Rule 5): what falls into a gap means the first instant after it, in an overlap the earlier.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from actors.rules.business_day import start_of

ALWAYS_OPEN: Final[Mapping[str, Any]] = {"always_open": True}
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS_AHEAD: Final = 8
"""A week and a day: what has no end within them is told as having none."""


class Window(NamedTuple):
    """`[opens_at, closes_at)` in UTC."""

    opens_at: datetime
    closes_at: datetime


def is_open(hours: Mapping[str, Any], at: datetime, tz: ZoneInfo) -> bool:
    """Whether a moment is within the hours."""
    return bool(hours.get("always_open")) or _window_at(hours, at, tz) is not None


def closes_at(hours: Mapping[str, Any], at: datetime, tz: ZoneInfo) -> datetime | None:
    """When the hours that a moment is in come to an end; None if they don't within a week.

    None as well if the moment is in no hours: ask `is_open` first.
    """
    if hours.get("always_open"):
        return None
    window = _window_at(hours, at, tz)
    if window is None or window.closes_at - at >= timedelta(days=_DAYS_AHEAD - 1):
        return None
    return window.closes_at


def opens_at(hours: Mapping[str, Any], at: datetime, tz: ZoneInfo) -> datetime | None:
    """When it is open next: `at` itself if it is open now; None if not within a week."""
    if is_open(hours, at, tz):
        return at
    today = at.astimezone(tz).date()
    return next((w.opens_at for w in _merged(hours, today, tz) if w.opens_at > at), None)


def windows_between(
    hours: Mapping[str, Any], start: datetime, end: datetime, tz: ZoneInfo
) -> tuple[Window, ...]:
    """What of `[start, end)`, a week at most, is within the hours, in order."""
    if hours.get("always_open"):
        return (Window(start, end),)
    first = start.astimezone(tz).date()
    return tuple(
        Window(max(start, window.opens_at), min(end, window.closes_at))
        for window in _merged(hours, first, tz)
        if window.opens_at < end and window.closes_at > start
    )


def _window_at(hours: Mapping[str, Any], at: datetime, tz: ZoneInfo) -> Window | None:
    today = at.astimezone(tz).date()
    for window in _merged(hours, today, tz):
        if window.opens_at <= at < window.closes_at:
            return window
    return None


def _merged(hours: Mapping[str, Any], today: date, tz: ZoneInfo) -> Iterator[Window]:
    """The windows from yesterday on, those that touch made one."""
    days = (today + timedelta(days=n) for n in range(-1, _DAYS_AHEAD + 1))
    last: Window | None = None
    for window in sorted(w for day in days for w in _windows_of(hours, day, tz)):
        if last is not None and window.opens_at <= last.closes_at:
            last = Window(last.opens_at, max(last.closes_at, window.closes_at))
            continue
        if last is not None:
            yield last
        last = window
    if last is not None:
        yield last


def _windows_of(hours: Mapping[str, Any], day: date, tz: ZoneInfo) -> Iterator[Window]:
    for opens, closes in hours.get(WEEKDAYS[day.weekday()], ()):
        starts, ends = time.fromisoformat(opens), time.fromisoformat(closes)
        last_day = day if ends > starts else day + timedelta(days=1)
        window = Window(start_of(day, tz, starts), start_of(last_day, tz, ends))
        # A window that lies wholly in a gap never was.
        if window.opens_at < window.closes_at:
            yield window
