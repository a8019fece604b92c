"""Visits, open and over (GET /api/sessions, GET /api/sessions/history), newest first.

Staff see those of their venues; patrons see their own that are over, and have a live view besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import msgspec

from protocol.operations.sessions_managed import ListSessionHistory, ListSessions
from protocol.records.states import Activity, CheckOutCause, SessionStatus
from protocol.replies.sessions_managed import (
    SessionHistoryList,
    SessionHistoryRow,
    SessionRow,
    SessionRows,
    TimeCharge,
)
from storage.postgres.asked import Asked, blocks_of, newest_of_venues
from storage.postgres.database import Connection
from storage.postgres.paging import after_of, page_of

SQL: Final = blocks_of("sessions")


async def sessions(connection: Connection, command: ListSessions, asked: Asked) -> SessionRows:
    """Sessions of the caller's venues, open ones and those that are over.

    Raises:
        CursorInvalid: see there.
    """
    rows = await newest_of_venues(
        connection,
        SQL["sessions"].sql,
        command.limit + 1,
        after_of(command),
        command.status,
        command.activity,
        command.zone,
        command.user_id,
        command.safety_level,
        command.business_day,
    )
    page, cursor = page_of(rows, command, _id)
    return SessionRows(items=tuple(_row(row) for row in page), next_cursor=cursor)


async def session_history(
    connection: Connection, command: ListSessionHistory, asked: Asked
) -> SessionHistoryList:
    """Sessions that are over: for staff those of their venues, for anybody their own.

    Raises:
        CursorInvalid: see there.
    """
    after, most = after_of(command), command.limit + 1
    own = not asked.is_staff or command.user_id == asked.asking.user_id
    rows: Sequence[Mapping[str, Any]] = ()
    if not own:
        rows = await newest_of_venues(
            connection,
            SQL["session_history"].sql,
            most,
            after,
            command.user_id,
            command.business_day,
        )
    elif command.user_id in (None, asked.asking.user_id):
        rows = await connection.fetch(
            SQL["own_session_history"].sql,
            asked.asking.user_id,
            after,
            most,
            command.venue_id,
            command.business_day,
        )
    page, cursor = page_of(rows, command, _id)
    return SessionHistoryList(items=tuple(_over(row) for row in page), next_cursor=cursor)


def _id(row: Mapping[str, Any]) -> UUID:
    found: UUID = row["id"]
    return found


def _row(row: Mapping[str, Any]) -> SessionRow:
    return SessionRow(
        session_id=row["id"],
        user_id=row["user_id"],
        venue_id=row["venue_id"],
        display_name=row["display_name"],
        status=SessionStatus(row["status"]),
        activity=Activity(row["activity"]),
        station_id=row["station_id"],
        table=row["table_name"],
        zone=row["zone"],
        party_size=row["party_size"],
        safety_level=row["safety_level"],
        business_day=row["business_day"],
        checked_in_at=row["started_at"],
        ended_at=row["ended_at"],
        charged_minor=row["charged_minor"],
        held_minor=row["held_minor"],
    )


def _over(row: Mapping[str, Any]) -> SessionHistoryRow:
    kept = msgspec.json.decode(row["summary"])
    cause = row["cause"]
    return SessionHistoryRow(
        session_id=row["id"],
        user_id=row["user_id"],
        venue_id=row["venue_id"],
        status=SessionStatus(row["status"]),
        cause=None if cause is None else CheckOutCause(cause),
        # What was kept before there were reasons has none.
        reason=kept.get("reason"),
        business_day=row["business_day"],
        checked_in_at=row["started_at"],
        ended_at=row["ended_at"],
        duration_ms=row["duration_ms"],
        billable_ms=row["billable_ms"],
        time_charge_minor=row["time_charge_minor"],
        total_minor=row["total_minor"],
        currency=kept["currency"],
        charges=tuple(
            TimeCharge(
                business_day=date.fromisoformat(line["business_day"]),
                activity=Activity(line["activity"]),
                charge_minor=line["charge_minor"],
            )
            for line in kept["time"]
        ),
        receipt_id=row["receipt_id"],
    )
