"""When a place is open: windows of wall time, over midnight and over changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.rules.opening_hours import (
    ALWAYS_OPEN,
    WEEKDAYS,
    closes_at,
    is_open,
    opens_at,
    windows_between,
)

BERLIN = ZoneInfo("Europe/Berlin")
TOKYO = ZoneInfo("Asia/Tokyo")


def at(text: str, tz: ZoneInfo = BERLIN) -> datetime:
    """A moment of wall time, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=tz).astimezone(UTC)


@pytest.mark.parametrize("tz", [BERLIN, TOKYO])
def test_a_place_that_is_always_open_never_closes(tz: ZoneInfo) -> None:
    """The demo venue: no last service, no closing timer."""
    moment = at("2026-03-29 02:30", tz)
    assert is_open(ALWAYS_OPEN, moment, tz)
    assert closes_at(ALWAYS_OPEN, moment, tz) is None


def test_no_hours_at_all_means_closed() -> None:
    """What nobody has said to be open must not let anybody in."""
    assert not is_open({}, at("2026-11-20 20:00"), BERLIN)
    assert closes_at({}, at("2026-11-20 20:00"), BERLIN) is None


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        ("2026-11-20 17:59:59.999", False),
        ("2026-11-20 18:00", True),
        ("2026-11-21 00:00", True),
        ("2026-11-21 01:59:59.999", True),
        ("2026-11-21 02:00", False),
    ],
)
def test_hours_that_end_before_they_begin_run_over_midnight(moment: str, open_: bool) -> None:
    """A bar's Friday is not over at midnight; its first instant is in, its last is not."""
    friday = {"fri": [["18:00", "02:00"]]}
    assert is_open(friday, at(moment), BERLIN) is open_


def test_closing_of_a_friday_night_is_on_saturday() -> None:
    """Last service is counted back from there."""
    friday = {"fri": [["18:00", "02:00"]]}
    assert closes_at(friday, at("2026-11-20 23:00"), BERLIN) == at("2026-11-21 02:00")
    assert closes_at(friday, at("2026-11-21 01:00"), BERLIN) == at("2026-11-21 02:00")


def test_windows_that_touch_are_one() -> None:
    """A night written as two days has one closing, not one at midnight."""
    hours = {"fri": [["18:00", "00:00"]], "sat": [["00:00", "03:00"], ["18:00", "23:00"]]}
    assert closes_at(hours, at("2026-11-20 19:00"), BERLIN) == at("2026-11-21 03:00")


def test_a_whole_day_begins_and_ends_at_the_same_time() -> None:
    """From 06:00 to 06:00 is a day, not nothing; seven of them have no closing."""
    monday = {"mon": [["06:00", "06:00"]]}
    assert closes_at(monday, at("2026-11-23 06:00"), BERLIN) == at("2026-11-24 06:00")
    week = {day: [["06:00", "06:00"]] for day in WEEKDAYS}
    assert is_open(week, at("2026-11-23 06:00"), BERLIN)
    assert closes_at(week, at("2026-11-23 06:00"), BERLIN) is None


def test_the_night_of_a_change_of_clocks_is_shorter_or_longer() -> None:
    """18:00 to 04:00 is nine hours in March and eleven in October: the wall clock counts."""
    nights = {"sat": [["18:00", "04:00"]]}
    spring = at("2026-03-28 18:00")
    autumn = at("2026-10-24 18:00")
    assert closes_at(nights, spring, BERLIN) == spring + timedelta(hours=9)
    assert closes_at(nights, autumn, BERLIN) == autumn + timedelta(hours=11)


def test_a_closing_inside_the_gap_is_at_its_end() -> None:
    """02:30 is on no clock in that night; the first instant after the gap is 03:00 in summer."""
    nights = {"sat": [["18:00", "02:30"]]}
    gap_ends = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert closes_at(nights, at("2026-03-28 23:00"), BERLIN) == gap_ends


HOURS = st.dictionaries(
    st.sampled_from(WEEKDAYS),
    st.lists(
        st.tuples(st.times(), st.times()).map(
            lambda pair: [pair[0].strftime("%H:%M"), pair[1].strftime("%H:%M")]
        ),
        max_size=2,
    ),
)


@given(HOURS, st.integers(0, 16 * 24 * 60))
def test_a_place_is_open_until_it_closes_and_not_then(hours: dict[str, Any], minute: int) -> None:
    """Law: just before the closing it is open, at the closing it is not; outside there is none."""
    now = datetime(2026, 3, 20, tzinfo=UTC) + timedelta(minutes=minute)
    ends = closes_at(hours, now, BERLIN)
    if not is_open(hours, now, BERLIN):
        assert ends is None
    elif ends is not None:
        assert now < ends
        assert is_open(hours, ends - timedelta(milliseconds=1), BERLIN)
        assert not is_open(hours, ends, BERLIN)


@given(HOURS, st.integers(0, 16 * 24 * 60))
def test_a_place_is_closed_until_it_opens_and_not_then(hours: dict[str, Any], minute: int) -> None:
    """Law: now if it is open; else just before the opening it is not, and at the opening it is."""
    now = datetime(2026, 3, 20, tzinfo=UTC) + timedelta(minutes=minute)
    begins = opens_at(hours, now, BERLIN)
    if is_open(hours, now, BERLIN):
        assert begins == now
    elif begins is None:
        week = (now + timedelta(hours=n) for n in range(7 * 24))
        assert not any(is_open(hours, moment, BERLIN) for moment in week)
    else:
        assert now < begins
        assert is_open(hours, begins, BERLIN)
        assert not is_open(hours, begins - timedelta(milliseconds=1), BERLIN)


@given(st.integers(0, 20), st.integers(1, 28), st.integers(0, 23), st.integers(0, 23))
def test_the_windows_of_a_time_are_when_it_is_open(
    start_h: int, long_h: int, opens: int, closes: int
) -> None:
    """What is shown as free is what a booking will be let in for, hour by hour."""
    hours = {day: [[f"{opens:02}:00", f"{closes:02}:00"]] for day in ("fri", "sun")}
    start = at("2026-03-27 05:00") + timedelta(hours=start_h)
    end = start + timedelta(hours=long_h)
    found = windows_between(hours, start, end, BERLIN)
    assert all(start <= w.opens_at < w.closes_at <= end for w in found)
    for n in range(long_h):
        moment = start + timedelta(hours=n)
        inside = any(w.opens_at <= moment < w.closes_at for w in found)
        assert inside == is_open(hours, moment, BERLIN)


def test_what_is_always_open_is_open_all_of_a_time() -> None:
    """The demo venue again."""
    start, end = at("2026-11-20 05:00"), at("2026-11-21 05:00")
    assert windows_between(ALWAYS_OPEN, start, end, TOKYO) == ((start, end),)
