"""What a venue has: machines, rooms, food and drink."""

from __future__ import annotations

import datetime as dt
from typing import Final
from uuid import UUID

from protocol.addresses import Role
from protocol.commands import Command, command
from protocol.limits import PAGE_ITEMS_DEFAULT
from protocol.operations import menu, stations
from protocol.operations.addresses import query
from protocol.operations.base import Operation, in_category
from protocol.records.money_states import GameStatus, RoomStatus
from protocol.replies.inventory import GameList, MenuItemList, RoomList
from protocol.values import Cursor, PageSize, PartySize, Zone


@command
class ListGames(Command):
    """Machines of a venue."""

    venue_id: UUID
    zone: Zone | None = None
    status: GameStatus | None = None
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


@command
class ListRooms(Command):
    """Karaoke rooms of a venue; with a date also when they are free for that many."""

    venue_id: UUID
    date: dt.date | None = None
    party_size: PartySize | None = None
    status: RoomStatus | None = None
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


@command
class ListMenuItems(Command):
    """Food and drink of a venue."""

    venue_id: UUID
    category: Zone | None = None
    available: bool | None = None
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


# fmt: off
OPERATIONS: Final = in_category(
    "Inventory",
    Operation(
        ListGames, Role.PATRON, "GET /api/inventory/games", query("games"), GameList,
        summary="Games of a venue with price and status.",
    ),
    Operation(
        ListRooms, Role.PATRON, "GET /api/inventory/rooms", query("rooms"), RoomList,
        summary="Karaoke rooms with capacity, rates, status and free windows.",
    ),
    Operation(
        ListMenuItems, Role.PATRON, "GET /api/inventory/items", query("menu_items"), MenuItemList,
        summary="Menu with prices, allergens, alcohol and availability.",
    ),
    *stations.ROWS,
    *menu.ROWS,
)
# fmt: on
