"""Bookings of rooms: when they overlap, what they cost if nobody comes, how long others wait.

A booking keeps its room from its start to the end of the cleaning after it; two of one room never
share a moment (Rule 14).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs

from actors.rules.opening_hours import closes_at, is_open
from actors.rules.settings import VenueSettings
from protocol.chains import rfc3339
from protocol.errors import Code, FieldError, Refusal
from protocol.records.states import ReservationStatus
from protocol.records.values import Period

_S: Final = ReservationStatus
STEPS: Final[Mapping[ReservationStatus, frozenset[ReservationStatus]]] = {
    _S.REQUESTED: frozenset({_S.CONFIRMED, _S.ARRIVED, _S.CANCELLED, _S.EXPIRED}),
    _S.CONFIRMED: frozenset({_S.ARRIVED, _S.CANCELLED, _S.NO_SHOW}),
    _S.ARRIVED: frozenset({_S.CONFIRMED, _S.COMPLETED}),
    _S.COMPLETED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.NO_SHOW: frozenset(),
    _S.EXPIRED: frozenset(),
}
"""The life of a booking; back from arrived goes only a check-in that is taken back."""
LIVE: Final = (_S.REQUESTED, _S.CONFIRMED, _S.ARRIVED)
EARLY: Final = timedelta(minutes=30)
"""So long before its start guests may come with a booking."""
_MINUTE: Final = timedelta(minutes=1)


def slot(starts_at: datetime, minutes: int, cleaning_minutes: int) -> Period:
    """The time that a booking keeps its room for."""
    return Period(start=starts_at, end=starts_at + _MINUTE * (minutes + cleaning_minutes))


def overlap(one: Period, other: Period) -> bool:
    """Whether two times share a moment; what ends when the other begins does not."""
    return one.start < other.end and other.start < one.end


def refuse_coming(during: Period, now: datetime) -> Refusal | None:
    """422 for who comes with a booking at another time than its own (Rule 14).

    Else it would give its deposit back, and keep its room, with nobody in it.
    """
    if during.start - EARLY <= now < during.end:
        return None
    detail = (
        f"this booking is from {rfc3339(during.start)} to {rfc3339(during.end)}; come with it "
        f"up to {EARLY // _MINUTE} min before, or without it now"
    )
    errors = (FieldError("/reservation_id", "not_allowed", detail),)
    return Refusal(Code.VALIDATION_FAILED, detail, errors=errors)


def is_free(wanted: Period, taken: Iterable[Period]) -> bool:
    """Whether a time touches none of those taken."""
    return not any(overlap(wanted, period) for period in taken)


def first_free(
    at: datetime, minutes: int, cleaning_minutes: int, taken: Iterable[Period]
) -> datetime:
    """The first moment from `at` on at which a stay fits between those taken."""
    found = at
    for period in sorted(taken, key=lambda period: period.start):
        if overlap(slot(found, minutes, cleaning_minutes), period):
            found = period.end
    return found


def is_late(starts_at: datetime, now: datetime, settings: VenueSettings) -> bool:
    """Whether it is too late to cancel or move for nothing."""
    return now > starts_at - _MINUTE * settings.reservation_free_until_minutes


def no_show_at(starts_at: datetime, minutes: int, settings: VenueSettings) -> datetime:
    """When nobody comes any more: at the end of the stay at the latest, whatever is set."""
    return starts_at + _MINUTE * min(settings.no_show_minutes, minutes)


def is_no_show(starts_at: datetime, minutes: int, now: datetime, settings: VenueSettings) -> bool:
    """Whether who has not come by now may be said not to come."""
    return now >= no_show_at(starts_at, minutes, settings)


def deposit_minor(price_minor: int, settings: VenueSettings) -> int:
    """What a booking at this price holds: its share, rounded down in the patron's favour."""
    return price_minor * settings.reservation_deposit_percent // 100


def refuse_stay(minutes: int, *, least: int, block: int) -> Refusal | None:
    """Why a room can't be had for so long: whole blocks, and no fewer minutes than its least."""
    if minutes >= least and minutes % block == 0:
        return None
    detail = f"must be whole blocks of {block} min and at least {least} min; is {minutes} min"
    return Refusal(
        Code.VALIDATION_FAILED, detail, errors=(FieldError("/minutes", "out_of_range", detail),)
    )


def refuse_hours(
    starts_at: datetime, minutes: int, hours: Mapping[str, Any], tz: ZoneInfo
) -> Refusal | None:
    """Why a stay is not within the opening hours. The cleaning after it may be."""
    ends_at = starts_at + _MINUTE * minutes
    if is_open(hours, starts_at, tz):
        shuts_at = closes_at(hours, starts_at, tz)
        if shuts_at is None or ends_at <= shuts_at:
            return None
    local, until = starts_at.astimezone(tz), ends_at.astimezone(tz)
    return Refusal(
        Code.OUTSIDE_OPENING_HOURS,
        f"{local:%A %H:%M} to {until:%H:%M} is not within the opening hours; choose another time",
    )


@attrs.frozen(kw_only=True)
class Waiting:
    """A party in line."""

    id: UUID
    party_size: int
    minutes: int


@attrs.frozen(kw_only=True)
class Place:
    """A room that somebody might get, with the times at which nobody new does."""

    id: UUID
    capacity: int
    cleaning_minutes: int
    taken: tuple[Period, ...]


def expected(
    line: Sequence[Waiting], places: Sequence[Place], now: datetime
) -> Mapping[UUID, datetime | None]:
    """When each party in line may expect a room, if everybody stays as long as planned.

    They are given rooms one after the other, each the one that is free first; of those the
    smallest. None if no room takes so many.
    """
    taken = {place.id: list(place.taken) for place in places}
    found: dict[UUID, datetime | None] = {}
    for party in line:
        best: tuple[datetime, int, UUID] | None = None
        for place in places:
            if place.capacity >= party.party_size:
                at = first_free(now, party.minutes, place.cleaning_minutes, taken[place.id])
                best = min(best or (at, place.capacity, place.id), (at, place.capacity, place.id))
        found[party.id] = None if best is None else best[0]
        if best is not None:
            (room,) = (place for place in places if place.id == best[2])
            taken[room.id].append(slot(best[0], party.minutes, room.cleaning_minutes))
    return found


def wait_minutes(expected_at: datetime, now: datetime) -> int:
    """Whole minutes until then, rounded up; 0 if it is past."""
    return max(0, -((now - expected_at) // _MINUTE))
