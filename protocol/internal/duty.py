"""Shifts and tills: what staff and venue tell one another."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.commands import Command, command
from protocol.operations.staff import ClockIn, ClockOut, OpenTill
from protocol.operations.staff_work import PostHandover
from protocol.replies.staff import HandoverReply


@command
class StaffOnDuty(Command):
    """Staff → venue: a shift began, or its break did or ended."""

    staff_id: UUID
    shift_id: UUID
    display_name: str
    on_break: bool
    since: datetime


@command
class StaffOffDuty(Command):
    """Staff → venue: the shift is over."""

    staff_id: UUID
    shift_id: UUID


@command
class ReserveDrawer(Command):
    """Staff → venue: a drawer for a till; refused with `drawer_in_use`."""

    request: OpenTill
    till_id: UUID
    staff_id: UUID
    shift_id: UUID


@command
class FreeDrawer(Command):
    """Staff → venue: the till of the drawer is counted. Also the undo of ReserveDrawer."""

    till_id: UUID


@command
class DrawerReserved(Command):
    """Venue → staff: open the till and answer."""

    request: OpenTill
    till_id: UUID
    shift_id: UUID


@command
class FindSchedule(Command):
    """Staff → venue: when was this planned shift to begin? Refused if it is not this person's."""

    request: ClockIn
    staff_id: UUID


@command
class ScheduleFound(Command):
    """Venue → staff: open the shift, against this planned beginning."""

    request: ClockIn
    starts_at: datetime


@command
class AskToLeave(Command):
    """Staff → venue: may this person go? Not without a handover while others are on duty."""

    request: ClockOut
    staff_id: UUID
    shift_id: UUID


@command
class LeaveGranted(Command):
    """Venue → staff: it is handed over, or nobody is left to hand over to; close the shift."""

    request: ClockOut


@command
class HandOver(Command):
    """Staff → venue, detached: the handover that goes with a clock-out."""

    staff_id: UUID
    shift_id: UUID
    note: str


@command
class KeepHandover(Command):
    """Staff → venue: keep a handover, or its acknowledgement; answers with HandoverKept."""

    request: PostHandover
    staff_id: UUID
    shift_id: UUID


@command
class HandoverKept(Command):
    """Venue → staff: the handover as it stands; answer with it."""

    handover: HandoverReply


@command
class CutOver(Command):
    """Staff → itself, an hour after the business day's end: the shift was forgotten (Rule 5)."""

    shift_id: UUID


@command
class LeaveWork(Command):
    """Venue or platform → staff, detached: this person works at these venues, and nowhere else.

    Their role was taken, or they are suspended: an open shift anywhere else stops now.
    """

    works_at: tuple[UUID, ...]
