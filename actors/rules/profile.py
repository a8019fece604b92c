"""What a venue shares with all decisions of its node (`Context.shared`): its profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs

from actors.rules.settings import VenueSettings
from protocol.records.states import VenueStatus


@attrs.frozen(kw_only=True)
class VenueProfile:
    """The slow-changing facts of a venue, with its settings. Degrees, metres, persons."""

    venue_id: UUID
    name: str
    status: VenueStatus
    tz: ZoneInfo
    currency: str
    lat: float
    lon: float
    capacity: int
    hours: Mapping[str, Any]
    settings: VenueSettings
    version: int
