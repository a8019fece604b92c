"""Venue Operations: the register, safety cases, SOS and help.

The register and an incident's timeline are append-only and hash-chained. A hash covers stored
fields and, instead of personal text, its salted digest: erasure deletes salt and text, and the
chain still verifies (Rule 9, L7).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.records.base import Record, Table, Unique, record
from protocol.records.states import (
    IncidentKind,
    IncidentStatus,
    InterventionOutcome,
    InterventionSource,
    InterventionStatus,
    Severity,
)
from protocol.records.values import Json


@record(
    Table(
        name="safety_logs",
        key=("id",),
        unique=(Unique(("venue_id", "seq")),),
        versioned=False,
        append_only=True,
        tenant="venue_id",
        given_at_flush=("seq", "prev_hash", "hash"),
    )
)
class SafetyLog(Record):
    """One line of the compliance register. `seq` is gapless per venue, from 1.

    `notes_digest` is SHA-256(notes_salt ‖ notes) and outlives both.
    """

    id: UUID
    venue_id: UUID
    seq: int | None = None
    session_id: UUID | None
    user_id: UUID | None
    kind: str
    level: int = 0
    signs: tuple[str, ...] = ()
    notes: str | None = None
    notes_salt: bytes | None = None
    notes_digest: bytes | None = None
    by_user: UUID | None
    occurred_at: datetime
    received_at: datetime
    prev_hash: bytes | None = None
    hash: bytes | None = None


@record(Table(name="interventions", key=("id",), tenant="venue_id"))
class Intervention(Record):
    """A safety case on a session. Levels 1 to 5 (Rule 7); `ack_by` is its deadline.

    `tier` counts the people told so far, `task_id` is the task of the last of them, and `due_at`
    is when the next are told; None if nobody has to do anything.
    """

    id: UUID
    venue_id: UUID
    session_id: UUID
    user_id: UUID
    level: int
    status: InterventionStatus
    source: InterventionSource
    rule: str | None
    measures: tuple[str, ...]
    reason: str | None = None
    ack_by: datetime | None = None
    acknowledged_by: UUID | None = None
    acknowledged_at: datetime | None = None
    outcome: InterventionOutcome | None = None
    notes: str | None = None
    opened_by: UUID | None = None
    opened_at: datetime
    closed_at: datetime | None = None
    tier: int = 0
    task_id: UUID | None = None
    due_at: datetime | None = None
    version: int = 1


@record(Table(name="incidents", key=("id",), tenant="venue_id"))
class Incident(Record):
    """An SOS or a call for help (Rule 8). `owner_id` is who acknowledged first.

    `next_tier` is the tier that `next_tier_at` brings. Location is that of the press: degrees
    and metres. `repeats` counts presses that joined. `received_by` are those a device of whom says
    that it has the alert, in the order in which they said so; the first did at `received_at`.
    """

    id: UUID
    venue_id: UUID
    kind: IncidentKind
    severity: Severity
    status: IncidentStatus
    raised_by: UUID
    raised_by_name: str | None = None
    session_id: UUID | None = None
    owner_id: UUID | None = None
    owner_name: str | None = None
    silent: bool = False
    zone: str | None = None
    note: str | None = None
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    raised_at: datetime
    last_press_at: datetime
    repeats: int = 0
    acked_at: datetime | None = None
    on_scene_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: UUID | None = None
    outcome: str | None = None
    tier: int = 0
    next_tier: int | None = None
    next_tier_at: datetime | None = None
    late: bool = False
    received_at: datetime | None = None
    received_by: tuple[UUID, ...] = ()
    version: int = 1


@record(
    Table(
        name="incident_events",
        key=("id",),
        unique=(Unique(("incident_id", "seq")),),
        versioned=False,
        append_only=True,
        tenant="venue_id",
        given_at_flush=("prev_hash", "hash"),
    )
)
class IncidentEvent(Record):
    """One line of an incident's timeline, every alert sent and received among them.

    `seq` counts from 1 within the incident and is the venue's to give; the hash follows the line
    before it. `detail_digest` is SHA-256(detail_salt ‖ canonical detail).
    """

    id: UUID
    incident_id: UUID
    venue_id: UUID
    seq: int
    kind: str
    by_user: UUID | None
    channel: str | None = None
    target: str | None = None
    detail: Json | None = None
    detail_salt: bytes | None = None
    detail_digest: bytes | None = None
    at: datetime
    prev_hash: bytes | None = None
    hash: bytes | None = None
