"""What a visit asks its account to hold besides its ticks, and what the account says to it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.commands import Command, command
from protocol.internal.allowances import TimeAllowance


@command
class HoldForVisit(Command):
    """Session → account: hold this much in all for the visit, or refuse with 402."""

    session_id: UUID
    venue_id: UUID
    hold_id: UUID
    hold_target_minor: int
    hold_until: datetime
    purpose: str


@command
class ReturnHold(Command):
    """Undo of HoldForVisit: hold `hold_target_minor` again, as before, and say what is held."""

    session_id: UUID
    hold_id: UUID
    hold_target_minor: int


@command
class VisitHeld(Command):
    """Account → session: the hold stands; `purpose` is what the session asked it for."""

    session_id: UUID
    purpose: str
    held_minor: int
    available_minor: int
    time: TimeAllowance = TimeAllowance()


@command
class HoldReturned(Command):
    """Account → session: what is held since a hold was returned, and what is left besides.

    A tick may have changed the hold in between, so only the account knows.
    """

    session_id: UUID
    held_minor: int
    available_minor: int
    time: TimeAllowance = TimeAllowance()
