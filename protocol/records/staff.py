"""Staff Management: shifts, schedules, tasks and handovers.

A person's shifts and tills belong to the staff actor; schedules and tasks to the venue.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from protocol.records.base import Record, Table, Unique, record
from protocol.records.states import (
    RoleName,
    ScheduleStatus,
    ShiftStatus,
    TaskPriority,
    TaskStatus,
)
from protocol.records.values import Json, ShiftBreak, WatchedPatron


@record(
    Table(
        name="staff_shifts",
        key=("id",),
        unique=(
            Unique(("staff_id",), where=(("status", (ShiftStatus.OPEN, ShiftStatus.ON_BREAK)),)),
        ),
        tenant="venue_id",
    )
)
class StaffShift(Record):
    """A shift from clock-in to clock-out. A forgotten end is not invented (Rule 13)."""

    id: UUID
    venue_id: UUID
    staff_id: UUID
    display_name: str
    schedule_id: UUID | None = None
    status: ShiftStatus
    started_at: datetime
    ended_at: datetime | None = None
    breaks: tuple[ShiftBreak, ...] = ()
    worked_ms: int = 0
    late_minutes: int = 0
    declared_tips_minor: int | None = None
    auto_ended: bool = False
    reviewed_by: UUID | None = None
    version: int = 1


@record(Table(name="staff_schedules", key=("id",), tenant="venue_id"))
class StaffSchedule(Record):
    """A planned shift; `week` is its Monday, `staff_id` None an open one.

    Two published shifts of one person never overlap.
    """

    id: UUID
    venue_id: UUID
    week: date
    staff_id: UUID | None
    role: RoleName
    starts_at: datetime
    ends_at: datetime
    status: ScheduleStatus
    deleted_at: datetime | None = None
    version: int = 1


@record(Table(name="staff_tasks", key=("id",), tenant="venue_id"))
class StaffTask(Record):
    """A task (Rule 13). `overdue_level` counts its escalations."""

    id: UUID
    venue_id: UUID
    title: str
    kind: str
    priority: TaskPriority
    status: TaskStatus
    assignee_id: UUID | None
    created_by: UUID | None
    zone: str | None = None
    session_id: UUID | None = None
    intervention_id: UUID | None = None
    due_at: datetime | None = None
    accepted_at: datetime | None = None
    done_at: datetime | None = None
    blocked_reason: str | None = None
    result: str | None = None
    overdue_level: int = 0
    created_at: datetime
    version: int = 1


@record(
    Table(
        name="staff_performance",
        key=("staff_id", "venue_id", "business_day"),
        versioned=False,
        tenant="venue_id",
    )
)
class StaffPerformance(Record):
    """Figures per person and business day, recomputed at will. Medians are None without cases."""

    staff_id: UUID
    venue_id: UUID
    business_day: date
    worked_minutes: int
    tasks_done: int
    tasks_on_time: int
    task_ack_ms_p50: int | None
    sos_ack_ms_p50: int | None
    sales_minor: int
    tips_minor: int
    voids: int


@record(Table(name="shift_handovers", key=("id",), tenant="venue_id"))
class ShiftHandover(Record):
    """A handover note; `watch` lists every session at safety level 1 or more (Rule 7)."""

    id: UUID
    venue_id: UUID
    from_shift: UUID
    from_staff: UUID
    to_shift: UUID | None = None
    body: Json
    watch: tuple[WatchedPatron, ...]
    acknowledged_by: UUID | None = None
    acknowledged_at: datetime | None = None
    at: datetime
    version: int = 1
