"""When a venue is so full that its people must know, and when that is over: its capacity alert."""

from __future__ import annotations

from typing import Final

ALERTS: Final = (100, 90)
"""Per cent of the capacity that are told of when they are reached, each once."""
OVER_BELOW: Final = 85
"""Per cent under which an alert is over; from then on it may come again."""


def percent_of(present: int, capacity: int) -> int:
    """How full it is, in whole per cent rounded down; a venue without room is full."""
    return 100 if capacity <= 0 else present * 100 // capacity


def next_alert(alert: int, present: int, capacity: int) -> int:
    """The alert that holds after a change: 100, 90, or 0 for none.

    It rises at once and falls only to none, below 85 %: someone who comes and goes at the edge
    causes one alert, not many.
    """
    percent = percent_of(present, capacity)
    if percent < OVER_BELOW:
        return 0
    return max(alert, next((level for level in ALERTS if percent >= level), 0))
