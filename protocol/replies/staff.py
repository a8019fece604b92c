"""Answers about work."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import attrs

from protocol.records.money_states import TillStatus
from protocol.records.states import (
    RoleName,
    ScheduleStatus,
    ShiftStatus,
    TaskPriority,
    TaskStatus,
)
from protocol.records.values import ShiftBreak
from protocol.replies.base import reply
from protocol.values import Amount, Currency, SignedAmount


@reply
class ShiftReply:
    """A shift as it stands."""

    shift_id: UUID
    staff_id: UUID
    venue_id: UUID
    status: ShiftStatus
    started_at: datetime
    ended_at: datetime | None
    late_minutes: int
    worked_minutes: int
    break_minutes: int
    declared_tips_minor: Amount
    version: int


@reply
class TillReply:
    """A till as it stands; what was expected stays hidden until it was counted (Rule 13)."""

    till_id: UUID
    staff_id: UUID
    venue_id: UUID
    shift_id: UUID
    drawer: str
    status: TillStatus
    currency: Currency
    opening_minor: Amount
    drops_minor: Amount
    expected_minor: SignedAmount | None
    counted_minor: Amount | None
    variance_minor: SignedAmount | None
    signed_by: UUID | None
    opened_at: datetime
    ended_at: datetime | None
    closed_at: datetime | None
    version: int


@reply
class TaskReply:
    """A task as it stands. `overdue_level` counts its escalations (Rule 13)."""

    task_id: UUID
    venue_id: UUID
    title: str
    kind: str
    priority: TaskPriority
    status: TaskStatus
    assignee_id: UUID | None
    created_by: UUID | None
    zone: str | None
    session_id: UUID | None
    intervention_id: UUID | None
    due_at: datetime | None
    accepted_at: datetime | None
    done_at: datetime | None
    blocked_reason: str | None
    result: str | None
    overdue_level: int
    created_at: datetime
    version: int


@reply
class TaskList:
    """A page of tasks, newest first."""

    items: tuple[TaskReply, ...]
    next_cursor: str | None


@attrs.frozen(kw_only=True)
class ShiftView:
    """A shift on a list. Of others staff see who is on duty, and neither breaks nor minutes."""

    shift_id: UUID
    staff_id: UUID
    display_name: str
    venue_id: UUID
    schedule_id: UUID | None
    status: ShiftStatus
    started_at: datetime
    ended_at: datetime | None
    breaks: tuple[ShiftBreak, ...] | None
    worked_minutes: int | None
    break_minutes: int | None
    declared_tips_minor: Amount | None
    late_minutes: int | None
    late: bool | None
    auto_ended: bool | None
    needs_review: bool | None
    reviewed_by: UUID | None
    version: int | None
    connected: bool | None = None
    """Whether a device of theirs is connected now; null for a shift that is over."""
    last_seen_at: datetime | None = None
    """When the last one went, if none is and there was one since the node started."""


@reply
class ShiftList:
    """A page of shifts, newest first."""

    items: tuple[ShiftView, ...]
    next_cursor: str | None


@attrs.frozen(kw_only=True)
class ScheduledShift:
    """One planned shift; without `staff_id` it is open to whoever wants it."""

    schedule_id: UUID
    staff_id: UUID | None
    role: RoleName
    starts_at: datetime
    ends_at: datetime
    status: ScheduleStatus
    version: int


@reply
class ScheduleReply:
    """The plan of a week; `version` counts its changes and is its ETag."""

    venue_id: UUID
    week: date
    shifts: tuple[ScheduledShift, ...]
    version: int


@attrs.frozen(kw_only=True)
class HandedTask:
    """An unfinished task as a handover lists it."""

    task_id: UUID
    title: str
    priority: TaskPriority
    status: TaskStatus
    assignee_id: UUID | None


@attrs.frozen(kw_only=True)
class WatchedSession:
    """A session that the next shift must have an eye on; level 0 if somebody only said so."""

    session_id: UUID
    safety_level: int
    note: str | None


@reply
class HandoverReply:
    """A handover, with all that it says."""

    handover_id: UUID
    venue_id: UUID
    from_shift: UUID
    from_staff: UUID
    to_shift: UUID | None
    note: str | None
    faults_seen: tuple[str, ...]
    cash_note: str | None
    open_tasks: tuple[HandedTask, ...]
    watch: tuple[WatchedSession, ...]
    acknowledged_by: UUID | None
    acknowledged_at: datetime | None
    at: datetime
    version: int


@attrs.frozen(kw_only=True)
class WorkFigures:
    """What somebody did in a stretch of time; medians are null without cases."""

    worked_minutes: int
    tasks_done: int
    tasks_on_time: int
    task_seconds_p50: int | None
    """From being given a task to accepting it."""
    sos_seconds_p50: int | None
    """From a press to acknowledging it."""
    sales_minor: SignedAmount
    tips_minor: SignedAmount
    voids: int


@attrs.frozen(kw_only=True)
class WeekFigures:
    """The figures of one week, which begins on a Monday."""

    week: date
    figures: WorkFigures


@reply
class PerformanceReply:
    """Somebody's work: altogether, and week by week, oldest first."""

    staff_id: UUID
    venue_ids: tuple[UUID, ...]
    since: date
    total: WorkFigures
    trend: tuple[WeekFigures, ...]
