"""Events of emergencies. The urgent ones go out at once, before they are recorded."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from protocol.bounds import integer
from protocol.events.base import MANAGEMENT, OWNER, PATRONS, STAFF, USER, EventData, event
from protocol.records.states import BroadcastKind, Severity
from protocol.values import Latitude, Longitude, Name, Zone


@event("emergency.sos_raised", STAFF, MANAGEMENT, OWNER, urgent=True)
class EmergencySosRaised(EventData):
    """RaiseSos (also duress PIN and replayed offline SOS); sent before any other queued
    event of the room; not shown on the raiser's own screen when silent.
    """

    incident_id: UUID
    raised_by: UUID
    display_name: Name
    severity: Severity
    zone: Zone | None
    lat: Latitude | None
    lon: Longitude | None
    accuracy_m: int | None
    silent: bool
    at: datetime
    late: bool
    repeat: int


@event("emergency.sos_acknowledged", STAFF, MANAGEMENT, OWNER, USER)
class EmergencySosAcknowledged(EventData):
    """First acknowledgement, and on_scene. The raiser's own room is left out if it is
    silent.
    """

    incident_id: UUID
    owner_id: UUID
    display_name: Name
    status: Literal["acknowledged", "on_scene"]
    after_ms: int
    at: datetime


@event("emergency.sos_escalated", STAFF, MANAGEMENT, OWNER)
class EmergencySosEscalated(EventData):
    """Tier timer ran out, backup asked for, or acknowledged incident idle too long."""

    incident_id: UUID
    tier: Annotated[int, integer(1, 3)]
    channels: tuple[str, ...]
    unacknowledged_for_s: int
    status: Literal["notifying", "exhausted", "backup"]
    next_at: datetime | None


@event("emergency.sos_resolved", STAFF, MANAGEMENT, OWNER, USER)
class EmergencySosResolved(EventData):
    """RespondSos resolve or false_alarm committed. The raiser's own room is left out if it
    is silent.
    """

    incident_id: UUID
    outcome: Literal["resolved", "false_alarm"]
    resolved_by: UUID
    open_for_s: int
    ack_after_ms: int | None


@event("emergency.broadcast", PATRONS, STAFF, MANAGEMENT, OWNER, urgent=True)
class EmergencyBroadcast(EventData):
    """BroadcastEmergency; patrons' room only when audience=everyone."""

    broadcast_id: UUID
    kind: BroadcastKind
    message: str
    by: UUID
    at: datetime
    needs_ack: bool
