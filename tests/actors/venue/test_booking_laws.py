"""Rule 14, whatever people ask in whatever order: no overlap, an honest line, no lost deposit."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.runtime.outcome import Decision
from actors.venue.bookings import in_line, stay_minutes
from protocol.addresses import Principal
from protocol.commands import Command
from protocol.internal.booking import OfferRooms
from protocol.operations.reservations import ReservationAction
from protocol.records.inventory import KaraokeRoom
from protocol.records.money_states import RoomStatus
from protocol.records.states import ReservationStatus
from protocol.records.values import Period
from protocol.records.venues import Reservation
from tests.actors.deciding import a_principal
from tests.actors.venue.booking_world import DESK, BookingWorld
from tests.actors.venue.floors import SMALL_ROOM

GUESTS = tuple(a_principal(UUID(int=0xA0 + n)) for n in range(5))
BIG = UUID(int=0x93)
guests = st.integers(0, 4)
quarters = st.integers(0, 24).map(lambda n: n * timedelta(minutes=15))
lengths = st.sampled_from((30, 45, 60, 90))
parties = st.integers(1, 8)


def overlap(one: Period, other: Period) -> bool:
    """The model's own word on it: one begins before the other is over, and the other way round."""
    return not (one.end <= other.start or other.end <= one.start)


class InOrder(BookingWorld):
    """A world that looks, at each offer, whether somebody was passed over."""

    def decide(self, command: Command, who: Principal | None, **given: Any) -> Decision:
        """Decide; whoever gets a room was the first who could use it."""
        bookings, rooms = self.state.bookings, tuple(self.state.all(KaraokeRoom))
        line = bookings.line()
        taken = {room.id: bookings.taken(room.id) for room in rooms}
        decision = super().decide(command, who, **given)
        if not isinstance(command, OfferRooms):
            return decision
        offered = [self.row(waits) for waits in line if not in_line(self.row(waits))]
        for given_to in offered:
            (room,) = (room for room in rooms if room.id == given_to.room_id)
            for earlier in line[: [waits.id for waits in line].index(given_to.id)]:
                length = timedelta(minutes=stay_minutes(earlier) + room.cleaning_minutes)
                stay = Period(start=self.now, end=self.now + length)
                free = not any(overlap(stay, period) for period in taken[room.id])
                fits = earlier.party_size <= room.capacity and free
                assert not fits or not in_line(self.row(earlier)), "somebody was passed over"
        return decision


NEXT = {
    None: {"requested", "confirmed"},
    "requested": {"confirmed", "arrived", "cancelled", "expired"},
    "confirmed": {"arrived", "cancelled", "no_show"},
    "arrived": {"confirmed", "completed"},
}
"""The model: how a booking begins, and what may follow what; nothing leaves its end."""


class BookingNight(RuleBasedStateMachine):
    """Guests, the desk, the account and the clock, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = InOrder()
        self.status: dict[UUID, str] = {}

    def is_due(self) -> bool:
        """Whether something has still to happen at this very moment."""
        return any(at <= self.world.now for at, _ in self.world.timers.values())

    @rule(who=guests, ahead=quarters, minutes=lengths, size=parties)
    def book(self, who: int, ahead: timedelta, minutes: int, size: int) -> None:
        at = self.world.now + ahead
        self.world.book(GUESTS[who], starts_at=at, minutes=minutes, party_size=size)

    @rule(who=guests, minutes=lengths, size=parties)
    def join(self, who: int, minutes: int, size: int) -> None:
        self.world.join(GUESTS[who], minutes=minutes, party_size=size)

    @precondition(lambda self: bool(self.world.asked))
    @rule(yes=st.booleans())
    def answer(self, yes: bool) -> None:
        self.world.answer(yes=yes)

    @precondition(lambda self: any(self.world.state.bookings.live()))
    @rule(
        data=st.data(),
        action=st.sampled_from(ReservationAction),
        ahead=quarters,
        desk=st.booleans(),
        room_id=st.sampled_from((None, SMALL_ROOM, BIG)),
    )
    def change(
        self,
        data: st.DataObject,
        action: ReservationAction,
        ahead: timedelta,
        desk: bool,
        room_id: UUID | None,
    ) -> None:
        booking = data.draw(st.sampled_from(tuple(self.world.state.bookings.live())))
        moves = action is ReservationAction.MOVE
        wanted: dict[str, Any] = {"starts_at": self.world.now + ahead} if moves else {}
        if moves or action is ReservationAction.SEAT:
            wanted["room_id"] = room_id
        (guest,) = (g for g in GUESTS if g.user_id == booking.user_id)
        self.world.change(DESK if desk else guest, booking, action=action, **wanted)

    @rule(minutes=st.sampled_from((1, 15, 40, 200)))
    def wait(self, minutes: int) -> None:
        self.world.pass_time(timedelta(minutes=minutes))

    @invariant()
    def each_booking_lives_as_the_model_says(self) -> None:
        """Rule 14: what is over stays over, and nobody arrives from nowhere."""
        for booking in self.world.state.all(Reservation):
            before, now = self.status.get(booking.id), booking.status.value
            assert now == before or now in _after(before), f"{before} -> {now}"
            self.status[booking.id] = now

    @invariant()
    def no_room_is_promised_twice(self) -> None:
        """Cleaning included, those just asked for and those about to move counted too."""
        for room in self.world.state.all(KaraokeRoom):
            kept = [
                (booking.id, period)
                for booking in self.world.state.bookings.in_room(room.id)
                for period in self.world.state.bookings.taken(room.id)
                if period in _periods(booking, room.id)
            ]
            for (one, period), (other, another) in combinations(kept, 2):
                assert one == other or not overlap(period, another)

    @invariant()
    def the_line_counts_from_one(self) -> None:
        """Places have no gaps, and follow the order in which people came."""
        line = self.world.state.bookings.line()
        assert [booking.place for booking in line] == list(range(1, len(line) + 1))

    @invariant()
    def nobody_waits_for_a_room_that_nobody_has(self) -> None:
        """Once everything due has happened, what is empty and not booked was offered."""
        if self.is_due():
            return
        bookings = self.world.state.bookings
        for room in self.world.state.all(KaraokeRoom):
            if room.status is RoomStatus.READY and not bookings.taken(room.id):
                assert all(waits.party_size > room.capacity for waits in bookings.line())

    @invariant()
    def every_deposit_belongs_to_a_booking_that_waits_for_its_guests(self) -> None:
        """None is lost, and none is held for what is over."""
        owed = {
            booking.hold_id
            for booking in self.world.state.all(Reservation)
            if booking.status is ReservationStatus.CONFIRMED and booking.deposit_minor
        }
        assert set(self.world.held) == owed

    @invariant()
    def a_room_is_shown_as_reserved_while_it_is_kept(self) -> None:
        """Once everything due has happened, a room's state says whom it is for."""
        if self.is_due():
            return
        for room in self.world.state.all(KaraokeRoom):
            kept = self.world.state.booking_of(room.id, self.world.now)
            assert (room.status is RoomStatus.RESERVED) == (kept is not None)


def _after(status: str | None) -> set[str]:
    """Where a status may lead: a wait may be long enough for two steps."""
    first = set(NEXT.get(status, ()))
    return first.union(*(NEXT.get(one, ()) for one in first))


def _periods(booking: Reservation, room_id: UUID) -> list[object]:
    pending = booking.pending
    here = [booking.during] if booking.room_id == room_id else []
    return [*here, *([pending.during] if pending and pending.room_id == room_id else [])]


TestBookingNight = BookingNight.TestCase
TestBookingNight.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
