"""What a venue tells itself by timer: what is told in its time, not at each change."""

from __future__ import annotations

from uuid import UUID

from protocol.commands import Command, command


@command
class TellOccupancy(Command):
    """Venue → itself, at most once in two seconds: tell who is there."""


@command
class TellRevenue(Command):
    """Venue → itself, at most once a second: tell the takings."""


@command
class EndCleaning(Command):
    """Venue → itself: the room's time for cleaning is over."""

    room_id: UUID
