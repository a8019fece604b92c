"""A query sees what was true when it was asked, or says that it can't."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from protocol.addresses import Position, Role
from protocol.errors import Code
from protocol.limits import STALE_READ_WAIT_S
from protocol.records.ledger import LedgerAccount
from protocol.records.venues import Venue
from storage.postgres.database import Database, open_asyncio_loop, open_database
from storage.postgres.errors import DatabaseUnavailable, OutcomeUnknown
from storage.postgres.reading import Asking, Reader, StaleRead
from tests.storage.query_world import JOURNAL, Flushed, a_principal, move_flush, store
from tests.storage.samples import a, an_id

HERE, THERE = an_id(), an_id()


class Never:
    """A write-behind whose database is away."""

    async def wait_flushed(self, position: Position) -> None:
        await trio.sleep_forever()


async def test_a_query_waits_for_the_flush_no_longer_than_it_may(
    autojump_clock: MockClock,
) -> None:
    """Someone at the bar waits two seconds for the menu, not for the database to come back."""
    reader = Reader(cast("Database", None), Never())
    asking = Asking.anywhere(a_principal())
    started = trio.current_time()
    with pytest.raises(StaleRead, match="entry 7 was not there in 2 s") as caught:
        async with reader.snapshot(asking, Position(JOURNAL, 7)):
            raise AssertionError("nothing may be read")
    assert trio.current_time() - started == pytest.approx(STALE_READ_WAIT_S)
    refusal = caught.value.refusal()
    assert (refusal.code, refusal.status, refusal.retry_after_s) == (Code.STALE_READ, 503, 1)


async def test_a_snapshot_that_shows_too_little_is_begun_anew(database: Database) -> None:
    """A replica behind its primary must not show a client less than an event has told it."""
    await move_flush(database, 6)
    reader = Reader(database, Flushed())
    seen: list[int] = []

    async def ask() -> None:
        asking = Asking.anywhere(a_principal())
        async with reader.snapshot(asking, Position(JOURNAL, 7)) as connection:
            seen.append(await connection.fetchval("select position from runtime.flush"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        await move_flush(database, 7)
    assert seen == [7]


async def test_a_snapshot_stands_still(database: Database) -> None:
    """Two statements of one answer must not contradict one another."""
    await move_flush(database, 1)
    reader = Reader(database, Flushed())
    for snapshot in (
        reader.snapshot(Asking.anywhere(a_principal()), Position(JOURNAL, 1)),
        reader.own_snapshot(Position(JOURNAL, 1)),
    ):
        async with snapshot as connection:
            await move_flush(database, 2)
            assert await connection.fetchval("select position from runtime.flush") == 1
        await move_flush(database, 1)


async def test_a_database_that_is_away_makes_reads_stale() -> None:
    """Nothing is wrong with the question, and asking again helps: that is what 503 says."""
    async with (
        open_asyncio_loop(),
        open_database("postgresql://nobody@127.0.0.1:1/nowhere") as database,
    ):
        reader = Reader(database, Flushed())
        with pytest.raises(StaleRead, match="can't connect"):
            async with reader.snapshot(Asking.anywhere(a_principal()), Position(JOURNAL, 0)):
                raise AssertionError("nothing may be read")


@pytest.mark.parametrize("error", [DatabaseUnavailable("gone"), OutcomeUnknown("gone")])
async def test_a_database_that_goes_away_meanwhile_makes_reads_stale(
    database: Database, error: Exception
) -> None:
    """A read that was cut off changed nothing, so its outcome is never in doubt."""
    reader = Reader(database, Flushed())
    with pytest.raises(StaleRead, match="gone"):
        async with reader.snapshot(Asking.anywhere(a_principal()), Position(JOURNAL, 0)):
            raise error


async def accounts_seen(database: Database, asking: Asking) -> set[UUID]:
    reader = Reader(database, Flushed())
    async with reader.snapshot(asking, Position(JOURNAL, 0)) as connection:
        rows = await connection.fetch("select venue_id from ledger_accounts")
        return {row["venue_id"] for row in rows}


async def test_nobody_sees_more_than_their_role_where_they_have_it(database: Database) -> None:
    """The policies are only as good as the context that is set for them."""
    await store(
        database,
        *(a(Venue, id=at, status="open", radius_m=150) for at in (HERE, THERE)),
        *(
            a(LedgerAccount, code=f"venue:{at}:tax", kind="tax", venue_id=at)
            for at in (HERE, THERE)
        ),
    )
    owner = a_principal(everywhere=Role.OWNER)
    of_here = a_principal(roles={HERE: Role.OWNER, THERE: Role.MANAGEMENT})
    nobody = a_principal()
    cases: list[tuple[Asking, set[Any]]] = [
        (Asking.anywhere(owner), {HERE, THERE}),
        (Asking.at(owner, THERE), {THERE}),
        (Asking.anywhere(of_here), {HERE}),
        (Asking.at(of_here, HERE), {HERE}),
        (Asking.at(of_here, THERE), set()),
        (Asking.anywhere(nobody), set()),
        (Asking.at(nobody, HERE), set()),
    ]
    for asking, expected in (*cases, *reversed(cases)):
        assert await accounts_seen(database, asking) == expected, asking
