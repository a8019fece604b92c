"""Planted in what something waits for: it never comes, and nobody would ever say so."""

from __future__ import annotations

from typing import Any

from actors.account import refund_money
from actors.runtime.effects import EffectsUnderWay
from actors.venue.booking_draft import BookingDraft
from protocol.internal.accounts import MakeExport
from protocol.records.states import ReservationStatus
from tests.simulation.mutations import mutation, reached


@mutation(refund_money, "ask_provider", tells=True)
def refund_approved_and_never_paid(original: Any) -> Any:
    """Nobody asks the provider to give the money back (Rule 10)."""

    def ask_provider(*given: Any) -> tuple[Any, ...]:
        reached(bool(original(*given)))
        return ()

    return ask_provider


@mutation(BookingDraft, "release", tells=True)
def deposit_kept_when_a_booking_is_over(_: Any) -> Any:
    """Who gives a booking up in time never has the deposit back (Rule 14)."""
    return lambda self, booking: reached(booking.deposit_minor > 0)


@mutation(BookingDraft, "put", tells=True)
def booking_never_confirmed(original: Any) -> Any:
    """The deposit is held, and the room is still only asked for."""

    def put(self: Any, booking: Any, **changes: Any) -> Any:
        confirmed = changes.get("status") is ReservationStatus.CONFIRMED
        if confirmed and booking.status is ReservationStatus.REQUESTED:
            reached()
            changes["status"] = ReservationStatus.REQUESTED
        return original(self, booking, **changes)

    return put


@mutation(EffectsUnderWay, "_note", tells=True)
def nobody_told_that_a_copy_is_made(original: Any) -> Any:
    """A copy of somebody's data is there, and they wait for it (Rule 16)."""

    async def note(self: Any, message: Any, **more: Any) -> bool:
        if isinstance(message.command, MakeExport):
            reached()
            more["next_sends"] = ()
        told: bool = await original(self, message, **more)
        return told

    return note
