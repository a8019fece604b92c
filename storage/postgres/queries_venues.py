"""Places, as patrons see them (GET /api/venues)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from protocol.operations.venues import ListPublicVenues
from protocol.records.states import VenueStatus
from protocol.replies.venues import PublicVenue, PublicVenues
from storage.postgres.asked import Asked, blocks_of
from storage.postgres.database import Connection
from storage.postgres.paging import after_of, page_of

SQL: Final = blocks_of("venues")


async def public_venues(
    connection: Connection, command: ListPublicVenues, asked: Asked
) -> PublicVenues:
    """Venues that take patrons, oldest first; with a position also how far they are, in metres.

    Raises:
        CursorInvalid: see there.
    """
    rows = await connection.fetch(
        SQL["public_venues"].sql, after_of(command), command.limit + 1, command.lat, command.lon
    )
    page, cursor = page_of(rows, command, lambda row: row["id"])
    return PublicVenues(items=tuple(_view(row) for row in page), next_cursor=cursor)


def _view(row: Mapping[str, Any]) -> PublicVenue:
    return PublicVenue(
        venue_id=row["id"],
        name=row["name"],
        address=row["address"],
        tz=row["tz"],
        currency=row["currency"],
        lat=row["lat"],
        lon=row["lon"],
        hours=msgspec.json.decode(row["hours"]),
        status=VenueStatus(row["status"]),
        busyness=row["busyness"],
        distance_m=row["distance_m"],
    )
