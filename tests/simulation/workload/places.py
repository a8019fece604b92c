"""Steps of the house: machines, rooms, menu, stock, bookings and the queue of singers."""

from __future__ import annotations

from protocol.records.inventory import Game, InventoryLevel, KaraokeRoom, MenuItem
from protocol.records.states import ReservationStatus, TurnStatus
from protocol.records.venues import KaraokeTurn, Reservation
from tests.simulation.night import HEADS, Night
from tests.simulation.workload.steps import step
from tests.twins.people import VENUE

HOUSE = "/api/inventory"
OPEN = (ReservationStatus.REQUESTED, ReservationStatus.CONFIRMED, ReservationStatus.ARRIVED)


@step(2)
async def buy_a_machine(night: Night) -> None:
    tag = f"T-{night.random.randint(1, 4)}"
    body = {
        "venue_id": VENUE, "name": "Steel Rain", "price_minor": 200, "asset_tag": tag,
        "pricing": night.one(("play", "time")),
    }  # fmt: skip
    await night.ask(await night.head(), "POST", f"{HOUSE}/games", body)


@step(3)
async def see_to_a_machine(night: Night) -> None:
    """It breaks, is repaired, cleaned, made dearer or sold."""
    game, who = night.one(night.rows_here(Game)), await night.worker()
    status = night.one(("available", "available", "out_of_order", "cleaning"))
    body: dict[str, object] = {"status": status}
    if status == "out_of_order":
        body["fault"] = "does not light up"
    if who.name in HEADS and night.perhaps(0.4):
        body = night.one(({"price_minor": 300}, {"retire": game.asset_tag.startswith("T")}))
    await night.ask(who, "PATCH", f"{HOUSE}/games/{game.id}", body, version=game.version)


@step(2)
async def furnish_a_room(night: Night) -> None:
    body = {
        "venue_id": VENUE, "name": f"Attic {night.random.randint(1, 3)}", "capacity": 4,
        "cleaning_minutes": 5,
    }  # fmt: skip
    await night.ask(await night.head(), "POST", f"{HOUSE}/rooms", body)


@step(3)
async def see_to_a_room(night: Night) -> None:
    room, who = night.one(night.rows_here(KaraokeRoom)), await night.worker()
    body: dict[str, object] = {"status": night.one(("ready", "ready", "cleaning", "out_of_order"))}
    if who.name in HEADS and night.perhaps(0.3):
        body = night.one(({"capacity": 8}, {"retire": room.name.startswith("Attic")}))
    await night.ask(who, "PATCH", f"{HOUSE}/rooms/{room.id}", body, version=room.version)


@step(2)
async def put_on_the_menu(night: Night) -> None:
    number = night.random.randint(1, 3)
    body: dict[str, object] = {
        "venue_id": VENUE, "sku": f"N-{number}", "name": "Night Soup", "price_minor": 400,
        "tax_rate_bp": 1_000,
    }  # fmt: skip
    if number == 3:
        body |= {"alcohol": True, "abv_bp": 500, "volume_ml": 330}
    await night.ask(await night.head(), "POST", f"{HOUSE}/items", body)


@step(2)
async def change_the_menu(night: Night) -> None:
    item = night.one(night.rows_here(MenuItem))
    body = night.one(
        ({"price_minor": 450}, {"available": False}, {"available": True}, {"available": True},
         {"retire": item.sku.startswith("N")})
    )  # fmt: skip
    head = await night.head()
    await night.ask(head, "PATCH", f"{HOUSE}/items/{item.id}", body, version=item.version)


@step(4)
async def move_stock(night: Night) -> None:
    """What comes, what breaks, what is counted."""
    level, who = night.one(night.rows_here(InventoryLevel)), await night.worker()
    line: dict[str, object] = {"item_id": str(level.item_id)}
    line |= night.one(
        (
            {"kind": "receive", "qty_milli": 5_000},
            {"kind": "waste", "qty_milli": 2_000, "reason": "fell down"},
            {
                "kind": "count",
                "qty_milli": night.one((0, 3_000, level.on_hand_milli)),
                "reason": "x",
            },
            {"kind": "transfer", "qty_milli": -1_000, "reason": "to the other house"},
        )
    )
    await night.ask(who, "POST", f"{HOUSE}/stock-movements", {"venue_id": VENUE, "lines": [line]})


@step(3)
async def sell_the_last_one(night: Night) -> None:
    """There is one left, or none, and two guests want it."""
    on_the_menu = {row.id for row in night.rows_here(MenuItem, lambda row: row.retired_at is None)}
    levels = night.rows(InventoryLevel, lambda row: row.item_id in on_the_menu)
    item_id, who = str(night.one(levels).item_id), await night.worker()
    line = {"item_id": item_id, "kind": "count", "qty_milli": night.one((0, 1_000, 2_000))}
    body = {"venue_id": VENUE, "lines": [line | {"reason": "counted"}]}
    await night.ask(who, "POST", f"{HOUSE}/stock-movements", body)
    order = {"venue_id": VENUE, "lines": [{"item_id": item_id, "qty": 2}], "tender": "credits"}
    for _ in range(2):
        await night.ask(await night.patron(), "POST", "/api/transactions/purchase", order)


@step(6)
async def book_a_room(night: Night) -> None:
    """For later, for now, or a place in line; by the guest, or by staff for them."""
    patron = await night.patron()
    who = patron if night.perhaps(0.8) else await night.worker()
    body: dict[str, object] = {"venue_id": VENUE, "party_size": night.random.randint(1, 4)}
    if who is not patron:
        body["user_id"] = patron.user_id
    if night.perhaps(0.3):
        body["kind"] = "waitlist"
    else:
        body |= {"starts_at": night.at(night.one((3, 15, 60, 300))), "minutes": night.one((60, 90))}
        if night.perhaps(0.5):
            body["room_id"] = str(night.one(night.rows_here(KaraokeRoom)).id)
    await night.ask(who, "POST", "/api/reservations", body)


@step(3)
async def want_the_same_room(night: Night) -> None:
    """Two guests, one after the other, for one room and one hour (Rule 14)."""
    room = night.one(night.rows_here(KaraokeRoom))
    body: dict[str, object] = {
        "venue_id": VENUE, "party_size": 1, "room_id": str(room.id), "minutes": 60,
    }  # fmt: skip
    minutes = night.one((15, 60, 300))
    for later in (0, night.one((0, 20))):
        wanted = body | {"starts_at": night.at(minutes + later)}
        await night.ask(await night.patron(), "POST", "/api/reservations", wanted)


@step(8)
async def change_a_booking(night: Night) -> None:
    """The guest cancels or moves it; staff say that they came, or did not, or are seated."""
    booking = night.row(Reservation, lambda row: row.status in OPEN or night.perhaps(0.05))
    body: dict[str, object] = {"action": night.one(("cancel", "move"))}
    if night.perhaps(0.6):
        who = await night.worker()
        body = {"action": night.one(("arrived", "arrived", "no_show", "seat", "cancel", "move"))}
    else:
        who = await night.of_user(booking.user_id)
    if body["action"] == "move":
        body |= {"starts_at": night.at(night.one((10, 120))), "minutes": 60}
    path = f"/api/reservations/{booking.id}"
    await night.ask(who, "PATCH", path, body, version=booking.version)


@step(5)
async def sing(night: Night) -> None:
    """Add a song, or take one out, skip it, or say that it was sung."""
    turns = night.rows(
        KaraokeTurn, lambda row: row.status not in (TurnStatus.DONE, TurnStatus.SKIPPED)
    )
    if turns and night.perhaps(0.55):
        turn = night.one(turns)
        who = await night.of_user(turn.user_id) if night.perhaps(0.5) else await night.worker()
        room_id = turn.room_id
        body: dict[str, object] = {
            "action": night.one(("remove", "skip", "done", "done")), "entry_id": str(turn.id),
        }  # fmt: skip
        if night.perhaps(0.2):
            body = body | {"action": "swap", "with_entry_id": str(night.one(turns).id)}
    else:
        who, room_id = await night.patron(), night.rows_here(KaraokeRoom)[0].id
        body = {"action": "add", "song": "Moon River", "show_name": night.perhaps(0.5)}
    path = f"/api/karaoke/rooms/{room_id}/queue"
    await night.ask(who, "POST", path, body)
    await night.ask(who, "GET", path)
