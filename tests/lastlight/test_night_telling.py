"""The demo's sentences: what people read instead of events."""

from __future__ import annotations

from typing import Any

import pytest

from lastlight.demo import night_telling
from lastlight.demo.night_telling import NAMES_MAX, Names, Told, duration, money, tell
from protocol.events.base import EVENTS

SESSION, USER, INCIDENT = "s-1", "u-1", "i-1"


@pytest.fixture
def names() -> Names:
    """Somebody has come in, a colleague works, and an incident is open."""
    known = Names()
    for id_, name in ((SESSION, "Patron 7"), (USER, "Staff 2"), (INCIDENT, "Staff 3")):
        known.learn(id_, name)
    return known


CHECKED_OUT = {
    "session_id": SESSION,
    "duration_s": 600,
    "total_minor": 1_500,
    "currency": "JPY",
    "cause": "patron",
}
POSTED = {"kind": "usage", "amount_minor": -900, "currency": "JPY", "tender": "credits"}


@pytest.mark.parametrize(
    ("type_", "data", "sentence"),
    [
        (
            "session.checked_out",
            CHECKED_OUT,
            "Patron 7 leaves after 10 min; the clock says JPY 1,500",
        ),
        (
            "session.checked_out",
            {**CHECKED_OUT, "cause": "forced"},
            "Patron 7 is checked out (forced) after 10 min; JPY 1,500",
        ),
        (
            "session.status_changed",
            {"session_id": SESSION, "to": "paused", "reason": "patron"},
            "Patron 7 takes a break; the meter stands still",
        ),
        ("session.status_changed", {"session_id": "?", "to": "active"}, "somebody is back"),
        (
            "session.status_changed",
            {"session_id": SESSION, "to": "auto_paused"},
            "Patron 7 was seen outside; the meter stands still",
        ),
        (
            "session.status_changed",
            {"session_id": SESSION, "to": "cooling", "reason": "pace_120_high"},
            "Patron 7 is to rest for a while (pace_120_high)",
        ),
        (
            "session.activity_changed",
            {"session_id": SESSION, "from": "lounge", "to": "karaoke_room"},
            "Patron 7 goes to karaoke",
        ),
        (
            "transaction.posted",
            {**POSTED, "kind": "topup", "amount_minor": 3_000, "tender": "cash"},
            "JPY 3,000 paid in with cash",
        ),
        (
            "emergency.sos_raised",
            {
                "incident_id": INCIDENT,
                "display_name": "Staff 3",
                "severity": "high",
                "zone": "the bar",
                "repeat": 1,
            },
            "SOS (high) from Staff 3 in the bar, pressed 2 times",
        ),
        (
            "emergency.sos_acknowledged",
            {
                "incident_id": INCIDENT,
                "display_name": "Staff 2",
                "status": "acknowledged",
                "after_ms": 2_345,
            },
            "Staff 2 goes to help Staff 3, 2,345 ms after",
        ),
        (
            "emergency.sos_resolved",
            {"incident_id": INCIDENT, "outcome": "false_alarm", "open_for_s": 30},
            "The SOS from Staff 3 was a false alarm, after 30 s",
        ),
        ("staff.clocked_out", {"staff_id": USER}, "Staff 2 goes home"),
        (
            "till.changed",
            {"staff_id": USER, "status": "closed"},
            "Staff 2's till: closed",
        ),
        (
            "safety.threshold_crossed",
            {"session_id": SESSION, "rule": "pace_60", "level": 1},
            "Look after Patron 7: pace 60, level 1",
        ),
    ],
)
def test_an_event_becomes_a_sentence(
    type_: str, data: dict[str, Any], sentence: str, names: Names
) -> None:
    """Who sees the demo should not have to know the contract."""
    told = tell(type_, data, names)
    assert told is not None
    assert told.sentence == sentence


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("venue.occupancy_changed", {}),
        ("transaction.posted", POSTED),
        ("session.status_changed", {"session_id": SESSION, "to": "closing"}),
        ("session.activity_changed", {"session_id": SESSION, "from": "lounge", "to": "lounge"}),
        ("till.changed", {"staff_id": USER, "status": "open"}),
    ],
)
def test_what_nobody_wants_to_read_is_left_out(
    type_: str, data: dict[str, Any], names: Names
) -> None:
    """Meter ticks and figures would drown what happens."""
    assert tell(type_, data, names) is None


@pytest.mark.parametrize(
    ("party_size", "sentence"),
    [
        (1, "Patron 9 comes in, to the lounge"),
        (2, "Patron 9 with 1 friend comes in, to the lounge"),
        (4, "Patron 9 with 3 others comes in, to the lounge"),
    ],
)
def test_who_comes_in_is_known_from_then_on(party_size: int, sentence: str) -> None:
    """Later events carry ids alone."""
    names = Names()
    arrival = {
        "session_id": SESSION,
        "user_id": USER,
        "display_name": "Patron 9",
        "party_size": party_size,
        "activity": "lounge",
    }
    assert tell("session.checked_in", arrival, names) == Told(sentence, "good")
    assert names.of(SESSION) == names.of(USER) == "Patron 9"


def test_names_are_bounded() -> None:
    """The demo may run for a week."""
    names = Names()
    for number in range(NAMES_MAX + 1):
        names.learn(number, f"Patron {number}")
    assert len(names.known) == NAMES_MAX
    assert names.of(0) == "somebody"


def test_only_events_of_the_contract_are_told() -> None:
    """A misspelt type would never be shown, and nobody would notice."""
    assert set(night_telling._TELLERS) <= set(EVENTS)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(1_200, "JPY", "JPY 1,200"), (1_234_56, "EUR", "EUR 1,234.56"), (-5, "EUR", "EUR -0.05")],
)
def test_money_is_written_as_its_currency_is(amount: int, currency: str, text: str) -> None:
    """Yen have no cents."""
    assert money(amount, currency) == text


@pytest.mark.parametrize(("seconds", "text"), [(42, "42 s"), (180, "3 min"), (3_900, "1 h 5 min")])
def test_lengths_of_time_are_short(seconds: int, text: str) -> None:
    """They stand in the middle of sentences."""
    assert duration(seconds) == text
