"""Rate limits: never more than the limit in any window, and never a wait without an end."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastlight.auth.ratelimit import (
    MOST,
    Caller,
    Counted,
    RateLimited,
    RateLimits,
    by_address,
    by_family,
    by_user,
)
from protocol.limits import RATE_WINDOW_S


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


HERE = by_address("192.0.2.1")


def take(limits: RateLimits, caller: Caller, times: int) -> int:
    """How many of `times` requests passed."""
    passed = 0
    for _ in range(times):
        try:
            limits.take(caller)
        except RateLimited:
            continue
        passed += 1
    return passed


@pytest.mark.parametrize(
    ("caller", "most"), [(HERE, 100), (by_user(UUID(int=1)), 600), (by_family(UUID(int=1)), 100)]
)
def test_the_limits_are_the_contracts(caller: Caller, most: int) -> None:
    """Rule 16, by number: 100 without a token, 600 with one. Rule 16 pace."""
    assert MOST[caller.counted] == most
    assert take(RateLimits(Hand()), caller, most + 50) == most


def test_who_waits_as_told_gets_through() -> None:
    """`Retry-After` is a promise; a client that keeps to it must not be refused again."""
    clock = Hand()
    limits = RateLimits(clock)
    assert take(limits, HERE, 100) == 100
    with pytest.raises(RateLimited) as caught:
        limits.take(HERE)
    wait_s = caught.value.refusal().retry_after_s
    assert wait_s is not None
    assert 0 < wait_s <= RATE_WINDOW_S + 61
    assert f"try again in {wait_s} s" in str(caught.value)
    clock.now_s += wait_s
    limits.take(HERE)


@given(st.lists(st.tuples(st.floats(0, 400), st.integers(1, 60)), max_size=30))
def test_no_window_ever_holds_more_than_the_limit(bursts: list[tuple[float, int]]) -> None:
    """However requests are spread, any 15 minutes hold at most 100 that passed."""
    clock = Hand()
    limits = RateLimits(clock)
    passed: list[float] = []
    for wait_s, times in bursts:
        clock.now_s += wait_s
        passed += [clock.now_s] * take(limits, HERE, times)
    for start in passed:
        assert sum(start <= at < start + RATE_WINDOW_S for at in passed) <= 100


def test_callers_do_not_count_for_one_another() -> None:
    """A venue's patrons share an address; one of them must not lock out the rest."""
    limits = RateLimits(Hand())
    take(limits, HERE, 100)
    limits.take(by_address("192.0.2.2"))
    limits.take(by_user(UUID(int=1)))
    assert by_user(UUID(int=1)) != by_family(UUID(int=1))


def test_a_login_that_succeeds_is_given_back() -> None:
    """Three hundred patrons sign in from one address at opening time."""
    limits = RateLimits(Hand())
    for _ in range(300):
        limits.take(HERE)
        limits.give_back(HERE)
    assert take(limits, HERE, 200) == 100


def test_giving_back_what_was_never_taken_gains_nothing() -> None:
    """Else a restart, or a forgotten caller, would widen the limit."""
    limits = RateLimits(Hand())
    for _ in range(10):
        limits.give_back(HERE)
    assert take(limits, HERE, 200) == 100


def test_an_ipv6_subscriber_is_one_caller() -> None:
    """A /64 has more addresses than anyone can count; they are all the same house."""
    assert by_address("2001:db8::1") == by_address("2001:db8::ffff:1:2:3")
    assert by_address("2001:db8::1") != by_address("2001:db8:0:1::1")
    assert by_address("::ffff:192.0.2.1") == HERE
    assert by_address("unix") == Caller(Counted.ADDRESS, "unix")


def test_the_counters_are_bounded_and_the_busy_stay_counted() -> None:
    """Random addresses must neither fill the memory nor wash out who is being refused."""
    limits = RateLimits(Hand(), callers_max=10)
    take(limits, HERE, 100)
    for n in range(100):
        limits.take(by_user(UUID(int=n)))
        assert take(limits, HERE, 1) == 0
    assert limits.statistics() == {"callers": 10}


def test_switched_off_nothing_is_counted() -> None:
    """For load tests: `LASTLIGHT_RATE_LIMITS=off`."""
    limits = RateLimits(Hand(), enabled=False)
    assert take(limits, HERE, 1000) == 1000
    assert limits.statistics() == {"callers": 0}
