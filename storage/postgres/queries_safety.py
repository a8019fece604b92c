"""Incidents and the safety register (GET /api/safety/incidents and logs), newest first.

Who sees which is the database's to say: staff open incidents and those they took part in,
management all of their venues.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from protocol.addresses import Role
from protocol.operations.care import ListSafetyLogs
from protocol.operations.safety import ListIncidents
from protocol.records.safety import Incident, IncidentEvent, SafetyLog
from protocol.replies.care import SafetyLogLine, SafetyLogPage
from protocol.replies.safety import AlertDelivery, IncidentPage, IncidentView, TimelineLine
from storage.postgres.asked import Asked, blocks_of, newest_of_venues
from storage.postgres.database import Connection
from storage.postgres.mapping import mapping_of
from storage.postgres.paging import after_of, page_of

SQL: Final = blocks_of("safety")
REACHING: Final = blocks_of("reaching")
CSV_BATCH: Final = 1_000
"""Lines read at once for an export."""
CSV_COLUMNS: Final = (
    "log_id", "venue_id", "seq", "session_id", "user_id", "kind", "level", "signs", "notes",
    "by_user", "occurred_at", "received_at", "hash",
)  # fmt: skip


async def incidents(connection: Connection, command: ListIncidents, asked: Asked) -> IncidentPage:
    """Incidents with their timelines.

    Raises:
        CursorInvalid: see there.
    """
    of_all = asked.asking.role >= Role.MANAGEMENT
    rows = await newest_of_venues(
        connection,
        SQL["incidents" if of_all else "incidents_for_staff"].sql,
        command.limit + 1,
        after_of(command),
        command.kind,
        command.open,
        command.since,
        *(() if of_all else (asked.asking.user_id,)),
    )
    page, cursor = page_of(mapping_of(Incident).from_rows(rows), command, lambda row: row.id)
    lines = await connection.fetch(SQL["incident_timeline"].sql, [row.id for row in page])
    timelines: dict[UUID, list[IncidentEvent]] = defaultdict(list)
    for line in mapping_of(IncidentEvent).from_rows(lines):
        timelines[line.incident_id].append(line)
    deliveries = await _deliveries(connection, [row.id for row in page])
    return IncidentPage(
        items=tuple(_incident(row, timelines[row.id], deliveries[row.id]) for row in page),
        next_cursor=cursor,
    )


async def _deliveries(
    connection: Connection, incident_ids: Sequence[UUID]
) -> Mapping[UUID, list[AlertDelivery]]:
    """What became of alerts outside the apps, as far as the caller may see."""
    found: dict[UUID, list[AlertDelivery]] = defaultdict(list)
    for row in await connection.fetch(REACHING["incident_deliveries"].sql, incident_ids):
        found[row["incident_id"]].append(
            AlertDelivery(
                user_id=row["user_id"] if row["user_id"].int else None,
                channel=row["channel"],
                status=row["status"],
                alerts=row["alerts"],
                sent=row["sent"],
                delivered=row["delivered"],
                tries=row["tries"],
                first_sent_at=row["first_sent_at"],
                last_sent_at=row["last_sent_at"],
                first_delivered_at=row["first_delivered_at"],
                error=row["error"],
            )
        )
    return found


def _incident(
    row: Incident, timeline: Sequence[IncidentEvent], deliveries: Sequence[AlertDelivery]
) -> IncidentView:
    return IncidentView(
        incident_id=row.id,
        venue_id=row.venue_id,
        kind=row.kind,
        severity=row.severity,
        status=row.status,
        raised_by=row.raised_by,
        raised_by_name=row.raised_by_name,
        session_id=row.session_id,
        owner_id=row.owner_id,
        owner_name=row.owner_name,
        silent=row.silent,
        zone=row.zone,
        note=row.note,
        lat=row.lat,
        lon=row.lon,
        accuracy_m=row.accuracy_m,
        raised_at=row.raised_at,
        repeats=row.repeats,
        late=row.late,
        tier=row.tier,
        received_after_s=_after(row, row.received_at),
        received_by=row.received_by,
        acknowledged_after_s=_after(row, row.acked_at),
        on_scene_after_s=_after(row, row.on_scene_at),
        closed_after_s=_after(row, row.closed_at),
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        outcome=row.outcome,
        timeline=tuple(
            TimelineLine(
                seq=line.seq,
                kind=line.kind,
                at=line.at,
                by_user=line.by_user,
                channel=line.channel,
                target=line.target,
                detail=line.detail,
            )
            for line in timeline
        ),
        deliveries=tuple(deliveries),
        version=row.version,
    )


def _after(row: Incident, at: datetime | None) -> int | None:
    return None if at is None else max(0, (at - row.raised_at) // timedelta(seconds=1))


async def safety_logs(
    connection: Connection, command: ListSafetyLogs, asked: Asked
) -> SafetyLogPage:
    """Lines of the register.

    Raises:
        CursorInvalid: see there.
    """
    rows = await _lines(connection, command, after_of(command), command.limit + 1)
    page, cursor = page_of(rows, command, lambda row: row.id)
    return SafetyLogPage(items=tuple(_line(row) for row in page), next_cursor=cursor)


async def csv_safety_logs(
    connection: Connection, command: ListSafetyLogs, asked: Asked
) -> AsyncGenerator[Sequence[object], None]:
    """The whole register as asked for, in batches; page and limit are no matter here."""
    yield CSV_COLUMNS
    before: UUID | None = None
    while True:
        rows = await _lines(connection, command, before, CSV_BATCH)
        for row in rows:
            line = _line(row)
            yield tuple(
                " ".join(line.signs) if name == "signs" else getattr(line, name)
                for name in CSV_COLUMNS
            )
        if len(rows) < CSV_BATCH:
            return
        before = rows[-1].id


async def _lines(
    connection: Connection, command: ListSafetyLogs, before: UUID | None, most: int
) -> list[SafetyLog]:
    rows = await newest_of_venues(
        connection,
        SQL["safety_logs"].sql,
        most,
        before,
        command.session_id,
        command.user_id,
        command.kind,
        command.since,
        command.until,
    )
    return list(mapping_of(SafetyLog).from_rows(rows))


def _line(row: SafetyLog) -> SafetyLogLine:
    return SafetyLogLine(
        log_id=row.id,
        venue_id=row.venue_id,
        seq=row.seq,
        session_id=row.session_id,
        user_id=row.user_id,
        kind=row.kind,
        level=row.level,
        signs=row.signs,
        notes=row.notes,
        by_user=row.by_user,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        hash=None if row.hash is None else row.hash.hex(),
    )
