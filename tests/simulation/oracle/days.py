"""Business days, worked out once more from Rule 5: wall time of the house, made UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from protocol.records.ledger import BusinessDay
from protocol.records.venues import Venue
from tests.twins.nodes import World

CUTOVER: Final = time(5)
"""The default, which nobody changes in these nights."""
DAY: Final = timedelta(days=1)


def assert_days_begin_and_end_at_cutover(world: World) -> None:
    """Each day that is written, in houses whose clocks change at night and in those whose don't."""
    zones: dict[UUID, ZoneInfo] = {
        row.id: ZoneInfo(row.tz) for row in world.database.table(Venue).values()
    }
    days: Any = world.database.table(BusinessDay).values()
    for row in days:
        zone = zones[row.venue_id]
        begin, end = _begin(row.business_day, zone), _begin(row.business_day + DAY, zone)
        # A day that was closed by hand ends then, and the next one begins there.
        early = [one.ends_at for one in days if one.business_day == row.business_day - DAY]
        assert row.starts_at == begin or row.starts_at in early, f"{row} should begin at {begin}"
        # Its totals are taken when all before is flushed, after a crash perhaps on another day.
        summed_up = row.closed_at is None or row.ends_at <= row.closed_at
        by_hand = row.closed_by is not None and row.ends_at < end and summed_up
        assert row.ends_at == end or by_hand, f"{row} should end at {end}"


def _begin(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, CUTOVER, zone).astimezone(UTC)


def end_of_day(moment: datetime, zone: ZoneInfo) -> datetime:
    """The first cutover after a moment."""
    here = moment.astimezone(zone)
    day = here.date() if here.time() >= CUTOVER else here.date() - DAY
    return _begin(day + DAY, zone)
