"""Users & Auth: accounts, their roles, tokens, preferences, limits and exclusions.

A person's rows belong to the account actor, except roles, which venue and platform decide.
Secrets are here only as hashes, and the reader role of the database sees none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

import attrs

from protocol.records.base import Record, Table, Unique, record
from protocol.records.states import (
    AuthTokenKind,
    ExclusionKind,
    LimitKind,
    LimitPeriod,
    PushPlatform,
    RoleName,
    UserStatus,
)
from protocol.records.values import Json


@record(
    Table(
        name="users",
        key=("id",),
        unique=(Unique(("email",), where=(("deleted_at", (None,)),), lowered=True),),
    )
)
class User(Record):
    """One account per person over all venues and roles.

    `role_grants` is the account's own copy of its roles for tokens: venue id, or "*" for every
    venue, to role. `failed_logins` holds the latest failures only (Rule 16: 10 in 15 min lock).
    An erased row keeps `id` and `pseudonym`; `email` is null then.
    """

    id: UUID
    email: str | None
    password_hash: str | None
    display_name: str | None
    pseudonym: UUID
    created_at: datetime
    phone: str | None = None
    birth_date: date | None = None
    age_verified_at: datetime | None = None
    email_verified_at: datetime | None = None
    phone_verified_at: datetime | None = None
    status: UserStatus = UserStatus.ACTIVE
    suspended_reason: str | None = None
    token_version: int = 1
    role_grants: Mapping[str, RoleName] = attrs.field(factory=dict)
    pin_hash: str | None = None
    duress_pin_hash: str | None = None
    failed_logins: tuple[datetime, ...] = ()
    locale: str | None = None
    terms_version: str | None = None
    avatar: str | None = None
    photo: str | None = None
    emergency_contact: Json | None = None
    provider_customer_id: str | None = None
    erased_at: datetime | None = None
    deleted_at: datetime | None = None
    version: int = 1


@record(
    Table(
        name="user_roles",
        key=("id",),
        unique=(Unique(("user_id", "venue_id", "role"), where=(("revoked_at", (None,)),)),),
        tenant="venue_id",
    )
)
class UserRole(Record):
    """A role at a venue. `venue_id` None means every venue, and is for owners only."""

    id: UUID
    user_id: UUID
    venue_id: UUID | None
    role: RoleName
    granted_by: UUID | None
    granted_at: datetime
    revoked_at: datetime | None = None
    revoked_by: UUID | None = None
    version: int = 1


@record(Table(name="sessions_auth", key=("id",), unique=(Unique(("token_hash",)),)))
class AuthSession(Record):
    """A token family on one device: the current refresh token and its immediate predecessor.

    `generation` is the n of `family.n.HMAC`, so the successor can be made again (Rule 16).
    """

    id: UUID
    user_id: UUID
    family_id: UUID
    token_hash: bytes
    generation: int
    created_at: datetime
    expires_at: datetime
    prev_token_hash: bytes | None = None
    rotated_at: datetime | None = None
    device_id: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    venue_id: UUID | None = None
    elevated_until: datetime | None = None
    revoked_at: datetime | None = None
    revoke_reason: str | None = None
    version: int = 1


@record(Table(name="user_preferences", key=("user_id",)))
class UserPreferences(Record):
    """App settings and consent, with the time of each consent."""

    user_id: UUID
    locale: str | None = None
    channels: Json = attrs.field(factory=dict)
    quiet_hours: Json | None = None
    marketing_consent_at: datetime | None = None
    analytics_opt_out: bool = False
    accessibility: Json = attrs.field(factory=dict)
    version: int = 1


@record(Table(name="auth_tokens", key=("id",), unique=(Unique(("token_hash",)),)))
class AuthToken(Record):
    """A single-use token: reset, verification or transfer code. Five tries at most."""

    id: UUID
    user_id: UUID
    kind: AuthTokenKind
    token_hash: bytes
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    tries: int = 0
    version: int = 1


@record(Table(name="push_devices", key=("id",), unique=(Unique(("user_id", "device_id")),)))
class PushDevice(Record):
    """Where a person's pushes go; five at most."""

    id: UUID
    user_id: UUID
    device_id: str
    platform: PushPlatform
    token: str
    app: str
    last_ok_at: datetime | None = None
    failed_at: datetime | None = None
    version: int = 1


@record(
    Table(
        name="age_verifications",
        key=("id",),
        versioned=False,
        append_only=True,
        tenant="venue_id",
    )
)
class AgeVerification(Record):
    """Proof that a document was seen: no image, no number, the birth date only as a hash."""

    id: UUID
    user_id: UUID
    venue_id: UUID
    verified_by: UUID
    document_type: str
    birth_date_hash: bytes
    document_expires: date | None
    method: str
    at: datetime


@record(
    Table(
        name="user_limits",
        key=("id",),
        unique=(Unique(("user_id", "kind", "period"), where=(("superseded_at", (None,)),)),),
    )
)
class UserLimit(Record):
    """A patron's own limit; lowering acts at once, raising after 24 h and a confirmation (Rule 7).

    `value` is minor units, or minutes for time. None means that no limit holds: never set, or
    a removal that took effect. `pending_removal` tells a pending end from a pending value.
    `warned_on` and `blocked_on` are the business days on which 80 and 100 % were told.
    """

    id: UUID
    user_id: UUID
    kind: LimitKind
    period: LimitPeriod
    value: int | None
    effective_at: datetime
    pending_value: int | None = None
    pending_removal: bool = False
    pending_effective_at: datetime | None = None
    confirmed_at: datetime | None = None
    superseded_at: datetime | None = None
    warned_on: date | None = None
    blocked_on: date | None = None
    version: int = 1


@record(Table(name="exclusions", key=("id",), tenant="venue_id"))
class Exclusion(Record):
    """A cool-off, self-exclusion or ban. `venue_id` None means every venue; only ever extended.

    `ends_at` None means until lifted. `identity_hash` survives erasure, salted, so that nobody
    sheds an exclusion by registering again (Rule 16).
    """

    id: UUID
    user_id: UUID
    venue_id: UUID | None
    kind: ExclusionKind
    starts_at: datetime
    ends_at: datetime | None
    reason: str | None
    created_by: UUID
    ended_at: datetime | None = None
    ended_by: UUID | None = None
    identity_hash: bytes | None = None
    version: int = 1
