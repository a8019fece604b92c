"""Places, as patrons and the screen at the door see them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from protocol.addresses import Role
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.errors import FieldError
from protocol.limits import PAGE_ITEMS_DEFAULT
from protocol.operations.addresses import query, venue
from protocol.operations.base import Operation, in_category
from protocol.replies.venues import CheckinCode, PublicVenues
from protocol.values import Cursor, Latitude, Longitude, PageSize


@command
class ListPublicVenues(Command):
    """Venues that are open to patrons; with a position also how far they are."""

    lat: Latitude | None = None
    lon: Longitude | None = None
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT

    def faults(self) -> Iterable[FieldError]:
        """A position has both."""
        if (self.lat is None) != (self.lon is None):
            yield FieldError("/lat", "required", "lat and lon go together")


@command
class IssueCheckinCode(Command):
    """Codes for the current 30 s step and the next five (Rule 6)."""

    venue_id: UUID


# fmt: off
OPERATIONS: Final = in_category(
    "Venues",
    Operation(
        ListPublicVenues, Role.PATRON, "GET /api/venues", query("public_venues"), PublicVenues,
        summary="Venues open to patrons: address, hours, status, busyness, distance.",
    ),
    Operation(
        IssueCheckinCode, Role.STAFF, "GET /api/venues/{venue_id}/checkin-code",
        venue("venue_id"), CheckinCode,
        summary="Rotating codes for the screen at the door.", errors=(Code.VENUE_CLOSED,),
    ),
)
# fmt: on
