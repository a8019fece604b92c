"""What of views is PostgreSQL's own: erasure. The rest is in `tests/contracts`."""

from __future__ import annotations

from uuid import UUID

from protocol.addresses import Position
from protocol.folding import RoomView
from protocol.records.platform import OutboxEvent
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.reading import Reader
from storage.postgres.room_views import KeptView, RoomViews
from tests.storage.query_world import JOURNAL, Flushed, store
from tests.storage.samples import NOON, a, an_id

HOUSE = f"venue:{an_id()}:staff"


async def test_an_erased_person_has_no_view(database: Database) -> None:
    """Rule 16: what was told to somebody is theirs, and goes with them; the place stays."""
    someone = an_id()
    room = f"user:{someone}"
    views = RoomViews(
        database=database,
        reader=Reader(database, Flushed()),
        durable=lambda: Position(JOURNAL, 0),
        now=lambda: NOON,
    )
    data = {"item_id": "z1", "available": True, "price_minor": 1, "version": 1}
    await store(
        database,
        *(
            a(OutboxEvent, room=where, seq=1, type="inventory.item_updated", payload=data)
            for where in (room, HOUSE)
        ),
    )
    async with database.connect(DatabaseRole.WRITER) as connection:
        for where in (room, HOUSE):
            await connection.execute("insert into runtime.room_cursors values ($1, 1)", where)
    assert await views.keep() == 2
    assert (await views.view(room)).view.shown["items"]
    async with database.connect(DatabaseRole.WRITER) as connection:
        await connection.execute("select scrub_person($1, $2)", someone, UUID(int=1))
    assert await views.view(room) == KeptView(1, RoomView())
    assert await views.keep() == 1
    assert await views.view(room) == KeptView(1, RoomView())
    assert (await views.view(HOUSE)).view.shown["items"]
