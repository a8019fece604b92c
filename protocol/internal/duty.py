"""Shifts and tills: what staff and venue tell one another."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.commands import Command, command
from protocol.operations.staff import OpenTill


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
