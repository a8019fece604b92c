"""What is wrong with a place as its owner describes it, and what a change of it leads to.

Cutover and radius are columns of the venue and settings at once: whoever changes them, and however,
leaves a row of the setting as well, so that its history is whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from actors.rules.profile import OF_VENUE, VenueProfile
from actors.rules.settings import CUTOVER_LATEST
from actors.rules.settings_patch import plain
from actors.rules.venue_phases import refuse_hours
from actors.runtime.outcome import Context
from actors.venue.state import VenueState
from protocol.errors import Code, FieldError, Refusal
from protocol.operations.admin_venues import PutVenue
from protocol.records.base import Record
from protocol.records.venues import Venue, VenueSetting
from protocol.replies.admin_venues import VenueDetail

PUT_FIELDS: Final = (
    "name",
    "tz",
    "currency",
    "cutover_local",
    "lat",
    "lon",
    "radius_m",
    "capacity",
    "hours",
    "status",
    "status_reason",
    "address",
    "tax_id",
)
"""Columns that a PUT replaces."""


def values_of(command: PutVenue) -> dict[str, Any]:
    """The columns of a venue as a PUT says them."""
    return {
        "name": command.name,
        "tz": command.tz,
        "currency": command.currency,
        "cutover_local": time.fromisoformat(command.cutover),
        "lat": command.lat,
        "lon": command.lon,
        "radius_m": command.radius_m,
        "capacity": command.capacity,
        "hours": command.hours,
        "status": command.status,
        "status_reason": command.reason,
        "address": command.address,
        "tax_id": command.tax_id,
    }


def refuse_place(command: PutVenue) -> Refusal | None:
    """422 with every fault that types alone don't show."""
    errors = [error for error in (_refuse_tz(command.tz), refuse_hours(command.hours)) if error]
    if time.fromisoformat(command.cutover) > CUTOVER_LATEST:
        errors.append(
            FieldError(
                "/cutover", "out_of_range", f"a cutover is from 00:00 to {CUTOVER_LATEST:%H:%M}"
            )
        )
    if not errors:
        return None
    detail = "; ".join(error.detail for error in errors)
    return Refusal(Code.VALIDATION_FAILED, detail, errors=tuple(errors))


def _refuse_tz(name: str) -> FieldError | None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return FieldError("/tz", "unknown", f"{name!r} is no IANA time zone, such as Asia/Tokyo")
    return None


def refuse_moving_back(pointer: str, now: datetime) -> Refusal:
    """Why a cutover or time zone may not come into force at this moment."""
    detail = (
        f"at {now:%Y-%m-%dT%H:%M}Z this would make it an earlier business day again; change it "
        "later in the day, when both say the same"
    )
    return Refusal(
        Code.VALIDATION_FAILED, detail, errors=(FieldError(pointer, "too_early", detail),)
    )


def changes_between(before: Venue, after: Venue) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs, as it was and as it is, for the audit trail."""
    names = [name for name in PUT_FIELDS if getattr(before, name) != getattr(after, name)]
    return (
        {name: _shown(getattr(before, name)) for name in names},
        {name: _shown(getattr(after, name)) for name in names},
    )


def _shown(value: object) -> object:
    return plain(value) if isinstance(value, time) else value


def current_row(state: VenueState, name: str) -> VenueSetting | None:
    """The row of a setting that was ever changed."""
    rows = state.all(VenueSetting)
    return next((r for r in rows if r.key == name and r.superseded_at is None), None)


def setting_rows(
    state: VenueState, values: Mapping[str, Any], context: Context, by: UUID | None
) -> Iterable[Record]:
    """The history of settings that come into force now. A value of None is the default."""
    for name, value in values.items():
        if (row := current_row(state, name)) is not None:
            yield row.revised(superseded_at=context.now)
        yield VenueSetting(
            id=context.fresh_id(),
            venue_id=state.venue_id,
            key=name,
            value={"value": value},
            effective_at=context.now,
            set_by=by,
        )


def own_settings(before: Venue, after: Venue) -> dict[str, Any]:
    """The settings that stand in columns, where a venue's change changed them."""
    columns = {"cutover": "cutover_local", "fence_radius_m": "radius_m"}
    assert set(columns) == OF_VENUE
    return {
        name: plain(getattr(after, column))
        for name, column in columns.items()
        if getattr(before, column) != getattr(after, column)
    }


def profile_with(profile: VenueProfile, venue: Venue) -> VenueProfile:
    """The profile that a changed venue will share."""
    settings = attrs.evolve(
        profile.settings, cutover=venue.cutover_local, fence_radius_m=venue.radius_m
    )
    return attrs.evolve(
        profile,
        name=venue.name,
        status=venue.status,
        tz=ZoneInfo(venue.tz),
        currency=venue.currency,
        hours=venue.hours,
        capacity=venue.capacity,
        settings=settings,
        version=venue.version,
    )


def detail_of(venue: Venue) -> VenueDetail:
    """A venue as its owner is shown it."""
    return VenueDetail(
        venue_id=venue.id,
        name=venue.name,
        tz=venue.tz,
        currency=venue.currency,
        cutover=f"{venue.cutover_local:%H:%M}",
        lat=venue.lat,
        lon=venue.lon,
        radius_m=venue.radius_m,
        capacity=venue.capacity,
        hours=venue.hours,
        status=venue.status,
        status_reason=venue.status_reason,
        last_orders_at=venue.last_orders_at,
        address=venue.address,
        tax_id=venue.tax_id,
        created_at=venue.created_at,
        version=venue.version,
    )
