"""Answers about emergencies."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.records.states import IncidentStatus, Severity
from protocol.replies.base import reply
from protocol.values import Name


@reply
class SosRaised:
    """Help is called. `recorded` is false while only the alert is out (the venue is not there
    yet); `dropped` points to what did not fit and was left out."""

    incident_id: UUID
    status: IncidentStatus
    severity: Severity
    raised_at: datetime
    repeat: int = 0
    recorded: bool = True
    dropped: tuple[str, ...] = ()


@reply
class IncidentReply:
    """An incident as it stands."""

    incident_id: UUID
    venue_id: UUID
    status: IncidentStatus
    severity: Severity
    raised_at: datetime
    owner_id: UUID | None
    owner_name: Name | None
    acknowledged_at: datetime | None
    on_scene_at: datetime | None
    closed_at: datetime | None
    version: int
