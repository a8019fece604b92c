"""What follows for money and room when guests come, don't, or give their booking up (Rule 14).

Cancelling and moving are free until some hours before the start; later the deposit is taken, as it
is from who does not come. Where the venue cancels, it returns.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from actors.rules.slots import STEPS, is_late
from actors.runtime.outcome import Context
from actors.venue.booking_draft import BookingDraft
from actors.venue.bookings import is_slot
from protocol.errors import Code, Refusal
from protocol.records.states import ReservationStatus
from protocol.records.values import SlotWanted
from protocol.records.venues import Reservation

HOLD_AFTER_END: Final = timedelta(hours=24)
"""A deposit that nobody settled by then returns by itself."""


def has_moved(draft: BookingDraft, booking: Reservation, pending: SlotWanted) -> None:
    """The new deposit is held: the booking has its new time, and the old deposit is settled."""
    settle(draft, booking)
    draft.put(
        booking,
        room_id=pending.room_id,
        during=pending.during,
        party_size=pending.party_size,
        cleaning_minutes=pending.cleaning_minutes,
        deposit_minor=pending.deposit_minor,
        hold_id=pending.hold_id,
        pending=None,
    )
    draft.offer()


def nobody_came(draft: BookingDraft, booking: Reservation) -> None:
    """The deposit is taken up to its amount, and the room goes to those in line."""
    draft.capture(booking)
    draft.put(booking, status=ReservationStatus.NO_SHOW)
    draft.audit("reservation.no_show", booking)
    draft.offer()


def have_come(draft: BookingDraft, booking: Reservation, **changes: Any) -> None:
    """The guests are there: nothing is held for their coming any more."""
    draft.release(booking)
    draft.put(booking, status=ReservationStatus.ARRIVED, hold_id=None, deposit_minor=0, **changes)


def settle(draft: BookingDraft, booking: Reservation) -> None:
    """Who gives a booking up too late pays its deposit; where the venue does, it returns."""
    state, context = draft.state, draft.context
    late = is_late(booking.during.start, draft.now, state.profile.settings)
    if is_slot(booking) and late and not for_another(booking, context):
        draft.capture(booking)
    else:
        draft.release(booking)


def for_another(booking: Reservation, context: Context) -> bool:
    """Whether somebody else than its patron asks."""
    return context.principal is not None and context.principal.user_id != booking.user_id


def refuse_step(booking: Reservation, to: ReservationStatus) -> Refusal | None:
    """Why a booking can't become that."""
    if to in STEPS[booking.status]:
        return None
    return Refusal(
        Code.INVALID_TRANSITION,
        f"reservation {booking.id} is {booking.status.value} and can't become {to.value}",
    )


def not_called(booking: Reservation) -> Refusal:
    """409 for who has no room to arrive in, or needs no seat."""
    return Refusal(
        Code.INVALID_TRANSITION,
        f"reservation {booking.id} is a {booking.kind.value}, {booking.status.value}; seat is for "
        "the line, arrived for who was given a room",
    )
