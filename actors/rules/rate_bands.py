"""What a room costs at a moment: the band of its rates that the wall clock is in (Rule 3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from zoneinfo import ZoneInfo

from protocol.records.values import RateBand


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


def _holds(band: RateBand, wall: time, weekday: int) -> bool:
    starts, ends = time.fromisoformat(band.starts), time.fromisoformat(band.ends)
    yesterday = (weekday + 5) % 7 + 1
    if starts < ends:
        return starts <= wall < ends and _on(band, weekday)
    return (wall >= starts and _on(band, weekday)) or (wall < ends and _on(band, yesterday))


def _on(band: RateBand, weekday: int) -> bool:
    return not band.days or weekday in band.days
