"""Settings of a venue and of the platform, for those who run them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from protocol.addresses import Role
from protocol.bounds import items
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.operations.addresses import venue_or_platform
from protocol.operations.base import KeyRule, Operation, in_category
from protocol.replies.admin_settings import SettingsView


@command
class GetSettings(Command):
    """The settings of a venue; without one those of the platform."""

    venue_id: UUID | None = None


@command
class UpdateSettings(Command):
    """Change settings by a JSON merge patch: a name with null goes back to its default.

    With `effective_at` they come into force then, otherwise at once. Without a venue: the
    platform's, which have no later time.
    """

    venue_id: UUID | None = None
    settings: Annotated[Mapping[str, Any], items(1, 100)]
    effective_at: datetime | None = None


# fmt: off
OPERATIONS: Final = in_category(
    "Admin",
    Operation(
        GetSettings, Role.MANAGEMENT, "GET /api/admin/settings", venue_or_platform("venue_id"),
        SettingsView,
        summary="Settings with default, bounds, floor, value, last change and what is to come.",
        errors=(Code.NOT_FOUND,),
    ),
    Operation(
        UpdateSettings, Role.OWNER, "PATCH /api/admin/settings", venue_or_platform("venue_id"),
        SettingsView,
        summary="Change settings by a merge patch, at once or from a moment on.",
        key=KeyRule.ACCEPTED, precondition=True, step_up=True,
        errors=(Code.SETTING_BELOW_FLOOR, Code.NOT_FOUND),
        emits=("system.settings_changed",),
    ),
)
# fmt: on
