"""What people see of themselves (GET /api/users/me)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec

from protocol.addresses import Role
from protocol.operations.table import OPERATIONS
from protocol.operations.users import GetOwnProfile
from protocol.records.states import ExclusionKind, LimitKind, LimitPeriod, UserStatus
from protocol.replies.users import ActiveExclusion, ActiveLimit, Profile
from protocol.values import RoleGrant
from storage.postgres.asked import Asked, NotOnShow, blocks_of
from storage.postgres.database import Connection

SQL: Final = blocks_of("users")
_EVERYWHERE: Final = "*"


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
        display_name=user["display_name"],
        birth_date=user["birth_date"],
        age_verified=user["age_verified_at"] is not None,
        locale=user["locale"],
        status=UserStatus(user["status"]),
        roles=roles,
        permissions=_permissions(max((grant.role for grant in roles), default=Role.PATRON)),
        limits=tuple(_limit(row) for row in limits),
        exclusions=tuple(_exclusion(row) for row in exclusions),
        created_at=user["created_at"],
        version=user["version"],
    )


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
