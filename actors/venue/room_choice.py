"""Which room a booking gets, and why it gets none (Rule 14): one place for new ones and moves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import attrs

from actors.rules.funds import booking_minor
from actors.rules.permissions import not_found
from actors.rules.rate_bands import rate_at
from actors.rules.slots import deposit_minor, refuse_hours, refuse_stay, slot
from actors.venue.booking_draft import presence
from actors.venue.state import VenueState
from protocol.domain_limits import BOOKED_AHEAD_DAYS_MAX
from protocol.errors import Code, FieldError, Refusal
from protocol.records.inventory import KaraokeRoom
from protocol.records.money_states import RoomStatus
from protocol.records.states import VenueStatus
from protocol.records.values import Period

_AHEAD_MAX = timedelta(days=BOOKED_AHEAD_DAYS_MAX)


@attrs.frozen(kw_only=True)
class Wish:
    """What is wanted; `room_id` None means any that fits, and `but` a booking that moves."""

    room_id: UUID | None
    starts_at: datetime
    minutes: int
    party_size: int
    but: UUID | None = None


def choose_room(state: VenueState, wish: Wish, now: datetime) -> KaraokeRoom | Refusal:
    """The room that was asked for, or the smallest free one that takes the party; or why not."""
    rooms = _rooms(state, wish.room_id)
    if isinstance(rooms, Refusal):
        return rooms
    refusal = refuse_time(state, wish, now)
    if refusal is not None:
        return refusal
    fitting = _fitting(rooms, wish)
    if isinstance(fitting, Refusal):
        return fitting
    free = [room for room in fitting if _is_free(state, room, wish, now)]
    if free:
        return min(free, key=lambda room: (room.capacity, room.name))
    whose = fitting[0].name if wish.room_id is not None else f"every room for {wish.party_size}"
    return Refusal(
        Code.ROOM_RESERVED,
        f"{whose} is taken at that time, cleaning included; choose another, or join the waitlist",
    )


def refuse_time(state: VenueState, wish: Wish, now: datetime) -> Refusal | None:
    """Why nobody can be booked in then: it is past, far away, or outside the hours."""
    if not now <= wish.starts_at <= now + _AHEAD_MAX:
        return unfit(
            "/starts_at",
            "out_of_range",
            f"must be from now to {BOOKED_AHEAD_DAYS_MAX} days ahead",
        )
    venue = state.venue
    if venue.status is VenueStatus.SUSPENDED:
        return Refusal(Code.OUTSIDE_OPENING_HOURS, f"{venue.name} takes no bookings at present")
    return refuse_hours(wish.starts_at, wish.minutes, venue.hours, state.profile.tz)


def price_minor(state: VenueState, room: KaraokeRoom, starts_at: datetime, minutes: int) -> int:
    """What a stay costs at the rate with which it begins."""
    profile = state.profile
    rate = rate_at(
        room.rate_bands,
        starts_at,
        profile.tz,
        otherwise_minor_per_h=profile.settings.karaoke_room_minor_per_h,
    )
    return booking_minor(rate, minutes, settings=profile.settings)


def deposit_for(state: VenueState, room: KaraokeRoom, wish: Wish) -> int:
    """What is held until the guests come."""
    price = price_minor(state, room, wish.starts_at, wish.minutes)
    return deposit_minor(price, state.profile.settings)


def during(room: KaraokeRoom, wish: Wish) -> Period:
    """The time that the room would be kept for, cleaning included."""
    return slot(wish.starts_at, wish.minutes, room.cleaning_minutes)


def room_on_show(state: VenueState, room_id: UUID) -> KaraokeRoom | None:
    """A room that is still there."""
    room = state.get(KaraokeRoom, room_id)
    return None if room is None or room.retired_at is not None else room


def unfit(pointer: str, code: str, detail: str) -> Refusal:
    """422 for one field."""
    return Refusal(Code.VALIDATION_FAILED, detail, errors=(FieldError(pointer, code, detail),))


def _rooms(state: VenueState, room_id: UUID | None) -> tuple[KaraokeRoom, ...] | Refusal:
    if room_id is None:
        return tuple(room for room in state.all(KaraokeRoom) if room.retired_at is None)
    room = room_on_show(state, room_id)
    return not_found(f"room {room_id}") if room is None else (room,)


def _fitting(rooms: Iterable[KaraokeRoom], wish: Wish) -> list[KaraokeRoom] | Refusal:
    known = list(rooms)
    large = [room for room in known if room.capacity >= wish.party_size]
    if not large:
        most = max((room.capacity for room in known), default=0)
        return unfit("/party_size", "out_of_range", f"the room takes {most} persons at most")
    refusals = [
        refuse_stay(wish.minutes, least=room.min_minutes, block=room.block_minutes)
        for room in large
    ]
    fitting = [room for room, refusal in zip(large, refusals, strict=True) if refusal is None]
    return fitting or next(refusal for refusal in refusals if refusal is not None)


def _is_free(state: VenueState, room: KaraokeRoom, wish: Wish, now: datetime) -> bool:
    wanted = during(room, wish)
    if room.status is RoomStatus.OUT_OF_ORDER:
        return False
    if not state.bookings.is_free(room.id, wanted, but=wish.but):
        return False
    return all(wanted.start >= period.end for period in presence(state, room, now))
