"""What people see of themselves (GET /api/users/me)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec

from protocol.addresses import Role
from protocol.operations.table import OPERATIONS
from protocol.operations.users import GetOwnProfile, GetPreferences
from protocol.records.states import ExclusionKind, LimitKind, LimitPeriod, UserStatus
from protocol.replies.users import ActiveExclusion, ActiveLimit, Preferences, Profile
from protocol.values import EmergencyContact, QuietHours, RoleGrant
from storage.postgres.asked import Asked, NotOnShow, blocks_of
from storage.postgres.database import Connection

SQL: Final = blocks_of("users")
_EVERYWHERE: Final = "*"
BEGINNING: Final = Preferences(
    locale=None,
    channels={},
    quiet_hours=None,
    marketing_consent=False,
    marketing_consent_at=None,
    analytics_opt_out=False,
    accessibility={},
    version=0,
)
"""What somebody prefers who never said."""


async def own_profile(connection: Connection, command: GetOwnProfile, asked: Asked) -> Profile:
    """Everything that somebody sees of themselves.

    `permissions` are the names of the commands open to their highest role; at which venues a role
    counts is told by `roles`.

    Raises:
        NotOnShow: the account is gone.
    """
    user_id = asked.asking.user_id
    user = await connection.fetchrow(SQL["own_user"].sql, user_id)
    if user is None:
        raise NotOnShow(f"user {user_id}")
    limits = await connection.fetch(SQL["own_limits"].sql, user_id, asked.now)
    exclusions = await connection.fetch(SQL["own_exclusions"].sql, user_id, asked.now)
    roles = _roles(msgspec.json.decode(user["role_grants"]))
    return Profile(
        user_id=user["id"],
        email=user["email"],
        email_verified=user["email_verified_at"] is not None,
        phone=user["phone"],
        phone_verified=user["phone_verified_at"] is not None,
        display_name=user["display_name"],
        birth_date=user["birth_date"],
        age_verified=user["age_verified_at"] is not None,
        locale=user["locale"],
        avatar=user["avatar"],
        emergency_contact=_contact(user["emergency_contact"]),
        status=UserStatus(user["status"]),
        roles=roles,
        permissions=_permissions(max((grant.role for grant in roles), default=Role.PATRON)),
        limits=tuple(_limit(row) for row in limits),
        exclusions=tuple(_exclusion(row) for row in exclusions),
        created_at=user["created_at"],
        version=user["version"],
    )


async def own_preferences(
    connection: Connection, command: GetPreferences, asked: Asked
) -> Preferences:
    """The caller's preferences; of version 0 while none were ever set."""
    row = await connection.fetchrow(SQL["own_preferences"].sql, asked.asking.user_id)
    if row is None:
        return BEGINNING
    quiet_hours = row["quiet_hours"]
    return Preferences(
        locale=row["locale"],
        channels=msgspec.json.decode(row["channels"]),
        quiet_hours=None if quiet_hours is None else _quiet(msgspec.json.decode(quiet_hours)),
        marketing_consent=row["marketing_consent_at"] is not None,
        marketing_consent_at=row["marketing_consent_at"],
        analytics_opt_out=row["analytics_opt_out"],
        accessibility=msgspec.json.decode(row["accessibility"]),
        version=row["version"],
    )


def _quiet(stored: Mapping[str, str]) -> QuietHours:
    return QuietHours(from_=stored["from"], to=stored["to"])


def _contact(stored: str | None) -> EmergencyContact | None:
    return None if stored is None else EmergencyContact(**msgspec.json.decode(stored))


def _roles(grants: Mapping[str, str]) -> tuple[RoleGrant, ...]:
    return tuple(
        RoleGrant(venue_id=None if at == _EVERYWHERE else UUID(at), role=Role.of(role))
        for at, role in sorted(grants.items())
    )


def _permissions(role: Role) -> tuple[str, ...]:
    return tuple(sorted(one.name for one in OPERATIONS if Role.PUBLIC < one.least <= role))


def _limit(row: Mapping[str, Any]) -> ActiveLimit:
    return ActiveLimit(
        kind=LimitKind(row["kind"]),
        period=LimitPeriod(row["period"]),
        amount=row["value"],
        effective_at=row["effective_at"],
    )


def _exclusion(row: Mapping[str, Any]) -> ActiveExclusion:
    return ActiveExclusion(
        exclusion_id=row["id"],
        kind=ExclusionKind(row["kind"]),
        venue_id=row["venue_id"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
    )
