"""By what a person can be reached outside the apps, as it is read when something goes out to them.

It is never journaled and never logged: its numbers, addresses and tokens do not show in `repr`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from protocol.records.states import PushPlatform


@attrs.frozen(kw_only=True)
class Device:
    """Where pushes of one app on one device go."""

    device_id: str
    platform: PushPlatform
    token: str = attrs.field(repr=False)
    last_ok_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Reach:
    """The ways to one person, and what they want to have told by them."""

    user_id: UUID
    email: str | None = attrs.field(default=None, repr=False)
    phone: str | None = attrs.field(default=None, repr=False)
    channels: Mapping[str, Any] = attrs.field(factory=dict)
    """Switches that were set, as `UserPreferences.channels` has them."""
    quiet_hours: Mapping[str, Any] | None = None
    """`from` and `to` as HH:MM."""
    devices: tuple[Device, ...] = ()


@attrs.frozen(kw_only=True)
class VenueSign:
    """What messages call a venue, and whose clock its people go by."""

    venue_id: UUID
    name: str
    tz: str
