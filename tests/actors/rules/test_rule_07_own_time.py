"""Own limits of time: when they end, and what of them is told (Rule 7)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.rules.metering import Segment, Tariff
from actors.rules.own_time import crossings, end_of_time, reached, time_by_day, used_ms
from actors.rules.settings import DEFAULT
from protocol.internal.allowances import TimeAllowance, TimeLimit
from protocol.records.states import Activity, LimitPeriod, SegmentMode

TARIFF = Tariff(settings=DEFAULT, tz=ZoneInfo("Asia/Tokyo"))
START = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)
DAY, MINUTE, MS = timedelta(days=1), timedelta(minutes=1), timedelta(milliseconds=1)
CUTOVER = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)  # 05:00 in Tokyo
_P = LimitPeriod


def a_segment(start: datetime = START, end: datetime | None = None) -> Segment:
    return Segment(
        started_at=start,
        ended_at=end,
        activity=Activity.LOUNGE,
        rate_minor_per_h=600,
        mode=SegmentMode.CONTINUOUS,
    )


def an_allowance(
    minutes: int, period: LimitPeriod = _P.DAY, elsewhere: dict[date, int] | None = None
) -> TimeAllowance:
    """A limit, with so many minutes of other visits."""
    return TimeAllowance(
        limits=(TimeLimit(period=period, minutes=minutes),),
        elsewhere_ms={day: n * 60_000 for day, n in (elsewhere or {}).items()},
    )


def ends(allowance: TimeAllowance, *segments: Segment) -> datetime | None:
    return end_of_time(segments or (a_segment(),), START, TARIFF, allowance)


def test_running_time_stops_at_the_limit_to_the_millisecond() -> None:
    """Rule 7: 100 % blocks; a minute more would be the limit broken."""
    assert ends(an_allowance(90)) == START + 90 * MINUTE
    at = START + 90 * MINUTE
    assert reached([a_segment()], at, TARIFF, an_allowance(90)) is not None
    assert reached([a_segment()], at - MS, TARIFF, an_allowance(90)) is None


def test_other_visits_of_the_period_count() -> None:
    """A day's limit counts all visits of the day, a week's those of 7 business days."""
    assert ends(an_allowance(90, elsewhere={TODAY: 60})) == START + 30 * MINUTE
    assert ends(an_allowance(90, elsewhere={TODAY - DAY: 60})) == START + 90 * MINUTE
    week = {TODAY - 6 * DAY: 40, TODAY - 7 * DAY: 900}
    assert ends(an_allowance(90, _P.WEEK, week)) == START + 50 * MINUTE
    month = {TODAY - 29 * DAY: 40, TODAY - 30 * DAY: 900}
    assert ends(an_allowance(90, _P.MONTH, month)) == START + 50 * MINUTE


def test_the_own_time_before_a_break_counts() -> None:
    """Pauses add nothing, and what was before them stays."""
    before = a_segment(START - 60 * MINUTE, START - 20 * MINUTE)
    assert ends(an_allowance(90), before, a_segment()) == START + 50 * MINUTE


def test_the_first_limit_that_is_reached_counts() -> None:
    """An hour a day holds also for who may have ten a week."""
    both = TimeAllowance(
        limits=(
            TimeLimit(period=_P.WEEK, minutes=600),
            TimeLimit(period=_P.DAY, minutes=60),
        )
    )
    assert ends(both) == START + 60 * MINUTE


def test_a_new_business_day_begins_the_day_anew() -> None:
    """At the cutover the minutes of the day are forgotten, those of the week are not."""
    late = a_segment(CUTOVER - 30 * MINUTE)
    assert end_of_time([late], CUTOVER, TARIFF, an_allowance(40)) == CUTOVER + 40 * MINUTE
    week = an_allowance(40, _P.WEEK)
    assert end_of_time([late], CUTOVER, TARIFF, week) == CUTOVER + 10 * MINUTE
    # The seventh day before is forgotten in the night, and its hour may be used again.
    slides = an_allowance(90, _P.WEEK, {TODAY - 6 * DAY: 60})
    assert end_of_time([late], CUTOVER, TARIFF, slides) == CUTOVER + 60 * MINUTE


def test_a_limit_that_is_used_up_already_ends_where_time_began_to_run() -> None:
    """Who comes in with nothing left uses nothing."""
    assert ends(an_allowance(60, elsewhere={TODAY: 60})) == START
    assert ends(an_allowance(0)) == START


def test_without_a_limit_or_without_time_running_nothing_ends() -> None:
    """Two days are further than anybody is told."""
    assert ends(TimeAllowance()) is None
    assert ends(an_allowance(90), a_segment(START, START + MINUTE)) is None
    assert ends(an_allowance(100_000)) is None


@pytest.mark.parametrize(
    ("minutes", "told"),
    [(79, []), (80, [80]), (99, [80]), (100, [80, 100]), (140, [80, 100])],
)
def test_80_and_100_per_cent_are_told(minutes: int, told: list[int]) -> None:
    """Rule 7: 80 % warns, 100 % blocks."""
    found = crossings([a_segment()], START + minutes * MINUTE, TARIFF, an_allowance(100))
    assert [crossing.percent for crossing in found] == told
    assert all(crossing.used_minutes == minutes for crossing in found)


def test_what_other_visits_crossed_was_told_by_them() -> None:
    """Once each per period: the second visit of the day says only what is new."""
    allowance = an_allowance(100, elsewhere={TODAY: 85})
    found = crossings([a_segment()], START + 15 * MINUTE, TARIFF, allowance)
    assert [crossing.percent for crossing in found] == [100]


@given(st.lists(st.integers(1, 10**8), min_size=1, max_size=6), st.integers(0, 10**9))
def test_all_time_is_in_some_day(lengths: list[int], gap: int) -> None:
    """The days add up to the time on the meter, however it is split."""
    segments, at = [], START
    for ms in lengths:
        segments.append(a_segment(at, at + ms * MS))
        at += ms * MS + gap * MS
    days = time_by_day(segments, at, TARIFF)
    assert sum(days.values()) == sum(lengths)
    limit = TimeLimit(period=_P.MONTH, minutes=1)
    assert used_ms(limit, max(days), {}, days) <= sum(lengths)


@given(st.integers(1, 2_000), st.integers(0, 1_500), st.sampled_from(LimitPeriod))
def test_the_end_is_the_first_instant_at_which_nothing_is_left(
    minutes: int, before: int, period: LimitPeriod
) -> None:
    """At the end the limit is reached, a millisecond earlier it is not."""
    allowance = an_allowance(minutes, period, {TODAY - DAY: before})
    end = ends(allowance)
    if end is not None:
        assert reached([a_segment()], end, TARIFF, allowance) is not None
        if end > START:
            assert reached([a_segment()], end - MS, TARIFF, allowance) is None
