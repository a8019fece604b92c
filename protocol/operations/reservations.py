"""Bookings of rooms, and the waitlist for those who have none (Rule 14)."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final, TypeAlias
from uuid import UUID

from protocol.addresses import ActorKind, Role
from protocol.bounds import integer
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.domain_limits import BOOKING_MINUTES_MAX
from protocol.errors import FieldError
from protocol.limits import PAGE_ITEMS_DEFAULT
from protocol.operations.addresses import child, query, venue
from protocol.operations.base import KeyRule, Operation, in_category
from protocol.records.states import ReservationKind, ReservationStatus
from protocol.replies.reservations import ReservationList, ReservationView
from protocol.values import Cursor, PageSize, PartySize, Reason

BookedMinutes: TypeAlias = Annotated[int, integer(1, BOOKING_MINUTES_MAX)]


@command
class ListReservations(Command):
    """Bookings and places in line: for staff a venue's, for anybody else their own."""

    venue_id: UUID | None = None
    kind: ReservationKind | None = None
    status: ReservationStatus | None = None
    room_id: UUID | None = None
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


@command
class CreateReservation(Command):
    """Book a room, or any that fits, or stand in line for one now.

    `user_id` is for staff, who book for a guest.
    """

    venue_id: UUID
    kind: ReservationKind = ReservationKind.SLOT
    room_id: UUID | None = None
    starts_at: datetime | None = None
    minutes: BookedMinutes = 60
    party_size: PartySize = 1
    user_id: UUID | None = None

    def faults(self) -> Iterable[FieldError]:
        """A slot has its start; whoever stands in line takes what comes."""
        if (self.kind is ReservationKind.SLOT) != (self.starts_at is not None):
            yield FieldError("/starts_at", "required", "goes with kind slot, and only with it")
        if self.kind is ReservationKind.WAITLIST and self.room_id is not None:
            yield FieldError("/room_id", "not_allowed", "the line is for any room that fits")


class ReservationAction(enum.StrEnum):
    """What is done to a booking: the first two by its patron, the others by staff."""

    CANCEL = "cancel"
    MOVE = "move"
    ARRIVED = "arrived"
    NO_SHOW = "no_show"
    SEAT = "seat"


@command
class UpdateReservation(Command):
    """Cancel or move a booking, or say that they came, did not come, or are seated."""

    reservation_id: UUID
    action: ReservationAction
    room_id: UUID | None = None
    starts_at: datetime | None = None
    minutes: BookedMinutes | None = None
    party_size: PartySize | None = None
    reason: Reason | None = None

    def faults(self) -> Iterable[FieldError]:
        """Where and when go with a move; a seat may name its room."""
        moves = self.action is ReservationAction.MOVE
        given = {
            "starts_at": self.starts_at,
            "minutes": self.minutes,
            "party_size": self.party_size,
            "room_id": self.room_id,
        }
        if moves and not any(value is not None for value in given.values()):
            yield FieldError("/starts_at", "required", "a move says where to")
        for name, value in given.items():
            seats = self.action is ReservationAction.SEAT and name == "room_id"
            if value is not None and not moves and not seats:
                yield FieldError(f"/{name}", "not_allowed", f"does not go with {self.action.value}")


# fmt: off
OPERATIONS: Final = in_category(
    "Reservations",
    Operation(
        ListReservations, Role.PATRON, "GET /api/reservations", query("reservations"),
        ReservationList,
        summary="Bookings and waitlist places with estimated wait.",
    ),
    Operation(
        CreateReservation, Role.PATRON, "POST /api/reservations", venue("venue_id"),
        ReservationView,
        summary="Book a room or join the waitlist.",
        status=201, key=KeyRule.REQUIRED,
        errors=(
            Code.INSUFFICIENT_CREDITS, Code.EXCLUDED, Code.ROOM_RESERVED,
            Code.OUTSIDE_OPENING_HOURS,
        ),
        emits=("reservation.status_changed", "credits.balance_changed"),
    ),
    Operation(
        UpdateReservation, Role.PATRON, "PATCH /api/reservations/{reservation_id}",
        child("reservation_id", ActorKind.VENUE), ReservationView,
        summary="Cancel or move; by staff arrived, no_show, or seat from the waitlist.",
        key=KeyRule.ACCEPTED, precondition=True,
        errors=(
            Code.INSUFFICIENT_CREDITS, Code.EXCLUDED, Code.INVALID_TRANSITION, Code.ROOM_RESERVED,
            Code.OUTSIDE_OPENING_HOURS,
        ),
        emits=("reservation.status_changed", "credits.balance_changed"),
    ),
)
# fmt: on
