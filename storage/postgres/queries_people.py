"""People as others see them (GET /api/users, GET /api/users/{user_id}).

The database hides contact data by role and leaves out whoever was never at a venue of the caller
(Rule 15); how somebody stands with the house is left out here. What is hidden is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import attrs
import msgspec

from protocol.addresses import Role
from protocol.errors import Code, LastLightError
from protocol.operations.people import GetUser, ListUsers
from protocol.records.states import ExclusionKind, RoleName, SessionStatus, UserStatus
from protocol.replies.people import UserDetail, UserList, UserSummary, UserWallet, VisitOfUser
from protocol.replies.users import ActiveExclusion
from protocol.values import EmergencyContact
from storage.postgres.asked import Asked, NotOnShow, blocks_of
from storage.postgres.database import Connection
from storage.postgres.paging import after_of, page_of

SQL: Final = blocks_of("people")
CHARACTERS_LEAST: Final = 3
"""Shorter texts are in too many names to be searched for."""
Row = Mapping[str, Any]


@attrs.frozen
class SearchTooShort(LastLightError):
    """The text that is searched for has too few characters. Nothing was read."""

    code: ClassVar[Code] = Code.MALFORMED_REQUEST
    count: int

    def __str__(self) -> str:
        return f"q has {self.count} characters; at least {CHARACTERS_LEAST} are searched for"


async def users(connection: Connection, command: ListUsers, asked: Asked) -> UserList:
    """A page of people with the text in their name.

    Raises:
        SearchTooShort, CursorInvalid: 400.
    """
    wanted = command.q.strip()
    if len(wanted) < CHARACTERS_LEAST:
        raise SearchTooShort(len(wanted))
    after = after_of(command)
    found = await connection.fetch(SQL["people_found"].sql, wanted, after, command.limit + 1)
    rows = await connection.fetch(SQL["people_seen"].sql, [row["id"] for row in found])
    page, next_cursor = page_of(rows, command, lambda row: row["id"])
    is_management = asked.asking.role >= Role.MANAGEMENT
    items = tuple(_summary(row, is_management=is_management) for row in page)
    return UserList(items=items, next_cursor=next_cursor)


async def user(connection: Connection, command: GetUser, asked: Asked) -> UserDetail:
    """One person.

    Raises:
        NotOnShow: nobody has this id, or they were never at a venue of the caller; 404.
    """
    row = await connection.fetchrow(SQL["people_seen"].sql, [command.user_id])
    if row is None:
        raise NotOnShow(f"user {command.user_id}")
    is_management = asked.asking.role >= Role.MANAGEMENT
    exclusions, wallets = None, None
    if is_management:
        kept_out = await connection.fetch(SQL["exclusions_seen"].sql, command.user_id, asked.now)
        exclusions = tuple(_exclusion(one) for one in kept_out)
        held = await connection.fetch(SQL["wallets_seen"].sql, command.user_id)
        wallets = tuple(_wallet(one) for one in held)
    contact = row["emergency_contact"]
    return UserDetail(
        user_id=row["id"],
        display_name=row["display_name"],
        photo=row["photo"],
        avatar=row["avatar"],
        age_verified=row["age_verified"],
        status=UserStatus(row["status"]) if is_management else None,
        excluded=row["excluded"] if is_management else None,
        visit=_visit(row),
        created_at=row["created_at"] if is_management else None,
        email=row["email"],
        email_verified=row["email_verified"],
        phone=row["phone"],
        birth_date=row["birth_date"],
        emergency_contact=(
            None if contact is None else EmergencyContact(**msgspec.json.decode(contact))
        ),
        roles=tuple(RoleName(role) for role in row["roles"]) if is_management else None,
        exclusions=exclusions,
        wallets=wallets,
        version=row["version"],
    )


def _summary(row: Row, *, is_management: bool) -> UserSummary:
    return UserSummary(
        user_id=row["id"],
        display_name=row["display_name"],
        photo=row["photo"],
        avatar=row["avatar"],
        age_verified=row["age_verified"],
        status=UserStatus(row["status"]) if is_management else None,
        excluded=row["excluded"] if is_management else None,
        visit=_visit(row),
        email=row["email"],
        phone=row["phone"],
    )


def _visit(row: Row) -> VisitOfUser | None:
    if row["session_id"] is None:
        return None
    return VisitOfUser(
        session_id=row["session_id"],
        venue_id=row["session_venue_id"],
        status=SessionStatus(row["session_status"]),
        safety_level=row["safety_level"],
        started_at=row["started_at"],
    )


def _exclusion(row: Row) -> ActiveExclusion:
    return ActiveExclusion(
        exclusion_id=row["id"],
        kind=ExclusionKind(row["kind"]),
        venue_id=row["venue_id"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
    )


def _wallet(row: Row) -> UserWallet:
    return UserWallet(
        currency=row["currency"],
        paid_minor=row["paid_minor"],
        bonus_minor=row["bonus_minor"],
        held_minor=row["held_minor"],
        owed_minor=-row["receivable_minor"],
    )
