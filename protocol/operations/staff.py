"""Work: shifts and tills."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import attrs

from protocol.addresses import ActorKind, Role
from protocol.bounds import integer, items, minor, text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.errors import FieldError
from protocol.operations.addresses import child, own_staff, staff, venue
from protocol.operations.base import KeyRule, Operation, in_category
from protocol.replies.staff import ShiftReply, TillReply
from protocol.values import Amount, Fix, Note, Reason


@command
class ClockIn(Command):
    """Open a shift at a venue; `override_reason` is management's for overriding the fence."""

    venue_id: UUID
    location: Fix | None = None
    schedule_id: UUID | None = None
    override_reason: Reason | None = None


@command
class ClockOut(Command):
    """Close the own shift, or for management another's; `note` posts a handover with it.

    `ended_at` is management's for a shift whose end was forgotten: it says when that was.
    `shift_id` names one such shift; without it the open shift is meant, else the latest forgotten.
    """

    user_id: UUID | None = None
    declared_tips_minor: Annotated[int, minor(0, 10_000_000)] = 0
    note: Note | None = None
    shift_id: UUID | None = None
    ended_at: datetime | None = None


@command
class OpenTill(Command):
    """Open a cash till with what was counted in the drawer, bound to the open shift."""

    drawer: Annotated[str, text(min=1, max=40)]
    opening_float_minor: Annotated[int, minor(0, 100_000_000)]


class TillStep(enum.StrEnum):
    """What is done to a till: a blind count, cash taken to the safe, or a signature."""

    COUNT = "count"
    DROP = "drop"
    SIGN = "sign"


@attrs.frozen(kw_only=True)
class Counted:
    """So many notes or coins of one denomination."""

    denomination_minor: Annotated[int, minor(1, 10_000_000)]
    count: Annotated[int, integer(0, 100_000)]


@command
class CloseTill(Command):
    """Count a till blind, record a drop of cash, or sign its variance (Rule 13)."""

    till_id: UUID
    kind: TillStep = TillStep.COUNT
    counted: Annotated[tuple[Counted, ...], items(0, 30)] = ()
    amount_minor: Amount | None = None
    note: Note | None = None

    def faults(self) -> Iterable[FieldError]:
        """A drop needs its amount, a signature its note, and each denomination stands once."""
        if (self.kind is TillStep.DROP) != (self.amount_minor is not None):
            yield FieldError("/amount_minor", "required", "goes with kind drop, and only with it")
        if self.kind is TillStep.SIGN and not self.note:
            yield FieldError("/note", "required", "a signature needs a note")
        if self.kind is not TillStep.COUNT and self.counted:
            yield FieldError("/counted", "not_allowed", "goes with kind count only")
        kinds = [line.denomination_minor for line in self.counted]
        if len(set(kinds)) < len(kinds):
            yield FieldError("/counted", "repeated", "has a denomination twice")


# fmt: off
OPERATIONS: Final = in_category(
    "Staff",
    Operation(
        ClockIn, Role.STAFF, "POST /api/staff/clock-in", own_staff, ShiftReply,
        summary="Open a shift at a venue.",
        status=201, key=KeyRule.ACCEPTED, offline=True, warm=(venue("venue_id"),),
        errors=(
            Code.GEOFENCE_OUTSIDE, Code.SHIFT_ALREADY_OPEN, Code.VENUE_CLOSED,
            Code.LOCATION_INACCURATE, Code.LOCATION_UNTRUSTED,
        ),
        emits=("staff.clocked_in",),
    ),
    Operation(
        ClockOut, Role.STAFF, "POST /api/staff/clock-out", staff("user_id"), ShiftReply,
        summary="Close a shift; a repeat returns the same shift.",
        key=KeyRule.ACCEPTED, offline=True,
        errors=(Code.NO_OPEN_SHIFT, Code.TILL_OPEN, Code.HANDOVER_REQUIRED),
        emits=("staff.clocked_out",),
    ),
    Operation(
        OpenTill, Role.STAFF, "POST /api/staff/tills", own_staff, TillReply,
        summary="Open a cash till with a counted float.",
        status=201, key=KeyRule.REQUIRED,
        errors=(Code.TILL_OPEN, Code.NO_OPEN_SHIFT, Code.DRAWER_IN_USE),
        emits=("till.changed",),
    ),
    Operation(
        CloseTill, Role.STAFF, "POST /api/staff/tills/{till_id}/close",
        child("till_id", ActorKind.STAFF), TillReply,
        summary="Count a till blind; then its variance is shown.",
        key=KeyRule.ACCEPTED, errors=(Code.TILL_CLOSED, Code.OPEN_ORDERS_EXIST),
        emits=("till.changed",),
    ),
)
# fmt: on
