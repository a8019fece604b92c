"""What a venue has (GET /api/inventory/games, rooms, items): patrons see no tags and no takings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import attrs
import msgspec

from protocol.operations.inventory import ListGames, ListMenuItems, ListRooms
from protocol.records.inventory import Game, KaraokeRoom, MenuItem
from protocol.records.money_states import RoomStatus
from protocol.records.values import Period
from protocol.replies.inventory import (
    GameList,
    GameView,
    MenuItemList,
    MenuItemView,
    RoomList,
    RoomView,
)
from storage.postgres.asked import Asked, blocks_of, venue_on_show
from storage.postgres.database import Connection
from storage.postgres.mapping import mapping_of
from storage.postgres.paging import after_of, page_of

SQL: Final = blocks_of("inventory")
Taken = dict[UUID, list[Period]]


async def games(connection: Connection, command: ListGames, asked: Asked) -> GameList:
    """Machines of a venue, oldest first.

    Raises:
        NotOnShow: the venue is not there, or not open to patrons.
        CursorInvalid: see there.
    """
    after = after_of(command)
    await venue_on_show(connection, command.venue_id)
    rows = await connection.fetch(
        SQL["games"].sql,
        command.venue_id,
        after,
        command.limit + 1,
        command.zone,
        command.status,
    )
    page, cursor = page_of(mapping_of(Game).from_rows(rows), command, lambda row: row.id)
    shown = asked.is_staff
    return GameList(items=tuple(_game(row, shown) for row in page), next_cursor=cursor)


def _game(row: Game, to_staff: bool) -> GameView:
    return GameView(
        game_id=row.id,
        venue_id=row.venue_id,
        name=row.name,
        zone=row.zone,
        pricing=row.pricing,
        price_minor=row.price_minor,
        status=row.status,
        # Nobody queues for a machine yet: only rooms have turns.
        queue_length=0,
        asset_tag=row.asset_tag if to_staff else None,
        fault=row.fault if to_staff else None,
        plays=row.plays if to_staff else None,
        version=row.version,
    )


async def rooms(connection: Connection, command: ListRooms, asked: Asked) -> RoomList:
    """Rooms of a venue, oldest first; with a date also when they are free on that trading day.

    Raises:
        NotOnShow, CursorInvalid: as for `games`.
    """
    after = after_of(command)
    await venue_on_show(connection, command.venue_id)
    rows = await connection.fetch(
        SQL["rooms"].sql,
        command.venue_id,
        after,
        command.limit + 1,
        command.party_size,
        command.status,
    )
    page, cursor = page_of(mapping_of(KaraokeRoom).from_rows(rows), command, lambda row: row.id)
    day = await _day(connection, command, asked)
    taken = {} if day is None else await _taken(connection, page, day.whole)
    return RoomList(
        items=tuple(_room(row, day, taken.get(row.id, [])) for row in page), next_cursor=cursor
    )


@attrs.frozen
class Day:
    """What is left of a trading day, and when of it the venue is open."""

    whole: Period
    open: tuple[Period, ...]


async def _day(connection: Connection, command: ListRooms, asked: Asked) -> Day | None:
    """What is left of the day asked for, or None if nothing is or none was."""
    if command.date is None:
        return None
    row = await connection.fetchrow(SQL["day_of_venue"].sql, command.venue_id, command.date)
    assert row is not None, "the venue was seen in this snapshot"
    start = max(row["starts_at"], asked.now)
    if start >= row["ends_at"]:
        return None
    whole = Period(start=start, end=row["ends_at"])
    return Day(whole, asked.open_between(msgspec.json.decode(row["hours"]), whole, row["tz"]))


async def _taken(connection: Connection, found: Sequence[KaraokeRoom], day: Period) -> Taken:
    rows = await connection.fetch(
        SQL["rooms_taken"].sql, [row.id for row in found], day.start, day.end
    )
    taken: Taken = defaultdict(list)
    for row in rows:
        taken[row["room_id"]].append(Period(start=row["starts_at"], end=row["ends_at"]))
    return taken


def free_periods(day: Period, taken: Sequence[Period], least: timedelta) -> tuple[Period, ...]:
    """What is left of `day` between bookings in order, where it is as long as `least`."""
    after = Period(start=day.end, end=day.end)
    free: list[Period] = []
    at = day.start
    for booked in (*taken, after):
        end = min(booked.start, day.end)
        if end - at >= least:
            free.append(Period(start=at, end=end))
        at = max(at, booked.end)
    return tuple(free)


def within_hours(
    free: Sequence[Period], hours: Sequence[Period], least: timedelta, cleaning: timedelta
) -> tuple[Period, ...]:
    """What of free times lies within the hours, where a stay of `least` fits.

    Guests have to be gone by closing; the cleaning after them may come later.
    """
    found: list[Period] = []
    for period in free:
        for window in hours:
            start = max(period.start, window.start)
            if min(period.end - cleaning, window.end) - start >= least:
                found.append(Period(start=start, end=min(period.end, window.end)))
    return tuple(found)


def _room(row: KaraokeRoom, day: Day | None, taken: Sequence[Period]) -> RoomView:
    free: tuple[Period, ...] = ()
    if day is not None and row.status is not RoomStatus.OUT_OF_ORDER:
        # A booking includes the cleaning after it, so a window has to hold both.
        least = timedelta(minutes=max(1, row.min_minutes))
        cleaning = timedelta(minutes=row.cleaning_minutes)
        free = free_periods(day.whole, taken, least + cleaning)
        free = within_hours(free, day.open, least, cleaning)
    return RoomView(
        room_id=row.id,
        venue_id=row.venue_id,
        name=row.name,
        capacity=row.capacity,
        status=row.status,
        rate_bands=row.rate_bands,
        block_minutes=row.block_minutes,
        min_minutes=row.min_minutes,
        cleaning_minutes=row.cleaning_minutes,
        free=free,
        version=row.version,
    )


async def menu_items(connection: Connection, command: ListMenuItems, asked: Asked) -> MenuItemList:
    """Food and drink of a venue, oldest first; what can't be had now is shown as such.

    Raises:
        NotOnShow, CursorInvalid: as for `games`.
    """
    after = after_of(command)
    tz = await venue_on_show(connection, command.venue_id)
    found: list[MenuItemView] = []
    # Hours are no matter for SQL, so a filter by availability reads on until its page is full.
    while len(found) <= command.limit:
        rows = await connection.fetch(
            SQL["menu_items"].sql, command.venue_id, after, command.limit + 1, command.category
        )
        records = mapping_of(MenuItem).from_rows(rows)
        gone = await connection.fetch(SQL["sold_out"].sql, [row.id for row in records])
        sold_out = {row["id"] for row in gone}
        views = [_item(row, row.id in sold_out, asked, tz) for row in records]
        found += [v for v in views if command.available in (None, v.available)]
        if len(records) <= command.limit:
            break
        after = records[-1].id
    page, cursor = page_of(found, command, lambda view: view.item_id)
    return MenuItemList(items=tuple(page), next_cursor=cursor)


def _item(row: MenuItem, sold_out: bool, asked: Asked, tz: str) -> MenuItemView:
    opens_at = asked.now if row.hours is None else asked.opens_at(row.hours, asked.now, tz)
    in_hours = opens_at == asked.now
    return MenuItemView(
        item_id=row.id,
        venue_id=row.venue_id,
        sku=row.sku,
        name=row.name,
        category=row.category,
        price_minor=row.price_minor,
        tax_code=row.tax_code,
        tax_rate_bp=row.tax_rate_bp,
        alcohol=row.alcoholic,
        standard_drinks_milli=row.standard_drinks_milli,
        allergens=row.allergens,
        available=row.available and not sold_out and in_hours,
        available_from=None if in_hours else opens_at,
        version=row.version,
    )
