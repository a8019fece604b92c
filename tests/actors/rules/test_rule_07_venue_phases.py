"""How a venue's status follows its hours, through nights, weeks and changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.opening_hours import ALWAYS_OPEN, WEEKDAYS
from actors.rules.venue_phases import phase_at, refuse_hours
from protocol.records.states import VenueStatus

BERLIN = ZoneInfo("Europe/Berlin")
HALF_AN_HOUR = timedelta(minutes=30)
NIGHTS = {day: [["18:00", "02:00"]] for day in ("thu", "fri", "sat")}
moments = st.integers(0, 60 * 24 * 365).map(
    lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
)


def berlin(text: str) -> datetime:
    """A moment of the wall clock."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "status", "until"),
    [
        ("2026-06-11T17:59", VenueStatus.CLOSED, "2026-06-11T18:00"),
        ("2026-06-11T18:00", VenueStatus.OPEN, "2026-06-12T01:30"),
        ("2026-06-12T01:29", VenueStatus.OPEN, "2026-06-12T01:30"),
        ("2026-06-12T01:30", VenueStatus.CLOSING, "2026-06-12T02:00"),
        ("2026-06-12T02:00", VenueStatus.CLOSED, "2026-06-12T18:00"),
        ("2026-06-14T12:00", VenueStatus.CLOSED, "2026-06-18T18:00"),
    ],
)
def test_a_night_goes_from_open_to_last_orders_to_closed(
    at: str, status: VenueStatus, until: str
) -> None:
    """Each bound belongs to what begins with it."""
    phase = phase_at(NIGHTS, berlin(at), BERLIN, HALF_AN_HOUR)
    assert (phase.status, phase.ends_at) == (status, berlin(until))


def test_last_orders_are_known_from_the_beginning_of_the_night() -> None:
    """Apps show when the bar will call them."""
    phase = phase_at(NIGHTS, berlin("2026-06-11T19:00"), BERLIN, HALF_AN_HOUR)
    assert phase.last_orders_at == berlin("2026-06-12T01:30")


def test_a_night_in_which_clocks_go_back_is_an_hour_longer() -> None:
    """Closing is at 02:00 on the wall, the first time it shows that."""
    hours = {"sat": [["18:00", "04:00"]]}
    phase = phase_at(hours, berlin("2026-10-24T20:00"), BERLIN, HALF_AN_HOUR)
    assert phase.ends_at == datetime(2026, 10, 25, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "hours",
    [ALWAYS_OPEN, {day: [["00:00", "00:00"]] for day in WEEKDAYS}],
)
def test_what_never_closes_has_no_phases(hours: dict[str, Any]) -> None:
    """No timer is set that would fire for nothing."""
    phase = phase_at(hours, berlin("2026-06-11T19:00"), BERLIN, HALF_AN_HOUR)
    assert phase == (VenueStatus.OPEN, None, None)


def test_what_has_no_hours_never_opens() -> None:
    """A venue that is being built."""
    phase = phase_at({}, berlin("2026-06-11T19:00"), BERLIN, HALF_AN_HOUR)
    assert phase == (VenueStatus.CLOSED, None, None)


def test_hours_shorter_than_last_service_are_all_last_service() -> None:
    """A quarter of an hour with half an hour of last orders."""
    hours = {"thu": [["18:00", "18:15"]]}
    phase = phase_at(hours, berlin("2026-06-11T18:00"), BERLIN, HALF_AN_HOUR)
    assert (phase.status, phase.ends_at) == (VenueStatus.CLOSING, berlin("2026-06-11T18:15"))


@settings(max_examples=150, deadline=None)
@given(moments, st.integers(0, 240))
def test_phases_follow_one_another_without_gap(at: datetime, minutes: int) -> None:
    """Where one ends the next begins, and it is another."""
    last_service = timedelta(minutes=minutes)
    phase = phase_at(NIGHTS, at, BERLIN, last_service)
    assert phase.ends_at is not None
    assert at < phase.ends_at
    before = phase_at(NIGHTS, phase.ends_at - timedelta(milliseconds=1), BERLIN, last_service)
    after = phase_at(NIGHTS, phase.ends_at, BERLIN, last_service)
    assert before.status is phase.status
    assert after.status is not phase.status


@pytest.mark.parametrize(
    ("hours", "pointer"),
    [
        ({"always_open": False}, "/hours"),
        ({"always_open": True, "mon": []}, "/hours"),
        ({"monday": []}, "/hours/monday"),
        ({"mon": "18:00"}, "/hours/mon"),
        ({"mon": [["18:00", "02:00"]] * 7}, "/hours/mon"),
        ({"mon": [["18:00"]]}, "/hours/mon/0"),
        ({"mon": [["18:00", "02:00"], ["18:00", "26:00"]]}, "/hours/mon/1"),
        ({"mon": [["6pm", "2am"]]}, "/hours/mon/0"),
    ],
)
def test_hours_that_nobody_could_keep_are_refused_where_they_stand(
    hours: dict[str, Any], pointer: str
) -> None:
    """What is stored must be read by every rule that asks for hours."""
    error = refuse_hours(hours)
    assert error is not None
    assert error.pointer == pointer


@pytest.mark.parametrize("hours", [{}, ALWAYS_OPEN, NIGHTS, {"mon": [["09:00", "12:00"]] * 6}])
def test_hours_that_can_be_kept_are_taken(hours: dict[str, Any]) -> None:
    """A pair that ends before it begins ends on the next day."""
    assert refuse_hours(hours) is None
