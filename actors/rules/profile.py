"""What a venue shares with all decisions of its node (`Context.shared`): its profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs

from actors.rules.settings import DEFAULT, SETTINGS, Value, VenueSettings, from_overrides
from protocol.errors import Refusal
from protocol.records.states import VenueStatus
from protocol.records.venues import Venue, VenueSetting

OF_VENUE: Final = frozenset({"cutover", "fence_radius_m"})
"""Settings that are columns of the venue itself."""


@attrs.frozen(kw_only=True)
class VenueProfile:
    """What a venue is and who works there now, with its settings. Degrees, metres, persons."""

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
    closed_through: date | None = None
    """The last business day that is closed: nothing is posted to it or before it (Rule 5)."""
    on_duty: frozenset[UUID] = frozenset()
    """Who has an open shift here, on a break or not."""

    def closed_to(self, day: date) -> VenueProfile:
        """The same venue when it has closed `day`."""
        return attrs.evolve(self, closed_through=day)


def profile_of(
    venue: Venue,
    stored: Iterable[VenueSetting],
    closed_through: date | None = None,
    on_duty: Iterable[UUID] = (),
) -> VenueProfile:
    """The profile of a venue with the settings that are in force.

    What a venue has columns for (cutover, radius) stands there; its rows among the settings only
    tell who set it, and when. A row without a value is one that went back to the default.
    """
    base = attrs.evolve(DEFAULT, cutover=venue.cutover_local, fence_radius_m=venue.radius_m)
    overrides = {
        row.key: value_of(row.key, row.value["value"])
        for row in stored
        if row.superseded_at is None and row.key not in OF_VENUE and row.value["value"] is not None
    }
    settings = from_overrides(overrides, base=base)
    assert not isinstance(settings, Refusal), f"venue {venue.id} has settings that {settings}"
    return VenueProfile(
        venue_id=venue.id,
        name=venue.name,
        status=venue.status,
        tz=ZoneInfo(venue.tz),
        currency=venue.currency,
        lat=venue.lat,
        lon=venue.lon,
        capacity=venue.capacity,
        hours=venue.hours,
        settings=settings,
        version=venue.version,
        closed_through=closed_through,
        on_duty=frozenset(on_duty),
    )


def value_of(key: str, stored: Any) -> Value:
    """A setting as rules have it, from how its row does: a time of day is text there, HH:MM."""
    known = SETTINGS.get(key)
    if known is not None and isinstance(known["default"], time) and isinstance(stored, str):
        return time.fromisoformat(stored)
    value: Value = stored
    return value
