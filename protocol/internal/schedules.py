"""Plans: what venues and the platform tell one another, so that nobody works at two at once."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import attrs

from protocol.commands import Command, command
from protocol.records.states import RoleName


@attrs.frozen(kw_only=True)
class PlannedSlot:
    """One shift of a plan that is to be published, with the id that it has or will have."""

    schedule_id: UUID
    staff_id: UUID | None
    role: RoleName
    starts_at: datetime
    ends_at: datetime


@command
class ClaimShifts(Command):
    """Venue → platform: the plan of a week; refused if somebody is planned elsewhere then."""

    venue_id: UUID
    week: date
    expected_version: int
    plan: tuple[PlannedSlot, ...]


@command
class RestoreClaims(Command):
    """Undo of ClaimShifts at the platform: what was planned there before is again."""

    venue_id: UUID
    week: date
    plan: tuple[PlannedSlot, ...]


@command
class ShiftsClaimed(Command):
    """Platform → venue: nobody is in two places; publish the plan and answer."""

    week: date
    expected_version: int
    plan: tuple[PlannedSlot, ...]
