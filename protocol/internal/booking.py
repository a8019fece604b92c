"""Bookings, rooms and machines: what a venue tells itself by timer, and others.

Chain: CreateReservation = venue → account (`HoldDeposit`) → venue (`DepositHeld`); a move of a
booking goes the same way. Undo steps have no answer.
"""

from __future__ import annotations

from uuid import UUID

from protocol.commands import Command, command


@command
class DropBooking(Command):
    """Undo of CreateReservation at the venue: the account refused, so there is no booking."""

    reservation_id: UUID


@command
class ForgetMove(Command):
    """Undo of a move at the venue: the booking stays where it was."""

    reservation_id: UUID
    hold_id: UUID


@command
class TurnBooking(Command):
    """Venue → itself: a booking begins, ends, or nobody came (Rule 14)."""

    reservation_id: UUID


@command
class OfferRooms(Command):
    """Venue → itself: a room may have become free for those in line."""


@command
class LeaveStation(Command):
    """Venue → session: the station is not to be had any more; stay in the lounge."""

    session_id: UUID
    station_id: UUID
    reason: str
