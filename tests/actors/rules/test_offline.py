"""Rule 12, offline: which time counts, and that nothing of a queue is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.rules.offline import NEWEST, OLDEST, Moment, moment_of, no_earlier, refuse_gap
from protocol.errors import Code

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
offsets = st.timedeltas(timedelta(days=-3), timedelta(days=3))


@pytest.mark.parametrize(
    ("offset", "counts", "clamped"),
    [
        (timedelta(0), timedelta(0), False),
        (timedelta(hours=-12), timedelta(hours=-12), False),
        (timedelta(hours=-12, milliseconds=-1), timedelta(hours=-12), True),
        (timedelta(minutes=2), timedelta(0), False),
        (timedelta(minutes=2, milliseconds=1), timedelta(0), True),
        (timedelta(days=-400), timedelta(hours=-12), True),
    ],
)
def test_a_devices_time_counts_within_its_bounds(
    offset: timedelta, counts: timedelta, clamped: bool
) -> None:
    """Rule 12: 12 hours back, 2 minutes ahead for clocks that are fast; the rest is flagged.

    Rule 12 clamped.
    """
    assert moment_of(NOW + offset, NOW) == Moment(NOW + counts, clamped=clamped)


@given(offsets)
def test_nothing_is_done_in_the_future_or_long_ago(offset: timedelta) -> None:
    """Whatever a device claims, books and timers only see moments that can have been."""
    moment = moment_of(NOW + offset, NOW)
    assert NOW - OLDEST <= moment.at <= NOW
    assert moment.clamped == (not -OLDEST <= offset <= NEWEST)


@given(offsets, offsets)
def test_nothing_is_done_before_what_it_changes(at: timedelta, changed: timedelta) -> None:
    """Rule 12: a pause can't be before the check-in, however wrong the device's clock is."""
    moment = no_earlier(NOW + at, NOW + changed)
    assert moment.at >= NOW + changed
    assert moment.clamped == (at < changed)


@pytest.mark.parametrize(
    ("last", "first", "gap"),
    [(0, 1, False), (0, 7, False), (4, 5, False), (4, 3, False), (4, 6, True), (4, 1000, True)],
)
def test_a_gap_is_refused_and_a_repeat_is_not(last: int, first: int, gap: bool) -> None:
    """What is missing would never be done; what was sent before is answered by its key.

    Rule 12 batch_order.
    """
    refusal = refuse_gap("phone", last, first)
    assert (refusal is not None) == gap
    if refusal is not None:
        assert refusal.code is Code.DEVICE_SEQUENCE_GAP
        assert refusal.extra == {"last_seq": last}
