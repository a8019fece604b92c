"""Answers about what a venue has."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.records.money_states import GamePricing, GameStatus, MovementKind, RoomStatus
from protocol.records.values import Period, RateBand
from protocol.replies.base import reply
from protocol.values import Amount, Name, Zone


@reply
class GameView:
    """A machine; its tag and takings are null for patrons."""

    game_id: UUID
    venue_id: UUID
    name: Name
    zone: Zone | None
    pricing: GamePricing
    price_minor: Amount
    status: GameStatus
    queue_length: int
    asset_tag: str | None
    fault: str | None
    plays: int | None
    version: int


@reply
class GameList:
    """Machines of a venue."""

    items: tuple[GameView, ...]
    next_cursor: str | None = None


@reply
class RoomView:
    """A karaoke room; `free` is for the date asked for."""

    room_id: UUID
    venue_id: UUID
    name: Name
    capacity: int
    status: RoomStatus
    rate_bands: tuple[RateBand, ...]
    block_minutes: int
    min_minutes: int
    cleaning_minutes: int
    free: tuple[Period, ...]
    version: int


@reply
class RoomList:
    """Karaoke rooms of a venue."""

    items: tuple[RoomView, ...]
    next_cursor: str | None = None


@reply
class MenuItemView:
    """Food or drink; `available` is false if sold out, taken off, or out of hours."""

    item_id: UUID
    venue_id: UUID
    sku: str
    name: Name
    category: str | None
    price_minor: Amount
    tax_code: str
    tax_rate_bp: int
    alcohol: bool
    standard_drinks_milli: int
    allergens: tuple[str, ...]
    available: bool
    available_from: datetime | None
    version: int


@reply
class MenuItemList:
    """Food and drink of a venue."""

    items: tuple[MenuItemView, ...]
    next_cursor: str | None = None


@reply
class StockMovementView:
    """One line of the stock book, in thousandths of the item's unit."""

    movement_id: UUID
    item_id: UUID
    kind: MovementKind
    delta_milli: int
    after_milli: int
    signed_by: UUID | None


@reply
class StockMoved:
    """What was booked together."""

    reference_id: UUID
    venue_id: UUID
    at: datetime
    lines: tuple[StockMovementView, ...]
