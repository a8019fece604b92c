"""Karaoke rooms: adding and changing them, never against a booking (Rule 14)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from actors.rules.permissions import not_found
from actors.rules.rate_bands import refuse_overlap
from actors.runtime.behaviour import decides
from actors.runtime.outcome import CancelTimer, Context, Decision, Outcome, Send, SetTimer
from actors.venue.bookings import offer_soon
from actors.venue.managing import (
    noted,
    refuse_fields,
    refuse_lesser,
    refuse_stale,
    role_here,
    send_away,
)
from actors.venue.room_choice import unfit
from actors.venue.state import VenueState
from actors.venue.stations import idle_status, told
from protocol.addresses import Role
from protocol.errors import Code, FieldError, Refusal
from protocol.internal.floor import EndCleaning
from protocol.operations.stations import CreateRoom, UpdateRoom
from protocol.records.inventory import KaraokeRoom
from protocol.records.money_states import RoomStatus
from protocol.replies.inventory import RoomView

BY_STAFF: Final = (
    RoomStatus.READY,
    RoomStatus.OCCUPIED,
    RoomStatus.CLEANING,
    RoomStatus.OUT_OF_ORDER,
)
_UNUSABLE: Final = (RoomStatus.CLEANING, RoomStatus.OUT_OF_ORDER)


@decides(CreateRoom)
def decide_create_room(state: VenueState, command: CreateRoom, context: Context) -> Decision:
    """Add a room, under a name that no other room here has."""
    if (refusal := refuse_lesser(state, context, Role.MANAGEMENT)) is not None:
        return refusal
    rooms = (room for room in state.all(KaraokeRoom) if room.retired_at is None)
    if any(room.name == command.name for room in rooms):
        detail = f"a room is named {command.name} already; choose another name"
        return Refusal(Code.NAME_TAKEN, detail, errors=(FieldError("/name", "taken", detail),))
    bands = tuple(rate.band for rate in command.rate_bands)
    if (refusal := refuse_overlap(bands)) is not None:
        return refusal
    room = KaraokeRoom(
        id=context.fresh_id(),
        venue_id=state.venue_id,
        name=command.name,
        capacity=command.capacity,
        status=RoomStatus.READY,
        rate_bands=bands,
        block_minutes=command.block_minutes,
        min_minutes=command.min_minutes,
        cleaning_minutes=command.cleaning_minutes,
    )
    return Outcome(
        reply=room_view(room),
        changes=(room,),
        appends=(noted(context, "room.created", "room", None, room),),
        events=(told(room),),
        timers=offer_soon(state.bookings, context.now),
    )


@decides(UpdateRoom)
def decide_update_room(state: VenueState, command: UpdateRoom, context: Context) -> Decision:
    """Change a room within what the caller's role may, and what is booked."""
    room = state.get(KaraokeRoom, command.room_id)
    refusal = _refuse(state, room, command, context)
    if refusal is not None:
        return refusal
    assert room is not None
    changes = _changes(state, room, command, context.now)
    if all(getattr(room, name) == value for name, value in changes.items()):
        return Outcome(reply=room_view(room))
    after = room.revised(**changes)
    sends: tuple[Send, ...] = ()
    if after.status in _UNUSABLE and after.status is not room.status:
        sends = send_away(room.session_id, room.id, after.status.value)
    timers, until = _timers(state, room, after, context.now)
    return Outcome(
        reply=room_view(after),
        changes=(after,),
        appends=(noted(context, "room.updated", "room", room, after),),
        events=(told(after, until),),
        sends=sends,
        timers=timers,
    )


def room_view(room: KaraokeRoom) -> RoomView:
    """A room without the windows of a day, which lists are asked for."""
    return RoomView(
        room_id=room.id,
        venue_id=room.venue_id,
        name=room.name,
        capacity=room.capacity,
        status=room.status,
        rate_bands=room.rate_bands,
        block_minutes=room.block_minutes,
        min_minutes=room.min_minutes,
        cleaning_minutes=room.cleaning_minutes,
        free=(),
        version=room.version,
    )


def _refuse(
    state: VenueState, room: KaraokeRoom | None, command: UpdateRoom, context: Context
) -> Refusal | None:
    whose = f"room {command.room_id}"
    if room is None or room.retired_at is not None or role_here(state, context) < Role.STAFF:
        return not_found(whose)
    if role_here(state, context) < Role.MANAGEMENT:
        refusal = refuse_fields(_of_management(command))
        if refusal is not None:
            return refusal
    refusal = refuse_stale(context, room.version, whose) or _refuse_booked(state, room, command)
    if refusal is not None:
        return refusal
    if command.status is RoomStatus.RESERVED:
        return unfit("/status", "not_allowed", "a room is reserved by a booking, not by hand")
    return refuse_overlap(rate.band for rate in command.rate_bands or ())


def _refuse_booked(state: VenueState, room: KaraokeRoom, command: UpdateRoom) -> Refusal | None:
    """A room keeps what was promised: it does not shrink below a party, nor go while booked."""
    bookings = tuple(state.bookings.in_room(room.id))
    if _retires(command) and (bookings or room.session_id is not None):
        why = f"has {len(bookings)} bookings" if bookings else "is in use"
        return Refusal(Code.ROOM_RESERVED, f"{room.name} {why}; move those first")
    parties = [b.party_size for b in bookings]
    parties += [b.pending.party_size for b in bookings if b.pending is not None]
    most = max(parties, default=0)
    if command.capacity is None or command.capacity >= most:
        return None
    return Refusal(
        Code.ROOM_RESERVED,
        f"{room.name} is booked for {most} persons, so {command.capacity} would be too few",
        extra={"party_size_max": most},
    )


def _retires(command: UpdateRoom) -> bool:
    return command.retire or command.status is RoomStatus.RETIRED


def _of_management(command: UpdateRoom) -> list[str]:
    """The fields of a change that staff may not send."""
    named = [n for n in ("capacity", "rate_bands") if getattr(command, n) is not None]
    if command.retire:
        named.append("retire")
    if command.status is not None and command.status not in BY_STAFF:
        named.append("status")
    return named


def _changes(
    state: VenueState, room: KaraokeRoom, command: UpdateRoom, now: datetime
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if command.capacity is not None:
        changes["capacity"] = command.capacity
    if command.rate_bands is not None:
        changes["rate_bands"] = tuple(rate.band for rate in command.rate_bands)
    if _retires(command):
        changes |= {"status": RoomStatus.RETIRED, "retired_at": now}
    elif command.status is RoomStatus.READY:
        used = room.session_id is not None
        changes["status"] = RoomStatus.OCCUPIED if used else idle_status(state, room.id, now)
    elif command.status is not None:
        changes["status"] = command.status
    return changes


def _timers(
    state: VenueState, before: KaraokeRoom, after: KaraokeRoom, now: datetime
) -> tuple[tuple[SetTimer | CancelTimer, ...], datetime | None]:
    """The end of a cleaning, and the line where somebody could go in."""
    if after.status is before.status:
        # A larger room may take a party that it was too small for.
        grown = after.capacity > before.capacity
        return (offer_soon(state.bookings, now) if grown else ()), None
    cleaning = f"cleaning:{after.id}"
    if after.status is RoomStatus.CLEANING and after.cleaning_minutes:
        until = now + timedelta(minutes=after.cleaning_minutes)
        return (SetTimer(cleaning, until, EndCleaning(room_id=after.id)),), until
    return (CancelTimer(cleaning), *offer_soon(state.bookings, now)), None
