"""Tasks as people give and do them (Rule 13): only the assignee moves one, management passes it on.

A task goes to somebody on duty who is not on a break. One that nobody has may be taken by
whoever on duty accepts it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import attrs

from actors.rules.lifecycle import refuse_transition
from actors.rules.permissions import not_found, refuse_at_venue
from actors.rules.preconditions import refuse_version
from actors.rules.staff_lifecycle import MOVES, TASK, TaskTrigger
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Event, Outcome
from actors.runtime.state import State
from actors.venue.caring import care_taken
from actors.venue.helping import help_taken
from actors.venue.task_state import (
    choose,
    first_timer,
    given_to,
    no_timer,
    not_for,
    takes_tasks,
    task_reply,
    told_assigned,
    told_moved,
)
from protocol.addresses import Role
from protocol.codec import encode
from protocol.errors import Code, FieldError, Refusal
from protocol.operations.staff_work import AssignTask, ReassignTask, UpdateTaskStatus
from protocol.records.runtime import FloorPlace
from protocol.records.staff import StaffTask
from protocol.records.states import TaskStatus


@decides(AssignTask)
def decide_assign_task(state: State, command: AssignTask, context: Context) -> Decision:
    """Give a new task to whoever is named, else to the least loaded on duty."""
    principal = context.principal
    assert principal is not None, "whoever gives a task is signed in"
    venue_id = context.address.id
    refusal = (
        refuse_at_venue(principal, Role.MANAGEMENT, venue_id)
        or _refuse_fields(state, command, context.now)
        or _refuse_assignee(state, command.assignee_id)
    )
    if refusal is not None:
        return refusal
    assignee_id = command.assignee_id or choose(state)
    if assignee_id is None:
        return _nobody_there()
    task = StaffTask(
        id=context.fresh_id(),
        venue_id=venue_id,
        title=command.title,
        kind=command.kind,
        priority=command.priority,
        status=TaskStatus.OPEN,
        assignee_id=assignee_id,
        created_by=principal.user_id,
        zone=command.zone,
        session_id=command.session_id,
        due_at=command.due_at,
        created_at=context.now,
    )
    return Outcome(
        reply=task_reply(task),
        changes=(task,),
        events=(told_assigned(task),),
        timers=first_timer(task),
    )


def _refuse_fields(state: State, command: AssignTask, now: datetime) -> Refusal | None:
    errors = []
    if command.due_at is not None and command.due_at <= now:
        errors.append(FieldError("/due_at", "out_of_range", f"must be later than now, {now}"))
    if command.session_id is not None and state.get(FloorPlace, command.session_id) is None:
        errors.append(FieldError("/session_id", "unknown", "is no session on this venue's floor"))
    if not errors:
        return None
    detail = "; ".join(f"{error.pointer} {error.detail}" for error in errors)
    return Refusal(Code.VALIDATION_FAILED, detail, errors=tuple(errors))


def _refuse_assignee(state: State, assignee_id: UUID | None) -> Refusal | None:
    if assignee_id is None or takes_tasks(state, assignee_id):
        return None
    return Refusal(
        Code.ASSIGNEE_OFF_DUTY,
        f"{assignee_id} is not on duty here, or on a break; name somebody who is, or nobody",
    )


def _nobody_there() -> Refusal:
    return Refusal(
        Code.ASSIGNEE_OFF_DUTY, "nobody is on duty here who is not on a break; try again later"
    )


@decides(UpdateTaskStatus)
def decide_update_task_status(
    state: State, command: UpdateTaskStatus, context: Context
) -> Decision:
    """Move a task on, by whoever has it."""
    principal = context.principal
    assert principal is not None, "whoever moves a task is signed in"
    task = state.get(StaffTask, command.task_id)
    refusal = refuse_at_venue(principal, Role.STAFF, context.address.id)
    if refusal is not None:
        return not_found(f"task {command.task_id}")
    if task is None:
        return _over_for_long(command.task_id)
    trigger = MOVES[TaskStatus(command.status.value)]
    takes = (
        task.assignee_id is None
        and trigger is TaskTrigger.ACCEPT
        and takes_tasks(state, principal.user_id)
    )
    if task.assignee_id != principal.user_id and not takes:
        return Refusal(
            Code.FORBIDDEN, f"task {task.id} is not yours to move; management can pass it on"
        )
    whose = f"task {task.id}"
    refusal = refuse_version(
        context.expected_version, task.version, whose=whose
    ) or refuse_transition(TASK, task.status, trigger, whose=whose)
    if refusal is not None:
        return _with_both(refusal, task, context)
    moved = _moved(task, command, trigger, _happened_at(task, context))
    if takes:
        moved = moved.evolve(assignee_id=principal.user_id)
    told = told_moved(task, moved, principal.user_id, context.now)
    comes = trigger is TaskTrigger.ACCEPT
    return Outcome(
        reply=task_reply(moved),
        changes=(moved,),
        events=(told, told_assigned(moved)) if takes else (told,),
        sends=(*care_taken(moved, principal.user_id), *help_taken(state, moved, context))
        if comes
        else (),
        timers=(no_timer(moved),) if moved.status is TaskStatus.DONE else (),
    )


def _with_both(refusal: Refusal, task: StaffTask, context: Context) -> Refusal:
    """Who knew an older version is told which, and how the task stands by now (Rule 12)."""
    if refusal.code is not Code.VERSION_CONFLICT:
        return refusal
    both = {"expected_version": context.expected_version, "current": encode(task_reply(task))}
    return attrs.evolve(refusal, extra=both)


def _moved(
    task: StaffTask, command: UpdateTaskStatus, trigger: TaskTrigger, at: datetime
) -> StaffTask:
    done = trigger is TaskTrigger.FINISH
    return task.revised(
        status=TASK[task.status, trigger],
        accepted_at=at if trigger is TaskTrigger.ACCEPT else task.accepted_at,
        done_at=at if done else None,
        blocked_reason=command.reason,
        result=command.result if done else None,
    )


def _happened_at(task: StaffTask, context: Context) -> datetime:
    """Now, or when it truly happened if that was offline (Rule 12); not before what was before."""
    happened = None if context.provenance is None else context.provenance.occurred_at
    at = min(happened or context.now, context.now)
    return max(at, task.accepted_at or task.created_at)


def _over_for_long(task_id: UUID) -> Refusal:
    # Found by its row, so it was here; what is not loaded ended days ago.
    return Refusal(Code.INVALID_TRANSITION, f"task {task_id} is over")


@decides(ReassignTask)
def decide_reassign_task(state: State, command: ReassignTask, context: Context) -> Decision:
    """Pass a task on to somebody else, who has yet to accept it, or cancel it."""
    principal = context.principal
    assert principal is not None, "whoever passes a task on is signed in"
    refusal = refuse_at_venue(principal, Role.MANAGEMENT, context.address.id)
    if refusal is not None:
        return refusal if refusal.code is Code.FORBIDDEN else not_found(f"task {command.task_id}")
    task = state.get(StaffTask, command.task_id)
    if task is None:
        return _over_for_long(command.task_id)
    whose = f"task {task.id}"
    trigger = TaskTrigger.CANCEL if command.cancel else TaskTrigger.REASSIGN
    refusal = refuse_transition(TASK, task.status, trigger, whose=whose)
    if refusal is None and context.expected_version is not None:
        refusal = refuse_version(context.expected_version, task.version, whose=whose)
    if refusal is None and not command.cancel:
        refusal = _refuse_assignee(state, command.assignee_id)
    if refusal is not None:
        return refusal
    if command.cancel:
        return _cancelled(task, command, context)
    others = {task.assignee_id, *not_for(state, task.id)}
    chosen = command.assignee_id or choose(state, without=others)
    if chosen is None:
        return _nobody_there()
    passed = given_to(task, chosen)
    told = () if task.assignee_id is None else (_told_passed(task, passed, context),)
    return Outcome(
        reply=task_reply(passed),
        changes=(passed,),
        appends=(
            audited(
                context,
                "task.reassigned",
                "task",
                task.id,
                venue_id=task.venue_id,
                before={"assignee_id": task.assignee_id, "status": task.status},
                after={"assignee_id": chosen, "reason": command.reason},
            ),
        ),
        events=(*told, told_assigned(passed)),
    )


def _told_passed(task: StaffTask, passed: StaffTask, context: Context) -> Event:
    assert context.principal is not None
    return told_moved(task, passed, context.principal.user_id, context.now)


def _cancelled(task: StaffTask, command: ReassignTask, context: Context) -> Outcome:
    assert context.principal is not None
    cancelled = task.revised(
        status=TaskStatus.CANCELLED, done_at=context.now, result=command.reason
    )
    return Outcome(
        reply=task_reply(cancelled),
        changes=(cancelled,),
        appends=(
            audited(
                context,
                "task.cancelled",
                "task",
                task.id,
                venue_id=task.venue_id,
                before={"assignee_id": task.assignee_id, "status": task.status},
                after={"reason": command.reason},
            ),
        ),
        events=(told_moved(task, cancelled, context.principal.user_id, context.now),),
        timers=(no_timer(cancelled),),
    )
