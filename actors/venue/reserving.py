"""Booking a room, or standing in line for one (Rule 14).

Chain: CreateReservation = venue → account → venue. The time is kept here before the account is
asked for the deposit, and given back if it refuses: who is excluded or short of funds is the
account's to say.
"""

from __future__ import annotations

from uuid import UUID

from actors.rules.opening_hours import is_open
from actors.rules.permissions import not_found
from actors.rules.slots import slot
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from actors.venue.booking_draft import BookingDraft
from actors.venue.booking_ends import HOLD_AFTER_END, has_moved
from actors.venue.bookings import in_line, is_slot, offer_soon
from actors.venue.room_choice import Wish, choose_room, deposit_for, during, unfit
from actors.venue.state import VenueState
from protocol.addresses import ActorKind, Address, Role
from protocol.domain_limits import BOOKINGS_PER_PATRON_MAX, WAITLIST_MAX
from protocol.errors import Code, Refusal
from protocol.internal.booking import DropBooking
from protocol.internal.wallet import DepositHeld, HoldDeposit, ReleaseDeposit
from protocol.operations.reservations import CreateReservation
from protocol.records.inventory import KaraokeRoom
from protocol.records.states import ReservationKind, ReservationStatus, VenueStatus
from protocol.records.venues import Reservation


@decides(CreateReservation)
def decide_create_reservation(
    state: VenueState, command: CreateReservation, context: Context
) -> Decision:
    """Keep the time, or the place in line, and ask the account for the deposit."""
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    guest_id = command.user_id or principal.user_id
    if guest_id != principal.user_id and principal.role_at(state.venue_id) < Role.STAFF:
        return not_found(f"user {guest_id}")
    slots = command.kind is ReservationKind.SLOT
    booking = (_slot if slots else _in_line)(state, command, context, guest_id)
    if isinstance(booking, Refusal):
        return booking
    hold_id = context.fresh_id()
    draft = BookingDraft(state=state, context=context)
    draft.put(booking.evolve(hold_id=hold_id), tell=False)
    if guest_id != principal.user_id:
        draft.audit("reservation.created", booking)
    hold = HoldDeposit(
        reservation_id=booking.id,
        venue_id=state.venue_id,
        hold_id=hold_id,
        amount_minor=booking.deposit_minor,
        hold_until=booking.during.end + HOLD_AFTER_END,
    )
    undo = DropBooking(reservation_id=booking.id) if context.in_saga else None
    draft.send(Send(Address(ActorKind.ACCOUNT, guest_id), hold, undo=undo))
    return draft.outcome(reply=LATER)


@decides(DepositHeld)
def decide_deposit_held(state: VenueState, command: DepositHeld, context: Context) -> Decision:
    """The deposit is held: the booking stands, or has moved."""
    booking = state.get(Reservation, command.reservation_id)
    draft = BookingDraft(state=state, context=context)
    if booking is not None and booking.pending is not None:
        if booking.pending.hold_id == command.hold_id:
            has_moved(draft, booking, booking.pending)
            return draft.outcome(booking.id)
    elif booking is not None and _waits_for(booking, command.hold_id):
        if is_slot(booking):
            draft.put(booking, status=ReservationStatus.CONFIRMED)
        else:
            draft.join_line(booking.evolve(hold_id=None))
            draft.offer()
        return draft.outcome(booking.id)
    # Nobody waits for this hold any more.
    account = None if booking is None else Address(ActorKind.ACCOUNT, booking.user_id)
    release = ReleaseDeposit(hold_id=command.hold_id)
    return Outcome(sends=() if account is None else (Send(account, release, detached=True),))


@decides(DropBooking)
def decide_drop_booking(state: VenueState, command: DropBooking, context: Context) -> Decision:
    """The account refused: there never was a booking, and its time is for who waits."""
    booking = state.get(Reservation, command.reservation_id)
    if booking is None or booking.status is not ReservationStatus.REQUESTED or in_line(booking):
        return Outcome()
    return Outcome(removes=(booking,), timers=offer_soon(state.bookings, context.now))


def _waits_for(booking: Reservation, hold_id: UUID) -> bool:
    requested = booking.status is ReservationStatus.REQUESTED
    return requested and not in_line(booking) and booking.hold_id == hold_id


def _slot(
    state: VenueState, command: CreateReservation, context: Context, guest_id: UUID
) -> Reservation | Refusal:
    assert command.starts_at is not None, "a slot has its start"
    wish = Wish(
        room_id=command.room_id,
        starts_at=command.starts_at,
        minutes=command.minutes,
        party_size=command.party_size,
    )
    room = choose_room(state, wish, context.now)
    if isinstance(room, Refusal):
        return room
    own = [b for b in state.bookings.of_user(guest_id) if is_slot(b)]
    if len(own) >= BOOKINGS_PER_PATRON_MAX:
        return unfit(
            "/starts_at",
            "too_many",
            f"has {len(own)} bookings to come; at most {BOOKINGS_PER_PATRON_MAX} are allowed",
        )
    return Reservation(
        id=context.fresh_id(),
        venue_id=state.venue_id,
        user_id=guest_id,
        kind=ReservationKind.SLOT,
        room_id=room.id,
        during=during(room, wish),
        party_size=command.party_size,
        status=ReservationStatus.REQUESTED,
        cleaning_minutes=room.cleaning_minutes,
        deposit_minor=deposit_for(state, room, wish),
        created_at=context.now,
    )


def _in_line(
    state: VenueState, command: CreateReservation, context: Context, guest_id: UUID
) -> Reservation | Refusal:
    venue, now = state.venue, context.now
    if venue.status is not VenueStatus.OPEN or not is_open(venue.hours, now, state.profile.tz):
        return Refusal(
            Code.OUTSIDE_OPENING_HOURS, f"{venue.name} is not open now; book a time instead"
        )
    most = max((r.capacity for r in state.all(KaraokeRoom) if r.retired_at is None), default=0)
    if command.party_size > most:
        return unfit("/party_size", "out_of_range", f"a room takes {most} persons at most")
    waiting = [b for b in state.bookings.live() if not is_slot(b)]
    if any(b.user_id == guest_id for b in waiting):
        return unfit("/kind", "repeated", "has a place in this line, or a room by it, already")
    if len(waiting) >= WAITLIST_MAX:
        return unfit("/kind", "too_many", f"{len(waiting)} parties wait; book a time instead")
    return Reservation(
        id=context.fresh_id(),
        venue_id=state.venue_id,
        user_id=guest_id,
        kind=ReservationKind.WAITLIST,
        room_id=None,
        during=slot(now, command.minutes, 0),
        party_size=command.party_size,
        status=ReservationStatus.REQUESTED,
        created_at=now,
    )
