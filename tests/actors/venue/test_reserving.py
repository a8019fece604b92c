"""Booking and standing in line: each refusal, the deposit's saga, and what is never taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.rules.opening_hours import WEEKDAYS
from actors.venue.bookings import view_of
from protocol.addresses import Role
from protocol.domain_limits import BOOKINGS_PER_PATRON_MAX
from protocol.errors import Code
from protocol.internal.booking import DropBooking
from protocol.internal.wallet import DepositHeld, HoldDeposit
from protocol.operations.reservations import ReservationAction
from protocol.records.money_states import RoomStatus
from protocol.records.platform import AuditEntry
from protocol.records.states import ReservationKind, ReservationStatus, VenueStatus
from tests.actors.deciding import NOW, a_principal, accepted, refused, refused_with
from tests.actors.venue.booking_world import DESK, HOUR, BookingWorld
from tests.actors.venue.floors import (
    ELSEWHERE,
    GUEST,
    OTHER_GUEST,
    PATRON,
    SMALL_ROOM,
    VENUE_ID,
    a_floor,
    a_room,
)

OTHER = a_principal(OTHER_GUEST)
BIG = UUID(int=0x93)
Action = ReservationAction


@pytest.fixture
def world() -> BookingWorld:
    return BookingWorld()


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"room_id": UUID(int=1)}, Code.NOT_FOUND),
        ({"starts_at": NOW - timedelta(milliseconds=1)}, Code.VALIDATION_FAILED),
        ({"starts_at": NOW + timedelta(days=181)}, Code.VALIDATION_FAILED),
        ({"party_size": 9}, Code.VALIDATION_FAILED),
        ({"room_id": SMALL_ROOM, "party_size": 5}, Code.VALIDATION_FAILED),
        ({"minutes": 15}, Code.VALIDATION_FAILED),
        ({"minutes": 50}, Code.VALIDATION_FAILED),
        ({"user_id": OTHER_GUEST}, Code.NOT_FOUND),
    ],
)
def test_what_can_not_be_booked_is_refused_and_nobody_is_asked(
    world: BookingWorld, wanted: Any, code: Code
) -> None:
    """A refusal here costs the account nothing."""
    assert refused_with(world.book(PATRON, **wanted)) is code
    assert world.asked == []


def test_a_venue_takes_bookings_for_its_hours_only() -> None:
    """Tokyo, 21:00 at NOW, open until two: the last hour begins at one."""
    hours = {day: [["18:00", "02:00"]] for day in WEEKDAYS}
    world = BookingWorld(a_floor(a_room(), hours=hours))
    assert refused_with(world.book(PATRON)) is Code.OUTSIDE_OPENING_HOURS
    accepted(world.book(PATRON, starts_at=NOW + 4 * HOUR))
    suspended = BookingWorld(a_floor(a_room(), status=VenueStatus.SUSPENDED))
    assert refused_with(suspended.book(PATRON)) is Code.OUTSIDE_OPENING_HOURS
    closing = BookingWorld(a_floor(a_room(), status=VenueStatus.CLOSING))
    assert refused_with(closing.join(PATRON)) is Code.OUTSIDE_OPENING_HOURS


def test_the_smallest_free_room_is_given_and_then_none(world: BookingWorld) -> None:
    """Two people don't take the room of eight while another is free."""
    assert world.booked(PATRON).room_id == SMALL_ROOM
    assert world.booked(PATRON).room_id == BIG
    assert refused_with(world.book(OTHER)) is Code.ROOM_RESERVED


@pytest.mark.parametrize("status", [RoomStatus.OCCUPIED, RoomStatus.OUT_OF_ORDER])
def test_a_room_that_is_used_now_is_not_booked_from_now(status: RoomStatus) -> None:
    """Who is in there stays for the least time at least; what is broken is for nobody."""
    world = BookingWorld(a_floor(a_room(status=status)))
    assert refused_with(world.book(PATRON, starts_at=NOW + HOUR / 2)) is Code.ROOM_RESERVED
    broken = status is RoomStatus.OUT_OF_ORDER
    decision = world.book(PATRON, starts_at=NOW + HOUR)
    assert (refused_with(decision) is Code.ROOM_RESERVED) if broken else accepted(decision)


def test_a_time_is_kept_while_the_account_is_asked_and_free_when_it_refuses(
    world: BookingWorld,
) -> None:
    """Nobody gets in between; and the undo may come twice."""
    world.book(PATRON, room_id=SMALL_ROOM)
    (hold, undo, _) = world.asked[0]
    assert isinstance(hold, HoldDeposit)
    assert undo == DropBooking(reservation_id=hold.reservation_id)
    assert refused_with(world.book(OTHER, room_id=SMALL_ROOM)) is Code.ROOM_RESERVED
    world.answer(yes=False)
    accepted(world.decide(undo, None, in_saga=False))
    assert world.booked(OTHER, room_id=SMALL_ROOM).status is ReservationStatus.CONFIRMED


def test_what_the_account_refuses_goes_to_who_waits() -> None:
    """A time that was kept for nothing is free for the line, of a new booking or of a move."""
    for moves in (False, True):
        world = BookingWorld(a_floor(a_room()))
        if moves:
            booking = world.booked(PATRON)
            world.change(PATRON, booking, action=Action.MOVE, starts_at=NOW)
        else:
            world.book(PATRON, starts_at=NOW)
        world.join(OTHER)
        kept = world.asked.pop(0)
        world.answer(yes=True)
        world.pass_time(timedelta(minutes=1))
        assert world.last().place == 1
        world.asked.append(kept)
        world.answer(yes=False)
        world.pass_time(timedelta(0))
        assert (world.last().room_id, world.last().place) == (SMALL_ROOM, None)


def test_the_deposit_is_a_fifth_of_the_price_at_its_start(world: BookingWorld) -> None:
    """3,000 an hour without a band: 600; and what was said is what stands."""
    booking = world.booked(PATRON, room_id=SMALL_ROOM)
    assert booking.deposit_minor == 600 == world.held[booking.hold_id or UUID(int=0)]
    assert (booking.during.end - booking.during.start) == timedelta(minutes=70)
    shown = view_of(booking, NOW)
    assert (shown.minutes, shown.status) == (60, ReservationStatus.CONFIRMED)


def test_a_patron_has_so_many_bookings_and_no_more(world: BookingWorld) -> None:
    """One person does not keep all rooms for half a year."""
    for day in range(BOOKINGS_PER_PATRON_MAX):
        world.booked(PATRON, starts_at=NOW + timedelta(days=1 + day))
    assert refused_with(world.book(PATRON)) is Code.VALIDATION_FAILED


def test_staff_book_for_a_guest_and_it_is_written_down(world: BookingWorld) -> None:
    """The guest's deposit, the guest's booking; who did it stands in the trail."""
    outcome = accepted(world.book(DESK, user_id=GUEST))
    (line,) = (row for row in outcome.appends if isinstance(row, AuditEntry))
    assert (line.action, line.actor_id) == ("reservation.created", DESK.user_id)
    assert world.last().user_id == GUEST
    assert refused_with(world.book(ELSEWHERE, user_id=GUEST)) is Code.NOT_FOUND


def test_a_hold_that_nobody_waits_for_goes_back(world: BookingWorld) -> None:
    """An answer that comes after the booking went leaves nothing held."""
    booking = world.booked(PATRON)
    stray = UUID(int=0x77)
    world.held[stray] = 1
    world.decide(DepositHeld(reservation_id=booking.id, hold_id=stray), None, in_saga=False)
    assert stray not in world.held


def test_updates_are_refused_in_their_order(world: BookingWorld) -> None:
    """Whose it is, who may, which version, what state."""
    booking = world.booked(PATRON)
    for who in (OTHER, ELSEWHERE):
        assert refused_with(world.change(who, booking, action=Action.CANCEL)) is Code.NOT_FOUND
    assert refused_with(world.change(PATRON, booking, action=Action.ARRIVED)) is Code.FORBIDDEN
    stale = booking.evolve(version=9)
    refusal = refused(world.change(PATRON, stale, action=Action.CANCEL))
    assert (refusal.code, refusal.current_version) == (Code.VERSION_CONFLICT, booking.version)
    for action in (Action.NO_SHOW, Action.SEAT):
        assert refused_with(world.change(DESK, booking, action=action)) is Code.INVALID_TRANSITION
    accepted(world.change(DESK, booking, action=Action.ARRIVED))
    assert world.held == {}
    arrived = world.row(booking)
    for action in (Action.CANCEL, Action.ARRIVED, Action.NO_SHOW):
        assert refused_with(world.change(DESK, arrived, action=action)) is Code.INVALID_TRANSITION


def test_the_house_cancels_for_nothing_and_a_late_patron_pays(world: BookingWorld) -> None:
    """A flood is not the guest's fault; a change of mind is."""
    mine = world.booked(PATRON, starts_at=NOW + HOUR)
    theirs = world.booked(OTHER, starts_at=NOW + HOUR)
    world.change(DESK, mine, action=Action.CANCEL, reason="flood")
    assert world.captured == {}
    world.change(OTHER, theirs, action=Action.CANCEL)
    assert list(world.captured.values()) == [theirs.deposit_minor]


def test_a_move_keeps_both_times_until_it_is_done(world: BookingWorld) -> None:
    """And neither is lost if the account refuses."""
    booking = world.booked(PATRON, room_id=SMALL_ROOM)
    there = NOW + 9 * HOUR
    world.change(PATRON, booking, action=Action.MOVE, starts_at=there)
    for at in (NOW + 5 * HOUR, there):
        decision = world.book(OTHER, room_id=SMALL_ROOM, starts_at=at)
        assert refused_with(decision) is Code.ROOM_RESERVED
    moving = world.row(booking)
    decision = world.change(PATRON, moving, action=Action.CANCEL)
    assert refused_with(decision) is Code.INVALID_TRANSITION
    world.answer(yes=False)
    assert world.row(booking).during == booking.during
    world.change(PATRON, world.row(booking), action=Action.MOVE, starts_at=there)
    world.answer(yes=True)
    assert world.row(booking).during.start == there
    assert len(world.held) == 1
    assert world.captured == {}


def test_a_late_move_costs_the_old_deposit(world: BookingWorld) -> None:
    """Free until four hours before, and then as a cancellation."""
    booking = world.booked(PATRON, starts_at=NOW + HOUR)
    world.change(PATRON, booking, action=Action.MOVE, starts_at=NOW + 9 * HOUR)
    world.answer(yes=True)
    assert list(world.captured.values()) == [booking.deposit_minor]
    assert len(world.held) == 1


def test_a_room_is_reserved_from_the_start_until_nobody_came(world: BookingWorld) -> None:
    """Fifteen minutes, and not a moment more."""
    booking = world.booked(PATRON, room_id=SMALL_ROOM, starts_at=NOW + HOUR)
    assert world.room(SMALL_ROOM).status is RoomStatus.READY
    world.pass_time(HOUR)
    assert world.room(SMALL_ROOM).status is RoomStatus.RESERVED
    world.pass_time(timedelta(minutes=14, seconds=59))
    assert world.row(booking).status is ReservationStatus.CONFIRMED
    world.pass_time(timedelta(seconds=1))
    assert world.row(booking).status is ReservationStatus.NO_SHOW
    assert world.captured[booking.hold_id or UUID(int=0)] == booking.deposit_minor
    assert world.room(SMALL_ROOM).status is RoomStatus.READY


def test_a_stay_is_over_at_its_end(world: BookingWorld) -> None:
    """Who came is done when the cleaning is."""
    booking = world.booked(PATRON, starts_at=NOW)
    world.change(DESK, booking, action=Action.ARRIVED)
    world.pass_time(timedelta(minutes=70))
    assert world.row(booking).status is ReservationStatus.COMPLETED


def test_who_comes_early_has_the_room_from_its_start(world: BookingWorld) -> None:
    """Until then it is anybody's; then it is shown as reserved, to the end."""
    booking = world.booked(PATRON, room_id=SMALL_ROOM, starts_at=NOW + HOUR)
    world.change(DESK, booking, action=Action.ARRIVED)
    assert world.room(SMALL_ROOM).status is RoomStatus.READY
    world.pass_time(HOUR)
    assert world.room(SMALL_ROOM).status is RoomStatus.RESERVED
    world.pass_time(timedelta(minutes=70))
    assert world.row(booking).status is ReservationStatus.COMPLETED
    assert world.room(SMALL_ROOM).status is RoomStatus.READY


def test_the_line_ends_with_the_business_day() -> None:
    """Nobody waits until tomorrow: places end at five in the morning."""
    world = BookingWorld(a_floor(a_room(status=RoomStatus.OCCUPIED)))
    place = world.waiting(PATRON)
    assert (place.place, place.kind) == (1, ReservationKind.WAITLIST)
    assert refused_with(world.join(PATRON)) is Code.VALIDATION_FAILED
    world.pass_time(timedelta(hours=8, seconds=-1))
    assert world.row(place).status is ReservationStatus.REQUESTED
    world.pass_time(timedelta(seconds=1))
    assert world.row(place).status is ReservationStatus.EXPIRED
    assert place.venue_id == VENUE_ID


def test_somebody_of_the_line_is_seated_out_of_turn_by_staff_alone() -> None:
    """Staff see who is at the door; everybody behind moves up and is told."""
    world = BookingWorld(a_floor(a_room(status=RoomStatus.OCCUPIED), a_room(BIG, capacity=8)))
    world.booked(a_principal(UUID(int=0xA9), Role.PATRON), starts_at=NOW + HOUR, party_size=8)
    first, second = world.waiting(PATRON), world.waiting(OTHER)
    decision = world.change(DESK, first, action=Action.SEAT)
    assert refused_with(decision) is Code.ROOM_RESERVED
    world.state.put(world.room(SMALL_ROOM).revised(status=RoomStatus.READY))
    seated = world.change(DESK, second, action=Action.SEAT, room_id=SMALL_ROOM)
    accepted(seated)
    assert world.row(second).status is ReservationStatus.ARRIVED
    assert world.row(first).place == 1


def test_a_room_that_was_given_and_not_wanted_goes_to_the_next_in_line(
    world: BookingWorld,
) -> None:
    """Staff seat the first in another room: theirs is free again."""
    world.booked(a_principal(UUID(int=0xA9)), room_id=BIG, starts_at=NOW + HOUR)
    first, second = world.waiting(PATRON, minutes=30), world.waiting(OTHER, minutes=60)
    world.pass_time(timedelta(minutes=1))
    assert (world.row(first).room_id, world.row(second).place) == (SMALL_ROOM, 1)
    world.change(DESK, world.row(first), action=Action.SEAT, room_id=BIG)
    world.pass_time(timedelta(0))
    assert world.row(second).room_id == SMALL_ROOM
