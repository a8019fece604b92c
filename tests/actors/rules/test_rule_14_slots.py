"""Rule 14: times of rooms never overlap, cleaning included, and the line has its order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.rules.opening_hours import ALWAYS_OPEN
from actors.rules.settings import DEFAULT, VenueSettings
from actors.rules.slots import (
    LIVE,
    STEPS,
    Place,
    Waiting,
    deposit_minor,
    expected,
    first_free,
    is_free,
    is_late,
    is_no_show,
    overlap,
    refuse_hours,
    refuse_stay,
    slot,
    wait_minutes,
)
from protocol.errors import Code
from protocol.records.states import ReservationStatus
from protocol.records.values import Period

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
PERIODS = st.builds(
    lambda start, length: Period(start=NOW + start * MINUTE, end=NOW + (start + length) * MINUTE),
    st.integers(-60, 300),
    st.integers(1, 120),
)


def test_a_booking_keeps_its_room_while_it_is_cleaned() -> None:
    """An hour and ten minutes of cleaning are seventy minutes for nobody else. Rule 14 overlap."""
    kept = slot(NOW, 60, 10)
    assert kept == Period(start=NOW, end=NOW + 70 * MINUTE)
    assert overlap(kept, slot(NOW + 69 * MINUTE, 60, 10))
    assert not overlap(kept, slot(NOW + 70 * MINUTE, 60, 10))
    assert not is_free(slot(NOW - 60 * MINUTE, 51, 10), [kept])
    assert is_free(slot(NOW - 60 * MINUTE, 50, 10), [kept])


@given(PERIODS, PERIODS)
def test_times_overlap_if_some_minute_is_in_both(one: Period, other: Period) -> None:
    """The plain meaning, minute by minute; and it does not matter who asks."""
    minutes = (one.start + n * MINUTE for n in range((one.end - one.start) // MINUTE))
    assert overlap(one, other) == any(other.start <= at < other.end for at in minutes)
    assert overlap(one, other) == overlap(other, one)


@given(st.lists(PERIODS, max_size=6), st.integers(1, 90), st.integers(0, 20))
def test_the_first_free_time_is_free_and_none_before_it_is(
    taken: list[Period], minutes: int, cleaning: int
) -> None:
    """Who waits is told the earliest time, and not one that somebody has."""
    at = first_free(NOW, minutes, cleaning, taken)
    assert is_free(slot(at, minutes, cleaning), taken)
    for n in range((at - NOW) // MINUTE):
        assert not is_free(slot(NOW + n * MINUTE, minutes, cleaning), taken)


def test_giving_up_is_free_until_four_hours_before() -> None:
    """To the second: the contract's four hours, which a venue may set."""
    assert not is_late(NOW + 4 * HOUR, NOW, DEFAULT)
    assert is_late(NOW + 4 * HOUR - timedelta(milliseconds=1), NOW, DEFAULT)
    assert not is_late(NOW, NOW, VenueSettings(reservation_free_until_minutes=0))


def test_nobody_is_a_no_show_before_their_quarter_of_an_hour() -> None:
    """Rule 14: fifteen minutes after the start, a setting."""
    assert not is_no_show(NOW, 60, NOW + 15 * MINUTE - timedelta(milliseconds=1), DEFAULT)
    assert is_no_show(NOW, 60, NOW + 15 * MINUTE, DEFAULT)


def test_nobody_is_awaited_beyond_the_end_of_their_stay() -> None:
    """A venue may wait for four hours; a room that is booked for one is free after that one."""
    patient = VenueSettings(no_show_minutes=240)
    assert not is_no_show(NOW, 60, NOW + 59 * MINUTE, patient)
    assert is_no_show(NOW, 60, NOW + 60 * MINUTE, patient)


@pytest.mark.parametrize(("price", "held"), [(3_000, 600), (0, 0), (4, 0), (5, 1), (9, 1)])
def test_a_deposit_is_a_share_rounded_for_the_patron(price: int, held: int) -> None:
    """A fifth, and never more than that."""
    assert deposit_minor(price, DEFAULT) == held
    assert deposit_minor(price, VenueSettings(reservation_deposit_percent=0)) == 0


@pytest.mark.parametrize(
    ("minutes", "fits"), [(15, False), (30, True), (45, True), (50, False), (60, True)]
)
def test_a_room_is_had_in_whole_blocks_and_for_its_least_time(minutes: int, fits: bool) -> None:
    """What is metered in blocks is booked in them."""
    assert (refuse_stay(minutes, least=30, block=15) is None) == fits


def test_a_stay_lies_within_the_hours_and_its_cleaning_need_not() -> None:
    """From 18:00 to 02:00 in Tokyo; guests are out by two."""
    hours = {day: [["18:00", "02:00"]] for day in ("thu", "fri", "sat")}
    opens = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert refuse_hours(opens, 60, hours, TOKYO) is None
    assert refuse_hours(opens + 7 * HOUR, 60, hours, TOKYO) is None
    for at in (opens - MINUTE, opens + 7 * HOUR + MINUTE, opens + 8 * HOUR):
        refusal = refuse_hours(at, 60, hours, TOKYO)
        assert refusal is not None
        assert refusal.code is Code.OUTSIDE_OPENING_HOURS
    assert refuse_hours(opens - 5 * HOUR, 720, ALWAYS_OPEN, TOKYO) is None


def test_the_life_of_a_booking_ends_where_it_ends() -> None:
    """What is over has no way back, and what counts against others can still become something."""
    assert set(STEPS) == set(ReservationStatus)
    assert {status for status, to in STEPS.items() if to} == set(LIVE)


PARTIES = st.lists(st.tuples(st.integers(1, 8), st.integers(30, 90)), max_size=6)
ROOMS = st.lists(st.tuples(st.integers(1, 8), st.lists(PERIODS, max_size=3)), max_size=4)


@given(PARTIES, ROOMS)
def test_the_line_is_given_times_that_never_overlap(
    parties: list[tuple[int, int]], rooms: list[tuple[int, list[Period]]]
) -> None:
    """Two parties are never told the same room; who fits nowhere is told nothing."""
    line = [
        Waiting(id=UUID(int=n), party_size=size, minutes=minutes)
        for n, (size, minutes) in enumerate(parties)
    ]
    places = [
        Place(id=UUID(int=100 + n), capacity=capacity, cleaning_minutes=10, taken=tuple(taken))
        for n, (capacity, taken) in enumerate(rooms)
    ]
    found = expected(line, places, NOW)
    for n, party in enumerate(line):
        at = found[party.id]
        fitting = [place for place in places if place.capacity >= party.party_size]
        assert (at is None) == (not fitting)
        if at is not None:
            assert at >= NOW
            wanted = slot(at, party.minutes, 10)
            others = [
                slot(told, other.minutes, 10)
                for other in line[:n]
                if (told := found[other.id]) is not None
            ]
            # Two that follow one another share a room: only what is at one moment counts.
            starts = [max(wanted.start, o.start) for o in others if overlap(wanted, o)]
            moments = [Period(start=start, end=start + MINUTE) for start in starts]
            together = max((sum(overlap(m, o) for o in others) for m in moments), default=0)
            free = sum(is_free(wanted, place.taken) for place in fitting)
            assert free >= 1
            assert together < len(places)


def test_a_wait_is_told_in_whole_minutes_and_never_too_short() -> None:
    """Rounded up; nothing is left of a time that is past."""
    assert wait_minutes(NOW + timedelta(seconds=61), NOW) == 2
    assert wait_minutes(NOW + timedelta(seconds=60), NOW) == 1
    assert wait_minutes(NOW - HOUR, NOW) == 0
