"""What people who run the floor do with visits, on a whole node in memory."""

from __future__ import annotations

from typing import Any

from trio.testing import MockClock

from protocol.records.money import Transaction
from protocol.records.platform import AuditEntry
from protocol.records.runtime import DeadLetter, TimeUsed
from protocol.records.visits import SessionHistory
from tests.night.books import assert_all_is_well
from tests.night.test_night_visits import COLA, FUNDS_MINOR, event_data, minutes, settled
from tests.twins.people import Heard, Someone, an_order, ask, check_in, instant
from tests.twins.whole import LastLight


async def patch(who: Someone, path: str, version: int | None, body: dict[str, Any]) -> Heard:
    """A change with If-Match, or without."""
    headers = [("authorization", f"Bearer {who.token}")]
    if version is not None:
        headers.append(("if-match", f'"v{version}"'))
    return await ask(who.house, "PATCH", path, body, headers=tuple(headers))


async def wallet_of(patron: Someone) -> tuple[int, int]:
    """What is available and held."""
    wallet = await patron.need(200, "GET", "/api/transactions/credits")
    return wallet["available_minor"], wallet["held_minor"]


def assert_sound(house: LastLight) -> None:
    """Nothing was lost, and nobody failed."""
    assert house.world.database.table(DeadLetter) == {}
    assert_all_is_well(house.world)


async def test_staff_change_the_details_of_a_visit(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """With the version that they read, and for more people with the venue's seats."""
    session = await check_in(patron, staff)
    path = f"/api/sessions/{session['session_id']}"
    heard = await patch(staff, path, None, {"zone": "bar"})
    assert (heard.status, heard.code) == (428, "precondition_required")
    heard = await patch(patron, path, session["version"], {"zone": "bar"})
    assert (heard.status, heard.code) == (403, "forbidden")
    heard = await patch(staff, path, session["version"], {"zone": "bar", "table": "T 4"})
    assert (heard.status, heard.body["table"]) == (200, "T 4")
    stale = await patch(staff, path, session["version"], {"zone": "floor"})
    assert (stale.status, stale.body["current_version"]) == (412, heard.body["version"])
    more = await patch(staff, path, heard.body["version"], {"party_size": 4, "note": "cake"})
    assert (more.status, more.body["party_size"]) == (200, 4)
    full = await patch(staff, path, more.body["version"], {"party_size": 50, "zone": "x"})
    assert full.status == 200
    shown = await staff.need(200, "GET", path)
    assert (shown["note"], shown["table"], shown["party_size"]) == ("cake", "T 4", 50)
    assert (await patron.need(200, "GET", path))["note"] is None
    await settled(house)
    lines = [row.action for row in house.world.database.table(AuditEntry).values()]
    assert lines.count("session.updated") == 3
    assert_sound(house)


async def test_a_mistaken_check_in_is_voided_and_the_guest_may_come_in_anew(
    house: LastLight,
    patron: Someone,
    staff: Someone,
    manager: Someone,
    autojump_clock: MockClock,
) -> None:
    """Everything is back, the seat is free, and the trail knows."""
    session_id = (await check_in(patron, staff))["session_id"]
    await minutes(8.5)
    path = f"/api/sessions/{session_id}"
    refused = await staff.send("DELETE", path, {"reason": "mistake"})
    assert (refused.status, refused.code) == (403, "forbidden")
    voided = await manager.need(200, "DELETE", path, {"reason": "wrong guest"})
    assert (voided["status"], voided["reversed_minor"]) == ("voided", 80)
    told = await event_data(house, "session.voided")
    assert (told["reason"], told["by"]) == ("wrong guest", manager.user_id)
    assert await wallet_of(patron) == (FUNDS_MINOR, 0)
    again = await manager.send("DELETE", path, {"reason": "mistake"})
    assert (again.status, again.code) == (409, "session_not_voidable")
    left = await patron.send("POST", f"{path}/checkout")
    assert (left.status, left.code) == (409, "session_voided")
    await check_in(patron, staff)
    await settled(house)
    (history,) = house.world.database.table(SessionHistory).values()
    assert history.summary["reason"] == "wrong guest"
    assert_sound(house)


async def test_a_visit_with_a_drink_is_not_voided_and_goes_on(
    house: LastLight,
    patron: Someone,
    staff: Someone,
    manager: Someone,
    autojump_clock: MockClock,
) -> None:
    """409, and the meter never stopped."""
    session_id = (await check_in(patron, staff))["session_id"]
    await patron.need(201, "POST", "/api/transactions/purchase", an_order(COLA))
    await minutes(6)
    refused = await manager.send("DELETE", f"/api/sessions/{session_id}", {"reason": "no"})
    assert (refused.status, refused.code) == (409, "session_not_voidable")
    left = await patron.need(200, "POST", f"/api/sessions/{session_id}/checkout")
    assert left["charge_minor"] == 60
    await settled(house)
    assert_sound(house)


async def test_who_left_unseen_pays_until_they_left(
    house: LastLight,
    patron: Someone,
    staff: Someone,
    manager: Someone,
    autojump_clock: MockClock,
) -> None:
    """Ticks charged an hour; the visit ended after twenty minutes, and the rest is back."""
    session_id = (await check_in(patron, staff))["session_id"]
    await minutes(20)
    left_at = house.world.clock.now()
    for _ in range(4):
        await minutes(10)
        await manager.refresh()
        await patron.refresh()
    path = f"/api/sessions/{session_id}/force-checkout"
    body = {"reason_code": "no_contact", "effective_at": instant(left_at)}
    gone = await manager.need(200, "POST", path, body)
    assert (gone["charge_minor"], gone["duration_ms"]) == (200, 20 * 60_000)
    assert (await event_data(house, "session.checked_out"))["cause"] == "forced"
    assert await wallet_of(patron) == (FUNDS_MINOR - 200, 0)
    again = await manager.send("POST", path, body)
    assert (again.status, again.code) == (409, "session_closed")
    await settled(house)
    (used,) = house.world.database.table(TimeUsed).values()
    assert used.active_ms == 20 * 60_000
    assert_sound(house)


async def test_a_room_is_had_for_longer(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Session, venue and account agree, and the price is held until the booking ends."""
    session = await check_in(patron, staff, activity="karaoke_room")
    path = f"/api/sessions/{session['session_id']}"
    odd = await patron.send("POST", f"{path}/extend", {"minutes": 20})
    assert (odd.status, odd.code) == (422, "validation_failed")
    longer = await patron.need(200, "POST", f"{path}/extend", {"minutes": 30})
    assert longer["added_minutes"] == 30
    assert longer["room_id"] is not None
    told = await event_data(house, "session.extended")
    assert told["new_end_at"] == longer["new_end_at"]
    await minutes(5)
    available, held = await wallet_of(patron)
    detail = await patron.need(200, "GET", path)
    assert held + detail["charged_minor"] == longer["held_minor"]
    assert detail["booked_until"] == longer["new_end_at"]
    left = await patron.need(200, "POST", f"{path}/checkout")
    assert await wallet_of(patron) == (FUNDS_MINOR - left["charge_minor"], 0)
    assert available < FUNDS_MINOR
    await settled(house)
    assert_sound(house)


async def test_a_lounge_is_no_booking(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """It lasts as long as it is wanted."""
    session = await check_in(patron, staff)
    heard = await patron.send("POST", f"/api/sessions/{session['session_id']}/extend", {})
    assert (heard.status, heard.code) == (409, "invalid_transition")


async def test_plays_are_something_to_stay_for(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """From the lounge to plays and back: between plays time costs nothing."""
    session = await check_in(patron, staff, activity="arcade_play")
    path = f"/api/sessions/{session['session_id']}"
    await minutes(10)
    await patron.need(200, "POST", f"{path}/activity", {"activity": "lounge"})
    await patron.refresh()
    await minutes(6)
    await patron.need(200, "POST", f"{path}/activity", {"activity": "arcade_play"})
    await minutes(8)
    left = await patron.need(200, "POST", f"{path}/checkout")
    assert left["charge_minor"] == 60
    await settled(house)
    assert_sound(house)


async def test_a_visit_over_the_cutover_goes_on_and_each_day_has_its_part(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Rule 5: at 05:00 nobody is thrown out, and revenue is of the day that it was made in."""
    # It is 21:00 in Tokyo; half an hour before the cutover is 7.5 h later.
    await minutes(450)
    await staff.refresh()
    await patron.refresh()
    session_id = (await check_in(patron, staff))["session_id"]
    for _ in range(6):
        await minutes(10)
        await patron.refresh()
    path = f"/api/sessions/{session_id}"
    detail = await patron.need(200, "GET", path)
    assert [segment["business_day"] for segment in detail["segments"]] == [
        "2026-11-20",
        "2026-11-21",
    ]
    left = await patron.need(200, "POST", f"{path}/checkout")
    assert left["charge_minor"] == 600
    await settled(house)
    usage = {
        row.business_day.isoformat(): row.amount_minor
        for row in house.world.database.table(Transaction).values()
        if row.session_id is not None and row.business_day is not None
    }
    assert usage == {"2026-11-20": 300, "2026-11-21": 300}
    assert_sound(house)
