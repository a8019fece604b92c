"""Events of what a venue has: stock, rooms, machines, bookings, the singers' queue."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.events.base import MANAGEMENT, PATRONS, STAFF, USER, EventData, event
from protocol.records.money_states import GameStatus, RoomStatus
from protocol.records.states import ReservationKind, ReservationStatus
from protocol.values import Amount


@event("inventory.stock_low", STAFF, MANAGEMENT)
class InventoryStockLow(EventData):
    """Stock fell to the reorder point (once until refilled)."""

    item_id: UUID
    sku: str
    on_hand_milli: int
    reorder_milli: int
    unit: str


@event("inventory.item_updated", PATRONS, STAFF, MANAGEMENT)
class InventoryItemUpdated(EventData):
    """Menu item changed, sold out or back."""

    item_id: UUID
    available: bool
    price_minor: Amount
    version: int


@event("room.status_changed", PATRONS, STAFF, MANAGEMENT)
class RoomStatusChanged(EventData):
    """Room state, booking or rate change."""

    room_id: UUID
    status: RoomStatus
    until: datetime | None
    version: int


@event("game.status_changed", STAFF, MANAGEMENT)
class GameStatusChanged(EventData):
    """Game state or price change."""

    game_id: UUID
    status: GameStatus
    fault: str | None
    version: int


@event("reservation.status_changed", USER, STAFF, MANAGEMENT)
class ReservationStatusChanged(EventData):
    """Reservation transition or waitlist place moved."""

    reservation_id: UUID
    kind: ReservationKind
    status: ReservationStatus
    room_id: UUID | None
    starts_at: datetime
    place: int | None
    wait_minutes: int | None


@event("karaoke.queue_changed", PATRONS, STAFF, durable=False)
class KaraokeQueueChanged(EventData):
    """Queue order changed; clients reload the list by version."""

    room_id: UUID
    version: int
    now: UUID | None
    next: UUID | None
    length: int
    wait_s: int
