"""When the people of a venue are told how full it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.rules.occupancy import next_alert, percent_of


def told(presences: list[int], capacity: int = 100) -> list[int]:
    """The alert after each of these presences."""
    alert, found = 0, []
    for present in presences:
        alert = next_alert(alert, present, capacity)
        found.append(alert)
    return found


def test_ninety_and_a_hundred_are_told_once_until_it_is_under_eighty_five() -> None:
    """Someone who comes and goes at the edge must not ring the bell each time."""
    assert told([89, 90, 89, 90, 100, 99, 100, 85, 90, 84, 90]) == [
        0, 90, 90, 90, 100, 100, 100, 100, 100, 0, 90,
    ]  # fmt: skip


def test_a_party_may_jump_over_ninety() -> None:
    """One step from empty to full is the alert of full, not both."""
    assert told([50, 100]) == [0, 100]


def test_a_venue_without_room_is_full() -> None:
    """No division by zero where somebody sets the capacity to nothing."""
    assert percent_of(0, 0) == 100


@given(st.lists(st.integers(0, 700), max_size=50))
def test_an_alert_holds_exactly_from_its_level_to_its_end(presences: list[int]) -> None:
    """Law: 90 % or more always has an alert, under 85 % never."""
    for present, alert in zip(presences, told(presences, 600), strict=True):
        if present >= 540:
            assert alert >= 90
        if present * 100 // 600 < 85:
            assert alert == 0
