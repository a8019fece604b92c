"""Venues, seats and orders as the tests of the venue need them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from actors.rules.opening_hours import ALWAYS_OPEN
from actors.runtime.outcome import Context, Outcome
from actors.venue.state import VenueState
from lastlight.demo.place import demo_venue
from protocol.addresses import ActorKind, Address, Principal, Role
from protocol.internal.orders import Buyer, PriceOrder
from protocol.internal.visits import FloorChanged, SessionOpened
from protocol.operations.sessions import CheckIn
from protocol.operations.transactions import OrderLine, PurchaseItems
from protocol.records.base import Record
from protocol.records.inventory import Game, InventoryLevel, KaraokeRoom, MenuItem
from protocol.records.money_states import GamePricing, GameStatus, RoomStatus
from protocol.records.runtime import FloorPlace
from protocol.records.states import Activity, SessionStatus
from protocol.values import Fix
from tests.actors.deciding import IDS, NOW, a_context, a_principal, filled

VENUE_ID = UUID(int=0xB1)
VENUE = Address(ActorKind.VENUE, VENUE_ID)
OTHER_VENUE = UUID(int=0xB2)
GUEST = UUID(int=0xA1)
OTHER_GUEST = UUID(int=0xA2)
STAFF = UUID(int=0xD1)
SESSION = UUID(int=0xC1)
OTHER_SESSION = UUID(int=0xC2)
TRANSACTION = UUID(int=0xE1)
BEER, FRIES, SET_MENU, POTATO = (UUID(int=0xF0 + n) for n in range(4))
DANCE, HOCKEY, SMALL_ROOM, BIG_ROOM = (UUID(int=0x90 + n) for n in range(4))

PATRON = a_principal(GUEST)
AT_DOOR = a_principal(STAFF, Role.STAFF, VENUE_ID)
ELSEWHERE = a_principal(STAFF, Role.STAFF, OTHER_VENUE)
HERE = Fix(lat=35.6595, lon=139.7005, accuracy_m=10.0, fix_at=NOW)
STEP = NOW
"""NOW begins a step of 30 s."""


def a_floor(*rows: Record, **venue: Any) -> VenueState:
    """A venue in Tokyo with room for 10, where it is 21:00 on a Friday at NOW."""
    known: dict[str, Any] = {"id": VENUE_ID, "capacity": 10, "hours": ALWAYS_OPEN}
    place = demo_venue(NOW - timedelta(days=100)).evolve(**(known | venue))
    return filled(VenueState(VENUE), (place, *rows))


def a_seat(session_id: UUID = SESSION, **changes: Any) -> FloorPlace:
    """A seat whose session is open."""
    known: dict[str, Any] = {
        "session_id": session_id,
        "venue_id": VENUE_ID,
        "user_id": GUEST,
        "display_name": "Somebody",
        "party_size": 1,
        "activity": Activity.LOUNGE,
        "status": SessionStatus.ACTIVE,
        "started_at": NOW - timedelta(minutes=10),
        "version": 2,
    }
    return FloorPlace(**(known | changes))


def a_game(id_: UUID = HOCKEY, **changes: Any) -> Game:
    """A machine that is had by time."""
    known: dict[str, Any] = {
        "id": id_,
        "venue_id": VENUE_ID,
        "asset_tag": str(id_)[-4:],
        "name": "Air Hockey",
        "zone": "tables",
        "pricing": GamePricing.TIME,
        "price_minor": 1_500,
        "tax_rate_bp": 1_000,
        "status": GameStatus.AVAILABLE,
    }
    return Game(**(known | changes))


def a_play_game(**changes: Any) -> Game:
    """A machine that is paid by the play."""
    known: dict[str, Any] = {"name": "Dance Floor", "pricing": GamePricing.PLAY, "price_minor": 200}
    return a_game(DANCE, **(known | changes))


def a_room(id_: UUID = SMALL_ROOM, **changes: Any) -> KaraokeRoom:
    """A room for 4, cleaned for 10 minutes."""
    known: dict[str, Any] = {
        "id": id_,
        "venue_id": VENUE_ID,
        "name": f"Room {str(id_)[-1]}",
        "capacity": 4,
        "status": RoomStatus.READY,
        "rate_bands": (),
        "block_minutes": 15,
        "min_minutes": 30,
        "cleaning_minutes": 10,
    }
    return KaraokeRoom(**(known | changes))


def an_item(id_: UUID = FRIES, **changes: Any) -> MenuItem:
    """Something to eat at 450 with 10 % tax."""
    known: dict[str, Any] = {
        "id": id_,
        "venue_id": VENUE_ID,
        "sku": f"M-{str(id_)[-2:]}",
        "name": "French Fries",
        "price_minor": 450,
        "tax_code": "standard",
        "tax_rate_bp": 1_000,
        "alcoholic": False,
    }
    return MenuItem(**(known | changes))


def a_beer(**changes: Any) -> MenuItem:
    """A drink of 1.381 standard drinks at 600."""
    known: dict[str, Any] = {
        "name": "Draught Beer",
        "price_minor": 600,
        "alcoholic": True,
        "abv_bp": 500,
        "volume_ml": 350,
        "standard_drinks_milli": 1_381,
    }
    return an_item(BEER, **(known | changes))


def a_level(item_id: UUID, portions: int, **changes: Any) -> InventoryLevel:
    """So many portions on hand."""
    known: dict[str, Any] = {
        "venue_id": VENUE_ID,
        "item_id": item_id,
        "on_hand_milli": portions * 1000,
        "unit": "portion",
    }
    return InventoryLevel(**(known | changes))


def a_check_in(**changes: Any) -> CheckIn:
    """One person at the door with a code of now."""
    known: dict[str, Any] = {
        "venue_id": VENUE_ID,
        "qr_token": "code",
        "location": HERE,
        "code_step_at": STEP,
    }
    return CheckIn(**(known | changes))


def opened(seat: FloorPlace, **changes: Any) -> SessionOpened:
    """What the session of a seat tells when it is open."""
    return SessionOpened(
        session_id=seat.session_id,
        user_id=seat.user_id,
        display_name="Somebody",
        status=SessionStatus.ACTIVE,
        activity=seat.activity,
        party_size=seat.party_size,
        checked_in_at=NOW,
        held_minor=150,
        assisted=False,
        version=1,
        **changes,
    )


def as_it_is(place: FloorPlace, **changes: Any) -> FloorChanged:
    """What the session of a seat would say of itself."""
    known: dict[str, Any] = {
        "session_id": place.session_id,
        "status": place.status,
        "activity": place.activity,
        "station_id": place.station_id,
        "zone": place.zone,
        "party_size": place.party_size,
        "safety_level": place.safety_level,
        "last_fix_at": place.last_fix_at,
        "charged_minor": place.charged_minor,
    }
    return FloorChanged(**(known | changes))


def a_buyer(**changes: Any) -> Buyer:
    """Somebody of 26 years who was checked, alone in a visit."""
    known: dict[str, Any] = {"user_id": GUEST, "age_years_verified": 26, "session_id": SESSION}
    return Buyer(**(known | changes))


def an_order(*lines: tuple[UUID, int], buyer: Buyer | None = None, **order: Any) -> PriceOrder:
    """An order of so many of each; games by their ids, all else from the menu."""
    wanted = tuple(
        OrderLine(qty=qty, game_id=id_)
        if id_ in (DANCE, HOCKEY)
        else OrderLine(qty=qty, item_id=id_)
        for id_, qty in lines
    )
    return PriceOrder(
        order=PurchaseItems(venue_id=VENUE_ID, lines=wanted, **order),
        buyer=buyer or a_buyer(),
        transaction_id=IDS.fresh(),
    )


def context(principal: Principal | None = PATRON, **given: Any) -> Context:
    """A context of the venue."""
    return a_context(VENUE, principal=principal, **given)


def told(outcome: Outcome) -> list[str]:
    """The types of an outcome's events."""
    return [event.type for event in outcome.events]
