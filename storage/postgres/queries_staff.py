"""Who works when and at what (GET /api/staff/…): own for staff, the venue's for management."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from protocol.addresses import Role
from protocol.codec import Invalid
from protocol.errors import FieldError
from protocol.operations.staff_work import GetPerformance, GetSchedule, ListShifts, ListTasks
from protocol.records.staff import StaffSchedule, StaffShift, StaffTask
from protocol.records.states import ShiftStatus
from protocol.replies.staff import (
    PerformanceReply,
    ScheduledShift,
    ScheduleReply,
    ShiftList,
    ShiftView,
    TaskList,
    TaskReply,
    WeekFigures,
    WorkFigures,
)
from storage.postgres.asked import Asked, NotOnShow, blocks_of, newest_of_venues
from storage.postgres.database import Connection
from storage.postgres.mapping import mapping_of
from storage.postgres.paging import after_of, page_of

__all__ = ["performance", "schedule", "shifts", "tasks"]

SQL: Final = blocks_of("staff")
_MINUTE_MS: Final = 60_000
_MS: Final = timedelta(milliseconds=1)


async def _venues(connection: Connection, asked: Asked, venue_id: UUID | None) -> list[UUID]:
    """The venue that is asked about, else all where the caller has their highest role."""
    if venue_id is not None:
        return [venue_id]
    if asked.asking.venue_ids is not None:
        return list(asked.asking.venue_ids)
    found: list[UUID] = await connection.fetchval(SQL["caller_venues"].sql)
    return found


def _manages(asked: Asked) -> bool:
    return asked.asking.role >= Role.MANAGEMENT


async def shifts(connection: Connection, command: ListShifts, asked: Asked) -> ShiftList:
    """Shifts, newest first. Staff see their own; with `open`, by name, who is on duty.

    Raises:
        CursorInvalid: see there.
    """
    before, caller = after_of(command), asked.asking.user_id
    venues = await _venues(connection, asked, command.venue_id)
    wanted = command.staff_id
    if not _manages(asked):
        if command.open and wanted != caller:
            return await _on_duty(connection, command, venues)
        if wanted not in (None, caller):
            return ShiftList(items=(), next_cursor=None)
        wanted = caller
    most, filters = command.limit + 1, (command.status, command.open)
    rows: Sequence[Mapping[str, Any]]
    if wanted is None:
        rows = await newest_of_venues(connection, SQL["shifts"].sql, most, before, *filters)
    else:
        rows = await connection.fetch(
            SQL["shifts_of_person"].sql, venues, before, most, *filters, wanted
        )
    page, cursor = page_of(mapping_of(StaffShift).from_rows(rows), command, lambda row: row.id)
    return ShiftList(items=tuple(_shift(row, asked.now) for row in page), next_cursor=cursor)


async def _on_duty(connection: Connection, command: ListShifts, venues: list[UUID]) -> ShiftList:
    rows = await connection.fetch(
        SQL["shifts_on_duty"].sql,
        venues,
        after_of(command),
        command.limit + 1,
        command.status,
        command.staff_id,
    )
    page, cursor = page_of(rows, command, lambda row: UUID(str(row["id"])))
    return ShiftList(items=tuple(_masked(row) for row in page), next_cursor=cursor)


def _shift(row: StaffShift, now: datetime) -> ShiftView:
    until = row.ended_at or now
    pauses = [((b.ended_at or until) - b.started_at) // _MS for b in row.breaks]
    unpaid = sum(ms for ms, b in zip(pauses, row.breaks, strict=True) if not b.paid)
    review = row.status is ShiftStatus.NEEDS_REVIEW
    running = max(0, (until - row.started_at) // _MS - unpaid)
    worked = row.worked_ms if review or row.ended_at is not None else running
    return ShiftView(
        shift_id=row.id,
        staff_id=row.staff_id,
        display_name=row.display_name,
        venue_id=row.venue_id,
        schedule_id=row.schedule_id,
        status=row.status,
        started_at=row.started_at,
        ended_at=row.ended_at,
        breaks=row.breaks,
        worked_minutes=worked // _MINUTE_MS,
        # How long an open break of a forgotten shift was, nobody knows.
        break_minutes=0 if review else sum(pauses) // _MINUTE_MS,
        declared_tips_minor=row.declared_tips_minor,
        late_minutes=row.late_minutes,
        late=row.late_minutes > 0,
        auto_ended=row.auto_ended,
        needs_review=review,
        reviewed_by=row.reviewed_by,
        version=row.version,
    )


def _masked(row: Mapping[str, Any]) -> ShiftView:
    return ShiftView(
        shift_id=row["id"],
        staff_id=row["staff_id"],
        display_name=row["display_name"],
        venue_id=row["venue_id"],
        schedule_id=None,
        status=ShiftStatus(row["status"]),
        started_at=row["started_at"],
        ended_at=None,
        breaks=None,
        worked_minutes=None,
        break_minutes=None,
        declared_tips_minor=None,
        late_minutes=None,
        late=None,
        auto_ended=None,
        needs_review=None,
        reviewed_by=None,
        version=None,
    )


async def schedule(connection: Connection, command: GetSchedule, asked: Asked) -> ScheduleReply:
    """The plan of a week. Staff see their own shifts and open ones, management drafts as well.

    Raises:
        Invalid: which venue is meant does not follow from who asks; 422.
        NotOnShow: there is no such venue.
    """
    venues = await _venues(connection, asked, command.venue_id)
    if len(venues) != 1:
        error = FieldError("/venue_id", "required", "you work at several venues; name one")
        raise Invalid((error,))
    (venue_id,) = venues
    week = await connection.fetchval(SQL["week_now"].sql, venue_id, asked.now)
    if week is None:
        raise NotOnShow(f"venue {venue_id}")
    week = command.week or week
    manages = _manages(asked)
    rows = await connection.fetch(SQL["schedule"].sql, venue_id, week, manages)
    shown = (None, asked.asking.user_id)
    planned = tuple(
        ScheduledShift(
            schedule_id=row.id,
            staff_id=row.staff_id,
            role=row.role,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            status=row.status,
            version=row.version,
        )
        for row in mapping_of(StaffSchedule).from_rows(rows)
        if manages or row.staff_id in shown
    )
    version: int = await connection.fetchval(SQL["schedule_version"].sql, venue_id, week)
    return ScheduleReply(venue_id=venue_id, week=week, shifts=planned, version=version)


async def tasks(connection: Connection, command: ListTasks, asked: Asked) -> TaskList:
    """Tasks, newest first. Staff see their own and those that nobody has yet.

    Raises:
        CursorInvalid: see there.
    """
    of_all = _manages(asked)
    rows = await newest_of_venues(
        connection,
        SQL["tasks" if of_all else "tasks_for_staff"].sql,
        command.limit + 1,
        after_of(command),
        command.status,
        command.assignee_id,
        command.priority,
        command.kind,
        *(() if of_all else (asked.asking.user_id,)),
    )
    page, cursor = page_of(mapping_of(StaffTask).from_rows(rows), command, lambda row: row.id)
    return TaskList(items=tuple(_task(row) for row in page), next_cursor=cursor)


def _task(row: StaffTask) -> TaskReply:
    return TaskReply(
        task_id=row.id,
        venue_id=row.venue_id,
        title=row.title,
        kind=row.kind,
        priority=row.priority,
        status=row.status,
        assignee_id=row.assignee_id,
        created_by=row.created_by,
        zone=row.zone,
        session_id=row.session_id,
        intervention_id=row.intervention_id,
        due_at=row.due_at,
        accepted_at=row.accepted_at,
        done_at=row.done_at,
        blocked_reason=row.blocked_reason,
        result=row.result,
        overdue_level=row.overdue_level,
        created_at=row.created_at,
        version=row.version,
    )


async def performance(
    connection: Connection, command: GetPerformance, asked: Asked
) -> PerformanceReply:
    """Somebody's figures: hours, tasks, response times, sales and tips, in all and by week.

    Raises:
        NotOnShow: it is neither the caller nor anybody who works where the caller manages.
    """
    venues = await _venues(connection, asked, command.venue_id)
    if command.staff_id != asked.asking.user_id:
        known = _manages(asked) and await connection.fetchval(
            SQL["knows_staff"].sql, command.staff_id, venues
        )
        if not known:
            raise NotOnShow(f"staff {command.staff_id}")
    began = await connection.fetchrow(SQL["weeks_began"].sql, venues, asked.now, command.weeks)
    if began is None:
        raise NotOnShow(f"venues {venues}")
    since: date = began["week"]
    rows = await connection.fetch(SQL["figures"].sql, command.staff_id, venues, began["starts_at"])
    total = next((row for row in rows if row["week"] is None), None)
    return PerformanceReply(
        staff_id=command.staff_id,
        venue_ids=tuple(venues),
        since=since,
        total=_figures(total or {}),
        trend=tuple(
            WeekFigures(week=row["week"], figures=_figures(row))
            for row in rows
            if row["week"] is not None
        ),
    )


def _figures(row: Mapping[str, Any]) -> WorkFigures:
    return WorkFigures(
        worked_minutes=row.get("worked_minutes", 0),
        tasks_done=row.get("tasks_done", 0),
        tasks_on_time=row.get("tasks_on_time", 0),
        task_seconds_p50=row.get("task_seconds_p50"),
        sos_seconds_p50=row.get("sos_seconds_p50"),
        sales_minor=row.get("sales_minor", 0),
        tips_minor=row.get("tips_minor", 0),
        voids=row.get("voids", 0),
    )
