"""Work beyond shifts and tills: breaks, plans, tasks, handovers, figures."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable
from typing import Annotated, Final, TypeAlias
from uuid import UUID

import attrs

from protocol.addresses import ActorKind, Role
from protocol.bounds import integer, items, text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.domain_limits import SHIFT_HOURS_MAX
from protocol.errors import FieldError
from protocol.limits import LIST_ITEMS_MAX, PAGE_ITEMS_DEFAULT
from protocol.operations.addresses import child, duty, own_staff, query
from protocol.operations.base import KeyRule, Operation, in_category
from protocol.records.states import RoleName, ShiftStatus, TaskPriority, TaskStatus
from protocol.replies.staff import (
    HandoverReply,
    PerformanceReply,
    ScheduleReply,
    ShiftList,
    ShiftReply,
    TaskList,
    TaskReply,
)
from protocol.values import Cursor, Note, PageSize, Reason, Zone

TaskTitle: TypeAlias = Annotated[
    str, text(min=1, max=120, pattern=r"[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*")
]
TaskKind: TypeAlias = Annotated[str, text(min=1, max=40, pattern=r"[a-z][a-z0-9_]*")]
_MONDAY: Final = 0


class BreakAction(enum.StrEnum):
    """A break begins or ends."""

    START = "start"
    END = "end"


@command
class RecordBreak(Command):
    """Begin or end a break of the own open shift; `paid` counts when it begins."""

    action: BreakAction
    paid: bool = False


@command
class ListShifts(Command):
    """Shifts, newest first: own, who is on duty with `open`, for management all of the venue."""

    venue_id: UUID | None = None
    staff_id: UUID | None = None
    status: ShiftStatus | None = None
    open: bool = False
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


@command
class GetSchedule(Command):
    """The plan of a week, named by its Monday; without a week the running one."""

    venue_id: UUID | None = None
    week: dt.date | None = None

    def faults(self) -> Iterable[FieldError]:
        """A week begins on a Monday."""
        if self.week is not None and self.week.weekday() != _MONDAY:
            yield FieldError("/week", "not_a_monday", "must be the Monday that the week begins on")


@attrs.frozen(kw_only=True)
class PlannedShift:
    """One shift of a plan. Without `staff_id` it is open to whoever wants it.

    `schedule_id` keeps a shift the one that it was, if its person or times change.
    """

    starts_at: dt.datetime
    ends_at: dt.datetime
    staff_id: UUID | None = None
    role: RoleName = RoleName.STAFF
    schedule_id: UUID | None = None


@command
class PublishSchedule(Command):
    """Replace a week's draft, or publish: what is given, else the draft as it stands."""

    week: dt.date
    venue_id: UUID | None = None
    shifts: Annotated[tuple[PlannedShift, ...], items(0, LIST_ITEMS_MAX)] | None = None
    publish: bool = False

    def faults(self) -> Iterable[FieldError]:
        """A week begins on a Monday, and each shift ends after it began, on the same day or so."""
        if self.week.weekday() != _MONDAY:
            yield FieldError("/week", "not_a_monday", "must be the Monday that the week begins on")
        if self.shifts is None and not self.publish:
            yield FieldError("/shifts", "required", "a draft is replaced by what is given")
        longest = dt.timedelta(hours=SHIFT_HOURS_MAX)
        for n, shift in enumerate(self.shifts or ()):
            if not dt.timedelta() < shift.ends_at - shift.starts_at <= longest:
                detail = f"must be after starts_at, and at most {SHIFT_HOURS_MAX} h after it"
                yield FieldError(f"/shifts/{n}/ends_at", "out_of_range", detail)
        named = [s.schedule_id for s in self.shifts or () if s.schedule_id is not None]
        if len(set(named)) < len(named):
            yield FieldError("/shifts", "repeated", "has one schedule_id twice")


@command
class ListTasks(Command):
    """Tasks, newest first; staff see their own and those that nobody has yet."""

    venue_id: UUID | None = None
    status: TaskStatus | None = None
    assignee_id: UUID | None = None
    priority: TaskPriority | None = None
    kind: TaskKind | None = None
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


@command
class AssignTask(Command):
    """Give a task to someone on duty; without `assignee_id` to whoever has least to do."""

    title: TaskTitle
    venue_id: UUID | None = None
    kind: TaskKind = "general"
    priority: TaskPriority = TaskPriority.NORMAL
    due_at: dt.datetime | None = None
    zone: Zone | None = None
    session_id: UUID | None = None
    assignee_id: UUID | None = None
    auto: bool = False

    def faults(self) -> Iterable[FieldError]:
        """Either somebody is named, or nobody is."""
        if self.auto and self.assignee_id is not None:
            yield FieldError("/auto", "not_allowed", "goes without assignee_id only")


class TaskMove(enum.StrEnum):
    """What an assignee may say of a task."""

    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    DONE = "done"


@command
class UpdateTaskStatus(Command):
    """Move the own task on; who takes one that nobody has yet has it then."""

    task_id: UUID
    status: TaskMove
    reason: Reason | None = None
    result: Note | None = None

    def faults(self) -> Iterable[FieldError]:
        """Who is stuck says why."""
        if (self.status is TaskMove.BLOCKED) != (self.reason is not None):
            yield FieldError("/reason", "required", "goes with status blocked, and only with it")
        if self.result is not None and self.status is not TaskMove.DONE:
            yield FieldError("/result", "not_allowed", "goes with status done only")


@command
class ReassignTask(Command):
    """Move an unfinished task to another person on duty, or cancel it with a reason."""

    task_id: UUID
    assignee_id: UUID | None = None
    auto: bool = False
    cancel: bool = False
    reason: Reason | None = None

    def faults(self) -> Iterable[FieldError]:
        """Exactly one of the three is meant."""
        if (self.assignee_id is not None) + self.auto + self.cancel != 1:
            yield FieldError("/assignee_id", "required", "give one of assignee_id, auto, cancel")
        if self.cancel and self.reason is None:
            yield FieldError("/reason", "required", "say why it is cancelled")


@attrs.frozen(kw_only=True)
class Watch:
    """A session that the next shift should have an eye on, and why."""

    session_id: UUID
    note: Reason | None = None


@command
class PostHandover(Command):
    """What the next shift must know; with `ack` and `handover_id`: that somebody has read it.

    Open tasks, and every session at a safety level, are added by themselves (Rule 7).
    """

    note: Note | None = None
    faults_seen: Annotated[tuple[Reason, ...], items(0, 20)] = ()
    cash_note: Note | None = None
    watch: Annotated[tuple[Watch, ...], items(0, 50)] = ()
    ack: bool = False
    handover_id: UUID | None = None

    def faults(self) -> Iterable[FieldError]:
        """One posts a handover or acknowledges one."""
        if self.ack != (self.handover_id is not None):
            yield FieldError("/handover_id", "required", "goes with ack=true, and only with it")
        told = self.note or self.cash_note or self.faults_seen or self.watch
        if self.ack and told:
            yield FieldError("/note", "not_allowed", "an acknowledgement says nothing else")


@command
class GetPerformance(Command):
    """Somebody's figures over the last `weeks`, and by week."""

    staff_id: UUID
    venue_id: UUID | None = None
    weeks: Annotated[int, integer(1, 26)] = 8


_ACCEPTED: Final = KeyRule.ACCEPTED

# fmt: off
OPERATIONS: Final = in_category(
    "Staff",
    Operation(
        RecordBreak, Role.STAFF, "POST /api/staff/breaks", own_staff, ShiftReply,
        summary="Begin or end a break.",
        key=_ACCEPTED, offline=True,
        errors=(Code.INVALID_TRANSITION, Code.NO_OPEN_SHIFT),
        emits=("staff.break_changed",),
    ),
    Operation(
        ListShifts, Role.STAFF, "GET /api/staff/shifts", query("shifts"), ShiftList,
        summary="Shifts with breaks, minutes and flags.",
    ),
    Operation(
        GetSchedule, Role.STAFF, "GET /api/staff/schedule", query("schedule"), ScheduleReply,
        summary="The plan of a week; its ETag is for changing it.",
    ),
    Operation(
        PublishSchedule, Role.MANAGEMENT, "PUT /api/staff/schedule", duty("venue_id"),
        ScheduleReply,
        summary="Replace a week's draft, or publish it.",
        key=_ACCEPTED, precondition=True,
        errors=(Code.SCHEDULE_OVERLAP, Code.REST_RULE_VIOLATED),
        emits=("schedule.published",),
    ),
    Operation(
        ListTasks, Role.STAFF, "GET /api/staff/tasks", query("tasks"), TaskList,
        summary="Tasks, filtered; staff see own and unassigned ones.",
    ),
    Operation(
        AssignTask, Role.MANAGEMENT, "POST /api/staff/tasks", duty("venue_id"), TaskReply,
        summary="Give a task to someone on duty.",
        status=201, key=_ACCEPTED, errors=(Code.ASSIGNEE_OFF_DUTY,), emits=("task.assigned",),
    ),
    Operation(
        UpdateTaskStatus, Role.STAFF, "PATCH /api/staff/tasks/{task_id}",
        child("task_id", ActorKind.VENUE), TaskReply,
        summary="Move the own task on.",
        key=_ACCEPTED, precondition=True, offline=True, errors=(Code.INVALID_TRANSITION,),
        emits=("task.status_changed",),
    ),
    Operation(
        ReassignTask, Role.MANAGEMENT, "POST /api/staff/tasks/{task_id}/reassign",
        child("task_id", ActorKind.VENUE), TaskReply,
        summary="Move an unfinished task to somebody else, or cancel it.",
        key=_ACCEPTED, errors=(Code.ASSIGNEE_OFF_DUTY, Code.INVALID_TRANSITION),
        emits=("task.assigned", "task.status_changed"),
    ),
    Operation(
        PostHandover, Role.STAFF, "POST /api/staff/handover", own_staff, HandoverReply,
        summary="Hand over to the next shift, or acknowledge that.",
        key=_ACCEPTED, offline=True, errors=(Code.NO_OPEN_SHIFT, Code.NOT_FOUND),
        emits=("shift.handover_posted",),
    ),
    Operation(
        GetPerformance, Role.STAFF, "GET /api/staff/performance/{staff_id}",
        query("performance"), PerformanceReply,
        summary="Own figures, or anybody's for management, by week.",
    ),
)
# fmt: on
