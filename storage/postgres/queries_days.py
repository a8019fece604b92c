"""The report of a business day (GET /api/analytics/z-report/{business_day})."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import attrs
import msgspec

from protocol.errors import Code, FieldError, LastLightError, Refusal
from protocol.operations.analytics import GetZReport
from protocol.replies.analytics import DayFigures, DayReport, DayState, ReportKind
from storage.postgres.asked import Asked, NotOnShow, blocks_of
from storage.postgres.database import Connection

SQL: Final = blocks_of("days")


@attrs.frozen
class VenueNotNamed(LastLightError):
    """The caller has several venues, or none, and did not say which one is meant."""

    count: int

    def __str__(self) -> str:
        return f"name the venue: there are {'several' if self.count else 'none'} that it could be"

    def refusal(self) -> Refusal:
        """422 at the parameter that is missing."""
        errors = (FieldError("/venue_id", "required", str(self)),)
        return Refusal(Code.VALIDATION_FAILED, str(self), errors=errors)


async def the_venue(connection: Connection, venue_id: UUID | None) -> UUID:
    """The venue that is asked about: the one named, else the only one of the caller.

    Raises:
        VenueNotNamed: 422.
    """
    if venue_id is not None:
        return venue_id
    rows = await connection.fetch(SQL["only_venues"].sql)
    if len(rows) != 1:
        raise VenueNotNamed(len(rows))
    found: UUID = rows[0]["id"]
    return found


async def z_report(connection: Connection, command: GetZReport, asked: Asked) -> DayReport:
    """X of a day that goes on, from the ledger as it is; Z of one that is closed, as it was frozen.

    Raises:
        VenueNotNamed: see there.
        NotOnShow: there is no such day.
    """
    venue_id = await the_venue(connection, command.venue_id)
    day = command.business_day
    row = await connection.fetchrow(SQL["business_day"].sql, venue_id, day, asked.now)
    if row is None:
        raise NotOnShow(f"business day {day}")
    closed = row["status"] == DayState.CLOSED
    found = row["totals"]
    if not closed:
        bounds = (row["starts_at"], row["ends_at"])
        found = await connection.fetchval(SQL["day_figures"].sql, venue_id, day, *bounds)
    figures = msgspec.json.decode(found, type=DayFigures)
    state = DayState.CLOSED if closed else DayState.OPEN
    if not closed and row["z_number"] is not None:
        state = DayState.CLOSING
    return DayReport(
        kind=ReportKind.Z if closed else ReportKind.X,
        venue_id=venue_id,
        business_day=day,
        status=state,
        z_number=row["z_number"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        currency=row["currency"],
        gross_minor=figures.gross_minor,
        variance_minor=figures.variance_minor,
        figures=figures,
        closed_at=row["closed_at"],
        closed_by=row["closed_by"],
        journal_head_hash=row["journal_head_hash"],
        version=row["version"],
    )
