"""Occasions follow from the moment alone; at a wall time there is one a day, whatever clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastlight.jobs.schedule import DailyAt, Every, Schedule

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("Europe/Berlin", "Asia/Tokyo", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
moments = st.integers(0, 6 * 366 * 86_400_000).map(
    lambda ms: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
schedules: st.SearchStrategy[Schedule] = st.one_of(
    st.builds(Every, st.timedeltas(timedelta(seconds=1), timedelta(days=3))),
    st.builds(
        DailyAt,
        st.times().map(lambda t: t.replace(microsecond=0)),
        st.sampled_from(ZONES).map(ZoneInfo),
    ),
)


@given(schedule=schedules, moment=moments)
def test_a_moment_is_between_the_last_occasion_and_the_next(
    schedule: Schedule, moment: datetime
) -> None:
    """No occasion is passed over and none comes twice, so each is kept once."""
    latest, after = schedule.latest(moment), schedule.after(moment)
    assert latest <= moment < after
    assert schedule.after(latest) == after
    assert schedule.latest(after) == after
    assert schedule.latest(after - timedelta(milliseconds=1)) == latest


@settings(max_examples=20)
@given(at=st.times().map(lambda t: t.replace(microsecond=0)), zone=st.sampled_from(ZONES))
def test_there_is_one_occasion_for_each_date(at: time, zone: str) -> None:
    """A year has as many nights as days, with clocks put forward and back in it."""
    daily = DailyAt(at, ZoneInfo(zone))
    begin = datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    end = datetime(2027, 1, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    moment, dates = begin - timedelta(milliseconds=1), []
    while (moment := daily.after(moment)) < end:
        dates.append(moment.astimezone(ZoneInfo(zone)).date())
    assert len(dates) == len(set(dates)) == 365


@pytest.mark.parametrize(
    ("day", "at", "occasion"),
    [
        (datetime(2026, 3, 28, 12, tzinfo=UTC), time(2, 30), datetime(2026, 3, 29, 1, tzinfo=UTC)),
        (
            datetime(2026, 10, 24, 12, tzinfo=UTC),
            time(2, 30),
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        ),
        (datetime(2026, 7, 1, 12, tzinfo=UTC), time(4, 0), datetime(2026, 7, 2, 2, tzinfo=UTC)),
    ],
)
def test_a_skipped_hour_is_caught_up_at_its_end_and_a_repeated_one_counts_once(
    day: datetime, at: time, occasion: datetime
) -> None:
    """As business days begin (Rule 5): both follow the same rule, so they never part."""
    assert DailyAt(at, BERLIN).after(day) == occasion
