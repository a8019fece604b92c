"""The demo venue itself: games, rooms, the menu and its stock, and packages of credit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from typing import Final, NamedTuple

from actors.rules.drinks import standard_drinks_milli
from actors.rules.opening_hours import ALWAYS_OPEN
from lastlight.demo.ids import DEMO_VENUE, Kind, demo_id
from protocol.records.base import Record
from protocol.records.inventory import Game, InventoryLevel, KaraokeRoom, MenuItem, StockMovement
from protocol.records.money_states import GamePricing, GameStatus, MovementKind, RoomStatus
from protocol.records.payments import CreditPackage
from protocol.records.states import VenueStatus
from protocol.records.values import RateBand
from protocol.records.venues import Venue

CURRENCY: Final = "JPY"
TAX_BP: Final = 1_000
PORTIONS: Final = 1_000_000
"""On hand of each item: a busy night, or a load test, does not sell out."""
REORDER_PORTIONS: Final = 50


class _Machine(NamedTuple):
    name: str
    zone: str
    pricing: GamePricing
    price_minor: int


class _Dish(NamedTuple):
    name: str
    category: str
    price_minor: int
    volume_ml: int | None = None
    abv_bp: int | None = None
    allergens: tuple[str, ...] = ()


_PLAY, _TIME = GamePricing.PLAY, GamePricing.TIME
# fmt: off
GAMES: Final = (
    _Machine("Rhythm Stage", "music", _PLAY, 100),
    _Machine("Drum Lane", "music", _PLAY, 100),
    _Machine("Dance Floor", "music", _PLAY, 200),
    _Machine("Night Racer", "racing", _PLAY, 200),
    _Machine("Harbour Drift", "racing", _PLAY, 200),
    _Machine("Claw Tower", "prizes", _PLAY, 100),
    _Machine("Coin Falls", "prizes", _PLAY, 100),
    _Machine("Star Brawl", "retro", _PLAY, 100),
    _Machine("Block Rain", "retro", _PLAY, 100),
    _Machine("Air Hockey", "tables", _TIME, 1_200),
    _Machine("Pool Table", "tables", _TIME, 1_200),
    _Machine("Darts Lane", "tables", _TIME, 900),
)
ROOM_CAPACITIES: Final = (2, 4, 4, 6, 8, 12)
MENU: Final = (
    _Dish("Draught Beer", "alcohol", 600, 350, 500, ("gluten",)),
    _Dish("Highball", "alcohol", 550, 350, 700),
    _Dish("Lemon Sour", "alcohol", 550, 350, 500),
    _Dish("Plum Wine Soda", "alcohol", 600, 300, 400),
    _Dish("House Red", "alcohol", 700, 120, 1_300, ("sulphites",)),
    _Dish("Gin and Tonic", "alcohol", 750, 300, 600),
    _Dish("Water", "soft drinks", 100, 500),
    _Dish("Cola", "soft drinks", 300, 350),
    _Dish("Ginger Ale", "soft drinks", 300, 350),
    _Dish("Melon Soda", "soft drinks", 350, 350),
    _Dish("Oolong Tea", "soft drinks", 300, 350),
    _Dish("Coffee", "soft drinks", 350, 200),
    _Dish("Edamame", "snacks", 350, None, None, ("soy",)),
    _Dish("French Fries", "snacks", 450),
    _Dish("Fried Chicken", "food", 650, None, None, ("gluten", "egg")),
    _Dish("Takoyaki", "food", 600, None, None, ("gluten", "egg", "molluscs")),
    _Dish("Margherita", "food", 950, None, None, ("gluten", "milk")),
    _Dish("Curry Rice", "food", 900, None, None, ("gluten",)),
    _Dish("Yakisoba", "food", 850, None, None, ("gluten", "soy")),
    _Dish("Vanilla Ice Cream", "sweets", 400, None, None, ("milk",)),
)
# fmt: on


def demo_venue(now: datetime) -> Venue:
    """The place, always open."""
    return Venue(
        id=DEMO_VENUE,
        name="Last Light Shibuya",
        tz="Asia/Tokyo",
        currency=CURRENCY,
        cutover_local=time(5, 0),
        lat=35.6595,
        lon=139.7005,
        radius_m=150,
        capacity=600,
        hours=ALWAYS_OPEN,
        status=VenueStatus.OPEN,
        created_at=now,
    )


def demo_stations() -> Iterator[Record]:
    """Games and karaoke rooms; rooms are dearer on Friday and Saturday nights."""
    for n, machine in enumerate(GAMES, 1):
        yield Game(
            id=demo_id(Kind.GAME, n),
            venue_id=DEMO_VENUE,
            asset_tag=f"G-{n:02}",
            name=machine.name,
            zone=machine.zone,
            pricing=machine.pricing,
            price_minor=machine.price_minor,
            tax_rate_bp=TAX_BP,
            status=GameStatus.AVAILABLE,
        )
    weekend = RateBand(starts="18:00", ends="05:00", rate_minor_per_h=3_600, days=(5, 6))
    for n, capacity in enumerate(ROOM_CAPACITIES, 1):
        yield KaraokeRoom(
            id=demo_id(Kind.ROOM, n),
            venue_id=DEMO_VENUE,
            name=f"Room {n}",
            capacity=capacity,
            status=RoomStatus.READY,
            rate_bands=(weekend,),
            block_minutes=15,
            min_minutes=30,
            cleaning_minutes=10,
        )


def demo_menu(now: datetime) -> Iterator[Record]:
    """What is sold, each item with its level."""
    for n, dish in enumerate(MENU, 1):
        item_id = demo_id(Kind.MENU_ITEM, n)
        drinks = 0
        if dish.volume_ml is not None and dish.abv_bp is not None:
            drinks = standard_drinks_milli(dish.volume_ml, dish.abv_bp)
        yield MenuItem(
            id=item_id,
            venue_id=DEMO_VENUE,
            sku=f"M-{n:02}",
            name=dish.name,
            category=dish.category,
            price_minor=dish.price_minor,
            tax_code="standard",
            tax_rate_bp=TAX_BP,
            alcoholic=dish.abv_bp is not None,
            abv_bp=dish.abv_bp,
            volume_ml=dish.volume_ml,
            standard_drinks_milli=drinks,
            allergens=dish.allergens,
        )
        yield InventoryLevel(
            venue_id=DEMO_VENUE,
            item_id=item_id,
            on_hand_milli=PORTIONS * 1000,
            reorder_milli=REORDER_PORTIONS * 1000,
            unit="portion",
            counted_at=now,
        )


def demo_deliveries(now: datetime) -> Iterator[StockMovement]:
    """How the stock came in: the book begins with it."""
    for n in range(1, len(MENU) + 1):
        yield StockMovement(
            id=demo_id(Kind.STOCK_MOVEMENT, n),
            venue_id=DEMO_VENUE,
            item_id=demo_id(Kind.MENU_ITEM, n),
            kind=MovementKind.RECEIVE,
            delta_milli=PORTIONS * 1000,
            after_milli=PORTIONS * 1000,
            ref_id=None,
            reason="demo fixture",
            by_user=None,
            at=now,
        )


def demo_packages() -> Iterator[CreditPackage]:
    """Credit by the package; what comes on top is bonus for 90 days."""
    for n, (price_minor, bonus_minor) in enumerate(((1_000, 0), (3_000, 150), (10_000, 1_000)), 1):
        yield CreditPackage(
            id=demo_id(Kind.PACKAGE, n),
            venue_id=DEMO_VENUE,
            name=f"{price_minor // 100} credits",
            price_minor=price_minor,
            credits_minor=price_minor,
            bonus_minor=bonus_minor,
            bonus_days=90 if bonus_minor else None,
        )
