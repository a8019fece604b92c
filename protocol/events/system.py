"""Events of the node and of signing in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from protocol.events.base import MANAGEMENT, OWNER, USER, EventData, event


@event("system.notification", USER)
class SystemNotification(EventData):
    """Notices addressed to one person (export ready, role changed, age verified)."""

    notification_id: UUID
    kind: str
    title_key: str
    params: Mapping[str, Any]
    severity: Literal["info", "warning", "critical"]
    expires_at: datetime | None


@event("system.settings_changed", MANAGEMENT, OWNER)
class SystemSettingsChanged(EventData):
    """UpdateSettings or PutVenue; values are not carried."""

    scope: Literal["venue", "platform"]
    keys: tuple[str, ...]
    version: int
    effective_at: datetime
    by: UUID


@event("system.actor_restarted", OWNER)
class SystemActorRestarted(EventData):
    """Supervisor restarted an actor."""

    actor_type: str
    actor_id: str
    reason: str
    restarts: int
    recovered_ms: int
    lost_commands: int


@event("auth.session_revoked", USER)
class AuthSessionRevoked(EventData):
    """Token family revoked; sockets of that family close with 4401 afterwards."""

    auth_session_id: UUID | None
    reason: Literal[
        "logout", "reuse_detected", "password_changed", "role_changed", "suspended", "erased"
    ]
    at: datetime


@event("system.resync_required", USER, durable=False)
class SystemResyncRequired(EventData):
    """Only to clients that refuse snapshots: asked-for sequence is gone, or the client was
    too slow.
    """

    rooms: tuple[str, ...]
    reason: Literal["gap", "expired", "overflow"]
    reload_from: str
