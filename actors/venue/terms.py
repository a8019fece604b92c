"""On what terms an activity is had: how it is metered, its rate now, and what it holds (Rule 3)."""

from __future__ import annotations

from datetime import datetime

import attrs

from actors.rules.funds import HOLD_MINUTES, booking_minor, hold_minor
from actors.rules.metering import mode_of, rate_of
from actors.rules.profile import VenueProfile
from actors.rules.rate_bands import rate_at
from actors.venue.state import Station
from protocol.records.inventory import Game, KaraokeRoom
from protocol.records.states import Activity, SegmentMode
from protocol.records.values import RateBand


@attrs.frozen(kw_only=True)
class Terms:
    """Frozen in the segment that begins with them. The rate is for the whole party."""

    mode: SegmentMode
    rate_minor_per_h: int
    hold_minor: int
    rate_bands: tuple[RateBand, ...] = ()
    """When the rate changes, for a room."""


def terms_of(
    profile: VenueProfile,
    activity: Activity,
    party_size: int,
    *,
    at: datetime,
    station: Station | None = None,
    booked_minutes: int | None = None,
) -> Terms:
    """The terms at a moment; a booking of `booked_minutes` holds its full price.

    Plays are paid one by one, so the time between them has a rate of 0.
    """
    settings = profile.settings
    if activity is Activity.ARCADE_PLAY:
        return Terms(mode=SegmentMode.CONTINUOUS, rate_minor_per_h=0, hold_minor=0)
    rate = rate_of(activity, party_size=party_size, settings=settings)
    bands: tuple[RateBand, ...] = ()
    if isinstance(station, Game):
        rate = station.price_minor
    elif isinstance(station, KaraokeRoom):
        bands = station.rate_bands
        rate = rate_at(bands, at, profile.tz, otherwise_minor_per_h=rate)
    mode = mode_of(activity)
    if mode is SegmentMode.BLOCK:
        # Even without a booking, the first blocks are owed from the first minute.
        minutes = booked_minutes or HOLD_MINUTES
        held = booking_minor(rate, minutes, settings=settings)
    else:
        held = hold_minor(rate)
    return Terms(mode=mode, rate_minor_per_h=rate, hold_minor=held, rate_bands=bands)
