"""What a venue knows of its tasks, and how it tells of them (Rule 13)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import attrs

from actors.rules.sos import Audience as People
from actors.rules.staff_lifecycle import UNFINISHED
from actors.rules.tasks import Lateness, least_loaded
from actors.runtime.outcome import CancelTimer, Event, SetTimer
from actors.runtime.state import State
from actors.runtime.telling import tell
from actors.venue.incident_state import people_of
from protocol.events.base import Audience
from protocol.events.staff import TaskAssigned, TaskOverdue, TaskStatusChanged
from protocol.internal.tasks import TaskDue
from protocol.reads import Read, Since
from protocol.records.runtime import DutyPlace
from protocol.records.safety import Incident
from protocol.records.staff import StaffTask
from protocol.records.states import TaskStatus
from protocol.replies.staff import TaskReply

TASK_READ: Final = Read(StaffTask, by="venue_id", where=(Since("done_at", 2 * 24 * 3600),))
"""Every unfinished task, and those that ended lately: a late word of one is known as such."""
NOBODY: Final = UUID(int=0)
"""Moved a task that the system moved."""


def unfinished(state: State) -> Iterator[StaffTask]:
    """Tasks that somebody still has to do."""
    return (task for task in state.all(StaffTask) if task.status in UNFINISHED)


def tasks_of(state: State, staff_id: UUID) -> tuple[StaffTask, ...]:
    """What somebody has to do."""
    return tuple(task for task in unfinished(state) if task.assignee_id == staff_id)


def loads_of(state: State) -> Mapping[UUID, int]:
    """How many unfinished tasks each person has."""
    return Counter(task.assignee_id for task in unfinished(state) if task.assignee_id is not None)


def takes_tasks(state: State, staff_id: UUID) -> bool:
    """Whether somebody is on duty here and not on a break."""
    here = (place for place in state.all(DutyPlace) if place.staff_id == staff_id)
    return any(not place.on_break for place in here)


def choose(
    state: State,
    *,
    wanted: UUID | None = None,
    for_management: bool = False,
    without: Container[UUID | None] = (),
    besides: Mapping[UUID, int] | None = None,
) -> UUID | None:
    """Who gets a task: whoever is wanted, if on duty and not on a break, else the least loaded.

    With `for_management` managers on duty come before all others. `without` get it never;
    `besides` is what people have been given in this very decision. None if nobody is there.
    """
    if wanted is not None and wanted not in without and takes_tasks(state, wanted):
        return wanted
    places = [place for place in state.all(DutyPlace) if place.staff_id not in without]
    loads = Counter(loads_of(state))
    loads.update(besides or {})
    if for_management:
        managers = people_of(state, People.ON_DUTY_MANAGEMENT)
        chosen = least_loaded((p for p in places if p.staff_id in managers), loads)
        if chosen is not None:
            return chosen
    return least_loaded(places, loads)


def not_for(state: State, task_id: UUID) -> tuple[UUID, ...]:
    """Whoever called for help is not the one to come; the task of a call has the call's own id."""
    call = state.get(Incident, task_id)
    return () if call is None else (call.raised_by,)


def people_told(state: State, level: int) -> tuple[UUID, ...]:
    """Whom an escalation goes to: management on duty, then all of management, then owners too.

    A tier where nobody is counts for nothing: the next one hears instead.
    """
    if level == 0:
        return ()
    on_duty = people_of(state, People.ON_DUTY_MANAGEMENT)
    if level == 1 and on_duty:
        return tuple(sorted(on_duty))
    management = on_duty | people_of(state, People.OFF_DUTY_MANAGEMENT)
    if level <= 2 and management:
        return tuple(sorted(management))
    return tuple(sorted(management | people_of(state, People.OWNER)))


def first_timer(task: StaffTask) -> tuple[SetTimer, ...]:
    """What a new task waits for: its time, which may be over already."""
    if task.due_at is None:
        return ()
    return (SetTimer(_timer(task), task.due_at, TaskDue(task_id=task.id)),)


def next_timer(task: StaffTask, at: datetime | None) -> SetTimer | CancelTimer:
    """When a task that is late is told again, if it is."""
    name = _timer(task)
    return CancelTimer(name) if at is None else SetTimer(name, at, TaskDue(task_id=task.id))


def no_timer(task: StaffTask) -> CancelTimer:
    """What is over is never late."""
    return CancelTimer(_timer(task))


def _timer(task: StaffTask) -> str:
    return f"task:{task.id}"


def told_assigned(task: StaffTask) -> Event:
    """That somebody has a task."""
    assert task.assignee_id is not None, f"task {task.id} has nobody"
    told = TaskAssigned(
        task_id=task.id,
        title=task.title,
        kind=task.kind,
        priority=task.priority,
        assignee_id=task.assignee_id,
        due_at=task.due_at,
        session_id=task.session_id,
        zone=task.zone,
    )
    return tell(told, venue_id=task.venue_id, user_id=task.assignee_id, version=task.version)


def told_moved(before: StaffTask, after: StaffTask, by: UUID | None, now: datetime) -> Event:
    """That a task moved; whoever had it hears of it."""
    told = TaskStatusChanged(
        task_id=after.id,
        from_=before.status,
        to=after.status,
        by=by or NOBODY,
        at=now,
        version=after.version,
    )
    return tell(
        told,
        venue_id=after.venue_id,
        user_id=before.assignee_id or after.assignee_id,
        version=after.version,
    )


def told_overdue(
    task: StaffTask, late: Lateness, escalated_to: tuple[UUID, ...], due_at: datetime
) -> Event:
    """That a task is late, to whoever has it and to everyone it escalates to."""
    told = TaskOverdue(
        task_id=task.id,
        due_at=due_at,
        overdue_minutes=late.minutes,
        priority=task.priority.value,
        escalated_to=escalated_to,
    )
    event = tell(told, venue_id=task.venue_id, user_id=task.assignee_id, version=task.version)
    rooms = (*event.rooms, *(Audience.USER.room(user_id) for user_id in escalated_to))
    return attrs.evolve(event, rooms=tuple(dict.fromkeys(rooms)))


def task_reply(task: StaffTask) -> TaskReply:
    """A task as it stands."""
    return TaskReply(
        task_id=task.id,
        venue_id=task.venue_id,
        title=task.title,
        kind=task.kind,
        priority=task.priority,
        status=task.status,
        assignee_id=task.assignee_id,
        created_by=task.created_by,
        zone=task.zone,
        session_id=task.session_id,
        intervention_id=task.intervention_id,
        due_at=task.due_at,
        accepted_at=task.accepted_at,
        done_at=task.done_at,
        blocked_reason=task.blocked_reason,
        result=task.result,
        overdue_level=task.overdue_level,
        created_at=task.created_at,
        version=task.version,
    )


def given_to(task: StaffTask, staff_id: UUID | None) -> StaffTask:
    """The task with somebody else, who has yet to accept it; with nobody, it waits."""
    return task.revised(
        status=TaskStatus.OPEN,
        assignee_id=staff_id,
        accepted_at=None,
        blocked_reason=None,
    )
