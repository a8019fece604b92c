"""Tasks that the system gives: opened and closed for sessions, told when late, passed on.

No task is dropped silently (Rule 7). One that nobody is there for waits for whoever comes next,
and management hears of it at once; one that is late is told to more people each time (Rule 13).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import attrs

from actors.rules.lifecycle import transition
from actors.rules.staff_lifecycle import TASK, TaskTrigger
from actors.rules.tasks import Lateness, lateness
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Event, Outcome
from actors.runtime.state import State
from actors.venue.task_state import (
    choose,
    first_timer,
    given_to,
    next_timer,
    no_timer,
    not_for,
    people_told,
    tasks_of,
    told_assigned,
    told_moved,
    told_overdue,
    unfinished,
)
from protocol.internal.tasks import CloseTask, OpenTask, TaskDue
from protocol.records.runtime import DutyPlace
from protocol.records.staff import StaffTask
from protocol.records.states import TaskStatus

_ALL_OF_MANAGEMENT = 2


@decides(OpenTask)
def decide_open_task(state: State, command: OpenTask, context: Context) -> Decision:
    """Give a task to somebody, or to whoever comes next."""
    if state.get(StaffTask, command.task_id) is not None:
        return Outcome()
    assignee_id = choose(
        state,
        wanted=command.assignee_id,
        for_management=command.for_management,
        without=not_for(state, command.task_id),
    )
    task = StaffTask(
        id=command.task_id,
        venue_id=context.address.id,
        title=command.title,
        kind=command.kind,
        priority=command.priority,
        status=TaskStatus.OPEN,
        assignee_id=assignee_id,
        created_by=command.created_by,
        zone=command.zone,
        session_id=command.session_id,
        intervention_id=command.intervention_id,
        due_at=command.due_at,
        created_at=context.now,
    )
    return Outcome(
        changes=(task,),
        events=(_told_new(state, task, context.now),),
        timers=first_timer(task),
    )


def _told_new(state: State, task: StaffTask, now: datetime) -> Event:
    if task.assignee_id is not None:
        return told_assigned(task)
    nobody = Lateness(minutes=0, level=_ALL_OF_MANAGEMENT, next_at=None)
    told_to = people_told(state, nobody.level)
    return told_overdue(task, nobody, told_to, task.due_at or now)


@decides(CloseTask)
def decide_close_task(state: State, command: CloseTask, context: Context) -> Decision:
    """What a task was for is over; so is the task."""
    task = state.get(StaffTask, command.task_id)
    if task is None:
        return Outcome()
    status = transition(TASK, task.status, TaskTrigger.SETTLE)
    if status is None:
        return Outcome()
    closed = task.revised(status=status, done_at=context.now, result=command.result)
    return Outcome(
        changes=(closed,),
        events=(told_moved(task, closed, command.by, context.now),),
        timers=(no_timer(closed),),
    )


@decides(TaskDue)
def decide_task_due(state: State, command: TaskDue, context: Context) -> Decision:
    """Tell that a task is late, and when it is to be told again."""
    task = state.get(StaffTask, command.task_id)
    if task is None or task.due_at is None:
        return Outcome()
    if transition(TASK, task.status, TaskTrigger.SETTLE) is None:
        return Outcome()
    late = lateness(task.priority, task.due_at, context.now)
    if late is None:
        return Outcome(timers=first_timer(task))
    told = task
    if late.level > task.overdue_level:
        told = task.revised(overdue_level=late.level)
    escalated_to = people_told(state, late.level)
    return Outcome(
        changes=() if told is task else (told,),
        events=(told_overdue(told, late, escalated_to, task.due_at),),
        timers=(next_timer(told, late.next_at),),
    )


def given_up(state: State, staff_id: UUID, context: Context) -> Outcome:
    """What follows for the tasks of somebody who leaves: others have them, or they wait."""
    return _passed_on(state, tasks_of(state, staff_id), context, leaver=staff_id)


def taken_over(state: State, place: DutyPlace, context: Context) -> Outcome:
    """What follows for waiting tasks when somebody comes: they have somebody."""
    if place.on_break:
        return Outcome()
    waiting = (task for task in unfinished(state) if task.assignee_id is None)
    theirs = (task for task in waiting if place.staff_id not in not_for(state, task.id))
    changes = tuple(given_to(task, place.staff_id) for task in theirs)
    return Outcome(changes=changes, events=tuple(told_assigned(task) for task in changes))


def _passed_on(
    state: State, tasks: Iterable[StaffTask], context: Context, *, leaver: UUID
) -> Outcome:
    """Spread tasks over those who stay, the least loaded first."""
    loads: dict[UUID, int] = {}
    outcome = Outcome()
    for task in tasks:
        chosen = choose(state, without=(leaver, *not_for(state, task.id)), besides=loads)
        if chosen is not None:
            loads[chosen] = loads.get(chosen, 0) + 1
        passed = given_to(task, chosen)
        told = [told_moved(task, passed, leaver, context.now)]
        told.append(
            told_assigned(passed) if chosen is not None else _told_new(state, passed, context.now)
        )
        outcome = attrs.evolve(
            outcome,
            changes=(*outcome.changes, passed),
            events=(*outcome.events, *told),
        )
    return outcome
