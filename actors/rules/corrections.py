"""What goes back of time that was charged and never passed, and from which day (Rule 12).

Time of a business day may have been charged to the next, where the first was closed already. So it
is the sum that decides whether anything goes back; days only say where it is taken from.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date


def excess_minor(charged: Mapping[date, int], owed: Mapping[date, int]) -> int:
    """How much more was charged than is owed, in all; never below 0."""
    return max(0, sum(charged.values()) - sum(owed.values()))


def taken_back(
    charged: Mapping[date, int], owed: Mapping[date, int], total_minor: int
) -> dict[date, int]:
    """What goes back of each day's charge, `total_minor` in all, at most what was charged.

    First from days on which more was charged than is owed, the latest first; what is left then
    from any day.
    """
    left_minor = total_minor
    back: dict[date, int] = {}
    for beyond_owed in (True, False):
        for day in sorted(charged, reverse=True):
            kept_minor = owed.get(day, 0) if beyond_owed else 0
            minor = min(left_minor, charged[day] - back.get(day, 0) - kept_minor)
            if minor > 0:
                back[day] = back.get(day, 0) + minor
                left_minor -= minor
    return back


def without(charged: Mapping[date, int], back: Mapping[date, int]) -> dict[date, int]:
    """What stays charged."""
    return {day: minor - back.get(day, 0) for day, minor in charged.items()}
