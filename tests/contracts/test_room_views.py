"""Views of rooms, in memory and on PostgreSQL: what is kept and what followed is what happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import attrs
import pytest

from protocol.addresses import Position
from protocol.entries import RoomEvent
from protocol.folding import RoomView
from protocol.limits import EVENTS_KEPT_S, ROOM_VIEW_EVENTS_MAX, ROOM_VIEW_KEPT_S
from protocol.records.platform import OutboxEvent
from storage.postgres.reading import Reader
from storage.postgres.room_views import KeptView, RoomViews
from tests.contracts.database_places import Rows, an_entry, place_of
from tests.storage.query_world import JOURNAL, Flushed
from tests.storage.samples import NOON, an_id
from tests.twins.database import MemoryDatabase
from tests.twins.room_views import MemoryRoomViews

VENUE = an_id()
ROOM = f"venue:{VENUE}:staff"
LONG_AGO = NOON - dt.timedelta(seconds=EVENTS_KEPT_S + 1)


@attrs.define(eq=False)
class Place:
    """Views, the rows behind them, and a clock that stands still until told otherwise."""

    rows: Rows
    at: dt.datetime = NOON

    @property
    def views(self) -> RoomViews | MemoryRoomViews:
        """What is tested."""
        if self.rows.database is None:
            assert isinstance(self.rows.store, MemoryDatabase)
            return MemoryRoomViews(database=self.rows.store, now=lambda: self.at)
        return RoomViews(
            database=self.rows.database,
            reader=Reader(self.rows.database, Flushed()),
            durable=lambda: Position(JOURNAL, 0),
            now=lambda: self.at,
        )

    async def happen(self, *events: RoomEvent) -> None:
        """Write events as the flush does: with the cursors of their rooms."""
        await self.rows.flush(an_entry(events=events))

    async def seqs(self) -> list[tuple[str, int]]:
        """What the outbox still has."""
        return sorted((row.room, row.seq) for row in await self.rows.find(OutboxEvent))


@pytest.fixture(params=["memory", "postgres"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    async with AsyncExitStack() as stack:
        yield Place(await stack.enter_async_context(place_of(request.param, url)()))


def item(seq: int, *, room: str = ROOM, at: dt.datetime = NOON, **more: Any) -> RoomEvent:
    """One of five items changes."""
    data = {"item_id": f"z{seq % 5}", "available": True, "price_minor": seq, "version": seq}
    return RoomEvent(
        id=an_id(), type="inventory.item_updated", venue_id=VENUE, occurred_at=at, data=data,
        rooms=((room, seq),), **more,
    )  # fmt: skip


def versions(view: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Items and their versions, in the order of the view."""
    return [(key, one["version"]) for key, one in view["items"].items()]


async def test_a_room_is_what_its_events_come_to(place: Place) -> None:
    """Before anything was kept, and where nothing ever happened."""
    assert await place.views.view(ROOM) == KeptView(0, RoomView())
    await place.happen(*(item(n) for n in range(1, 8)), item(1, room="owner"))
    found = await place.views.view(ROOM)
    assert found.seq == 7
    assert versions(found.view.shown) == [("z1", 6), ("z2", 7), ("z3", 3), ("z4", 4), ("z0", 5)]


async def test_what_is_kept_and_what_followed_is_the_same_as_all_of_it(place: Place) -> None:
    """Resume's law across a restart; also the order, by which the oldest entry is found."""
    await place.happen(*(item(n) for n in range(1, 10)))
    whole = await place.views.view(ROOM)
    await place.views.keep()
    assert await place.views.view(ROOM) == whole
    await place.happen(item(10))
    found = await place.views.view(ROOM)
    assert found.seq == 10
    assert versions(found.view.shown) == [("z1", 6), ("z2", 7), ("z3", 8), ("z4", 9), ("z0", 10)]


async def test_who_sees_something_else_is_kept_too(place: Place) -> None:
    """Rule 8: a silent call is hidden from its raiser after a restart as well."""
    mine = an_id()
    await place.happen(item(1), item(2, hide_from=mine))
    await place.views.keep()
    found = (await place.views.view(ROOM)).view
    assert set(found.shown["items"]) == {"z1", "z2"}
    assert set(found.of(mine)["items"]) == {"z1"}


async def test_a_view_is_kept_anew_when_enough_or_enough_time_is_missing(place: Place) -> None:
    """Else each start would read days, or each run write every room that breathed."""
    await place.happen(item(1))
    assert await place.views.keep() == 1
    assert await place.views.keep() == 0
    await place.happen(item(2))
    assert await place.views.keep() == 0
    place.at += dt.timedelta(seconds=ROOM_VIEW_KEPT_S + 1)
    assert await place.views.keep() == 1
    await place.happen(*(item(n) for n in range(3, 3 + ROOM_VIEW_EVENTS_MAX)))
    assert await place.views.keep() == 1
    assert (await place.views.view(ROOM)).seq == 2 + ROOM_VIEW_EVENTS_MAX


async def test_only_old_events_that_are_in_a_view_are_forgotten(place: Place) -> None:
    """After 72 hours the outbox forgets, and no state is lost by it."""
    await place.happen(
        item(1, at=LONG_AGO), item(2, at=LONG_AGO), item(3), item(1, room="owner", at=LONG_AGO)
    )
    assert await place.views.forget_events() == 0, "nothing was kept yet"
    await place.views.keep()
    await place.happen(item(4, at=LONG_AGO))
    before = await place.views.view(ROOM)
    assert await place.views.forget_events() == 3
    assert await place.seqs() == [(ROOM, 3), (ROOM, 4)]
    assert await place.views.view(ROOM) == before
