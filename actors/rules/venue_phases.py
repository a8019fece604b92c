"""How a venue's status follows its hours: open, then last orders, then closed (Rule 7).

From `last_service` before its hours end a venue is `closing`: nobody comes in any more. When they
end it is `closed`, and whoever is still there is checked out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from actors.rules.opening_hours import ALWAYS_OPEN, WEEKDAYS, closes_at, is_open, opens_at
from actors.rules.settings_patch import is_wall_time
from protocol.codec_objects import escaped
from protocol.domain_limits import HOURS_PER_WEEKDAY_MAX
from protocol.errors import FieldError
from protocol.records.states import VenueStatus


class Phase(NamedTuple):
    """What the hours say of a moment, and until when; None: for more than a week."""

    status: VenueStatus
    ends_at: datetime | None
    last_orders_at: datetime | None
    """When last orders are, or were, within these hours."""


def phase_at(
    hours: Mapping[str, Any], at: datetime, tz: ZoneInfo, last_service: timedelta
) -> Phase:
    """The phase of a moment; phases follow one another without gap."""
    if not is_open(hours, at, tz):
        return Phase(VenueStatus.CLOSED, opens_at(hours, at, tz), None)
    ends_at = closes_at(hours, at, tz)
    if ends_at is None:
        return Phase(VenueStatus.OPEN, None, None)
    last_orders_at = ends_at - last_service
    if at < last_orders_at:
        return Phase(VenueStatus.OPEN, last_orders_at, last_orders_at)
    return Phase(VenueStatus.CLOSING, ends_at, last_orders_at)


def refuse_hours(hours: Mapping[str, Any], pointer: str = "/hours") -> FieldError | None:
    """What is wrong with hours as somebody sent them, if anything."""
    if "always_open" in hours:
        if hours == ALWAYS_OPEN:
            return None
        return FieldError(pointer, "shape", 'always open is {"always_open": true} and nothing else')
    for day, windows in hours.items():
        where = f"{pointer}/{escaped(day)}"
        if day not in WEEKDAYS:
            return FieldError(where, "unknown", f"weekdays are {', '.join(WEEKDAYS)}")
        if not isinstance(windows, list | tuple) or len(windows) > HOURS_PER_WEEKDAY_MAX:
            return FieldError(
                where, "shape", f"a weekday has a list of at most {HOURS_PER_WEEKDAY_MAX} pairs"
            )
        for n, window in enumerate(windows):
            pair = isinstance(window, list | tuple) and len(window) == 2
            if not pair or not all(is_wall_time(part) for part in window):
                return FieldError(f"{where}/{n}", "shape", 'hours are pairs: ["18:00", "02:00"]')
    return None
