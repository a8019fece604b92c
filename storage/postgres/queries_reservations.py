"""Bookings and places in line (GET /api/reservations), newest first.

Staff see those of their venues, anybody else their own. How long somebody waits follows from when
a room is expected to be free for them, which the venue wrote down when their place last moved.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from protocol.operations.reservations import ListReservations
from protocol.records.states import ReservationStatus
from protocol.records.venues import Reservation
from protocol.replies.reservations import ReservationList, ReservationView
from storage.postgres.asked import Asked, blocks_of, newest_of_venues
from storage.postgres.database import Connection
from storage.postgres.mapping import mapping_of
from storage.postgres.paging import after_of, page_of

SQL: Final = blocks_of("reservations")
_MINUTE: Final = timedelta(minutes=1)


async def reservations(
    connection: Connection, command: ListReservations, asked: Asked
) -> ReservationList:
    """Bookings of the caller's venues, or their own.

    Raises:
        CursorInvalid: see there.
    """
    after, most = after_of(command), command.limit + 1
    filters = (command.kind, command.status, command.room_id)
    if asked.is_staff:
        sql = SQL["reservations_at"].sql
        rows = await newest_of_venues(connection, sql, most, after, *filters)
    else:
        rows = await connection.fetch(
            SQL["own_reservations"].sql,
            asked.asking.user_id,
            after,
            most,
            *filters,
            command.venue_id,
        )
    found = mapping_of(Reservation).from_rows(rows)
    page, cursor = page_of(found, command, lambda row: row.id)
    return ReservationList(items=tuple(_view(row, asked.now) for row in page), next_cursor=cursor)


def _view(row: Reservation, now: datetime) -> ReservationView:
    during = row.during
    ends_at = during.end - _MINUTE * row.cleaning_minutes
    waits = row.status is ReservationStatus.REQUESTED and row.place is not None
    return ReservationView(
        reservation_id=row.id,
        venue_id=row.venue_id,
        user_id=row.user_id,
        kind=row.kind,
        status=row.status,
        room_id=row.room_id,
        starts_at=during.start,
        ends_at=ends_at,
        minutes=(ends_at - during.start) // _MINUTE,
        party_size=row.party_size,
        deposit_minor=row.deposit_minor,
        place=row.place,
        wait_minutes=max(0, -((now - during.start) // _MINUTE)) if waits else None,
        created_at=row.created_at,
        version=row.version,
    )
