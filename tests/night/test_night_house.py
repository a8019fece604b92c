"""Machines, rooms, menu and stock on a whole node: who may change what, and who hears of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import trio
from trio.testing import MockClock

from lastlight.demo.ids import Kind, demo_id
from protocol.records.platform import AuditEntry
from protocol.records.visits import SessionSegment
from tests.night.bookings import ROOM_FOR_TWO, book, funds, patch, patched, told
from tests.twins.people import VENUE, Someone, an_order, check_in, sign_in
from tests.twins.whole import LastLight

PLAY_GAME, TIME_GAME = (str(demo_id(Kind.GAME, n)) for n in (1, 10))
BEER = str(demo_id(Kind.MENU_ITEM, 1))
GAMES, ROOMS, ITEMS = (f"/api/inventory/{what}" for what in ("games", "rooms", "items"))
STOCK = "/api/inventory/stock-movements"


def a_game(**values: object) -> dict[str, object]:
    return {
        "venue_id": VENUE, "name": "New Machine", "pricing": "play", "price_minor": 100,
        "asset_tag": "N-1", **values,
    }  # fmt: skip


async def test_a_machine_is_added_changed_and_retired(
    house: LastLight, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Management's price, the staff's status, and each change in the audit trail."""
    game = await manager.need(201, "POST", GAMES, a_game())
    path = f"{GAMES}/{game['game_id']}"
    assert (await manager.send("POST", GAMES, a_game())).code == "asset_tag_taken"
    assert (await staff.send("POST", GAMES, a_game(asset_tag="N-2"))).code == "forbidden"
    heard = await patch(staff, path, 1, {"price_minor": 1})
    assert (heard.status, heard.code) == (403, "forbidden_field")
    assert (await patch(staff, path, None, {"status": "cleaning"})).status == 428
    assert (await patch(staff, path, 9, {"status": "cleaning"})).code == "version_conflict"
    cleaned = await patched(staff, path, 1, {"status": "cleaning"})
    assert (cleaned["status"], cleaned["version"]) == ("cleaning", 2)
    dearer = await patched(manager, path, 2, {"price_minor": 300, "zone": "hall"})
    assert (dearer["price_minor"], dearer["zone"]) == (300, "hall")
    gone = await patched(manager, path, 3, {"retire": True})
    assert gone["status"] == "retired"
    assert (await patch(manager, path, 4, {"price_minor": 1})).status == 404
    assert (await manager.send("POST", GAMES, a_game())).code == "asset_tag_taken"
    statuses = [d["status"] for d in told(house, "game.status_changed", game_id=game["game_id"])]
    assert statuses == ["available", "cleaning", "cleaning", "retired"]
    await house.wait_flushed()
    lines = [
        row
        for row in house.world.database.rows[AuditEntry.table.name].values()
        if isinstance(row, AuditEntry) and row.object_id == game["game_id"]
    ]
    assert [line.action for line in lines] == ["game.created", *["game.updated"] * 3]
    assert lines[2].before == {"price_minor": 100, "zone": None}
    assert lines[2].after == {"price_minor": 300, "zone": "hall"}


async def test_a_fault_gives_the_last_play_back(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Rule 4: within ten minutes of the play, once, and to nobody who played earlier."""
    before, _ = await funds(patron)
    await patron.need(201, "POST", "/api/transactions/purchase", an_order({"game_id": PLAY_GAME}))
    early = await sign_in(house, "patron2")
    assert (await funds(patron))[0] == before - 100
    path = f"{GAMES}/{PLAY_GAME}"
    await patched(staff, path, 2, {"status": "out_of_order", "fault": "screen is black"})
    await trio.testing.wait_all_tasks_blocked()
    assert (await funds(patron))[0] == before
    await patched(staff, path, 3, {"status": "available"})
    await patched(staff, path, 4, {"status": "out_of_order"})
    await trio.testing.wait_all_tasks_blocked()
    assert (await funds(patron))[0] == before
    await patched(staff, path, 5, {"status": "available"})
    await early.need(201, "POST", "/api/transactions/purchase", an_order({"game_id": PLAY_GAME}))
    await trio.sleep(10 * 60 + 1)
    spent, _ = await funds(early)
    await patched(staff, path, 7, {"status": "out_of_order"})
    await trio.testing.wait_all_tasks_blocked()
    assert (await funds(early))[0] == spent


async def test_a_visit_leaves_a_machine_that_broke(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Nobody pays for what can't be played: the lounge's rate begins at the report."""
    visit = await check_in(patron, staff)
    path = f"/api/sessions/{visit['session_id']}"
    body = {"activity": "arcade_time", "game_id": TIME_GAME}
    await patron.need(200, "POST", f"{path}/activity", body)
    await trio.sleep(60)
    await patched(staff, f"{GAMES}/{TIME_GAME}", 2, {"status": "out_of_order", "fault": "puck"})
    await trio.testing.wait_all_tasks_blocked()
    seen = await patron.need(200, "GET", path)
    assert (seen["activity"], seen["station_id"]) == ("lounge", None)
    assert told(house, "game.status_changed", game_id=TIME_GAME)[-1]["status"] == "out_of_order"
    await house.wait_flushed()
    rows: Any = house.world.database.rows[SessionSegment.table.name].values()
    by_start = sorted(rows, key=lambda row: row.seq)
    assert [row.activity.value for row in by_start] == ["lounge", "arcade_time", "lounge"]
    assert by_start[1].active_ms == 60_000


async def test_a_room_keeps_what_was_promised(
    house: LastLight, patron: Someone, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """It neither shrinks below a party nor goes while it is booked."""
    band = {"starts": "18:00", "ends": "02:00", "rate_minor_per_h": 4_000}
    body = {"venue_id": VENUE, "name": "Room 7", "capacity": 6, "rate_bands": [band]}
    room = await manager.need(201, "POST", ROOMS, body)
    assert (await manager.send("POST", ROOMS, body)).code == "name_taken"
    two = [band, {"starts": "01:00", "ends": "03:00", "rate_minor_per_h": 1}]
    bad = {**body, "name": "Room 8", "rate_bands": two}
    assert (await manager.send("POST", ROOMS, bad)).code == "rate_band_overlap"
    booking = await book(patron, room_id=room["room_id"], party_size=5)
    path = f"{ROOMS}/{room['room_id']}"
    assert (await patch(staff, path, 2, {"capacity": 6})).code == "forbidden_field"
    assert (await patch(manager, path, 2, {"capacity": 4})).code == "room_reserved"
    assert (await patch(manager, path, 2, {"retire": True})).code == "room_reserved"
    assert (await patched(manager, path, 2, {"capacity": 5}))["capacity"] == 5
    one = f"/api/reservations/{booking['reservation_id']}"
    await patched(manager, one, booking["version"], {"action": "cancel", "reason": "flood"})
    assert (await patched(manager, path, 4, {"retire": True}))["status"] == "retired"


async def test_a_cleaned_room_is_ready_in_its_time(
    house: LastLight, staff: Someone, autojump_clock: MockClock
) -> None:
    """Staff begin the cleaning; its end comes by itself."""
    path = f"{ROOMS}/{ROOM_FOR_TWO}"
    assert (await patched(staff, path, 1, {"status": "cleaning"}))["status"] == "cleaning"
    await trio.sleep(10 * 60 + 1)
    await trio.testing.wait_all_tasks_blocked()
    statuses = [d["status"] for d in told(house, "room.status_changed", room_id=ROOM_FOR_TWO)]
    assert statuses == ["cleaning", "ready"]


async def test_a_drink_is_added_with_its_drinks_counted(
    house: LastLight, manager: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Rule 7: 500 ml at 5 % are 1.973 standard drinks, whatever anybody says."""
    body = {
        "venue_id": VENUE, "sku": "S-1", "name": "Stout", "price_minor": 700, "alcohol": True,
        "tax_code": "standard", "tax_rate_bp": 1_000, "volume_ml": 500, "abv_bp": 500,
    }  # fmt: skip
    item = await manager.need(201, "POST", ITEMS, body)
    assert item["standard_drinks_milli"] == 1_973
    assert (await manager.send("POST", ITEMS, body)).code == "sku_taken"
    bad = {**body, "sku": "S-2", "abv_bp": None}
    assert (await manager.send("POST", ITEMS, bad)).code == "alcohol_data_missing"
    path = f"{ITEMS}/{item['item_id']}"
    assert (await patch(staff, path, 1, {"available": False})).code == "forbidden"
    gone = await patched(manager, path, 1, {"available": False, "price_minor": 750})
    assert (gone["available"], gone["price_minor"]) == (False, 750)
    updates = told(house, "inventory.item_updated", item_id=item["item_id"])
    assert [(u["available"], u["price_minor"]) for u in updates] == [(True, 700), (False, 750)]


async def test_stock_is_moved_all_or_nothing(
    house: LastLight, manager: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """A refused line leaves no line; a count far off is management's to book."""
    hand = 1_000_000_000
    lines = [
        {"item_id": BEER, "kind": "receive", "qty_milli": 5_000},
        {"item_id": BEER, "kind": "waste", "qty_milli": hand + 5_001, "reason": "flood"},
    ]
    body = {"venue_id": VENUE, "lines": lines}
    assert (await staff.send("POST", STOCK, body)).code == "stock_would_be_negative"
    lines[1]["qty_milli"] = 4_000
    moved = await staff.need(201, "POST", STOCK, body)
    assert [line["after_milli"] for line in moved["lines"]] == [hand + 5_000, hand + 1_000]
    count = {"item_id": BEER, "kind": "count", "qty_milli": 40_000}
    body = {"venue_id": VENUE, "lines": [count]}
    assert (await staff.send("POST", STOCK, body)).code == "signature_required"
    key = str(uuid4())
    signed = await manager.need(201, "POST", STOCK, body, key=key)
    assert signed["lines"][0]["signed_by"] == manager.user_id
    assert signed == await manager.need(201, "POST", STOCK, body, key=key)
    low = told(house, "inventory.stock_low", item_id=BEER)
    assert [event["on_hand_milli"] for event in low] == [40_000]
    empty = {"item_id": BEER, "kind": "waste", "qty_milli": 40_000, "reason": "recalled"}
    await staff.need(201, "POST", STOCK, {"venue_id": VENUE, "lines": [empty]})
    back = {"item_id": BEER, "kind": "receive", "qty_milli": hand}
    await staff.need(201, "POST", STOCK, {"venue_id": VENUE, "lines": [back]})
    assert len(told(house, "inventory.stock_low", item_id=BEER)) == 1
    updates = told(house, "inventory.item_updated", item_id=BEER)
    assert [update["available"] for update in updates] == [False, True]


async def test_singers_take_turns_and_leave_with_their_visit(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Fewest turns first; who was announced stays; names as their singers chose."""
    queue = f"/api/karaoke/rooms/{ROOM_FOR_TWO}/queue"
    add = {"action": "add", "song": "One"}
    assert (await patron.send("POST", queue, add)).code == "forbidden"
    visit = await check_in(patron, staff)
    other = await sign_in(house, "patron2")
    await check_in(other, staff)
    for song in ("One", "Two", "Three"):
        await patron.need(200, "POST", queue, {"action": "add", "song": song})
    assert (await patron.send("POST", queue, add)).code == "quantity_limit"
    late = {"action": "add", "song": "Late", "show_name": True}
    seen = await other.need(200, "POST", queue, late)
    assert [entry["song"] for entry in seen["entries"]] == ["One", "Two", "Late", "Three"]
    statuses = [entry["status"] for entry in seen["entries"]]
    assert statuses == ["singing", "next", "waiting", "waiting"]
    assert [entry["singer"] is None for entry in seen["entries"]] == [True, True, False, True]
    done = {"action": "done", "entry_id": seen["now"]}
    assert (await other.send("POST", queue, done)).code == "not_found"
    seen = await staff.need(200, "POST", queue, done)
    assert [entry["song"] for entry in seen["entries"]] == ["Two", "Late", "Three"]
    locked = {"action": "remove", "entry_id": seen["next"]}
    assert (await other.send("POST", queue, locked)).code == "invalid_transition"
    await patron.need(200, "POST", f"/api/sessions/{visit['session_id']}/checkout", {})
    await trio.testing.wait_all_tasks_blocked()
    left = await staff.need(200, "GET", queue)
    assert [entry["song"] for entry in left["entries"]] == ["Late"]
    assert left["version"] > seen["version"]
    changes = told(house, "karaoke.queue_changed", room_id=ROOM_FOR_TWO)
    versions = [change["version"] for change in changes]
    assert versions == sorted(set(versions))
    assert timedelta(seconds=changes[-1]["wait_s"]) == timedelta(seconds=270)
