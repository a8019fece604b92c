"""Answers about places, for their owners."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import attrs

from protocol.records.states import VenueStatus
from protocol.replies.base import reply
from protocol.values import Currency, Latitude, Longitude, Name, SignedAmount


@reply
class VenueDetail:
    """A place as it stands. Its version is also that of its settings."""

    venue_id: UUID
    name: Name
    tz: str
    currency: Currency
    cutover: str
    lat: Latitude
    lon: Longitude
    radius_m: int
    capacity: int
    hours: Mapping[str, Any]
    status: VenueStatus
    status_reason: str | None
    last_orders_at: datetime | None
    address: str | None
    tax_id: str | None
    created_at: datetime
    version: int


@attrs.frozen(kw_only=True)
class TodaysFigures:
    """The open business day of a place: who is there, and what it took so far, tax included."""

    business_day: date | None
    present: int
    sessions: int
    on_duty: int
    gross_minor: SignedAmount
    tax_minor: SignedAmount


@reply
class VenueWithFigures:
    """A place with today's figures."""

    venue: VenueDetail
    today: TodaysFigures


@reply
class VenueList:
    """Places, oldest first."""

    items: tuple[VenueWithFigures, ...]
    next_cursor: str | None = None
