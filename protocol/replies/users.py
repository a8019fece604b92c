"""Answers about people: each sees own data whole, and of others what the role allows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from protocol.records.states import (
    ExclusionKind,
    LimitKind,
    LimitPeriod,
    PushPlatform,
    UserStatus,
)
from protocol.replies.base import reply
from protocol.values import (
    Amount,
    Currency,
    DeviceId,
    Email,
    EmergencyContact,
    Locale,
    Name,
    Phone,
    QuietHours,
    RoleGrant,
)


@reply
class ActiveLimit:
    """A limit that someone set for themselves; `amount` is minor units or minutes."""

    kind: LimitKind
    period: LimitPeriod
    amount: int
    effective_at: datetime


@reply
class ActiveExclusion:
    """Why and how long somebody may not come in."""

    exclusion_id: UUID
    kind: ExclusionKind
    venue_id: UUID | None
    starts_at: datetime
    ends_at: datetime | None


@reply
class Profile:
    """Everything that someone sees of themselves."""

    user_id: UUID
    email: Email
    email_verified: bool
    phone: Phone | None
    phone_verified: bool
    display_name: Name
    birth_date: date | None
    """Staff and owners may have none."""
    age_verified: bool
    locale: Locale | None
    avatar: str | None
    emergency_contact: EmergencyContact | None
    status: UserStatus
    roles: tuple[RoleGrant, ...]
    permissions: tuple[str, ...]
    limits: tuple[ActiveLimit, ...]
    exclusions: tuple[ActiveExclusion, ...]
    created_at: datetime
    version: int


@reply
class Preferences:
    """How somebody wants the app, and what they consented to, with the time of it."""

    locale: Locale | None
    channels: Mapping[str, bool]
    quiet_hours: QuietHours | None
    marketing_consent: bool
    marketing_consent_at: datetime | None
    analytics_opt_out: bool
    accessibility: Mapping[str, Any]
    version: int


@reply
class PendingLimit:
    """A raise that waits: from `effective_at` to `confirm_by` the same wish confirms it."""

    amount_minor: Amount | None
    minutes: int | None
    remove: bool
    effective_at: datetime
    confirm_by: datetime


@reply
class OwnLimit:
    """A limit as it stands: `used` and `remaining` in the unit of its kind.

    Without a limit in force there is only what is pending.
    """

    limit_id: UUID
    kind: LimitKind
    period: LimitPeriod
    amount_minor: Amount | None
    minutes: int | None
    used: int
    remaining: int | None
    effective_at: datetime
    pending: PendingLimit | None


@reply
class Limits:
    """All own limits, and what keeps the person out now."""

    items: tuple[OwnLimit, ...]
    exclusions: tuple[ActiveExclusion, ...]


@reply
class Refundable:
    """Paid credit of one currency that can be given back."""

    currency: Currency
    amount_minor: Amount


@reply
class Kept:
    """What outlives an erased account, why, and for how long."""

    what: str
    why: str
    years: int


@reply
class ErasureTaken:
    """The account ends at `due_at`, unless its person signs in before."""

    erasure_id: UUID
    status: str
    requested_at: datetime
    due_at: datetime
    refundable: tuple[Refundable, ...]
    forfeited: bool
    kept: tuple[Kept, ...]


@reply
class ExportJob:
    """A copy of one's data under way; it is at `path` once it is ready."""

    job_id: UUID
    status: Literal["pending", "ready", "failed", "expired"]
    requested_at: datetime
    ready_by: datetime
    path: str


@reply
class DeviceRegistered:
    """A device that pushes go to."""

    device_id: DeviceId
    platform: PushPlatform
    app: str
