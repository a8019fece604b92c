"""People and what is known of them."""

from __future__ import annotations

from typing import Final

from protocol.addresses import Role
from protocol.commands import Command, command
from protocol.operations.addresses import query
from protocol.operations.base import Operation, in_category
from protocol.replies.users import Profile


@command
class GetOwnProfile(Command):
    """The caller's own profile, roles, limits and exclusions."""


# fmt: off
OPERATIONS: Final = in_category(
    "Users",
    Operation(
        GetOwnProfile, Role.PATRON, "GET /api/users/me", query("own_profile"), Profile,
        summary="Own profile, roles per venue, active limits and exclusions.",
    ),
)
# fmt: on
