"""What connections and tokens are told after a restart, when memory knows nothing."""

from __future__ import annotations

import datetime as dt

from protocol.addresses import Position
from protocol.entries import RoomEvent
from protocol.records.platform import OutboxEvent
from protocol.records.users import AuthSession, User
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.queries_realtime import RoomReader
from storage.postgres.reading import Reader
from tests.storage.query_world import JOURNAL, Flushed, store
from tests.storage.samples import NOON, a, an_id

ROOM = f"venue:{an_id()}:patrons"
MINUTE = dt.timedelta(minutes=1)


def a_reader(database: Database) -> RoomReader:
    return RoomReader(
        reader=Reader(database, Flushed()),
        durable=lambda: Position(JOURNAL, 0),
        now=lambda: NOON,
    )


async def test_what_was_missed_comes_back_as_it_went_out(database: Database) -> None:
    """A client that was away for a minute must not tell the difference."""
    hidden = an_id()
    rows = [
        a(OutboxEvent, room=ROOM, seq=n, payload={"n": n, "zone": None}, event_version=2)
        for n in range(3, 8)
    ]
    rows[1] = rows[1].evolve(hide_from=hidden, venue_id=an_id())
    await store(database, *reversed(rows), a(OutboxEvent, room="owner", seq=5))
    reader = a_reader(database)
    found = await reader.missed_events(ROOM, 3, 3)
    assert [event.rooms for event in found] == [((ROOM, n),) for n in (4, 5, 6)]
    assert found[0] == RoomEvent(
        id=rows[1].id,
        type=rows[1].type,
        venue_id=rows[1].venue_id,
        occurred_at=NOON,
        data={"n": 4, "zone": None},
        rooms=((ROOM, 4),),
        version=2,
        hide_from=hidden,
    )
    assert await reader.missed_events(ROOM, 7, 3) == []


async def test_a_room_stands_where_it_stood(database: Database) -> None:
    """The outbox forgets after three days, the cursor never."""
    async with database.connect(DatabaseRole.WRITER) as connection:
        await connection.execute("insert into runtime.room_cursors values ($1, 9)", ROOM)
    reader = a_reader(database)
    assert await reader.last_seq(ROOM) == 9
    assert await reader.last_seq("owner") == 0


async def test_whose_tokens_may_have_ended_early_is_found(database: Database) -> None:
    """After a restart a thief's token must not open doors again for the rest of its minutes."""
    fresh, stale, plain = (
        a(User, email=f"{n}@lastlight.example", token_version=version)
        for n, version in enumerate((4, 2, 1))
    )
    long_ago = {"created_at": NOON - 60 * MINUTE, "expires_at": NOON + 60 * MINUTE}
    refreshed = a(AuthSession, user_id=fresh.id, rotated_at=NOON - MINUTE, **long_ago)
    resting = a(AuthSession, user_id=stale.id, rotated_at=NOON - 50 * MINUTE, **long_ago)
    ended = a(AuthSession, user_id=plain.id, revoked_at=NOON - 2 * MINUTE, **long_ago)
    earlier = a(AuthSession, user_id=plain.id, revoked_at=NOON - 40 * MINUTE, **long_ago)
    await store(database, fresh, stale, plain, refreshed, resting, ended, earlier)
    facts = await a_reader(database).revocation_facts(NOON - 15 * MINUTE)
    assert facts.raised == ((fresh.id, 4, NOON),)
    assert facts.ended == ((ended.family_id, NOON - 2 * MINUTE),)
