"""A venue's bookings with an account that answers and a clock that moves, without a runtime."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from actors.runtime.outcome import CancelTimer, Decision, Outcome, SetTimer
from actors.venue.behaviour import VENUE as VENUE_BEHAVIOUR
from actors.venue.state import VenueState
from protocol.addresses import Principal, Role
from protocol.commands import Command
from protocol.internal.booking import DropBooking, ForgetMove
from protocol.internal.wallet import DepositHeld, HoldDeposit, ReleaseDeposit, SettleDeposit
from protocol.operations.reservations import CreateReservation, UpdateReservation
from protocol.records.inventory import KaraokeRoom
from protocol.records.states import ReservationKind
from protocol.records.venues import Reservation
from tests.actors.deciding import NOW, a_principal, after
from tests.actors.venue.floors import STAFF, VENUE_ID, a_floor, a_room, context

HOUR = timedelta(hours=1)
DESK = a_principal(STAFF, Role.STAFF, VENUE_ID)


class BookingWorld:
    """What the venue decides, applied; what it asks of accounts, remembered."""

    def __init__(self, state: VenueState | None = None) -> None:
        self.state = state or a_floor(a_room(), a_room(UUID(int=0x93), capacity=8))
        self.now: datetime = NOW
        self.timers: dict[str, tuple[datetime, Command]] = {}
        self.asked: list[tuple[HoldDeposit, Command | None, Principal]] = []
        self.held: dict[UUID, int] = {}
        self.captured: dict[UUID, int] = {}
        self.events: list[Any] = []

    def decide(self, command: Command, who: Principal | None, **given: Any) -> Decision:
        """Decide, and make it so."""
        asked = context(who, now=self.now, **given)
        decision = VENUE_BEHAVIOUR.decisions[type(command)](self.state, command, asked)
        if isinstance(decision, Outcome):
            self._apply(decision, who)
        return decision

    def book(self, who: Principal, **wanted: Any) -> Decision:
        """Ask for a slot, by default in five hours for an hour."""
        known: dict[str, Any] = {"venue_id": VENUE_ID, "starts_at": self.now + 5 * HOUR}
        return self.decide(CreateReservation(**(known | wanted)), who)

    def join(self, who: Principal, **wanted: Any) -> Decision:
        """Ask for a place in line."""
        wanted = {"venue_id": VENUE_ID, "kind": ReservationKind.WAITLIST, **wanted}
        return self.decide(CreateReservation(**wanted), who)

    def change(self, who: Principal, booking: Reservation, **wanted: Any) -> Decision:
        """Do something to a booking as it is now."""
        command = UpdateReservation(reservation_id=booking.id, **wanted)
        return self.decide(command, who, expected_version=booking.version)

    def answer(self, *, yes: bool) -> None:
        """The account answers what it was asked first."""
        hold, undo, who = self.asked.pop(0)
        if yes:
            if hold.amount_minor:
                self.held[hold.hold_id] = hold.amount_minor
            held = DepositHeld(reservation_id=hold.reservation_id, hold_id=hold.hold_id)
            self.decide(held, who)
        elif undo is not None:
            self.decide(undo, who, in_saga=False)

    def booked(self, who: Principal, **wanted: Any) -> Reservation:
        """A slot that stands."""
        self.book(who, **wanted)
        self.answer(yes=True)
        return self.last()

    def waiting(self, who: Principal, **wanted: Any) -> Reservation:
        """A place in line; nobody is offered a room before time passes."""
        self.join(who, **wanted)
        self.answer(yes=True)
        return self.last()

    def last(self) -> Reservation:
        """The booking that came last."""
        return list(self.state.all(Reservation))[-1]

    def row(self, booking: Reservation) -> Reservation:
        """A booking as it is now."""
        found = self.state.get(Reservation, booking.id)
        assert found is not None
        return found

    def room(self, room_id: UUID) -> KaraokeRoom:
        """A room as it is now."""
        found = self.state.get(KaraokeRoom, room_id)
        assert found is not None
        return found

    def pass_time(self, span: timedelta) -> None:
        """Let time pass, and everything happen that is due."""
        until = self.now + span
        while due := sorted((at, name) for name, (at, _) in self.timers.items() if at <= until):
            at, name = due[0]
            self.now = max(self.now, at)
            _, command = self.timers.pop(name)
            self.decide(command, None, in_saga=False)
        self.now = until

    def _apply(self, outcome: Outcome, who: Principal | None) -> None:
        for record in outcome.changes:
            stored = self.state.rows(type(record)).get(record.primary_key)
            version = getattr(record, "version", 1)
            assert version == (1 if stored is None else getattr(stored, "version", 0) + 1), record
        after(self.state, outcome)
        self.events += outcome.events
        for timer in outcome.timers:
            if isinstance(timer, SetTimer):
                self.timers[timer.name] = (timer.due_at, timer.command)
            else:
                assert isinstance(timer, CancelTimer)
                self.timers.pop(timer.name, None)
        for send in outcome.sends:
            match send.command:
                case HoldDeposit() as hold:
                    assert who is not None
                    assert isinstance(send.undo, DropBooking | ForgetMove)
                    self.asked.append((hold, send.undo, who))
                case ReleaseDeposit(hold_id=hold_id):
                    assert self.held.pop(hold_id, None) is not None, "released what is not held"
                case SettleDeposit(hold_id=hold_id, capture_minor=minor):
                    assert self.held.pop(hold_id) >= minor, "captured more than is held"
                    self.captured[hold_id] = minor
