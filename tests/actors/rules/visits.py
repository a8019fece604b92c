"""Visits to be charged: segments one after another, with or without pauses between."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
from hypothesis import strategies as st

from actors.rules.metering import MS_PER_HOUR, Segment, Tariff, mode_of, rate_of
from actors.rules.settings import DEFAULT
from protocol.records.states import Activity

TOKYO = ZoneInfo("Asia/Tokyo")
TARIFF = Tariff(settings=DEFAULT, tz=TOKYO)
UNCAPPED = Tariff(
    settings=attrs.evolve(DEFAULT, time_cap_per_day_minor=10**12, short_visit_max_minutes=0),
    tz=TOKYO,
)
START = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)  # 18:00 in Tokyo
TODAY = date(2026, 6, 1)
MS = timedelta(milliseconds=1)
TIMED = (Activity.LOUNGE, Activity.ARCADE_TIME, Activity.TABLE, Activity.KARAOKE_ROOM)


def a_segment(
    activity: Activity,
    start: datetime = START,
    length: timedelta | None = None,
    *,
    rate: int | None = None,
    station: int = 1,
) -> Segment:
    return Segment(
        started_at=start,
        ended_at=None if length is None else start + length,
        activity=activity,
        station_id=UUID(int=station),
        rate_minor_per_h=rate_of(activity, party_size=1, settings=DEFAULT)
        if rate is None
        else rate,
        mode=mode_of(activity),
    )


@st.composite
def visits(draw: st.DrawFn, activities: tuple[Activity, ...] = TIMED) -> list[Segment]:
    """Segments one after another, with or without pauses between, the last perhaps running."""
    at = START + draw(st.integers(0, 24 * MS_PER_HOUR)) * MS
    made = []
    for n in range(draw(st.integers(1, 5))):
        at += draw(st.sampled_from((0, 0, 1, 60_000, 40 * 60_000))) * MS
        length = draw(st.integers(1, 14 * MS_PER_HOUR)) * MS
        activity = draw(st.sampled_from(activities))
        rate = draw(st.sampled_from((600, 1200, 3000, 997)))
        made.append(a_segment(activity, at, length, rate=rate, station=draw(st.integers(1, 2))))
        at += length
        if n == 4 or draw(st.booleans()):
            made[-1] = attrs.evolve(made[-1], ended_at=None)
            break
    return made


moments = st.integers(0, 100 * MS_PER_HOUR).map(lambda ms: START + ms * MS)
