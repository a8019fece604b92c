"""Views of rooms in the database: what is kept and what followed is what happened, always."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from protocol.addresses import Position
from protocol.folding import RoomView
from protocol.limits import EVENTS_KEPT_S, ROOM_VIEW_EVENTS_MAX, ROOM_VIEW_KEPT_S
from protocol.records.platform import OutboxEvent
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.queries_realtime import RoomReader
from storage.postgres.reading import Reader
from storage.postgres.room_views import KeptView, RoomViews
from tests.storage.query_world import JOURNAL, Flushed, store
from tests.storage.samples import NOON, a, an_id

VENUE = an_id()
ROOM = f"venue:{VENUE}:staff"
HOUR = dt.timedelta(hours=1)
LONG_AGO = NOON - dt.timedelta(seconds=EVENTS_KEPT_S) - HOUR


class Clock:
    """Stands still until told otherwise."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> dt.datetime:
        return self.at


def views_of(database: Database, clock: Clock | None = None) -> RoomViews:
    return RoomViews(
        database=database,
        reader=Reader(database, Flushed()),
        durable=lambda: Position(JOURNAL, 0),
        now=(clock or Clock()).now,
    )


def item(seq: int, *, room: str = ROOM, at: dt.datetime = NOON, **more: Any) -> OutboxEvent:
    data = {"item_id": f"z{seq % 5}", "available": True, "price_minor": seq, "version": seq}
    return a(
        OutboxEvent, room=room, seq=seq, type="inventory.item_updated", payload=data,
        occurred_at=at, venue_id=VENUE, **more,
    )  # fmt: skip


async def happen(database: Database, *events: OutboxEvent) -> None:
    """Write events as the flush does: with the cursors of their rooms."""
    await store(database, *events)
    async with database.connect(DatabaseRole.WRITER) as connection:
        for room in {event.room for event in events}:
            last = max(event.seq for event in events if event.room == room)
            await connection.execute(
                "insert into runtime.room_cursors values ($1, $2)"
                " on conflict (room) do update set seq = excluded.seq",
                room,
                last,
            )


async def count_of(database: Database, table: str) -> int:
    async with database.connect(DatabaseRole.WRITER) as connection:
        return int(await connection.fetchval(f"select count(*) from {table}"))


async def test_a_room_is_what_its_events_come_to(database: Database) -> None:
    """Before anything was kept, and where nothing ever happened."""
    assert await views_of(database).view(ROOM) == KeptView(0, RoomView())
    await happen(database, *(item(n) for n in range(1, 8)), item(1, room="owner"))
    found = await views_of(database).view(ROOM)
    assert found.seq == 7
    assert {key: one["version"] for key, one in found.view.shown["items"].items()} == {
        "z1": 6, "z2": 7, "z3": 3, "z4": 4, "z0": 5,
    }  # fmt: skip


async def test_what_is_kept_and_what_followed_is_the_same_as_all_of_it(database: Database) -> None:
    """Resume's law across a restart; also the order, by which the oldest entry is found."""
    views = views_of(database)
    await happen(database, *(item(n) for n in range(1, 5)))
    assert await views.keep() == 1
    assert await views.keep() == 0
    await happen(database, *(item(n) for n in range(5, 10)))
    found = await views.view(ROOM)
    assert found.seq == 9
    assert list(found.view.shown["items"]) == ["z1", "z2", "z3", "z4", "z0"]
    async with database.connect(DatabaseRole.WRITER) as connection:
        await connection.execute("delete from runtime.room_snapshots")
    assert await views.view(ROOM) == found


async def test_who_sees_something_else_is_kept_too(database: Database) -> None:
    """Rule 8: a silent call is hidden from its raiser after a restart as well."""
    mine = an_id()
    await happen(database, item(1), item(2, hide_from=mine))
    await views_of(database).keep()
    found = (await views_of(database).view(ROOM)).view
    assert set(found.shown["items"]) == {"z1", "z2"}
    assert set(found.of(mine)["items"]) == {"z1"}


async def test_a_view_is_kept_anew_when_enough_or_enough_time_is_missing(
    database: Database,
) -> None:
    """Else each start would read days, or each run write every room that breathed."""
    clock = Clock()
    views = views_of(database, clock)
    await happen(database, item(1))
    assert await views.keep() == 1
    await happen(database, item(2))
    assert await views.keep() == 0
    clock.at += dt.timedelta(seconds=ROOM_VIEW_KEPT_S + 1)
    assert await views.keep() == 1
    await happen(database, *(item(n) for n in range(3, 3 + ROOM_VIEW_EVENTS_MAX)))
    assert await views.keep() == 1
    assert (await views.view(ROOM)).seq == 2 + ROOM_VIEW_EVENTS_MAX


async def test_only_old_events_that_are_in_a_view_are_forgotten(database: Database) -> None:
    """After 72 hours the outbox forgets, and no state is lost by it."""
    views = views_of(database)
    old = [item(n, at=LONG_AGO) for n in (1, 2)]
    await happen(database, *old, item(3), item(1, room="owner", at=LONG_AGO))
    assert await views.forget_events() == 0, "nothing was kept yet"
    await views.keep()
    await happen(database, item(4, at=LONG_AGO))
    before = await views.view(ROOM)
    assert await views.forget_events() == 3
    assert await count_of(database, "event_outbox") == 2
    assert await views.view(ROOM) == before
    reader = RoomReader(
        reader=Reader(database, Flushed()), durable=lambda: Position(JOURNAL, 0), now=lambda: NOON
    )
    assert [event.rooms for event in await reader.missed_events(ROOM, 0)] == [
        ((ROOM, 3),), ((ROOM, 4),),
    ]  # fmt: skip


async def test_an_erased_person_has_no_view(database: Database) -> None:
    """Rule 16: what was told to somebody is theirs, and goes with them; the place stays."""
    someone = an_id()
    room = f"user:{someone}"
    views = views_of(database)
    await happen(database, item(1, room=room), item(1))
    await views.keep()
    async with database.connect(DatabaseRole.WRITER) as connection:
        await connection.execute("select scrub_person($1, $2)", someone, UUID(int=1))
    assert await views.view(room) == KeptView(1, RoomView())
    assert await views.keep() == 1
    assert await views.view(room) == KeptView(1, RoomView())
    assert (await views.view(ROOM)).view.shown["items"]
