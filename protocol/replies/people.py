"""Answers about other people: masked by the role of whoever asks (Rule 15).

What a role does not show is null, so that every answer has one shape.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from protocol.records.states import ExclusionKind, RoleName, SessionStatus, UserStatus
from protocol.replies.base import reply
from protocol.replies.users import ActiveExclusion, Refundable
from protocol.values import Amount, Currency, Email, EmergencyContact, Phone, WishedStatus


@reply
class VisitOfUser:
    """The open visit of somebody at a venue of the caller."""

    session_id: UUID
    venue_id: UUID
    status: SessionStatus
    safety_level: int
    started_at: datetime


@reply
class UserSummary:
    """One person: name, face, age flag and visit for staff; all else for management."""

    user_id: UUID
    display_name: str | None
    photo: str | None
    avatar: str | None
    age_verified: bool
    status: UserStatus | None
    excluded: bool | None
    visit: VisitOfUser | None
    email: Email | None
    phone: Phone | None


@reply
class UserList:
    """A page of people, newest first."""

    items: tuple[UserSummary, ...]
    next_cursor: str | None


@reply
class UserWallet:
    """What somebody has in one currency."""

    currency: Currency
    paid_minor: Amount
    bonus_minor: Amount
    held_minor: Amount
    owed_minor: Amount


@reply
class UserDetail:
    """One person as far as the caller's role lets see."""

    user_id: UUID
    display_name: str | None
    photo: str | None
    avatar: str | None
    age_verified: bool
    status: UserStatus | None
    excluded: bool | None
    visit: VisitOfUser | None
    created_at: datetime | None
    email: Email | None
    email_verified: bool | None
    phone: Phone | None
    birth_date: date | None
    emergency_contact: EmergencyContact | None
    roles: tuple[RoleName, ...] | None
    """At the venues asked about."""
    exclusions: tuple[ActiveExclusion, ...] | None
    wallets: tuple[UserWallet, ...] | None
    version: int


@reply
class RolesAssigned:
    """The roles that somebody holds at a venue from now on; `version` is the account's."""

    user_id: UUID
    venue_id: UUID | None
    roles: tuple[RoleName, ...]
    version: int


@reply
class UserStatusSet:
    """How somebody stands with a venue from now on; `version` is the account's."""

    user_id: UUID
    venue_id: UUID
    status: WishedStatus
    until: datetime | None
    exclusion_id: UUID | None
    version: int


@reply
class AgeVerified:
    """A document was seen. `mismatch` if the profile had another date: management looks into it."""

    verification_id: UUID
    user_id: UUID
    age_verified_at: datetime
    mismatch: bool
    version: int


@reply
class ExclusionStarted:
    """Who is kept out from where and until when; paid credit that is left can be given back."""

    exclusion_id: UUID
    user_id: UUID
    kind: ExclusionKind
    venue_id: UUID | None
    starts_at: datetime
    ends_at: datetime | None
    refundable: tuple[Refundable, ...]
