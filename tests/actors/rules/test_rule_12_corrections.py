"""What goes back of time that was charged and never passed (Rule 12)."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from actors.rules.corrections import excess_minor, taken_back, without

DAY = date(2026, 6, 1)
NEXT = DAY + timedelta(days=1)
amounts = st.dictionaries(st.sampled_from((DAY, NEXT)), st.integers(0, 10_000))


@given(charged=amounts, owed=amounts)
def test_what_stays_charged_is_what_is_owed_and_no_day_falls_below_nothing(
    charged: dict[date, int], owed: dict[date, int]
) -> None:
    """Rule 12 given_back: the sum is exact, whichever day the time was posted to."""
    total = excess_minor(charged, owed)
    back = taken_back(charged, owed, total)
    left = without(charged, back)
    assert sum(back.values()) == total
    assert sum(left.values()) == min(sum(charged.values()), sum(owed.values()))
    assert all(minor >= 0 for minor in left.values())


def test_time_that_was_posted_to_the_next_day_is_no_excess_of_that_day() -> None:
    """The first day was closed when its last minutes were charged: nothing goes back."""
    charged, owed = {DAY: 100, NEXT: 60}, {DAY: 110, NEXT: 50}
    assert taken_back(charged, owed, excess_minor(charged, owed)) == {}


def test_the_latest_day_gives_back_first() -> None:
    """What never passed is what came last."""
    charged, owed = {DAY: 100, NEXT: 60}, {DAY: 90}
    assert taken_back(charged, owed, 70) == {NEXT: 60, DAY: 10}
