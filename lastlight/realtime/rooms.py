"""Who may be in which room. Pure (Rule 15): the answer depends on name and principal alone.

A room that is not someone's to know of is answered as if it did not exist, like another patron's
object over HTTP; a room of one's own venue that needs a higher role is forbidden.
"""

from __future__ import annotations

import enum
from typing import Final
from uuid import UUID

import attrs

from protocol.addresses import Principal, Role

_VENUE_ROOMS: Final = {
    "patrons": Role.PATRON,
    "staff": Role.STAFF,
    "management": Role.MANAGEMENT,
    "owner": Role.OWNER,
}
_NAME_CHARS_MAX: Final = 64


class RoomKind(enum.Enum):
    """The three kinds of home that a room's `seq` has."""

    VENUE = "venue"
    USER = "user"
    OWNERS = "owner"


@attrs.frozen
class Room:
    """A room's name, understood. `least` is the role needed at the venue, for its rooms."""

    kind: RoomKind
    id: UUID | None = None
    least: Role = Role.PATRON


class Access(enum.Enum):
    """The verdict on a wish to be in a room."""

    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"
    UNKNOWN = "unknown"


def parse_room(name: str) -> Room | None:
    """The room called `name`, or None if no room can be called that.

    Only the canonical spelling of an id is taken, so that one room never has two names.
    """
    if name == "owner":
        return Room(RoomKind.OWNERS)
    parts = name.split(":")
    if len(name) > _NAME_CHARS_MAX or len(parts) < 2 or (id_ := _canonical(parts[1])) is None:
        return None
    match parts:
        case ["user", _]:
            return Room(RoomKind.USER, id_)
        case ["venue", _, audience] if audience in _VENUE_ROOMS:
            return Room(RoomKind.VENUE, id_, _VENUE_ROOMS[audience])
        case _:
            return None


def decide_access(name: str, principal: Principal) -> Access:
    """Whether `principal` may be in the room called `name`.

    Whether a venue exists, and lets patrons in, is asked of the venue when its room is resumed.
    """
    room = parse_room(name)
    if room is None:
        return Access.UNKNOWN
    if room.kind is RoomKind.OWNERS:
        return Access.ALLOWED if principal.everywhere >= Role.OWNER else Access.FORBIDDEN
    if room.kind is RoomKind.USER:
        return Access.ALLOWED if room.id == principal.user_id else Access.UNKNOWN
    held = principal.role_at(room.id)
    if held >= room.least:
        return Access.ALLOWED
    # A role counts only at its venue; who has none there learns nothing of the venue's rooms.
    return Access.FORBIDDEN if held >= Role.STAFF else Access.UNKNOWN


def _canonical(text: str) -> UUID | None:
    try:
        id_ = UUID(text)
    except ValueError:
        return None
    return id_ if str(id_) == text else None
