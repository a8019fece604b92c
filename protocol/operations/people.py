"""What people who work at a venue do with others: look them up, verify, give roles, ban."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from protocol.addresses import Role
from protocol.bounds import PREPARED, items, text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.errors import FieldError
from protocol.limits import PAGE_ITEMS_DEFAULT
from protocol.operations.addresses import account, query, venue, venue_or_platform
from protocol.operations.base import KeyRule, Operation, in_category
from protocol.records.states import RoleName
from protocol.replies.people import AgeVerified, RolesAssigned, UserDetail, UserList, UserStatusSet
from protocol.values import Cursor, PageSize, Reason, WishedStatus


@command
class ListUsers(Command):
    """Search by name, management by e-mail address too; three characters at least."""

    q: Annotated[str, text(max=100)]
    venue_id: UUID | None = None
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


@command
class GetUser(Command):
    """One person, as far as the role lets see."""

    user_id: UUID
    venue_id: UUID | None = None


@command
class AssignRoles(Command):
    """Replace somebody's roles at a venue; without a venue: who owns every venue."""

    user_id: UUID
    venue_id: UUID | None = None
    roles: Annotated[tuple[RoleName, ...], items(0, 3)]
    known: Annotated[bool | None, PREPARED] = None
    """Whether there is such an account, so that no role is given to nobody and taken back."""

    def faults(self) -> Iterable[FieldError]:
        """Everyone is a patron; a role over all venues is that of owner."""
        for index, role in enumerate(self.roles):
            if role is RoleName.PATRON:
                yield FieldError(f"/roles/{index}", "not_allowed", "everyone is a patron already")
            elif self.venue_id is None and role is not RoleName.OWNER:
                detail = f"{role.value} is held at one venue; name it as venue_id"
                yield FieldError(f"/roles/{index}", "not_allowed", detail)


@command
class SetUserStatus(Command):
    """Let somebody sign in or not, or keep them out of a venue until a date."""

    user_id: UUID
    venue_id: UUID
    status: WishedStatus
    reason: Reason
    until: datetime | None = None

    def faults(self) -> Iterable[FieldError]:
        """Only a ban has an end."""
        if self.until is not None and self.status is not WishedStatus.BANNED_FROM_VENUE:
            yield FieldError("/until", "not_allowed", "only banned_from_venue has an end")


@command
class VerifyAge(Command):
    """Record that a document was seen. Neither its image nor its number is kept.

    Without `venue_id` it is the venue of the visit, else the one where the caller works.
    """

    user_id: UUID
    document_type: Annotated[str, text(min=1, max=40, pattern=r"[a-z0-9_]+")]
    birth_date: date
    expiry: date | None = None
    method: Annotated[str, text(min=1, max=40, pattern=r"[a-z0-9_]+")] = "in_person"
    venue_id: UUID | None = None


_ACCEPTED: Final = KeyRule.ACCEPTED

# fmt: off
OPERATIONS: Final = in_category(
    "Users",
    Operation(
        ListUsers, Role.STAFF, "GET /api/users", query("users"), UserList,
        summary="Search people who were at the venue, and those who work there.",
        audited="users.read",
    ),
    Operation(
        GetUser, Role.STAFF, "GET /api/users/{user_id}", query("user"), UserDetail,
        summary="One person; contact and wallet for management and owners only.",
        audited="user.read",
    ),
    Operation(
        AssignRoles, Role.MANAGEMENT, "PUT /api/users/{user_id}/roles",
        venue_or_platform("venue_id"), RolesAssigned,
        summary="Replace a person's roles at a venue; takes effect at once.",
        key=_ACCEPTED, step_up=True, prepare=("find_account",),
        errors=(Code.LAST_OWNER, Code.VERSION_CONFLICT),
        emits=("auth.session_revoked", "system.notification"),
    ),
    Operation(
        SetUserStatus, Role.MANAGEMENT, "PUT /api/users/{user_id}/status", venue("venue_id"),
        UserStatusSet,
        summary="Suspend a person, ban them from the venue until a date, or let them back.",
        key=_ACCEPTED, errors=(Code.INVALID_TRANSITION, Code.VERSION_CONFLICT),
        emits=("auth.session_revoked", "safety.exclusion_changed"),
    ),
    Operation(
        VerifyAge, Role.STAFF, "POST /api/users/{user_id}/age-verification", account("user_id"),
        AgeVerified,
        summary="Record that a document of identity was seen.",
        status=201, key=_ACCEPTED,
        errors=(Code.ALREADY_VERIFIED, Code.UNDER_MINIMUM_AGE, Code.DOCUMENT_EXPIRED),
        emits=("system.notification",),
    ),
)
# fmt: on
