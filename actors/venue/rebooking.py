"""What people do to a booking: cancel, move, say who came (Rule 14).

A move keeps the booking's old time until the deposit for the new one is held, so it can be taken
back without anybody else having got in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from actors.rules.permissions import refuse_object
from actors.rules.preconditions import refuse_version
from actors.rules.slots import is_no_show
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from actors.venue.booking_draft import BookingDraft
from actors.venue.booking_ends import (
    HOLD_AFTER_END,
    for_another,
    have_come,
    nobody_came,
    not_called,
    refuse_step,
    settle,
)
from actors.venue.bookings import in_line, is_slot, stay_minutes
from actors.venue.room_choice import Wish, choose_room, deposit_for, during
from actors.venue.state import VenueState
from actors.venue.waiting_line import seat
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, Refusal
from protocol.internal.booking import ForgetMove
from protocol.internal.wallet import HoldDeposit
from protocol.operations.reservations import ReservationAction, UpdateReservation
from protocol.records.inventory import KaraokeRoom
from protocol.records.states import ReservationStatus
from protocol.records.values import SlotWanted
from protocol.records.venues import Reservation

_BY_PATRONS: Final = (ReservationAction.CANCEL, ReservationAction.MOVE)


@decides(UpdateReservation)
def decide_update_reservation(
    state: VenueState, command: UpdateReservation, context: Context
) -> Decision:
    """Do what was asked to a booking, if its state and its time allow it."""
    booking = state.get(Reservation, command.reservation_id)
    refusal = _refuse_caller(state, booking, command, context)
    if refusal is not None:
        return refusal
    assert booking is not None
    draft = BookingDraft(state=state, context=context)
    done = _refuse_pending(booking) or _ACTIONS[command.action](draft, booking, command)
    if isinstance(done, Refusal):
        return done
    if for_another(booking, context):
        draft.audit(f"reservation.{command.action.value}", booking, reason=command.reason)
    if command.action is ReservationAction.MOVE:
        return draft.outcome(reply=LATER)
    return draft.outcome(booking.id)


@decides(ForgetMove)
def decide_forget_move(state: VenueState, command: ForgetMove, context: Context) -> Decision:
    """The account refused: the booking stays where it is; the other time is for who waits."""
    booking = state.get(Reservation, command.reservation_id)
    pending = None if booking is None else booking.pending
    if booking is None or pending is None or pending.hold_id != command.hold_id:
        return Outcome()
    draft = BookingDraft(state=state, context=context)
    draft.put(booking, tell=False, pending=None)
    draft.offer()
    return draft.outcome()


def _refuse_caller(
    state: VenueState,
    booking: Reservation | None,
    command: UpdateReservation,
    context: Context,
) -> Refusal | None:
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    whose = f"reservation {command.reservation_id}"
    if booking is None:
        return Refusal(Code.NOT_FOUND, f"{whose} is not here, or is over")
    refusal = refuse_object(
        principal,
        owner_id=booking.user_id,
        venue_id=state.venue_id,
        least=Role.STAFF,
        whose=whose,
    )
    if refusal is not None:
        return refusal
    if principal.role_at(state.venue_id) < Role.STAFF and command.action not in _BY_PATRONS:
        return Refusal(
            Code.FORBIDDEN, f"{command.action.value} is for staff; a patron cancels or moves"
        )
    return refuse_version(context.expected_version, booking.version, whose=whose)


def _refuse_pending(booking: Reservation) -> Refusal | None:
    if booking.pending is None and (booking.status is not ReservationStatus.REQUESTED):
        return None
    if booking.pending is None and in_line(booking):
        return None
    return Refusal(
        Code.INVALID_TRANSITION,
        f"reservation {booking.id} waits for its deposit; ask again when that is held",
    )


def _cancel(
    draft: BookingDraft, booking: Reservation, command: UpdateReservation
) -> Refusal | None:
    if (refusal := refuse_step(booking, ReservationStatus.CANCELLED)) is not None:
        return refusal
    settle(draft, booking)
    draft.put(booking, status=ReservationStatus.CANCELLED, place=None)
    draft.offer()
    return None


def _move(draft: BookingDraft, booking: Reservation, command: UpdateReservation) -> Refusal | None:
    if not is_slot(booking) or booking.status is not ReservationStatus.CONFIRMED:
        return Refusal(
            Code.INVALID_TRANSITION,
            f"reservation {booking.id} is a {booking.kind.value}, {booking.status.value}; "
            "only a confirmed slot moves",
        )
    state = draft.state
    wish = Wish(
        room_id=command.room_id,
        starts_at=command.starts_at or booking.during.start,
        minutes=command.minutes or stay_minutes(booking),
        party_size=command.party_size or booking.party_size,
        but=booking.id,
    )
    room = _room_to_move_to(state, booking, wish, draft)
    if isinstance(room, Refusal):
        return room
    period = during(room, wish)
    pending = SlotWanted(
        room_id=room.id,
        starts_at=period.start,
        ends_at=period.end,
        party_size=wish.party_size,
        cleaning_minutes=room.cleaning_minutes,
        deposit_minor=deposit_for(state, room, wish),
        hold_id=draft.context.fresh_id(),
    )
    draft.put(booking, tell=False, pending=pending)
    hold = HoldDeposit(
        reservation_id=booking.id,
        venue_id=state.venue_id,
        hold_id=pending.hold_id,
        amount_minor=pending.deposit_minor,
        hold_until=period.end + HOLD_AFTER_END,
    )
    undo = ForgetMove(reservation_id=booking.id, hold_id=pending.hold_id)
    account = Address(ActorKind.ACCOUNT, booking.user_id)
    draft.send(Send(account, hold, undo=undo if draft.context.in_saga else None))
    return None


def _room_to_move_to(
    state: VenueState, booking: Reservation, wish: Wish, draft: BookingDraft
) -> KaraokeRoom | Refusal:
    """The same room if it can be, unless one was named."""
    assert booking.room_id is not None, "a slot has its room"
    if wish.room_id is None:
        here = Wish(
            room_id=booking.room_id,
            starts_at=wish.starts_at,
            minutes=wish.minutes,
            party_size=wish.party_size,
            but=wish.but,
        )
        room = choose_room(state, here, draft.now)
        if isinstance(room, KaraokeRoom):
            return room
    return choose_room(state, wish, draft.now)


def _arrived(
    draft: BookingDraft, booking: Reservation, command: UpdateReservation
) -> Refusal | None:
    if booking.status is not ReservationStatus.CONFIRMED:
        return refuse_step(booking, ReservationStatus.ARRIVED) or not_called(booking)
    have_come(draft, booking)
    return None


def _no_show(
    draft: BookingDraft, booking: Reservation, command: UpdateReservation
) -> Refusal | None:
    if (refusal := refuse_step(booking, ReservationStatus.NO_SHOW)) is not None:
        return refusal
    settings = draft.state.profile.settings
    minutes = stay_minutes(booking)
    if not is_no_show(booking.during.start, minutes, draft.now, settings):
        return Refusal(
            Code.INVALID_TRANSITION,
            f"reservation {booking.id} may still come: a no-show is one after "
            f"{min(settings.no_show_minutes, minutes)} min",
        )
    nobody_came(draft, booking)
    return None


_Act = Callable[[BookingDraft, Reservation, UpdateReservation], Refusal | None]
_ACTIONS: Final[Mapping[ReservationAction, _Act]] = {
    ReservationAction.CANCEL: _cancel,
    ReservationAction.MOVE: _move,
    ReservationAction.ARRIVED: _arrived,
    ReservationAction.NO_SHOW: _no_show,
    ReservationAction.SEAT: seat,
}
