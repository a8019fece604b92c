"""Machines and rooms: what management adds and changes, and what staff say of them."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias
from uuid import UUID

import attrs

from protocol.addresses import ActorKind, Role
from protocol.bounds import integer, items, text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.domain_limits import RATE_BANDS_MAX
from protocol.operations.addresses import child, venue
from protocol.operations.base import KeyRule, Operation
from protocol.records.money_states import GamePricing, GameStatus, RoomStatus
from protocol.records.values import RateBand
from protocol.replies.inventory import GameView, RoomView
from protocol.values import Amount, Name, Note, PartySize, Zone

AssetTag: TypeAlias = Annotated[str, text(min=1, max=40, pattern=r"[A-Za-z0-9][A-Za-z0-9 ._/-]*")]
TaxRate: TypeAlias = Annotated[int, integer(0, 10_000)]
"""Basis points."""
WallTime: TypeAlias = Annotated[str, text(max=5, pattern=r"([01][0-9]|2[0-3]):[0-5][0-9]")]
Weekday: TypeAlias = Annotated[int, integer(1, 7)]


@attrs.frozen(kw_only=True)
class RoomRate:
    """A rate for some hours of some days; without days for every day (ISO weekdays, Monday 1)."""

    starts: WallTime
    ends: WallTime
    rate_minor_per_h: Amount
    days: Annotated[tuple[Weekday, ...], items(0, 7)] = ()

    @property
    def band(self) -> RateBand:
        """As it is stored."""
        return RateBand(
            starts=self.starts,
            ends=self.ends,
            rate_minor_per_h=self.rate_minor_per_h,
            days=tuple(sorted(set(self.days))),
        )


RoomRates: TypeAlias = Annotated[tuple[RoomRate, ...], items(0, RATE_BANDS_MAX)]


@command
class CreateGame(Command):
    """Add a machine; `price_minor` is per play, or per hour when priced by time."""

    venue_id: UUID
    name: Name
    pricing: GamePricing
    price_minor: Amount
    asset_tag: AssetTag
    zone: Zone | None = None
    tax_rate_bp: TaxRate = 0


@command
class UpdateGame(Command):
    """Staff: status and fault note; management also price, zone, name, and to retire it."""

    game_id: UUID
    status: GameStatus | None = None
    fault: Note | None = None
    """Empty to say that there is none any more."""
    price_minor: Amount | None = None
    zone: Zone | None = None
    name: Name | None = None
    retire: bool = False


@command
class CreateRoom(Command):
    """Add a karaoke room; outside its bands the venue's rate for rooms holds."""

    venue_id: UUID
    name: Name
    capacity: PartySize
    rate_bands: RoomRates = ()
    block_minutes: Annotated[int, integer(1, 240)] = 15
    min_minutes: Annotated[int, integer(1, 480)] = 30
    cleaning_minutes: Annotated[int, integer(0, 240)] = 10


@command
class UpdateRoom(Command):
    """Staff: status; management also capacity, rates, and to retire it."""

    room_id: UUID
    status: RoomStatus | None = None
    capacity: PartySize | None = None
    rate_bands: RoomRates | None = None
    retire: bool = False


# fmt: off
ROWS: Final = (
    Operation(
        CreateGame, Role.MANAGEMENT, "POST /api/inventory/games", venue("venue_id"), GameView,
        summary="Add a machine.",
        status=201, key=KeyRule.ACCEPTED, errors=(Code.ASSET_TAG_TAKEN,),
        emits=("game.status_changed",),
    ),
    Operation(
        UpdateGame, Role.STAFF, "PATCH /api/inventory/games/{game_id}",
        child("game_id", ActorKind.VENUE), GameView,
        summary="Status and fault by staff; price, zone, name and retiring by management.",
        key=KeyRule.ACCEPTED, precondition=True, errors=(Code.FORBIDDEN_FIELD,),
        emits=("game.status_changed",),
    ),
    Operation(
        CreateRoom, Role.MANAGEMENT, "POST /api/inventory/rooms", venue("venue_id"), RoomView,
        summary="Add a karaoke room with its rates.",
        status=201, key=KeyRule.ACCEPTED, errors=(Code.NAME_TAKEN, Code.RATE_BAND_OVERLAP),
        emits=("room.status_changed",),
    ),
    Operation(
        UpdateRoom, Role.STAFF, "PATCH /api/inventory/rooms/{room_id}",
        child("room_id", ActorKind.VENUE), RoomView,
        summary="Status by staff; capacity, rates and retiring by management.",
        key=KeyRule.ACCEPTED, precondition=True,
        errors=(Code.FORBIDDEN_FIELD, Code.ROOM_RESERVED, Code.RATE_BAND_OVERLAP),
        emits=("room.status_changed",),
    ),
)
# fmt: on
