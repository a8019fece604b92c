"""A venue's status follows its hours, and whoever is there at the end is checked out."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from actors.runtime.outcome import CancelTimer, Outcome, SetTimer
from actors.venue.hours import decide_clear_floor, decide_turn_hours, hours_timer
from actors.venue.state import VenueState
from protocol.domain_limits import FLOOR_CLEARED_AT_ONCE
from protocol.internal.administration import ClearFloor, TurnHours
from protocol.internal.metering import CloseVisit
from protocol.records.runtime import FloorPlace
from protocol.records.states import CheckOutCause, SessionStatus, VenueStatus
from protocol.records.venues import Venue
from tests.actors.deciding import NOW, accepted
from tests.actors.venue.floors import SESSION, VENUE_ID, a_floor, a_seat
from tests.actors.venue.houses import a_state_with, by, noted

NIGHT = {"fri": [["18:00", "02:00"]]}
"""NOW is 21:00 on a Friday in Tokyo."""
LAST_ORDERS = NOW + timedelta(hours=4, minutes=30)
END = NOW + timedelta(hours=5)
OPENS_AGAIN = NOW - timedelta(hours=3) + timedelta(days=7)


def turned(state: VenueState, now: datetime) -> Outcome:
    """The hours turn, and what follows is applied."""
    outcome = accepted(decide_turn_hours(state, TurnHours(), by(None, now=now, in_saga=False)))
    a_state_with(state, outcome)
    return outcome


def test_a_night_ends_in_two_steps() -> None:
    """Nobody comes in after last orders; at the end everybody is checked out."""
    state = a_floor(a_seat(), hours=NIGHT)
    last = turned(state, LAST_ORDERS)
    assert (state.venue.status, state.venue.last_orders_at) == (VenueStatus.CLOSING, LAST_ORDERS)
    assert last.timers == (SetTimer("hours", END, TurnHours()),)
    assert not last.sends
    (event,) = last.events
    assert event.type == "venue.status_changed"
    assert (event.data["from"], event.data["to"]) == ("open", "closing")
    ends = turned(state, END)
    assert state.venue.status is VenueStatus.CLOSED
    (send,) = ends.sends
    assert (send.target.id, send.command) == (SESSION, CloseVisit(cause=CheckOutCause.AUTO))
    assert send.detached
    assert ends.timers == (SetTimer("hours", OPENS_AGAIN, TurnHours()),)
    assert [line.after for line in noted(ends)] == [{"status": "closed", "reason": "hours"}]


def test_it_opens_again_and_tells_when_last_orders_will_be() -> None:
    """Apps count down from the beginning of the night."""
    state = a_floor(hours=NIGHT, status=VenueStatus.CLOSED)
    (event,) = turned(state, OPENS_AGAIN).events
    assert state.venue.status is VenueStatus.OPEN
    assert event.data["last_orders_at"] is not None
    assert state.venue.last_orders_at == OPENS_AGAIN + timedelta(hours=7, minutes=30)


@pytest.mark.parametrize(
    ("status", "now"),
    [
        (VenueStatus.SUSPENDED, END),
        (VenueStatus.SUSPENDED, OPENS_AGAIN),
        (VenueStatus.CLOSED, LAST_ORDERS),
        (VenueStatus.OPEN, NOW),
    ],
)
def test_what_was_done_by_hand_is_not_undone_by_a_timer(status: VenueStatus, now: datetime) -> None:
    """Suspended stays suspended, and closed by hand stays closed until the next night."""
    state = a_floor(hours=NIGHT, status=status)
    outcome = turned(state, now)
    assert not outcome.changes
    assert not outcome.events


def test_a_node_that_was_down_turns_to_what_the_hours_say_now() -> None:
    """The timer of last orders fires in the morning: the venue is closed, not closing."""
    state = a_floor(a_seat(), hours=NIGHT)
    outcome = turned(state, END + timedelta(hours=5))
    assert state.venue.status is VenueStatus.CLOSED
    assert outcome.sends


def test_always_open_venues_have_no_timer() -> None:
    """And a suspended one waits for its owner."""
    state = a_floor()
    assert hours_timer(state.profile, VenueStatus.OPEN, NOW) == CancelTimer("hours")
    night = a_floor(hours=NIGHT)
    assert hours_timer(night.profile, VenueStatus.SUSPENDED, NOW) == CancelTimer("hours")
    assert hours_timer(night.profile, VenueStatus.OPEN, NOW) == SetTimer(
        "hours", LAST_ORDERS, TurnHours()
    )


def test_a_full_floor_is_cleared_in_steps() -> None:
    """One outcome has a bound in bytes, and a big venue has more guests than fit."""
    many = 2 * FLOOR_CLEARED_AT_ONCE + 50
    seats = [a_seat(UUID(int=n), user_id=UUID(int=n)) for n in range(1, many + 1)]
    state = a_floor(*seats, a_seat(UUID(int=10**6), status=SessionStatus.CLOSING), hours=NIGHT)
    state.put(state.one(Venue).revised(status=VenueStatus.CLOSING))
    outcome = turned(state, END)
    ended = [send.target.id for send in outcome.sends]
    steps = 1
    while clearing := [t for t in outcome.timers if isinstance(t, SetTimer) and t.name != "hours"]:
        (timer,) = clearing
        assert isinstance(timer.command, ClearFloor)
        outcome = accepted(decide_clear_floor(state, timer.command, by(None, now=END)))
        ended += [send.target.id for send in outcome.sends]
        steps += 1
    assert steps == 3
    assert sorted(ended) == sorted(seat.session_id for seat in seats)


def test_a_venue_that_opened_again_ends_no_more_visits() -> None:
    """The owner changed their mind while the floor was being cleared."""
    state = a_floor(a_seat(), hours=NIGHT)
    outcome = accepted(decide_clear_floor(state, ClearFloor(after=UUID(int=0)), by(None)))
    assert not outcome.sends
    assert state.rows(FloorPlace)
    assert state.venue_id == VENUE_ID
