"""Rule 3: holds, warnings, and a visit that is never overdrawn."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.funds import (
    FUNDS_HORIZON,
    booking_minor,
    cap_headroom_minor,
    funds_end,
    hold_minor,
    is_low,
    minutes_left,
    refuse_funds,
)
from actors.rules.metering import Segment, charge_at
from actors.rules.settings import DEFAULT
from protocol.errors import Code
from protocol.records.states import Activity
from tests.actors.rules.visits import (
    MS,
    START,
    TARIFF,
    UNCAPPED,
    a_segment,
    moments,
    visits,
)

quick = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize(("rate", "hold"), [(600, 150), (1200, 300), (1, 1), (0, 0), (1201, 301)])
def test_a_hold_is_a_quarter_of_an_hour_rounded_up(rate: int, hold: int) -> None:
    """Rule 3: 15 min of the rate; a unit too little would end in an overdraft.

    Rule 3 first_hold.
    """
    assert hold_minor(rate) == hold


def test_a_booking_holds_its_full_price() -> None:
    """Rule 3: an hour and a quarter in a room, and its first block if it is shorter."""
    assert booking_minor(3000, 75, settings=DEFAULT) == 3750
    assert booking_minor(3000, 15, settings=DEFAULT) == 1500
    assert booking_minor(3000, 0, settings=DEFAULT) == 0


def test_checking_in_needs_500() -> None:
    """Rule 3: enough to begin with. Rule 3 first_hold."""
    needed_minor = DEFAULT.checkin_funds_least_minor
    assert needed_minor == 500
    assert refuse_funds(500, needed_minor) is None
    refusal = refuse_funds(499, needed_minor)
    assert refusal is not None
    assert refusal.code is Code.INSUFFICIENT_CREDITS


def test_funds_of_600_in_the_lounge_last_an_hour() -> None:
    """600 an hour: at 60 min 0 s the charge is 600; it is 601 six seconds later."""
    ends_at = funds_end([a_segment(Activity.LOUNGE)], START, TARIFF, funds_minor=600)
    assert ends_at == START + timedelta(hours=1, seconds=6) - MS


def test_whoever_can_pay_the_cap_never_runs_out_on_that_day() -> None:
    """The next day has a cap of its own, and ends at 05:00 + 5 h."""
    running = [a_segment(Activity.ARCADE_TIME)]
    assert funds_end(running, START, TARIFF, funds_minor=30_000) is None
    ends_at = funds_end(running, START, TARIFF, funds_minor=6000)
    assert ends_at == START + timedelta(hours=11, seconds=3) - MS
    assert cap_headroom_minor(running, START + timedelta(hours=4), TARIFF) == 1200


def test_nothing_running_needs_no_funds() -> None:
    """A paused visit does not run out."""
    ended = a_segment(Activity.LOUNGE, START, timedelta(hours=1))
    assert funds_end([ended], START + timedelta(hours=1), TARIFF, funds_minor=0) is None


@pytest.mark.parametrize(
    ("left", "minutes", "low"),
    [
        (timedelta(minutes=10), 10, True),
        (timedelta(minutes=10, milliseconds=1), 10, False),
        (timedelta(seconds=59), 0, True),
        (timedelta(seconds=-5), 0, True),
        (None, None, False),
    ],
)
def test_ten_minutes_left_are_a_warning(
    left: timedelta | None, minutes: int | None, low: bool
) -> None:
    """Rule 3: `session.low_credit`. Rule 3 low_credit."""
    ends_at = None if left is None else START + left
    assert minutes_left(ends_at, START) == minutes
    assert is_low(ends_at, START) is low


@quick
@given(visits(), moments, st.integers(0, 20_000), st.booleans())
def test_at_the_end_of_funds_all_is_paid_and_a_moment_later_it_is_not(
    visit: list[Segment], at: datetime, funds: int, capped: bool
) -> None:
    """Rule 3: exhausted at the instant funds end, never overdrawn. Rule 3 exhausted."""
    tariff = TARIFF if capped else UNCAPPED
    ends_at = funds_end(visit, at, tariff, funds_minor=funds)
    if ends_at is None:
        running = any(segment.ended_at is None for segment in visit)
        assert not running or charge_at(visit, at + FUNDS_HORIZON, tariff).total_minor <= funds
        return
    assert charge_at(visit, ends_at, tariff).total_minor <= funds
    assert charge_at(visit, ends_at + MS, tariff).total_minor > funds
    stopped = [attrs.evolve(s, ended_at=s.ended_at or max(ends_at, s.started_at)) for s in visit]
    if all(segment.started_at <= ends_at for segment in visit):
        assert charge_at(stopped, at + FUNDS_HORIZON, tariff).total_minor <= funds
