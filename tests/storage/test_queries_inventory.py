"""What a venue has, as patrons and staff see it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.addresses import Role
from protocol.errors import Code
from protocol.operations.inventory import ListGames, ListMenuItems, ListRooms
from protocol.records.inventory import Game, InventoryLevel, KaraokeRoom, MenuItem
from protocol.records.money_states import GameStatus, RoomStatus
from protocol.records.states import ReservationStatus
from protocol.records.values import Period, RecipePart
from protocol.records.venues import Reservation, Venue
from storage.postgres.asked import NotOnShow
from storage.postgres.database import Database
from storage.postgres.paging import CursorInvalid
from storage.postgres.queries_inventory import (
    free_periods,
    games,
    menu_items,
    rooms,
    within_hours,
)
from tests.storage.query_world import a_principal, asked_by, asking, store
from tests.storage.samples import NOON, a, an_id

HERE, THERE, CLOSED = (an_id() for _ in range(3))
PATRON = a_principal()
STAFF = a_principal(roles={HERE: Role.STAFF, CLOSED: Role.STAFF})
HOUR = dt.timedelta(hours=1)


def a_venue(id_: Any, **values: Any) -> Any:
    given = {"status": "open", "radius_m": 150, "tz": "Asia/Tokyo", "cutover_local": dt.time(5)}
    return a(Venue, id=id_, **{**given, **values})


VENUES = (a_venue(HERE), a_venue(THERE), a_venue(CLOSED, status="suspended"))


async def list_games(database: Database, principal: Any, **values: Any) -> Any:
    command = ListGames(**{"venue_id": HERE, **values})
    asked = asked_by(principal, command.venue_id)
    async with asking(database, asked) as connection:
        return await games(connection, command, asked)


async def list_rooms(database: Database, **values: Any) -> Any:
    command, asked = ListRooms(venue_id=HERE, **values), asked_by(PATRON, HERE)
    async with asking(database, asked) as connection:
        return await rooms(connection, command, asked)


async def list_items(database: Database, **values: Any) -> Any:
    command, asked = ListMenuItems(venue_id=HERE, **values), asked_by(PATRON, HERE)
    async with asking(database, asked) as connection:
        return await menu_items(connection, command, asked)


async def test_patrons_see_neither_tags_nor_takings(database: Database) -> None:
    """What a machine earns is the venue's business."""
    game = a(Game, venue_id=HERE, asset_tag="A-1", fault="sticky", plays=9, zone="hall")
    await store(database, *VENUES, game, a(Game, venue_id=THERE))
    (seen,) = (await list_games(database, PATRON)).items
    assert (seen.game_id, seen.name, seen.zone) == (game.id, game.name, "hall")
    assert (seen.asset_tag, seen.fault, seen.plays) == (None, None, None)
    (seen,) = (await list_games(database, STAFF)).items
    assert (seen.asset_tag, seen.fault, seen.plays) == ("A-1", "sticky", 9)


async def test_a_venue_that_is_not_on_show_is_not_there(database: Database) -> None:
    """Whether a place is suspended or was never there is not for patrons to know."""
    await store(database, *VENUES, a(Game, venue_id=CLOSED))
    for venue_id in (CLOSED, an_id()):
        with pytest.raises(NotOnShow) as caught:
            await list_games(database, PATRON, venue_id=venue_id)
        assert caught.value.refusal().code is Code.NOT_FOUND
    assert len((await list_games(database, STAFF, venue_id=CLOSED)).items) == 1


async def test_lists_are_filtered_and_what_retired_is_gone(database: Database) -> None:
    """Filters are exact; a machine that was sold is on no list."""
    wanted = a(Game, venue_id=HERE, zone="hall", status=GameStatus.AVAILABLE)
    others = (
        wanted.evolve(id=an_id(), asset_tag="b", zone="bar"),
        wanted.evolve(id=an_id(), asset_tag="c", status=GameStatus.CLEANING),
        wanted.evolve(id=an_id(), asset_tag="d", retired_at=NOON),
    )
    await store(database, *VENUES, wanted, *others)
    found = await list_games(database, PATRON, zone="hall", status=GameStatus.AVAILABLE)
    assert [game.game_id for game in found.items] == [wanted.id]
    assert len((await list_games(database, STAFF)).items) == 3


@pytest.mark.parametrize("limit", [1, 2, 5, 6])
async def test_pages_show_everything_once(database: Database, limit: int) -> None:
    """A cursor goes on where the page ended, whatever came meanwhile."""
    stored = [a(Game, venue_id=HERE) for _ in range(5)]
    await store(database, *VENUES, *stored)
    seen, cursor = [], None
    while True:
        page = await list_games(database, PATRON, limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        seen += [game.game_id for game in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == [game.id for game in stored]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "A" * 23, "A" * 300])
async def test_a_cursor_that_is_none_of_ours_is_refused(database: Database, cursor: str) -> None:
    """A guess must not look like an empty list."""
    await store(database, *VENUES)
    with pytest.raises(CursorInvalid) as caught:
        await list_games(database, PATRON, cursor=cursor)
    assert caught.value.refusal().code is Code.MALFORMED_REQUEST


def booked(room: Any, start: dt.datetime, status: str = "confirmed") -> Any:
    return a(
        Reservation,
        venue_id=HERE,
        kind="slot",
        room_id=room.id,
        during=Period(start=start, end=start + HOUR),
        status=ReservationStatus(status),
    )


async def test_a_room_is_free_between_what_others_booked(database: Database) -> None:
    """Patrons can't see the bookings of others, but when there is room."""
    room = a(KaraokeRoom, venue_id=HERE, capacity=8, min_minutes=60, cleaning_minutes=15)
    small = a(KaraokeRoom, venue_id=HERE, capacity=2)
    broken = a(KaraokeRoom, venue_id=HERE, capacity=9, status=RoomStatus.OUT_OF_ORDER)
    # In Tokyo noon UTC is 21:00, and the trading day ends at 05:00, which is 20:00 UTC.
    at = [NOON + HOUR, NOON + 5 * HOUR, NOON + 6.5 * HOUR]
    bookings = [booked(room, start) for start in at] + [booked(room, NOON, "cancelled")]
    await store(database, *VENUES, room, small, broken, *bookings)
    day = dt.date(2026, 3, 28)
    found = await list_rooms(database, date=day, party_size=3)
    assert [one.room_id for one in found.items] == [room.id, broken.id]
    free = [((p.start - NOON) / HOUR, (p.end - NOON) / HOUR) for p in found.items[0].free]
    assert free == [(2, 5)]
    assert found.items[1].free == ()
    assert (await list_rooms(database)).items[0].free == ()
    past = await list_rooms(database, date=day - dt.timedelta(days=2))
    assert [one.free for one in past.items] == [(), (), ()]
    later = await list_rooms(database, date=day + dt.timedelta(days=1), status=RoomStatus.READY)
    for one in later.items:
        assert one.free == (Period(start=NOON + 8 * HOUR, end=NOON + 32 * HOUR),)


async def test_a_room_is_free_only_while_the_venue_is_open(database: Database) -> None:
    """A window that would be refused as outside the opening hours is none."""
    shut_at = (NOON + 4 * HOUR).isoformat()
    place = a_venue(HERE, hours={"shut_at": shut_at})
    room = a(KaraokeRoom, venue_id=HERE, min_minutes=60, cleaning_minutes=30)
    await store(database, place, room, booked(room, NOON + 6.5 * HOUR))
    found = await list_rooms(database, date=dt.date(2026, 3, 28))
    free = [((p.start - NOON) / HOUR, (p.end - NOON) / HOUR) for p in found.items[0].free]
    assert free == [(0, 4), (5, 6.5)]


@given(
    st.integers(0, 8), st.integers(1, 9), st.integers(0, 8), st.integers(1, 9),
    st.integers(1, 4), st.integers(0, 2),
)  # fmt: skip
def test_a_stay_fits_into_each_window_that_is_shown(
    free_at: int, free_h: int, open_at: int, open_h: int, least: int, cleaning: int
) -> None:
    """Before closing, and with its cleaning before the next booking."""
    free = Period(start=NOON + free_at * HOUR, end=NOON + (free_at + free_h) * HOUR)
    hours = Period(start=NOON + open_at * HOUR, end=NOON + (open_at + open_h) * HOUR)
    found = within_hours([free], [hours], least * HOUR, cleaning * HOUR)
    stays = [
        start
        for start in range(18)
        if free_at <= start
        and start + least + cleaning <= free_at + free_h
        and open_at <= start
        and start + least <= open_at + open_h
    ]
    assert bool(found) == bool(stays)
    for window in found:
        assert window.start == NOON + min(stays) * HOUR
        assert window.end <= min(free.end, hours.end)


@given(st.lists(st.tuples(st.integers(-3, 30), st.integers(1, 9)), max_size=6), st.integers(1, 5))
def test_free_windows_and_bookings_make_up_the_day(
    drawn: list[tuple[int, int]], least: int
) -> None:
    """No window touches a booking, each is long enough, and none that is was left out."""
    day = Period(start=NOON, end=NOON + 24 * HOUR)
    taken = [
        Period(start=NOON + start * HOUR, end=NOON + (start + length) * HOUR)
        for start, length in sorted(drawn)
    ]
    free = free_periods(day, taken, least * HOUR)
    hours = {
        hour for hour in range(24) if not any(p.start <= NOON + hour * HOUR < p.end for p in taken)
    }
    runs: list[list[int]] = []
    for hour in sorted(hours):
        if runs and runs[-1][-1] == hour - 1:
            runs[-1].append(hour)
        else:
            runs.append([hour])
    expected = [(run[0], run[-1] + 1) for run in runs if len(run) >= least]
    assert [((p.start - NOON) / HOUR, (p.end - NOON) / HOUR) for p in free] == expected


async def test_what_can_not_be_had_now_is_shown_as_such(database: Database) -> None:
    """Sold out, taken off, or out of hours: a patron learns it before they order."""
    stock, reserved = an_id(), an_id()

    def a_dish(**values: Any) -> Any:
        return a(MenuItem, venue_id=HERE, **values)

    plenty = a_dish(recipe=(RecipePart(item_id=stock, amount_milli=300),))
    short = a_dish(recipe=(RecipePart(item_id=stock, amount_milli=301),))
    held = a_dish(recipe=(RecipePart(item_id=reserved, amount_milli=1),))
    unknown = a_dish(recipe=(RecipePart(item_id=an_id(), amount_milli=1),))
    itself, uncounted, off = a_dish(), a_dish(), a_dish(available=False)
    late = a_dish(hours={"opens_at": "2026-03-28T13:00:00Z"})
    tonight = a_dish(hours={"open": True})
    levels = (
        a(InventoryLevel, venue_id=HERE, item_id=stock, on_hand_milli=300),
        a(InventoryLevel, venue_id=HERE, item_id=reserved, on_hand_milli=9, reserved_milli=9),
        a(InventoryLevel, venue_id=HERE, item_id=itself.id, on_hand_milli=999),
    )
    dishes = (plenty, short, held, unknown, itself, uncounted, off, late, tonight)
    await store(database, *VENUES, *dishes, *levels)
    found = (await list_items(database)).items
    can = {plenty.id, uncounted.id, tonight.id}
    assert {one.item_id for one in found if one.available} == can
    assert [one.item_id for one in found] == [dish.id for dish in dishes]
    assert [one.available_from is not None for one in found] == [d is late for d in dishes]


@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_a_filter_by_availability_fills_its_pages(database: Database, limit: int) -> None:
    """A page with nothing on it would look like the end."""
    dishes = [a(MenuItem, venue_id=HERE, available=n % 4 == 3) for n in range(12)]
    await store(database, *VENUES, *dishes)
    seen, cursor = [], None
    while True:
        page = await list_items(database, available=True, limit=limit, cursor=cursor)
        seen += [one.item_id for one in page.items]
        if (cursor := page.next_cursor) is None:
            break
        assert len(page.items) == limit
    assert seen == [dish.id for dish in dishes if dish.available]
