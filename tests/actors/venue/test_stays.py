"""The venue's word on visits that go on: longer bookings, more people, and who has arrived."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.runtime.outcome import LATER, Outcome
from actors.venue.checking_in import decide_check_in, decide_session_opened
from actors.venue.stays import (
    decide_keep_stay,
    decide_lengthen_stay,
    decide_seat_fewer,
    decide_seat_more,
)
from protocol.addresses import ActorKind, Address
from protocol.errors import Code
from protocol.internal.managing import KeepStay, LengthenStay, MoreSeated, SeatFewer, SeatMore
from protocol.internal.visit_holds import HoldForVisit
from protocol.internal.visits import AdmitPatron
from protocol.internal.wallet import ReleaseDeposit
from protocol.records.base import Record
from protocol.records.inventory import KaraokeRoom
from protocol.records.runtime import FloorPlace
from protocol.records.states import Activity, ReservationKind, ReservationStatus
from protocol.records.values import Period
from protocol.records.venues import Reservation, VenueSetting
from tests.actors.deciding import IDS, NOW, accepted, after, refused, refused_with
from tests.actors.venue.floors import (
    GUEST,
    OTHER_GUEST,
    PATRON,
    SESSION,
    SMALL_ROOM,
    VENUE_ID,
    a_check_in,
    a_floor,
    a_room,
    a_seat,
    context,
    opened,
)

MINUTE = timedelta(minutes=1)
BOOKED = UUID(int=0x55)


def a_booking(start: int, end: int, **changes: Any) -> Reservation:
    """A booking of the small room in minutes from now, cleaning included."""
    known: dict[str, Any] = {
        "id": BOOKED,
        "venue_id": VENUE_ID,
        "user_id": OTHER_GUEST,
        "kind": ReservationKind.SLOT,
        "room_id": SMALL_ROOM,
        "during": Period(start=NOW + start * MINUTE, end=NOW + end * MINUTE),
        "party_size": 2,
        "status": ReservationStatus.CONFIRMED,
        "cleaning_minutes": 10,
        "created_at": NOW - timedelta(days=1),
    }
    return Reservation(**(known | changes))


def singing(*rows: Record) -> Any:
    """A visit in the small room, which is cleaned for 10 minutes afterwards."""
    seat = a_seat(activity=Activity.KARAOKE_ROOM, station_id=SMALL_ROOM)
    return a_floor(seat, a_room(session_id=SESSION), *rows)


def longer(minutes: int) -> LengthenStay:
    """Until so many minutes from now."""
    hold = HoldForVisit(
        session_id=SESSION,
        venue_id=VENUE_ID,
        hold_id=IDS.fresh(),
        hold_target_minor=3_000,
        hold_until=NOW + timedelta(hours=48),
        purpose="extend",
    )
    return LengthenStay(
        session_id=SESSION,
        station_id=SMALL_ROOM,
        new_end_at=NOW + minutes * MINUTE,
        hold=hold,
    )


def place_of(outcome: Outcome) -> FloorPlace:
    (place,) = (row for row in outcome.changes if isinstance(row, FloorPlace))
    return place


def test_a_place_is_kept_for_longer_and_the_account_asked_next() -> None:
    """Session → venue → account: the hold is the next step, and the venue's part can be undone."""
    state, command = singing(), longer(60)
    outcome = accepted(decide_lengthen_stay(state, command, context()))
    assert place_of(outcome).booked_until == NOW + 60 * MINUTE
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.ACCOUNT, GUEST)
    assert (send.command, outcome.reply) == (command.hold, None)
    assert send.undo == KeepStay(
        session_id=SESSION, reservation_id=None, reservation_end_at=None, booked_until=None
    )


def test_the_next_booking_stands_with_the_time_to_clean_for_it() -> None:
    """Rule 14: a booking from 70 minutes on leaves 60, as the room is cleaned for 10."""
    state = singing(a_booking(70, 130))
    accepted(decide_lengthen_stay(state, longer(60), context()))
    refusal = refused(decide_lengthen_stay(state, longer(61), context()))
    assert refusal.code is Code.ROOM_RESERVED


def test_a_booking_that_is_cancelled_or_of_another_room_is_in_nobodys_way() -> None:
    """Only what keeps this room counts."""
    cancelled = a_booking(30, 90, status=ReservationStatus.CANCELLED)
    elsewhere = a_booking(30, 90, id=IDS.fresh(), room_id=IDS.fresh())
    accepted(decide_lengthen_stay(singing(cancelled, elsewhere), longer(60), context()))


def test_the_own_booking_lasts_longer_with_the_stay_and_ends_as_before_if_undone() -> None:
    """Else somebody could book the room between the old end and the new one."""
    own = a_booking(-20, 40, user_id=GUEST, status=ReservationStatus.ARRIVED)
    state = singing(own)
    outcome = accepted(decide_lengthen_stay(state, longer(60), context()))
    (send,) = (send for send in outcome.sends if isinstance(send.command, HoldForVisit))
    after(state, outcome)
    stored = state.get(Reservation, BOOKED)
    assert stored is not None
    assert stored.during.end == NOW + 70 * MINUTE
    assert not state.bookings.is_free(
        SMALL_ROOM, Period(start=NOW + 50 * MINUTE, end=NOW + 60 * MINUTE)
    )
    assert isinstance(send.undo, KeepStay)
    after(state, accepted(decide_keep_stay(state, send.undo, context())))
    undone = state.get(Reservation, BOOKED)
    assert undone is not None
    assert undone.during == own.during
    assert state.place(SESSION).booked_until is None
    assert accepted(decide_keep_stay(state, send.undo, context())).changes == ()


def test_a_table_has_no_bookings_and_is_kept_without_asking_anybody() -> None:
    """Rule 14 is about rooms."""
    state = a_floor(a_seat(activity=Activity.TABLE))
    outcome = accepted(decide_lengthen_stay(state, longer(60), context()))
    assert place_of(outcome).booked_until == NOW + 60 * MINUTE


def test_who_is_not_here_has_nothing_lengthened_and_gets_no_seats() -> None:
    """The visit may have ended while the message was on its way."""
    state = a_floor()
    assert refused_with(decide_lengthen_stay(state, longer(60), context())) is Code.NOT_FOUND
    more = SeatMore(session_id=SESSION, party_size=3)
    assert refused_with(decide_seat_more(state, more, context())) is Code.NOT_FOUND
    fewer = SeatFewer(session_id=SESSION, party_size=1)
    assert accepted(decide_seat_fewer(state, fewer, context())) == Outcome()


def test_more_people_get_seats_up_to_the_capacity() -> None:
    """The floor holds ten: nine more are too many for a party of two that was one."""
    state = a_floor(a_seat())
    outcome = accepted(
        decide_seat_more(state, SeatMore(session_id=SESSION, party_size=10), context())
    )
    (send,) = outcome.sends
    assert send.command == MoreSeated(session_id=SESSION, party_size=10)
    assert send.undo == SeatFewer(session_id=SESSION, party_size=1)
    assert [event.type for event in outcome.events] == ["venue.capacity_alert"]
    refusal = refused(
        decide_seat_more(state, SeatMore(session_id=SESSION, party_size=11), context())
    )
    assert refusal.code is Code.CAPACITY_FULL
    after(state, outcome)
    assert state.seated == 10
    assert isinstance(send.undo, SeatFewer)
    after(state, accepted(decide_seat_fewer(state, send.undo, context())))
    assert state.seated == 1


def test_a_room_takes_as_many_as_it_takes() -> None:
    """Four sing in a room for four."""
    command = SeatMore(session_id=SESSION, party_size=5)
    assert refused_with(decide_seat_more(singing(), command, context())) is Code.CAPACITY_FULL


def test_the_booking_of_now_is_found_by_itself_and_arrives_when_the_visit_opens() -> None:
    """Rule 14: who is here is no no-show; the deposit returns, and the stay ends with the slot."""
    booking = a_booking(-5, 65, user_id=GUEST, hold_id=IDS.fresh(), deposit_minor=500)
    state = a_floor(a_room(), booking)
    command = a_check_in(activity=Activity.KARAOKE_ROOM)
    outcome = accepted(decide_check_in(state, command, context(PATRON)))
    assert outcome.reply is LATER
    admission = outcome.sends[0].command
    assert isinstance(admission, AdmitPatron)
    assert admission.reservation_id == BOOKED
    assert admission.booked_until == NOW + 55 * MINUTE
    assert place_of(outcome).booked_until == NOW + 55 * MINUTE
    after(state, outcome)
    stored = state.get(Reservation, BOOKED)
    assert stored is not None
    assert stored.status is ReservationStatus.CONFIRMED, "the account may still refuse"
    assert stored.hold_id is not None
    assert admission.deposit_hold_id == stored.hold_id, "which returns with the admission"
    (room,) = state.all(KaraokeRoom)
    assert room.session_id == admission.session_id
    seat = state.place(admission.session_id)
    assert seat is not None
    told = opened(seat, reservation_id=BOOKED)
    outcome = accepted(decide_session_opened(state, told, context()))
    (arrived,) = (row for row in outcome.changes if isinstance(row, Reservation))
    assert arrived.status is ReservationStatus.ARRIVED
    assert "reservation.status_changed" in [event.type for event in outcome.events]
    assert [type(send.command) for send in outcome.sends] == [ReleaseDeposit]


def test_a_booking_arrives_with_those_who_only_name_it() -> None:
    """Guests who wait in the lounge first are no no-shows either."""
    state = a_floor(a_room(), a_booking(-5, 65, user_id=GUEST))
    command = a_check_in(reservation_id=BOOKED)
    outcome = accepted(decide_check_in(state, command, context(PATRON)))
    admission = outcome.sends[0].command
    assert isinstance(admission, AdmitPatron)
    assert (admission.reservation_id, admission.booked_until) == (BOOKED, None)


@pytest.mark.parametrize(
    ("begins_min", "code"),
    [(30, None), (31, Code.VALIDATION_FAILED), (-69, None), (-70, Code.VALIDATION_FAILED)],
)
@pytest.mark.parametrize("activity", [Activity.LOUNGE, Activity.KARAOKE_ROOM])
def test_a_booking_is_good_at_its_own_time(
    activity: Activity, begins_min: int, code: Code | None
) -> None:
    """Rule 14: next week's keeps its deposit and its room; guests may be half an hour early."""
    state = a_floor(a_room(), a_booking(begins_min, begins_min + 70, user_id=GUEST))
    command = a_check_in(activity=activity, reservation_id=BOOKED)
    admission = accepted(decide_check_in(state, command, context(PATRON))).sends[0].command
    assert isinstance(admission, AdmitPatron)
    verdict = admission.venue_refusal
    assert (None if verdict is None else verdict.code) is code


def test_an_age_is_asked_for_where_the_house_says_so() -> None:
    """The default asks nobody; a house that does has it verified by the account."""
    admissions = []
    setting = VenueSetting(
        id=IDS.fresh(),
        venue_id=VENUE_ID,
        key="entry_age_years",
        value={"value": 20},
        effective_at=NOW,
        set_by=None,
    )
    for state in (a_floor(), a_floor(setting)):
        outcome = accepted(decide_check_in(state, a_check_in(), context(PATRON)))
        assert isinstance(outcome.sends[0].command, AdmitPatron)
        admissions.append(outcome.sends[0].command.age_required)
    assert admissions == [None, 20]
