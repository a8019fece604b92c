"""Platform: what the node itself needs to keep: keys, events, timers, deliveries, the trail."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.addresses import ActorKind
from protocol.records.base import Record, Table, Unique, record
from protocol.records.money_states import ErasureKind, IdempotencyStatus
from protocol.records.values import Json


@record(
    Table(
        name="idempotency_keys",
        key=("actor_type", "actor_id", "user_id", "method", "route", "key"),
    )
)
class IdempotencyKey(Record):
    """The first answer to a keyed request, kept 7 days by the addressed actor (Rule 12).

    `user_id` is the zero UUID when nobody is signed in. `fingerprint` is SHA-256 of the
    canonical body. `response` holds `body` and whichever `headers` belong to the answer.
    """

    actor_type: ActorKind
    actor_id: UUID
    user_id: UUID
    method: str
    route: str
    key: str
    fingerprint: bytes
    status: IdempotencyStatus
    http_status: int | None = None
    response: Json | None = None
    created_at: datetime
    expires_at: datetime
    version: int = 1


@record(Table(name="sync_devices", key=("user_id", "device_id")))
class SyncDevice(Record):
    """An offline queue's last sequence (Rule 12)."""

    user_id: UUID
    device_id: str
    last_seq: int
    clock_skew_ms: int = 0
    updated_at: datetime
    version: int = 1


@record(
    Table(
        name="event_outbox",
        key=("room", "seq"),
        versioned=False,
        append_only=True,
        tenant="venue_id",
    )
)
class OutboxEvent(Record):
    """A durable event in one room, written with its cause; one row per room (Rule 17).

    `id` is the event's and repeats over its rooms. `payload` is the envelope's `data`,
    `event_version` its `version`; `hide_from` gets an empty event in its place (Rule 8).
    """

    id: UUID
    room: str
    seq: int
    type: str
    venue_id: UUID | None
    payload: Json
    occurred_at: datetime
    event_version: int = 1
    hide_from: UUID | None = None


@record(Table(name="notification_deliveries", key=("id",)))
class NotificationDelivery(Record):
    """One attempt to reach somebody by push, SMS, voice or mail."""

    id: UUID
    user_id: UUID
    event_id: UUID
    incident_id: UUID | None
    channel: str
    status: str
    tries: int = 0
    next_try_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    acked_at: datetime | None = None
    error: str | None = None
    version: int = 1


@record(
    Table(
        name="actor_timers",
        key=("actor_type", "actor_id", "name"),
        tenant="venue_id",
    )
)
class ActorTimer(Record):
    """A deadline that survives a restart. `name` is unique within its actor."""

    actor_type: ActorKind
    actor_id: UUID
    name: str
    venue_id: UUID | None = None
    due_at: datetime
    payload: Json
    fired_at: datetime | None = None
    version: int = 1


@record(
    Table(
        name="audit_log",
        key=("id",),
        unique=(Unique(("venue_id", "seq")),),
        versioned=False,
        append_only=True,
        tenant="venue_id",
        given_at_flush=("seq", "prev_hash", "hash"),
    )
)
class AuditEntry(Record):
    """Who did what. `seq` is gapless per venue; rows without one form the platform's chain.

    `detail_digest` is SHA-256(detail_salt ‖ canonical before and after) and outlives them.
    """

    id: UUID
    seq: int | None = None
    venue_id: UUID | None
    at: datetime
    actor_id: UUID | None
    role: str
    action: str
    object_type: str
    object_id: str
    before: Json | None = None
    after: Json | None = None
    detail_salt: bytes | None = None
    detail_digest: bytes | None = None
    request_id: UUID | None = None
    ip: str | None = None
    prev_hash: bytes | None = None
    hash: bytes | None = None


@record(Table(name="erasure_jobs", key=("id",)))
class ErasureJob(Record):
    """An export or erasure under way; `kept` says what stays and why (Rule 16)."""

    id: UUID
    user_id: UUID
    kind: ErasureKind
    status: str
    requested_at: datetime
    due_at: datetime
    done_at: datetime | None = None
    kept: Json | None = None
    file_ref: str | None = None
    version: int = 1
