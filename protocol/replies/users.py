"""Answers about people: each sees own data whole, and of others what the role allows."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from protocol.records.states import ExclusionKind, LimitKind, LimitPeriod, UserStatus
from protocol.replies.base import reply
from protocol.values import Email, Locale, Name, Phone, RoleGrant


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
    display_name: Name
    birth_date: date | None
    """Staff and owners may have none."""
    age_verified: bool
    locale: Locale | None
    status: UserStatus
    roles: tuple[RoleGrant, ...]
    permissions: tuple[str, ...]
    limits: tuple[ActiveLimit, ...]
    exclusions: tuple[ActiveExclusion, ...]
    created_at: datetime
    version: int
