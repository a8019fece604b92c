"""What a caller of the database may rely on, on PostgreSQL."""

from __future__ import annotations

import uuid

import pytest
import trio

from protocol import limits
from protocol.errors import Code
from storage.postgres.database import Connection, Database, DatabaseRole, open_database
from storage.postgres.errors import DatabaseRefused, DatabaseUnavailable, OutcomeUnknown

OWNER = DatabaseRole.OWNER
WRITER = DatabaseRole.WRITER
DEFERRED = """
create table public.things (
    id integer, name text not null, check (name <> 'bad'),
    constraint things_id unique (id) deferrable initially deferred
)
"""


async def end_backends(database: Database, role: DatabaseRole) -> None:
    """Have PostgreSQL end every connection of `role` to this database."""
    async with database.connect(DatabaseRole.LOGIN) as connection:
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name = $1",
            f"lastlight {role.name.lower()}",
        )


async def wait_running(database: Database, sql: str, count: int) -> None:
    """Wait until `count` backends run `sql`."""
    async with database.connect(DatabaseRole.LOGIN) as connection:
        with trio.fail_after(10):
            while count != await connection.fetchval(
                "select count(*) from pg_stat_activity"
                " where datname = current_database() and query = $1 and state = 'active'",
                sql,
            ):
                await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("role", list(DatabaseRole))
async def test_each_pool_connects_with_its_own_role(database: Database, role: DatabaseRole) -> None:
    """Row-level security holds only if a query's connection never has the owner's rights."""
    async with database.connect(role) as connection:
        assert await connection.fetchval("select current_setting('role')") == role.value


@pytest.mark.parametrize("role", list(DatabaseRole))
async def test_only_readers_have_each_question_planned(
    database: Database, role: DatabaseRole
) -> None:
    """Filters differ from one question to the next; loads and flushes do not, and are many."""
    expected = "force_custom_plan" if role is DatabaseRole.READER else "auto"
    async with database.connect(role) as connection:
        assert await connection.fetchval("select current_setting('plan_cache_mode')") == expected


async def test_json_and_ids_arrive_as_the_mapping_expects(database: Database) -> None:
    """The record mapping decodes JSON itself; a second decoding would change numbers."""
    id_ = uuid.uuid4()
    async with database.connect(WRITER) as connection:
        row = await connection.fetchrow("select $1::jsonb as json, $2::uuid as id", '{"a": 1}', id_)
    assert row is not None
    assert (row["json"], row["id"]) == ('{"a": 1}', id_)
    assert isinstance(row["id"], uuid.UUID)


async def test_every_way_in_and_out_carries_rows(database: Database) -> None:
    """The write-behind and the loaders use all of them."""
    async with database.connect(OWNER) as connection:
        await connection.execute(DEFERRED)
        await connection.executemany("insert into things values ($1, $2)", [(1, "a"), (2, "b")])
        tag = await connection.copy_records_to_table(
            "things", schema="public", columns=("id", "name"), records=[(3, "c")]
        )
        assert tag == "COPY 1"
        rows = await connection.fetch("select id, name from things order by id")
        assert [tuple(row.values()) for row in rows] == [(1, "a"), (2, "b"), (3, "c")]
        assert await connection.fetchrow("select 1 where false") is None
        parameters, described = await connection.prepare("select name from things where id = $1")
        assert (parameters, described) == (["int4"], [("name", "text")])


@pytest.mark.parametrize(
    ("arguments", "sqlstate"),
    [
        ((1, "bad"), "23514"),
        ((1, None), "23502"),
        ((2**40, "a"), "22000"),
        ((1, "nul \0"), "22021"),
        ((1, "surrogate \ud800"), "22000"),
    ],
)
async def test_what_postgresql_can_never_take_is_refused(
    database: Database, arguments: tuple[object, ...], sqlstate: str
) -> None:
    """The write-behind puts a refused row aside, and waits for an unavailable database."""
    async with database.connect(OWNER) as connection:
        await connection.execute(DEFERRED)
        with pytest.raises(DatabaseRefused) as caught:
            await connection.execute("insert into things values ($1, $2)", *arguments)
        assert caught.value.sqlstate == sqlstate
        assert await connection.fetchval("select 1") == 1


async def test_a_deferred_constraint_refuses_the_commit(database: Database) -> None:
    """Unique keys are deferred, so a duplicate is only found at the very end."""
    async with database.connect(OWNER) as connection:
        await connection.execute(DEFERRED)
        with pytest.raises(DatabaseRefused) as caught:
            async with connection.transaction():
                await connection.execute("insert into things values (1, 'a'), (1, 'b')")
        assert (caught.value.constraint, caught.value.table) == ("things_id", "things")
        assert "things" in str(caught.value)
        assert await connection.fetchval("select count(*) from things") == 0


async def test_a_savepoint_undoes_only_itself(database: Database) -> None:
    """One refused row must not take the flush with it."""
    async with database.connect(OWNER) as connection:
        await connection.execute(DEFERRED)
        async with connection.transaction(isolation="repeatable read"):
            await connection.execute("insert into things values (1, 'a')")
            with pytest.raises(DatabaseRefused):
                async with connection.savepoint():
                    await connection.execute("insert into things values (2, 'bad')")
            async with connection.savepoint():
                await connection.execute("insert into things values (3, 'c')")
        rows = await connection.fetch("select id from things order by id")
    assert [row["id"] for row in rows] == [1, 3]


async def test_a_swallowed_refusal_does_not_count_as_committed(database: Database) -> None:
    """PostgreSQL answers such a commit with ROLLBACK and no error."""
    async with database.connect(OWNER) as connection:
        await connection.execute(DEFERRED)
        with pytest.raises(DatabaseRefused, match="failed earlier"):  # noqa: PT012 - leaving raises
            async with connection.transaction():
                with pytest.raises(DatabaseRefused):
                    await connection.execute("insert into things values (2, 'bad')")


async def test_a_reading_transaction_cannot_write(database: Database) -> None:
    """Queries run with it, so a mistake in one can't change a row."""
    async with database.connect(OWNER) as connection:
        await connection.execute(DEFERRED)
        with pytest.raises(DatabaseUnavailable) as caught:
            async with connection.transaction(readonly=True):
                await connection.execute("insert into things values (1, 'a')")
        assert caught.value.sqlstate == "25006"


async def test_a_connection_lost_during_a_commit_leaves_the_outcome_unknown(
    database: Database,
) -> None:
    """The caller must read what is there; to write again could write twice."""
    hang = """
        create function hang() returns trigger language plpgsql
            as $$ begin perform pg_sleep(60); return null; end $$;
        create constraint trigger hang after insert on things
            deferrable initially deferred for each row execute function hang();
    """
    async with database.connect(OWNER) as connection:
        await connection.execute(DEFERRED)
        await connection.execute(hang)

    async def commit() -> None:
        async with database.connect(OWNER) as connection:
            with pytest.raises(OutcomeUnknown) as caught:
                async with connection.transaction():
                    await connection.execute("insert into things values (1, 'a')")
            assert caught.value.code is Code.OUTCOME_UNKNOWN

    async with trio.open_nursery() as nursery:
        nursery.start_soon(commit)
        await wait_running(database, "commit", 1)
        await end_backends(database, OWNER)


async def test_statements_cancelled_a_hundred_times_leave_a_healthy_pool(
    database: Database,
) -> None:
    """A half-read answer handed to the next borrower would be somebody else's data."""
    sql = "select 42 from pg_sleep(0.003)"

    async def interrupted(number: int) -> None:
        with trio.move_on_after(number / 10_000):
            async with database.connect(WRITER) as connection, connection.transaction():
                assert await connection.fetchval(sql) == 42

    for number in range(100):
        await interrupted(number)
    async with trio.open_nursery() as nursery:
        for number in range(2 * limits.DATABASE_WRITER_CONNECTIONS):
            nursery.start_soon(ask_number, database, number)
    statistics = {row.name: row for row in database.statistics()}["writer"]
    assert 0 < statistics.discard_count < statistics.connect_count
    assert (statistics.borrowed, statistics.waiting) == (0, 0)
    assert 0 < statistics.idle <= limits.DATABASE_WRITER_CONNECTIONS


async def ask_number(database: Database, number: int) -> None:
    """Ask for one number and get that one."""
    async with database.connect(WRITER) as connection:
        assert await connection.fetchval("select $1::int", number) == number


async def test_a_cancelled_statement_ends_at_the_server_too(database: Database) -> None:
    """Otherwise it keeps its locks and its place for as long as it likes."""
    sql = "select pg_sleep(60)"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_on_writer, database, sql)
        await wait_running(database, sql, 1)
        nursery.cancel_scope.cancel()
    await wait_running(database, sql, 0)


async def run_on_writer(database: Database, sql: str) -> None:
    """Run `sql` as the writer."""
    async with database.connect(WRITER) as connection:
        await connection.execute(sql)


async def test_a_lost_connection_is_replaced(database: Database) -> None:
    """PostgreSQL may be restarted at any time; nothing of ours may need a restart for it."""
    async with database.connect(WRITER) as connection:
        await end_backends(database, WRITER)
        with pytest.raises(DatabaseUnavailable) as caught:
            await connection.execute("select 1")
        with pytest.raises(DatabaseUnavailable, match="borrow another"):
            await connection.execute("select 1")
    assert caught.value.refusal().retry_after_s == 1
    await ask_number(database, 7)


async def test_a_statement_without_an_answer_is_given_up(database: Database) -> None:
    """A frozen server must cost a caller seconds, not for ever."""
    async with database.connect(WRITER) as connection:
        with pytest.raises(DatabaseUnavailable, match=r"no answer within 0\.05 s"):
            await connection.execute("select pg_sleep(60)", timeout_s=0.05)
        assert not connection.is_usable()


async def test_a_busy_pool_refuses_within_its_deadline(database: Database) -> None:
    """Waiting for a connection is waiting like any other: bounded, with an answer."""
    async with trio.open_nursery() as nursery:
        sql = "select pg_sleep(60)"
        for _ in range(limits.DATABASE_WRITER_CONNECTIONS):
            nursery.start_soon(run_on_writer, database, sql)
        await wait_running(database, sql, limits.DATABASE_WRITER_CONNECTIONS)
        with pytest.raises(DatabaseUnavailable, match=r"no writer connection of 4 .* in 0\.05 s"):
            async with database.connect(WRITER, timeout_s=0.05):
                raise AssertionError("there was none")
        nursery.cancel_scope.cancel()


async def test_a_server_that_is_not_there_is_unavailable(database: Database) -> None:
    """A node starts without its database, and says so."""
    async with open_database("postgresql://lastlight@/none?host=/nonexistent") as nowhere:
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable, match="can't connect"):
                async with nowhere.connect(WRITER):
                    raise AssertionError("there is no server")
    assert isinstance(database, Database)


async def test_the_next_borrower_of_a_retired_connection_gets_another(database: Database) -> None:
    """Whoever changes a connection's role must not lend that role to others."""
    async with database.connect(WRITER) as first:
        await first.execute("set statement_timeout = 1")
        first.retire()
    async with database.connect(WRITER) as second:
        assert isinstance(second, Connection)
        assert second is not first
