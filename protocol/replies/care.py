"""Answers about care for patrons (Rule 7)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.records.states import (
    InterventionOutcome,
    InterventionSource,
    InterventionStatus,
    SafetyCheckResponse,
    SessionStatus,
)
from protocol.replies.base import reply


@reply
class InterventionReply:
    """A case as it stands. `ack_by` is until when somebody must have taken it on."""

    intervention_id: UUID
    session_id: UUID
    venue_id: UUID
    level: int
    status: InterventionStatus
    source: InterventionSource
    reason: str
    measures: tuple[str, ...]
    ack_by: datetime | None
    acknowledged_by: UUID | None
    acknowledged_at: datetime | None
    outcome: InterventionOutcome | None
    opened_at: datetime
    closed_at: datetime | None
    version: int


@reply
class ObservationLogged:
    """What was noted, and the level that the visit has now; null for a person without a visit."""

    log_ids: tuple[UUID, ...]
    venue_id: UUID
    session_id: UUID | None
    safety_level: int | None
    intervention_id: UUID | None = None


@reply
class CheckAnswered:
    """A check with its answer, and where the visit stands; its level is nothing for a screen."""

    check_id: UUID
    session_id: UUID
    response: SafetyCheckResponse
    status: SessionStatus


@reply
class SafetyLogLine:
    """One line of the register. `notes` is null once its person was erased; the digest stays."""

    log_id: UUID
    venue_id: UUID
    seq: int | None
    session_id: UUID | None
    user_id: UUID | None
    kind: str
    level: int
    signs: tuple[str, ...]
    notes: str | None
    by_user: UUID | None
    occurred_at: datetime
    received_at: datetime
    hash: str | None


@reply
class SafetyLogPage:
    """Lines of the register, newest first."""

    items: tuple[SafetyLogLine, ...]
    next_cursor: str | None = None
