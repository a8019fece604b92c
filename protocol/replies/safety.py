"""Answers about emergencies."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import attrs

from protocol.records.states import (
    BroadcastAudience,
    BroadcastKind,
    IncidentKind,
    IncidentStatus,
    Severity,
)
from protocol.records.values import Json
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


@reply
class HelpTaken:
    """Somebody comes. `recorded` is false while only the alert is out."""

    incident_id: UUID
    requested_at: datetime
    recorded: bool = True
    dropped: tuple[str, ...] = ()


@reply
class BroadcastSent:
    """How many were told; receipts are counted as they come in."""

    broadcast_id: UUID
    venue_id: UUID
    kind: BroadcastKind
    audience: BroadcastAudience
    at: datetime
    sent: int
    acked: int
    version: int


@attrs.frozen(kw_only=True)
class TimelineLine:
    """One thing that happened in an incident, alerts that went out among them."""

    seq: int
    kind: str
    at: datetime
    by_user: UUID | None
    channel: str | None
    target: str | None
    detail: Json | None


@attrs.frozen(kw_only=True)
class AlertDelivery:
    """What became of an incident's alerts to one person by one way outside the apps.

    `channel` is push_fcm, push_apns, sms, voice or webhook; `user_id` is null for the contact
    outside. `status` is that of the newest: sent (the provider took it), delivered (it says that it
    arrived), waiting, failed, gone (nobody is there any more) or no_way (there is no device or
    number to send it to).
    """

    user_id: UUID | None
    channel: str
    status: str
    alerts: int
    sent: int
    delivered: int
    """Those that a provider says arrived; only of texts and calls is it known."""
    tries: int
    first_sent_at: datetime | None
    last_sent_at: datetime | None
    first_delivered_at: datetime | None
    error: str | None


@attrs.frozen(kw_only=True)
class IncidentView:
    """An incident with its timeline. Seconds count from the press; null if it did not happen."""

    incident_id: UUID
    venue_id: UUID
    kind: IncidentKind
    severity: Severity
    status: IncidentStatus
    raised_by: UUID
    raised_by_name: Name | None
    session_id: UUID | None
    owner_id: UUID | None
    owner_name: Name | None
    silent: bool
    zone: str | None
    note: str | None
    lat: float | None
    lon: float | None
    accuracy_m: float | None
    raised_at: datetime
    repeats: int
    late: bool
    tier: int
    received_after_s: int | None
    """Until the first device said that it has the alert; that of the raiser does not count."""
    received_by: tuple[UUID, ...]
    acknowledged_after_s: int | None
    on_scene_after_s: int | None
    closed_after_s: int | None
    closed_at: datetime | None
    closed_by: UUID | None
    outcome: str | None
    timeline: tuple[TimelineLine, ...]
    deliveries: tuple[AlertDelivery, ...]
    """To management all of them, to others those that were to reach them."""
    version: int


@reply
class IncidentPage:
    """Incidents, newest first."""

    items: tuple[IncidentView, ...]
    next_cursor: str | None = None
