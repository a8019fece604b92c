"""Bookings on a whole node: the deposit, the hours of a booking, and the line (Rule 14)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import trio
from trio.testing import MockClock

from tests.night.bookings import (
    ROOM_FOR_TWELVE,
    ROOM_FOR_TWO,
    book,
    funds,
    one,
    patch,
    patched,
    stand_in_line,
    told,
)
from tests.night.cards import elevated
from tests.twins.nodes import World
from tests.twins.people import VENUE, Someone, check_in, instant, sign_in
from tests.twins.whole import LastLight, open_memory_last_light

HOUR = timedelta(hours=1)


async def test_a_booking_holds_its_share_and_gives_it_back_when_cancelled_in_time(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """A fifth of 3,000 for an hour; until four hours before, giving it up costs nothing."""
    booking = await book(patron, room_id=ROOM_FOR_TWO)
    assert (booking["status"], booking["room_id"]) == ("confirmed", ROOM_FOR_TWO)
    deposit = booking["deposit_minor"]
    assert deposit > 0
    assert await funds(patron) == (100_000 - deposit, deposit)
    cancelled = await patched(patron, one(booking), booking["version"], {"action": "cancel"})
    assert cancelled["status"] == "cancelled"
    assert await funds(patron) == (100_000, 0)
    statuses = [
        data["status"]
        for data in told(
            house, "reservation.status_changed", reservation_id=booking["reservation_id"]
        )
    ]
    assert statuses == ["confirmed", "cancelled"]


async def test_who_cancels_late_pays_the_deposit_and_no_more(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Rule 14: captured up to its amount."""
    booking = await book(patron, 3 * HOUR)
    await patched(patron, one(booking), booking["version"], {"action": "cancel"})
    assert await funds(patron) == (100_000 - booking["deposit_minor"], 0)


async def test_nobody_gets_a_time_that_somebody_has_its_cleaning_included(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """An hour and ten minutes of cleaning: the next one begins after both."""
    await book(patron, 5 * HOUR, room_id=ROOM_FOR_TWO)
    other = await sign_in(house, "patron2")
    for late in (HOUR, HOUR + timedelta(minutes=9)):
        starts_at = instant(house.world.clock.now() + 5 * HOUR + late)
        body = {"venue_id": VENUE, "starts_at": starts_at, "room_id": ROOM_FOR_TWO}
        heard = await other.send("POST", "/api/reservations", body)
        assert (heard.status, heard.code) == (409, "room_reserved")
    booked = await book(other, 5 * HOUR + HOUR + timedelta(minutes=10), room_id=ROOM_FOR_TWO)
    assert booked["status"] == "confirmed"


async def test_a_refused_deposit_leaves_no_booking_behind(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """The time was kept while the account was asked; it must be free again."""
    poor = await sign_in(house, "staff1")
    starts_at = instant(house.world.clock.now() + 5 * HOUR)
    body = {"venue_id": VENUE, "starts_at": starts_at, "room_id": ROOM_FOR_TWO}
    heard = await poor.send("POST", "/api/reservations", body)
    assert (heard.status, heard.code) == (402, "insufficient_credits")
    assert (await book(patron, room_id=ROOM_FOR_TWO))["status"] == "confirmed"


async def test_who_does_not_come_loses_the_deposit_and_the_room_goes_to_the_line(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Rule 14: a quarter of an hour after the start, by itself, also over a restart.

    Rule 14 no_show.
    """
    booking = await book(patron, timedelta(minutes=30), room_id=ROOM_FOR_TWO)
    manager = await sign_in(house, "manager")
    for n in range(2, 7):
        room = f"/api/inventory/rooms/00000000-0000-7000-8000-000a0000000{n}"
        await patched(manager, room, 1, {"status": "out_of_order"})
    first, second = await sign_in(house, "patron2"), await sign_in(house, "patron3")
    places = [await stand_in_line(person) for person in (first, second)]
    assert [place["place"] for place in places] == [1, 2]
    assert places[0]["wait_minutes"] >= 100
    assert places[1]["wait_minutes"] > places[0]["wait_minutes"]
    await trio.sleep(30 * 60 + 1)
    room_id = ROOM_FOR_TWO
    assert told(house, "room.status_changed", room_id=room_id)[-1]["status"] == "reserved"
    await trio.sleep(15 * 60)
    await trio.testing.wait_all_tasks_blocked()
    ids = [booking["reservation_id"], *(place["reservation_id"] for place in places)]
    last = [told(house, "reservation.status_changed", reservation_id=id_)[-1] for id_ in ids]
    assert [data["status"] for data in last] == ["no_show", "confirmed", "requested"]
    assert [data["place"] for data in last] == [None, None, 1]
    assert last[1]["room_id"] == room_id
    await patron.refresh()
    assert await funds(patron) == (100_000 - booking["deposit_minor"], 0)


async def test_what_is_booked_is_still_booked_after_a_crash(
    world: World, autojump_clock: MockClock
) -> None:
    """Timers and bookings are rows: whoever does not come is noticed by the next node."""
    async with open_memory_last_light(world) as house:
        patron = await sign_in(house, "patron1")
        booking = await book(patron, 2 * HOUR, room_id=ROOM_FOR_TWO)
    async with open_memory_last_light(world) as house:
        await trio.sleep(2 * 3600 + 15 * 60 + 1)
        await trio.testing.wait_all_tasks_blocked()
        last = told(house, "reservation.status_changed", reservation_id=booking["reservation_id"])[
            -1
        ]
        assert last["status"] == "no_show"


async def test_who_checks_in_with_a_booking_has_come(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """The deposit returns, and the quarter of an hour passes without a word."""
    booking = await book(patron, timedelta(seconds=1), room_id=ROOM_FOR_TWO)
    await trio.sleep(2)
    codes = await staff.need(200, "GET", f"/api/venues/{VENUE}/checkin-code")
    body = {
        "venue_id": VENUE,
        "qr_token": codes["tokens"][0]["qr_token"],
        "location": {
            "lat": 35.6595, "lon": 139.7005, "accuracy_m": 10,
            "fix_at": instant(house.world.clock.now()),
        },
        "party_size": 2,
        "activity": "karaoke_room",
        "reservation_id": booking["reservation_id"],
    }  # fmt: skip
    visit = await patron.need(201, "POST", "/api/sessions/checkin", body)
    assert (await funds(patron))[1] == visit["held_minor"]
    await trio.sleep(16 * 60)
    changes = told(house, "reservation.status_changed", reservation_id=booking["reservation_id"])
    assert [data["status"] for data in changes] == ["confirmed", "arrived"]


async def test_a_booking_moves_with_a_new_deposit_or_stays_where_it_is(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """The old time is kept until the new deposit is held."""
    booking = await book(patron, room_id=ROOM_FOR_TWO)
    other = await sign_in(house, "patron2")
    later = house.world.clock.now() + 10 * HOUR
    taken = await book(other, 10 * HOUR, room_id=ROOM_FOR_TWO)
    body = {"action": "move", "room_id": ROOM_FOR_TWO, "starts_at": instant(later)}
    heard = await patch(patron, one(booking), booking["version"], body)
    assert (heard.status, heard.code) == (409, "room_reserved")
    await patched(other, one(taken), taken["version"], {"action": "cancel"})
    moved = await patched(patron, one(booking), booking["version"], body)
    assert moved["starts_at"] == instant(later)
    assert moved["status"] == "confirmed"
    assert (await funds(patron))[1] == moved["deposit_minor"]
    assert (await book(other, room_id=ROOM_FOR_TWO))["status"] == "confirmed"


@pytest.mark.parametrize("action", ["arrived", "no_show", "seat"])
async def test_only_staff_say_who_came(
    house: LastLight, patron: Someone, staff: Someone, action: str, autojump_clock: MockClock
) -> None:
    """A patron who could say so would keep rooms from others; a stranger finds nothing."""
    booking = await book(patron, timedelta(minutes=1))
    stranger = await sign_in(house, "patron2")
    version = booking["version"]
    assert (await patch(patron, one(booking), version, {"action": action})).code == "forbidden"
    assert (await patch(stranger, one(booking), version, {"action": action})).code == "not_found"
    assert (await patch(staff, one(booking), None, {"action": action})).status == 428
    heard = await patch(staff, one(booking), version + 1, {"action": action})
    assert (heard.status, heard.body["current_version"]) == (412, version)
    heard = await patch(staff, one(booking), version, {"action": action})
    assert heard.status == (200 if action == "arrived" else 409)


async def test_staff_seat_somebody_from_the_line(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Who was offered a room, or waits for one, goes in when staff say so."""
    place = await stand_in_line(patron, party_size=12)
    await trio.testing.wait_all_tasks_blocked()
    offered = told(house, "reservation.status_changed", reservation_id=place["reservation_id"])[-1]
    assert (offered["status"], offered["room_id"]) == ("confirmed", ROOM_FOR_TWELVE)
    seated = await patched(staff, one(place), place["version"] + 1, {"action": "seat"})
    assert (seated["status"], seated["room_id"]) == ("arrived", ROOM_FOR_TWELVE)


async def test_the_line_is_for_one_place_each(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Standing twice in line would be standing before oneself."""
    await check_in(patron, staff)
    await stand_in_line(patron)
    body = {"venue_id": VENUE, "kind": "waitlist", "party_size": 2}
    assert (await patron.send("POST", "/api/reservations", body)).status == 422


async def test_who_moves_into_their_own_room_has_arrived(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Whoever waited in the lounge is no no-show, and the deposit of the booking returns."""
    booking = await book(patron, timedelta(minutes=10), room_id=ROOM_FOR_TWO)
    visit = await check_in(patron, staff)
    await trio.sleep(11 * 60)
    body = {"activity": "karaoke_room", "room_id": ROOM_FOR_TWO}
    path = f"/api/sessions/{visit['session_id']}"
    await patron.need(200, "POST", f"{path}/activity", body)
    await trio.sleep(30)
    changes = told(house, "reservation.status_changed", reservation_id=booking["reservation_id"])
    assert [data["status"] for data in changes] == ["confirmed", "arrived"]
    assert (await patron.need(200, "GET", path))["held_minor"] == (await funds(patron))[1]


async def test_a_room_made_larger_goes_to_the_party_that_it_was_too_small_for(
    house: LastLight, patron: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Rule 14: a room that anybody in line could have is offered in order, whatever made it so."""
    rooms = "/api/inventory/rooms"
    await patched(manager, f"{rooms}/{ROOM_FOR_TWELVE}", 1, {"status": "out_of_order"})
    waiting = await stand_in_line(patron, party_size=12)
    await trio.sleep(5)
    assert told(house, "reservation.status_changed", status="confirmed") == []
    await patched(manager, f"{rooms}/{ROOM_FOR_TWO}", 1, {"capacity": 12})
    await trio.sleep(5)
    (given,) = told(house, "reservation.status_changed", status="confirmed")
    assert given["reservation_id"] == waiting["reservation_id"]
    assert given["room_id"] == ROOM_FOR_TWO


async def test_a_house_that_waits_long_frees_the_room_at_the_end_of_the_stay(
    house: LastLight, patron: Someone, owner: Someone, autojump_clock: MockClock
) -> None:
    """Reserved for somebody whose hour is over, a room would stand empty and be nobody's."""
    body = {"venue_id": VENUE, "settings": {"no_show_minutes": 240}}
    changed = await patch(await elevated(owner), "/api/admin/settings", 1, body)
    assert changed.status == 200, changed
    booking = await book(patron, room_id=ROOM_FOR_TWO)
    await trio.sleep(5 * 3600 + 50 * 60)
    about = {"reservation_id": booking["reservation_id"]}
    assert [one["status"] for one in told(house, "reservation.status_changed", **about)] == [
        "confirmed"
    ]
    await trio.sleep(15 * 60)
    assert told(house, "reservation.status_changed", **about)[-1]["status"] == "no_show"
    assert told(house, "room.status_changed", room_id=ROOM_FOR_TWO)[-1]["status"] == "ready"
