"""A flush that is cut off on PostgreSQL happened or did not, and is never done twice."""

from __future__ import annotations

import random
from uuid import UUID

import pytest
import trio

from protocol.addresses import Position
from protocol.entries import Entry, RoomEvent, decode_rows, encode_entry
from protocol.journal import Urgency
from protocol.records.inventory import Game
from protocol.records.ledger import LedgerAccount, LedgerJournal, LedgerPosting
from protocol.records.platform import OutboxEvent
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.staging import STAGED_FROM
from storage.postgres.store import PostgresStore
from storage.write_behind.batch import Source, batch_of
from storage.write_behind.store import ForeignJournal
from storage.write_behind.write_behind import open_write_behind
from tests.contracts.database_places import a_message, all_rows, an_entry
from tests.contracts.test_store_books import a_top_up
from tests.storage.samples import NOON, a, an_id
from tests.twins.journal import MemoryDisk, open_memory_journal
from tests.twins.outside import TrioClock

VENUE, PATRON = an_id(), an_id()
ROUNDS = 100


def an_evening(rounds: int) -> list[list[Entry]]:
    """Entries of many rounds that would all show if they were done twice, or not at all."""
    game = a(Game, venue_id=VENUE)
    sent = a_message()
    found = []
    for n in range(rounds):
        event = RoomEvent(
            id=an_id(),
            type="game.status_changed",
            venue_id=VENUE,
            occurred_at=NOON,
            data={},
            rooms=((f"venue:{VENUE}:staff", n + 1),),
        )
        cause, sent = sent.id, a_message()
        found.append(
            [
                a_top_up(VENUE, PATRON, 100),
                an_entry(game, events=(event,), cause=cause, sends=(sent,)),
            ]
        )
        game = game.revised(plays=n + 1)
    return found


async def test_flushes_that_are_cancelled_at_any_moment_happen_once(database: Database) -> None:
    """After a cancellation nobody knows whether the commit was done; the position does."""
    random_ = random.Random(11)
    store = PostgresStore(database)
    cut = 0
    async with open_memory_journal(MemoryDisk(), clock=TrioClock()) as journal:
        for entries in an_evening(ROUNDS):
            for entry in entries:
                last = journal.append_nowait(encode_entry(entry), urgency=Urgency.COMMAND)
            with trio.move_on_after(random_.uniform(0, 0.04)) as scope:
                async with open_write_behind(journal, store) as write_behind:
                    await write_behind.wait_flushed(last)
            cut += scope.cancelled_caught
        async with open_write_behind(journal, store) as write_behind:
            with trio.fail_after(30):
                await write_behind.wait_flushed(last)
            assert write_behind.refused_rows == 0
        assert cut > ROUNDS / 5
        await assert_all_once(database, last)


async def assert_all_once(database: Database, last: Position) -> None:
    async with database.connect(DatabaseRole.WRITER) as connection:
        assert await connection.fetchval("select position from runtime.flush") == last.n
        (game,) = await all_rows(connection, Game)
        assert (game.version, game.plays) == (ROUNDS, ROUNDS - 1)
        journals = await all_rows(connection, LedgerJournal)
        assert sorted(j.seq for j in journals) == list(range(1, ROUNDS + 1))
        postings = await all_rows(connection, LedgerPosting)
        assert len(postings) == 2 * ROUNDS
        accounts = {one.code: one for one in await all_rows(connection, LedgerAccount)}
        assert accounts[f"user:{PATRON}:paid"].balance_minor == 100 * ROUNDS
        assert accounts[f"user:{PATRON}:paid"].seq == ROUNDS
        events = await all_rows(connection, OutboxEvent)
        assert sorted(event.seq for event in events) == list(range(1, ROUNDS + 1))
        assert await connection.fetchval("select count(*) from runtime.pending_sends") == 1


async def test_of_two_nodes_that_claim_one_database_at_once_one_is_told_what_to_do(
    database: Database,
) -> None:
    """Started together by mistake, both find it empty; only one may have it."""
    store = PostgresStore(database)
    had: list[UUID] = []
    refused: list[str] = []

    async def claim(journal_id: UUID) -> None:
        try:
            await store.claim(journal_id)
        except ForeignJournal as error:
            refused.append(str(error))
        else:
            had.append(journal_id)

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(claim, an_id())
    assert len(had) == 1
    assert len(refused) == 2
    assert all(f"belongs to journal {had[0]}" in message for message in refused)
    assert all("LASTLIGHT_DATABASE_URL" in message for message in refused)
    with pytest.raises(ForeignJournal):
        await store.claim(an_id())


async def test_where_nobody_may_have_temporary_tables_many_rows_go_in_all_the_same(
    database: Database,
) -> None:
    """Some servers take that right from everybody, and a flush must not hang on it."""
    games = [a(Game, venue_id=VENUE) for _ in range(STAGED_FROM)]
    async with database.connect(DatabaseRole.LOGIN) as connection:
        name = await connection.fetchval("select current_database()")
        await connection.execute(f'revoke temporary on database "{name}" from public')
    store, journal_id = PostgresStore(database), an_id()
    assert await store.claim(journal_id) == 0
    data = encode_entry(an_entry(*games))
    source = Source(Position(journal_id, 1), data, decode_rows(data))
    await store.apply(batch_of([source], Position(journal_id, 0)))
    async with database.connect(DatabaseRole.WRITER) as connection:
        assert len(await all_rows(connection, Game)) == STAGED_FROM
