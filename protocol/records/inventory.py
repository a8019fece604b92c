"""Inventory: machines, rooms, the menu and the stock book. The venue actor owns them all.

Stock and standard drinks are integer thousandths (`*_milli`), prices minor units with tax.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.records.base import Record, Table, Unique, record
from protocol.records.money_states import GamePricing, GameStatus, MovementKind, RoomStatus
from protocol.records.values import Json, RateBand, RecipePart


@record(
    Table(
        name="games",
        key=("id",),
        unique=(Unique(("venue_id", "asset_tag")),),
        tenant="venue_id",
    )
)
class Game(Record):
    """An arcade machine. `price_minor` is per play, or per hour when priced by time."""

    id: UUID
    venue_id: UUID
    asset_tag: str
    name: str
    zone: str | None
    pricing: GamePricing
    price_minor: int
    tax_rate_bp: int = 0
    status: GameStatus
    fault: str | None = None
    plays: int = 0
    session_id: UUID | None = None
    retired_at: datetime | None = None
    version: int = 1


@record(
    Table(
        name="karaoke_rooms",
        key=("id",),
        unique=(Unique(("venue_id", "name"), where=(("retired_at", (None,)),)),),
        tenant="venue_id",
    )
)
class KaraokeRoom(Record):
    """A room; outside its bands the venue's rate for rooms holds."""

    id: UUID
    venue_id: UUID
    name: str
    capacity: int
    status: RoomStatus
    rate_bands: tuple[RateBand, ...]
    block_minutes: int
    min_minutes: int
    cleaning_minutes: int
    session_id: UUID | None = None
    retired_at: datetime | None = None
    version: int = 1


@record(
    Table(
        name="menu_items",
        key=("id",),
        unique=(Unique(("venue_id", "sku")),),
        tenant="venue_id",
    )
)
class MenuItem(Record):
    """Food or drink. `abv_bp` is alcohol by volume in basis points; both it and `volume_ml` are
    set for alcoholic items, or their drinks could not be counted."""

    id: UUID
    venue_id: UUID
    sku: str
    name: str
    category: str | None = None
    price_minor: int
    tax_code: str
    tax_rate_bp: int
    alcoholic: bool
    abv_bp: int | None = None
    volume_ml: int | None = None
    standard_drinks_milli: int = 0
    allergens: tuple[str, ...] = ()
    hours: Json | None = None
    available: bool = True
    recipe: tuple[RecipePart, ...] = ()
    retired_at: datetime | None = None
    version: int = 1


@record(Table(name="inventory_levels", key=("venue_id", "item_id"), tenant="venue_id"))
class InventoryLevel(Record):
    """Stock on hand: 0 ≤ reserved ≤ on hand. `low_since` is set once until refilled.

    `unsigned_milli` is what counts without a signature booked since the last signed one, on the
    business day of `counted_at`.
    """

    venue_id: UUID
    item_id: UUID
    on_hand_milli: int
    reserved_milli: int = 0
    reorder_milli: int = 0
    unit: str
    counted_at: datetime | None = None
    unsigned_milli: int = 0
    low_since: datetime | None = None
    version: int = 1


@record(
    Table(
        name="stock_movements",
        key=("id",),
        unique=(Unique(("ref_id", "item_id", "kind")),),
        versioned=False,
        append_only=True,
        tenant="venue_id",
    )
)
class StockMovement(Record):
    """One line of the stock book; `ref_id` is what caused it, such as a transaction."""

    id: UUID
    venue_id: UUID
    item_id: UUID
    kind: MovementKind
    delta_milli: int
    after_milli: int
    ref_id: UUID | None
    reason: str | None
    by_user: UUID | None
    signed_by: UUID | None = None
    at: datetime
