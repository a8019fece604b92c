"""Answers about settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import attrs

from protocol.replies.base import reply


@attrs.frozen(kw_only=True)
class PlannedValue:
    """A value that comes into force later."""

    value: Any
    effective_at: datetime
    set_by: UUID | None


@attrs.frozen(kw_only=True)
class SettingView:
    """One setting. A time of day is HH:MM; units stand last in the name.

    `floor` says which of the bounds no patch may pass, because safety or the law hangs on it.
    `changed_at` and `changed_by` are of the last change, and null if it was never changed.
    """

    name: str
    value: Any
    default: Any
    least: Any
    most: Any
    floor: Literal["least", "most"] | None
    changed_at: datetime | None
    changed_by: UUID | None
    planned: tuple[PlannedValue, ...]


@reply
class SettingsView:
    """All settings of a venue or of the platform, and the version to change them with.

    `system` is, for the platform, what the node was started with: secrets are masked, and none of
    it can be changed here.
    """

    scope: Literal["venue", "platform"]
    venue_id: UUID | None
    settings: tuple[SettingView, ...]
    system: Mapping[str, Any]
    version: int
