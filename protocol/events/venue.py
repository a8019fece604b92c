"""Events of places."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from protocol.events.base import MANAGEMENT, OWNER, PATRONS, STAFF, EventData, event
from protocol.records.states import VenueStatus


@event("venue.occupancy_changed", STAFF, MANAGEMENT, OWNER, durable=False)
class VenueOccupancyChanged(EventData):
    """Presence changed; coalesced to one per 2 s per venue."""

    venue_id: UUID
    present: int
    sessions: int
    capacity: int
    by_activity: Mapping[str, int]
    as_of: datetime


@event("venue.capacity_alert", STAFF, MANAGEMENT, OWNER)
class VenueCapacityAlert(EventData):
    """Crossing 90 % or 100 % upwards, and back under 85 %."""

    venue_id: UUID
    present: int
    capacity: int
    percent: int


@event("venue.status_changed", PATRONS, STAFF, MANAGEMENT, OWNER)
class VenueStatusChanged(EventData):
    """PutVenue or opening-hours timer."""

    venue_id: UUID
    from_: VenueStatus
    to: VenueStatus
    at: datetime
    last_orders_at: datetime | None
    reason: str
