"""Events of care for patrons."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from protocol.bounds import integer
from protocol.events.base import MANAGEMENT, STAFF, USER, EventData, event
from protocol.records.states import InterventionSource, InterventionStatus, SafetyCheckKind
from protocol.values import Zone


@event("safety.threshold_crossed", STAFF, MANAGEMENT)
class SafetyThresholdCrossed(EventData):
    """A safety rule of the rules document fired and raised the session's level."""

    session_id: UUID
    rule: str
    level: Annotated[int, integer(1, 5)]
    value: float
    limit: float
    window_s: int | None
    at: datetime


@event("safety.intervention_opened", STAFF, MANAGEMENT)
class SafetyInterventionOpened(EventData):
    """OpenIntervention, or by threshold."""

    intervention_id: UUID
    session_id: UUID
    level: Annotated[int, integer(1, 5)]
    source: InterventionSource
    reason: str
    measures: tuple[str, ...]
    ack_by: datetime


@event("safety.intervention_updated", STAFF, MANAGEMENT)
class SafetyInterventionUpdated(EventData):
    """Acknowledged, escalated by timer, outcome recorded, closed."""

    intervention_id: UUID
    session_id: UUID
    level: Annotated[int, integer(1, 5)]
    status: InterventionStatus
    outcome: str | None
    by: UUID | None
    at: datetime


@event("safety.verification_requested", USER)
class SafetyVerificationRequested(EventData):
    """Level 1-3 prompt to the patron, or hourly reminder."""

    check_id: UUID
    session_id: UUID
    kind: SafetyCheckKind
    answer_by: datetime


@event("safety.help_requested", STAFF, MANAGEMENT, urgent=True)
class SafetyHelpRequested(EventData):
    """RequestHelp, or verification answered help. Without a visit `session_id` is null."""

    incident_id: UUID
    session_id: UUID | None
    user_id: UUID
    zone: Zone | None
    kind: str
    at: datetime


@event("safety.exclusion_changed", USER, MANAGEMENT)
class SafetyExclusionChanged(EventData):
    """Exclusion started, extended, ended; own limit changed or became effective; management
    sees kind and dates only for its venue.
    """

    user_id: UUID
    kind: Literal["cool_off", "self_exclusion", "venue_ban", "limit"]
    starts_at: datetime
    ends_at: datetime | None
    status: Literal["active", "pending", "ended"]
    limit_kind: str | None
