"""Answers about places."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from protocol.records.states import VenueStatus
from protocol.replies.base import reply
from protocol.values import Currency, Latitude, Longitude, Name


@reply
class PublicVenue:
    """A place; `busyness` is quiet, lively or full, `distance_m` from the position given."""

    venue_id: UUID
    name: Name
    address: str | None
    tz: str
    currency: Currency
    lat: Latitude
    lon: Longitude
    hours: Mapping[str, Any]
    status: VenueStatus
    busyness: str
    distance_m: int | None


@reply
class PublicVenues:
    """Venues that are open to patrons."""

    items: tuple[PublicVenue, ...]
    next_cursor: str | None = None


@reply
class StepCode:
    """A code and when it is shown."""

    qr_token: str
    valid_from: datetime
    valid_to: datetime


@reply
class CheckinCode:
    """The code of the current step first, then the next five."""

    tokens: tuple[StepCode, ...]
