"""The venue's part of a check-in: its verdict, the seat, and the answer (Rules 3 and 6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest

from actors.runtime.outcome import LATER, Send, SetTimer
from actors.venue.checking_in import decide_check_in, decide_release_seat, decide_session_opened
from actors.venue.state import VenueState
from protocol.addresses import ActorKind, Address
from protocol.errors import Code
from protocol.events.venue import VenueCapacityAlert
from protocol.internal.floor import TellOccupancy
from protocol.internal.visits import AdmitPatron, ReleaseSeat
from protocol.operations.sessions import CheckIn
from protocol.records.runtime import FloorPlace
from protocol.records.states import (
    Activity,
    ReservationKind,
    ReservationStatus,
    SegmentMode,
    SessionStatus,
    VenueStatus,
)
from protocol.records.values import Period
from protocol.records.venues import Reservation
from protocol.replies.sessions import CheckedIn
from tests.actors.deciding import NOW, accepted, after, refused_with
from tests.actors.venue.floors import (
    AT_DOOR,
    BIG_ROOM,
    ELSEWHERE,
    GUEST,
    HERE,
    OTHER_GUEST,
    OTHER_SESSION,
    PATRON,
    SMALL_ROOM,
    STAFF,
    VENUE_ID,
    a_check_in,
    a_floor,
    a_room,
    a_seat,
    context,
    opened,
    told,
)

AWAY = attrs.evolve(HERE, lat=35.70)
BOOKING = UUID(int=0x71)


def asked(state: VenueState, command: CheckIn, **given: Any) -> AdmitPatron:
    """What the account is asked."""
    (send,) = accepted(decide_check_in(state, command, context(**given))).sends
    assert isinstance(send.command, AdmitPatron)
    return send.command


def verdict(state: VenueState, command: CheckIn, **given: Any) -> Code | None:
    """The code of the venue's own verdict."""
    refusal = asked(state, command, **given).venue_refusal
    return None if refusal is None else refusal.code


def a_booking(**changes: Any) -> Reservation:
    """The big room for an hour, and ten minutes to clean it."""
    known: dict[str, Any] = {
        "id": BOOKING,
        "venue_id": VENUE_ID,
        "user_id": GUEST,
        "kind": ReservationKind.SLOT,
        "room_id": BIG_ROOM,
        "during": Period(start=NOW, end=NOW + timedelta(minutes=70)),
        "party_size": 2,
        "status": ReservationStatus.CONFIRMED,
        "created_at": NOW - timedelta(days=1),
    }
    return Reservation(**(known | changes))


def test_a_patron_at_the_door_takes_a_seat_and_the_account_is_asked() -> None:
    """The first word of the saga: nothing is told yet, and the seat can be taken back."""
    outcome = accepted(decide_check_in(a_floor(), a_check_in(party_size=3), context()))
    (seat,) = outcome.changes
    assert isinstance(seat, FloorPlace)
    assert outcome.reply is LATER
    assert (seat.user_id, seat.party_size, seat.version) == (GUEST, 3, 1)
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.ACCOUNT, GUEST)
    assert send.undo == ReleaseSeat(session_id=seat.session_id)
    assert outcome.events == ()


def test_the_account_is_told_rate_hold_and_least_funds() -> None:
    """Rule 3: 15 minutes of the lounge's 600 an hour for each of two, and 500 available."""
    admission = asked(a_floor(), a_check_in(party_size=2))
    assert admission.rate_minor_per_h == 1_200
    assert admission.hold_minor == 300
    assert admission.funds_least_minor == 500
    assert admission.mode is SegmentMode.CONTINUOUS
    assert (admission.currency, admission.assisted, admission.age_required) == ("JPY", False, None)


def test_plays_have_no_rate_and_hold_nothing() -> None:
    """A play is paid when it is bought: the time between plays costs nothing."""
    admission = asked(a_floor(), a_check_in(activity=Activity.ARCADE_PLAY))
    assert (admission.rate_minor_per_h, admission.hold_minor) == (0, 0)


def test_a_table_holds_its_first_block() -> None:
    """Rule 3: what is booked is owed from the first minute, 30 of them at 1500 an hour."""
    admission = asked(a_floor(), a_check_in(activity=Activity.TABLE))
    assert (admission.mode, admission.hold_minor) == (SegmentMode.BLOCK, 750)


@pytest.mark.parametrize(
    ("venue", "command", "code"),
    [
        ({"status": VenueStatus.CLOSING}, {}, Code.VENUE_CLOSED),
        ({"status": VenueStatus.CLOSED}, {"code_step_at": None}, Code.VENUE_CLOSED),
        ({"status": VenueStatus.SUSPENDED}, {}, Code.VENUE_CLOSED),
        ({"hours": {"fri": [["10:00", "20:00"]]}}, {}, Code.VENUE_CLOSED),
        ({}, {"code_step_at": None, "location": AWAY}, Code.QR_EXPIRED),
        ({}, {"code_step_at": NOW - timedelta(seconds=60)}, Code.QR_EXPIRED),
        ({}, {"code_step_at": NOW + timedelta(seconds=30)}, Code.QR_EXPIRED),
        ({"capacity": 0}, {"location": None}, Code.LOCATION_INACCURATE),
        ({}, {"location": attrs.evolve(HERE, mock=True)}, Code.LOCATION_UNTRUSTED),
        ({}, {"location": attrs.evolve(HERE, accuracy_m=120)}, Code.LOCATION_INACCURATE),
        ({"capacity": 0}, {"location": AWAY}, Code.GEOFENCE_OUTSIDE),
        ({"capacity": 2}, {"party_size": 3}, Code.CAPACITY_FULL),
        ({"capacity": 2}, {"party_size": 2}, None),
        ({}, {"code_step_at": NOW - timedelta(seconds=30)}, None),
    ],
)
def test_the_verdict_keeps_the_order_of_the_contract(
    venue: dict[str, Any], command: dict[str, Any], code: Code | None
) -> None:
    """Open, code, fence, capacity: what fails first is what is told."""
    assert verdict(a_floor(**venue), a_check_in(**command)) is code


def test_who_is_refused_takes_no_seat() -> None:
    """The account still answers, for some of its own questions come first in the contract."""
    outcome = accepted(decide_check_in(a_floor(capacity=0), a_check_in(), context()))
    assert outcome.changes == ()
    (send,) = outcome.sends
    assert send.undo is None


def test_staff_let_somebody_in_without_code_and_fence() -> None:
    """Assisted: the phone is dead, the guest stands at the counter."""
    command = a_check_in(user_id=OTHER_GUEST, code_step_at=None, location=None, qr_token=None)
    admission = asked(a_floor(), command, principal=AT_DOOR)
    assert admission.venue_refusal is None
    assert admission.assisted


@pytest.mark.parametrize(
    ("venue", "code"),
    [({"status": VenueStatus.CLOSED}, Code.VENUE_CLOSED), ({"capacity": 0}, Code.CAPACITY_FULL)],
)
def test_staff_can_not_pass_closing_and_capacity(venue: dict[str, Any], code: Code) -> None:
    """The fire officer counts heads, whoever opened the door."""
    command = a_check_in(user_id=OTHER_GUEST, code_step_at=None, location=None)
    assert verdict(a_floor(**venue), command, principal=AT_DOOR) is code


def test_staff_who_come_as_guests_show_the_code_like_anybody() -> None:
    """Naming the own id is no assistance."""
    command = a_check_in(user_id=STAFF, code_step_at=None)
    assert verdict(a_floor(), command, principal=AT_DOOR) is Code.QR_EXPIRED


@pytest.mark.parametrize("principal", [PATRON, ELSEWHERE])
def test_who_is_no_staff_here_does_not_learn_of_others(principal: Any) -> None:
    """Rule 15: 404 and never 403, also for staff of another venue."""
    command = a_check_in(user_id=OTHER_GUEST)
    refusal = decide_check_in(a_floor(), command, context(principal))
    assert refused_with(refusal) is Code.NOT_FOUND


def test_a_seat_counts_before_its_session_is_open() -> None:
    """Or two parties would take the last seat while the first one's account decides."""
    state = a_floor(capacity=2)
    after(state, accepted(decide_check_in(state, a_check_in(party_size=2), context())))
    assert (state.seated, state.present) == (2, 0)
    assert verdict(state, a_check_in()) is Code.CAPACITY_FULL


def test_the_answer_comes_when_the_session_is_open() -> None:
    """The last word of the saga: the reply, and the floor is told within two seconds."""
    state = a_floor()
    seat = a_seat(version=1, party_size=2)
    state.put(seat)
    outcome = accepted(decide_session_opened(state, opened(seat), context()))
    assert outcome.reply == CheckedIn(
        session_id=seat.session_id,
        user_id=GUEST,
        venue_id=VENUE_ID,
        status=SessionStatus.ACTIVE,
        activity=Activity.LOUNGE,
        party_size=2,
        checked_in_at=NOW,
        held_minor=150,
        assisted=False,
        version=1,
    )
    assert outcome.timers == (SetTimer("occupancy", NOW + timedelta(seconds=2), TellOccupancy()),)
    assert outcome.events == ()
    after(state, outcome)
    assert (state.seated, state.present) == (2, 2)


def test_outside_a_saga_nobody_is_answered() -> None:
    """A reply that nobody waits for would be a bug."""
    state = a_floor(seat := a_seat(version=1))
    outcome = accepted(decide_session_opened(state, opened(seat), context(in_saga=False)))
    assert outcome.reply is None


def test_crossing_ninety_percent_is_told() -> None:
    """Staff close the door in time; nine of ten is the crossing."""
    seat = a_seat(version=1)
    state = a_floor(a_seat(OTHER_SESSION, party_size=8), seat)
    outcome = accepted(decide_session_opened(state, opened(seat), context()))
    (event,) = outcome.events
    assert event.type == VenueCapacityAlert.type
    assert (event.data["present"], event.data["percent"]) == (9, 90)
    assert event.durable
    assert len(event.rooms) == 3
    assert after(state, outcome).alert == 90


def test_a_seat_that_is_released_leaves_the_floor_as_it_was() -> None:
    """The undo: the account refused, and nobody ever heard of the visit."""
    state = a_floor(a_room())
    command = a_check_in(activity=Activity.KARAOKE_ROOM)
    outcome = accepted(decide_check_in(state, command, context()))
    after(state, outcome)
    (undo,) = (send.undo for send in outcome.sends)
    assert isinstance(undo, ReleaseSeat)
    released = accepted(decide_release_seat(state, undo, context(in_saga=False)))
    after(state, released)
    assert (state.seated, state.present) == (0, 0)
    assert state.rows(FloorPlace) == {}
    assert state.one(type(a_room())).evolve(version=1) == a_room()
    assert released.timers == ()
    again = accepted(decide_release_seat(state, undo, context(in_saga=False)))
    assert (again.changes, again.removes, again.events) == ((), (), ())


def test_karaoke_takes_the_smallest_free_room_that_fits() -> None:
    """The room for twelve is kept for twelve."""
    big, small = a_room(BIG_ROOM, capacity=12), a_room(SMALL_ROOM, capacity=4)
    admission = asked(a_floor(big, small), a_check_in(activity=Activity.KARAOKE_ROOM, party_size=3))
    assert admission.station_id == SMALL_ROOM
    assert (admission.rate_minor_per_h, admission.hold_minor) == (3_000, 1_500)


def test_without_a_free_room_there_is_no_karaoke() -> None:
    """Nobody is let in to a room that somebody else has."""
    state = a_floor(a_room(capacity=2))
    command = a_check_in(activity=Activity.KARAOKE_ROOM, party_size=3)
    assert verdict(state, command) is Code.CAPACITY_FULL


def test_a_booking_holds_its_full_price_and_gets_its_room() -> None:
    """Rule 3: an hour at 3000; the ten minutes of cleaning are nobody's to pay."""
    state = a_floor(a_room(SMALL_ROOM), a_room(BIG_ROOM, capacity=12), a_booking())
    command = a_check_in(activity=Activity.KARAOKE_ROOM, reservation_id=BOOKING)
    outcome = accepted(decide_check_in(state, command, context()))
    (send,) = outcome.sends
    assert isinstance(send, Send)
    assert isinstance(send.command, AdmitPatron)
    assert (send.command.station_id, send.command.hold_minor) == (BIG_ROOM, 3_000)
    assert told(outcome) == ["room.status_changed"]


def test_a_booked_room_is_for_nobody_else() -> None:
    """Rule 14: a walk-in does not get what another has reserved for now."""
    state = a_floor(a_room(BIG_ROOM), a_booking(user_id=OTHER_GUEST))
    command = a_check_in(activity=Activity.KARAOKE_ROOM)
    assert verdict(state, command) is Code.CAPACITY_FULL


@pytest.mark.parametrize(
    "changes", [{"user_id": OTHER_GUEST}, {"status": ReservationStatus.REQUESTED}]
)
def test_a_booking_that_is_not_ones_own_is_not_found(changes: dict[str, Any]) -> None:
    """Rule 15, and what is only requested opens no room."""
    state = a_floor(a_room(BIG_ROOM), a_booking(**changes))
    assert verdict(state, a_check_in(reservation_id=BOOKING)) is Code.NOT_FOUND
