"""Events of work: shifts, schedules, tasks."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from protocol.events.base import MANAGEMENT, STAFF, USER, EventData, event
from protocol.records.states import TaskPriority, TaskStatus
from protocol.values import Currency, Name, SignedAmount, Zone


@event("staff.clocked_in", MANAGEMENT, STAFF, USER)
class StaffClockedIn(EventData):
    """ClockIn committed."""

    shift_id: UUID
    staff_id: UUID
    display_name: Name
    at: datetime
    late_minutes: int
    scheduled: bool


@event("staff.clocked_out", MANAGEMENT, STAFF, USER)
class StaffClockedOut(EventData):
    """ClockOut committed, or open shift found at cutover (auto=true)."""

    shift_id: UUID
    staff_id: UUID
    at: datetime
    worked_minutes: int
    break_minutes: int
    auto: bool
    needs_review: bool


@event("staff.break_changed", MANAGEMENT, STAFF)
class StaffBreakChanged(EventData):
    """RecordBreak committed."""

    shift_id: UUID
    staff_id: UUID
    on_break: bool
    paid: bool
    at: datetime


@event("staff.tip_received", USER)
class StaffTipReceived(EventData):
    """AddTip posted and allotted to the serving staff member."""

    transaction_id: UUID
    amount_minor: SignedAmount
    currency: Currency
    business_day: date


@event("schedule.published", STAFF, MANAGEMENT)
class SchedulePublished(EventData):
    """PublishSchedule with publish=true."""

    week: date
    version: int
    changed_shift_ids: tuple[UUID, ...]
    by: UUID


@event("shift.handover_posted", STAFF, MANAGEMENT)
class ShiftHandoverPosted(EventData):
    """PostHandover, and again when acknowledged."""

    handover_id: UUID
    from_staff: UUID
    watch_count: int
    open_tasks: int
    acknowledged_by: UUID | None


@event("task.assigned", USER, MANAGEMENT)
class TaskAssigned(EventData):
    """AssignTask, ReassignTask, or opened by safety rules."""

    task_id: UUID
    title: str
    kind: str
    priority: TaskPriority
    assignee_id: UUID
    due_at: datetime | None
    session_id: UUID | None
    zone: Zone | None


@event("task.status_changed", USER, MANAGEMENT)
class TaskStatusChanged(EventData):
    """Task transition committed."""

    task_id: UUID
    from_: TaskStatus
    to: TaskStatus
    by: UUID
    at: datetime
    version: int


@event("task.overdue", USER, MANAGEMENT)
class TaskOverdue(EventData):
    """Due_at passed; again every 10 min for high and critical."""

    task_id: UUID
    due_at: datetime
    overdue_minutes: int
    priority: str
    escalated_to: tuple[UUID, ...]
