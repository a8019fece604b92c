"""Tasks: what sessions and the venue's own timers have done by people (Rules 7 and 13)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.commands import Command, command
from protocol.records.states import TaskPriority


@command
class OpenTask(Command):
    """Anyone → venue, detached: somebody is to do this. A second word of the same task is nothing.

    Without `assignee_id`, or if that person is off duty or on a break, it goes to whoever on duty
    has least to do. If nobody is there it waits for the next to come, and management hears of it
    at once.
    """

    task_id: UUID
    title: str
    kind: str
    priority: TaskPriority
    due_at: datetime | None = None
    zone: str | None = None
    session_id: UUID | None = None
    intervention_id: UUID | None = None
    assignee_id: UUID | None = None
    created_by: UUID | None = None
    """None for what the system opened."""
    for_management: bool = False
    """Rather for a manager on duty, if one is (Rule 7, level 3)."""


@command
class CloseTask(Command):
    """Anyone → venue, detached: what the task was for is over. Nothing if the task is, too."""

    task_id: UUID
    result: str
    by: UUID | None = None
    """Who saw to it; None for the system."""


@command
class TaskDue(Command):
    """Venue → itself: a task is due, or overdue for a while."""

    task_id: UUID
