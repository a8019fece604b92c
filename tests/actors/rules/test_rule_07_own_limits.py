"""Rule 7, own limits: lowered at once, raised after 24 h and a second word, told once a period."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.rules.own_limits import (
    CONFIRM_WITHIN,
    RAISE_WAITS,
    Raise,
    Terms,
    alerts,
    first_day,
    percent_of,
    set_limit,
)
from protocol.chains import rfc3339
from protocol.errors import Code, Refusal
from protocol.records.states import LimitPeriod

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TODAY = date(2026, 11, 20)

wishes = st.lists(
    st.tuples(
        st.integers(0, 8 * 24).map(lambda hours: HOUR * hours),
        st.none() | st.integers(0, 5).map(lambda n: n * 100),
    ),
    max_size=30,
)


def above(one: int | None, other: int | None) -> bool:
    """Whether a limit allows more than another; none allows everything."""
    if one is None or other is None:
        return one is None and other is not None
    return one > other


@given(wishes)
def test_a_limit_never_rises_before_a_day_and_a_second_word(
    steps: list[tuple[timedelta, int | None]],
) -> None:
    """The law of the rule, over everything that somebody may wish for, however often.

    Rule 7 own_limits.
    """
    terms, now = Terms(value=None), NOW
    asked: dict[int | None, datetime] = {}
    for passed, wish in steps:
        now += passed
        after = set_limit(terms, wish, now)
        if isinstance(after, Refusal):
            assert after.code is Code.LIMIT_CHANGE_PENDING
            continue
        if above(after.value, terms.value):
            assert after.value == wish
            assert RAISE_WAITS <= now - asked[wish] < RAISE_WAITS + CONFIRM_WITHIN
        if above(terms.value, wish):
            assert after == Terms(value=wish), "lowering acts at once"
        if after.pending is not None and after.pending != terms.pending:
            asked[wish] = now
        terms = after


@given(wishes, st.integers(0, 500))
def test_whoever_lowers_a_limit_has_it_lowered_whatever_was_before(
    steps: list[tuple[timedelta, int | None]], wish: int
) -> None:
    """Care never waits for anything."""
    terms, now = Terms(value=None), NOW
    for passed, earlier in steps:
        now += passed
        after = set_limit(terms, earlier, now)
        terms = terms if isinstance(after, Refusal) else after
    if terms.value is None or wish <= terms.value:
        assert set_limit(terms, wish, now) == Terms(value=wish)


def test_a_raise_is_confirmed_by_the_same_wish_within_a_week() -> None:
    """A day to think, and a week to say it again."""
    waiting = set_limit(Terms(value=100), 200, NOW)
    assert waiting == Terms(value=100, pending=Raise(to=200, ready_at=NOW + RAISE_WAITS))
    assert isinstance(waiting, Terms)
    early = set_limit(waiting, 200, NOW + RAISE_WAITS - timedelta(milliseconds=1))
    assert isinstance(early, Refusal)
    assert early.retry_after_s == 1
    assert set_limit(waiting, 200, NOW + RAISE_WAITS) == Terms(value=200)
    too_late = NOW + RAISE_WAITS + CONFIRM_WITHIN
    again = set_limit(waiting, 200, too_late)
    assert again == Terms(value=100, pending=Raise(to=200, ready_at=too_late + RAISE_WAITS))


def test_while_a_raise_waits_no_other_is_taken_and_it_can_be_taken_back() -> None:
    """Else asking every day for a little more would wait for nothing."""
    waiting = set_limit(Terms(value=100), None, NOW)
    assert isinstance(waiting, Terms)
    refused = set_limit(waiting, 300, NOW + 2 * RAISE_WAITS)
    assert isinstance(refused, Refusal)
    assert refused.code is Code.LIMIT_CHANGE_PENDING
    assert refused.extra == {"pending_effective_at": rfc3339(NOW + RAISE_WAITS)}
    assert set_limit(waiting, 100, NOW) == Terms(value=100)


@pytest.mark.parametrize(
    ("used", "warned", "blocked", "said"),
    [
        (79, None, None, []),
        (80, None, None, ["warn"]),
        (99, TODAY, None, []),
        (100, TODAY, None, ["block"]),
        (140, None, None, ["block"]),
        (100, None, TODAY, []),
        (85, None, TODAY, []),
        (80, TODAY - timedelta(days=1), None, ["warn"]),
    ],
)
def test_a_limit_speaks_at_80_and_at_100_percent_once_each_in_a_period(
    used: int, warned: date | None, blocked: date | None, said: list[str]
) -> None:
    """What is said again and again is not heard. Rule 7 limit_marks."""
    found = alerts(100, used, first=TODAY, warned_on=warned, blocked_on=blocked)
    assert list(found) == said


def test_a_limit_of_nothing_is_reached_by_nothing() -> None:
    """Whoever sets it wants to be kept from spending at all."""
    assert list(alerts(0, 0, first=TODAY, warned_on=None, blocked_on=None)) == ["block"]
    assert (percent_of(0, 0), percent_of(5, 10)) == (100, 50)


@pytest.mark.parametrize(
    ("period", "first"),
    [
        (LimitPeriod.DAY, date(2026, 11, 20)),
        (LimitPeriod.WEEK, date(2026, 11, 14)),
        (LimitPeriod.MONTH, date(2026, 10, 22)),
    ],
)
def test_periods_are_one_seven_and_thirty_days_with_today(period: LimitPeriod, first: date) -> None:
    """Rule 7, word by word."""
    assert first_day(period, TODAY) == first
