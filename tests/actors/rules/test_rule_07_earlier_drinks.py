"""What a visit begins with of the drinks before it: nobody sobers up by checking out (Rule 7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from actors.rules.earlier_drinks import begun_with, counted_from, taken_together
from actors.rules.safety_levels import Crossing, may_raise
from actors.rules.safety_pace import Drunk, pace_crossings
from actors.rules.settings import DEFAULT

NOW: Final = datetime(2026, 6, 1, 13, 0, tzinfo=UTC)  # 22:00 in Tokyo
DAY_START: Final = datetime(2026, 5, 31, 20, 0, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)


def drunk(*had: tuple[int, int]) -> tuple[Drunk, ...]:
    """`had` are minutes ago and thousandths of a standard drink."""
    return tuple(Drunk(at=NOW - ago * MINUTE, milli=milli) for ago, milli in had)


def reached(drinks: tuple[Drunk, ...], day_start: datetime = DAY_START) -> tuple[Crossing, ...]:
    return pace_crossings(drinks, NOW, day_start=day_start, persons=1, settings=DEFAULT)


def names(*had: tuple[int, int], day_start: datetime = DAY_START) -> tuple[set[str], set[str]]:
    """The rows that raise as the visit begins, and those that are over."""
    drinks = drunk(*had)
    raising, watch = begun_with(reached(drinks, day_start), drinks, NOW)
    return {crossing.name for crossing in raising}, set(watch.fired)


def test_what_was_had_within_the_hour_raises_the_new_visit_at_once() -> None:
    """Rule 7 pace_60: the hour is not quiet, so a level would not have fallen either."""
    assert names((59, 1000), (30, 1000), (10, 1000)) == ({"pace_60:1"}, set())
    assert names((59, 4000)) == ({"pace_60:1", "pace_120:2", "day_total:1"}, set())


def test_levels_1_and_2_are_over_after_a_quiet_hour_and_told_no_more() -> None:
    """Rule 7 levels: 1 and 2 fall after 60 quiet minutes, and a rule raises once in its window."""
    assert names((60, 4000))[0] == set()
    raising, over = names((90, 4000))
    assert (raising, over) == (set(), {"pace_120:2", "day_total:1"})
    drinks = (*drunk((90, 4000)), Drunk(at=NOW, milli=1000))
    _, watch = begun_with(reached(drunk((90, 4000))), drunk((90, 4000)), NOW)
    assert not any(may_raise(watch, 0, crossing) for crossing in reached(drinks))


def test_level_3_is_there_however_quiet_it_was() -> None:
    """Rule 7 day_total and pace_120_high: level 3 falls by management and by nothing else."""
    raising, over = names((110, 6000))
    assert (raising, over) == ({"pace_120_high:3"}, {"pace_120:2", "day_total:1"})
    raising, _ = names((600, 8000))
    assert raising == {"day_total:3"}


def test_a_new_business_day_forgets_all_but_the_last_two_hours() -> None:
    """Rule 7 day_total is of a business day; the pace goes on over its beginning."""
    day_start = NOW - 30 * MINUTE
    assert names((40, 4000), (130, 5000), day_start=day_start) == (
        {"pace_60:1", "pace_120:2"},
        set(),
    )
    assert counted_from(day_start, NOW) == NOW - 120 * MINUTE
    assert counted_from(DAY_START, NOW) == DAY_START


def test_nobody_who_had_nothing_begins_with_anything() -> None:
    """Most visits."""
    assert names() == (set(), set())


@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(1, 3000)), max_size=12), st.integers(1, 5)
)
def test_what_is_added_up_counts_as_much_and_no_earlier(
    had: list[tuple[int, int]], most: int
) -> None:
    """The bound on what is remembered makes no window's sum smaller."""
    drinks = drunk(*had)
    kept = taken_together(drinks, most)
    assert len(kept) <= most
    assert sum(one.milli for one in kept) == sum(one.milli for one in drinks)
    for ago in range(0, 900, 60):
        since = NOW - ago * MINUTE
        had_since = sum(one.milli for one in drinks if one.at >= since)
        assert sum(one.milli for one in kept if one.at >= since) >= had_since
