"""Rule 5: the business day, through gaps and overlaps of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.business_day import bounds, business_day_of, posting_day, start_of

BERLIN = ZoneInfo("Europe/Berlin")
FIVE = time(5, 0)
quick = settings(max_examples=100, deadline=None)
zones = st.sampled_from(
    [
        "Europe/Berlin",
        "Asia/Tokyo",
        "America/New_York",
        "America/Sao_Paulo",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Africa/Casablanca",
        "Asia/Kathmandu",
        "America/St_Johns",
    ]
).map(ZoneInfo)
cutovers = st.integers(0, 12 * 60).map(lambda m: time(m // 60, m % 60))
moments = st.integers(946_684_800_000, 2_082_758_400_000).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
days = st.dates(date(2000, 1, 2), date(2036, 1, 1))


def test_the_vector_of_berlin() -> None:
    """The night the clocks go forward belongs to the evening before, and is an hour short.

    Rule 5 vector.
    """
    t = datetime(2026, 3, 29, 2, 30, tzinfo=UTC)
    day = business_day_of(t, BERLIN, FIVE)
    assert day == date(2026, 3, 28)
    start, end = bounds(day, BERLIN, FIVE)
    assert end - start == timedelta(hours=23)
    assert start == datetime(2026, 3, 28, 4, 0, tzinfo=UTC)
    assert end == datetime(2026, 3, 29, 3, 0, tzinfo=UTC)


def test_the_day_the_clocks_go_back_has_25_hours() -> None:
    """The other half of the year."""
    start, end = bounds(date(2026, 10, 24), BERLIN, FIVE)
    assert end - start == timedelta(hours=25)


def test_what_a_wall_clock_shows_twice_are_two_moments() -> None:
    """A quarter past two comes before the cutover at half past two, and once more after it."""
    first = datetime(2026, 10, 25, 2, 15, tzinfo=BERLIN)
    days = [business_day_of(t, BERLIN, time(2, 30)) for t in (first, first.replace(fold=1))]
    assert days == [date(2026, 10, 24), date(2026, 10, 25)]


def test_a_cutover_in_a_gap_means_the_first_instant_after_it() -> None:
    """02:30 is never shown on this night; the day begins when clocks jump to 03:00.

    Rule 5 gap_overlap.
    """
    start = start_of(date(2026, 3, 29), BERLIN, time(2, 30))
    assert start == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_a_cutover_at_the_first_missing_instant_is_the_jump_itself() -> None:
    """02:00 is missing as well; 01:59:59.999 is the last instant of the old day."""
    start = start_of(date(2026, 3, 29), BERLIN, time(2, 0))
    assert start == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    before = start - timedelta(milliseconds=1)
    assert business_day_of(before, BERLIN, time(2, 0)) == date(2026, 3, 28)


def test_a_cutover_in_an_overlap_means_the_earlier_one() -> None:
    """02:30 is shown twice on this night; the day begins at the first and stays begun.

    Rule 5 gap_overlap.
    """
    start = start_of(date(2026, 10, 25), BERLIN, time(2, 30))
    assert start == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    repeated = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 on the wall, the second time
    assert business_day_of(repeated, BERLIN, time(2, 30)) == date(2026, 10, 25)


def test_a_date_that_a_zone_skipped_is_a_short_day() -> None:
    """Samoa had no 30 December 2011; the days must still follow one another."""
    apia = ZoneInfo("Pacific/Apia")
    start, end = bounds(date(2011, 12, 30), apia, FIVE)
    assert end - start == timedelta(hours=5)
    assert business_day_of(start, apia, FIVE) == date(2011, 12, 30)


@pytest.mark.parametrize(
    ("local", "day"),
    [("2026-06-01T04:59:59.999", 31), ("2026-06-01T05:00:00", 1), ("2026-06-02T00:00:00", 1)],
)
def test_the_cutover_itself_belongs_to_the_new_day(local: str, day: int) -> None:
    """Bounds are closed at the start and open at the end."""
    t = datetime.fromisoformat(local).replace(tzinfo=BERLIN).astimezone(UTC)
    assert business_day_of(t, BERLIN, FIVE).day == day


@quick
@given(moments, zones, cutovers)
def test_each_moment_is_within_the_bounds_of_its_day(
    t: datetime, tz: ZoneInfo, cutover: time
) -> None:
    """Both ways to ask must agree, or money lands on a day that does not hold its moment.

    Rule 5 bounds.
    """
    start, end = bounds(business_day_of(t, tz, cutover), tz, cutover)
    assert start <= t < end


@quick
@given(days, zones, cutovers)
def test_days_follow_one_another_and_hold_their_bounds(
    day: date, tz: ZoneInfo, cutover: time
) -> None:
    """No moment between two days, and none in both."""
    start, end = bounds(day, tz, cutover)
    assert start < end
    assert business_day_of(start, tz, cutover) == day
    assert business_day_of(end - timedelta(milliseconds=1), tz, cutover) == day
    assert bounds(day + timedelta(days=1), tz, cutover).start == end


@quick
@given(moments, moments, zones, cutovers)
def test_a_later_moment_is_never_on_an_earlier_day(
    one: datetime, two: datetime, tz: ZoneInfo, cutover: time
) -> None:
    """Time does not run back, not even when clocks do."""
    early, late = sorted((one, two))
    assert business_day_of(early, tz, cutover) <= business_day_of(late, tz, cutover)


@pytest.mark.parametrize(
    ("day", "closed_through", "posted"),
    [
        (date(2026, 6, 2), None, date(2026, 6, 2)),
        (date(2026, 6, 2), date(2026, 6, 1), date(2026, 6, 2)),
        (date(2026, 6, 2), date(2026, 6, 2), date(2026, 6, 3)),
        (date(2026, 5, 30), date(2026, 6, 2), date(2026, 6, 3)),
    ],
)
def test_what_comes_after_a_day_is_closed_is_posted_to_the_next(
    day: date, closed_through: date | None, posted: date
) -> None:
    """Rule 5: a closed day is frozen, and later corrections post to the open day.

    Rule 1 business_day.
    """
    assert posting_day(day, closed_through) == posted


@pytest.mark.parametrize(
    ("zone", "day", "cutover", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 28), FIVE, 23),
        ("Europe/Berlin", date(2026, 10, 24), FIVE, 25),
        ("America/New_York", date(2026, 3, 7), FIVE, 23),
        ("America/New_York", date(2026, 10, 31), FIVE, 25),
        ("Asia/Tokyo", date(2026, 3, 28), FIVE, 24),
        # A cutover in the gap and in the overlap, seen from both of its days.
        ("Europe/Berlin", date(2026, 3, 28), time(2, 30), 23.5),
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), 23.5),
        ("Europe/Berlin", date(2026, 10, 24), time(2, 30), 24),
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), 25),
    ],
)
def test_days_are_as_long_as_the_clock_makes_them(
    zone: str, day: date, cutover: time, hours: float
) -> None:
    """Money of the hour that is missing, or shown twice, belongs to exactly one day."""
    start, end = bounds(day, ZoneInfo(zone), cutover)
    assert end - start == timedelta(hours=hours)
