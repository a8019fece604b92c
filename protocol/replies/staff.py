"""Answers about work."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.records.money_states import TillStatus
from protocol.records.states import ShiftStatus, TaskPriority, TaskStatus
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
