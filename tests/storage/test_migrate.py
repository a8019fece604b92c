"""A database is brought to this release's schema once, whole, or refused with what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import trio

from storage.postgres.database import Database, DatabaseRole, open_asyncio_loop, open_database
from storage.postgres.errors import DatabaseRefused
from storage.postgres.migrate import (
    MigrationsChanged,
    SchemaTooNew,
    load_migrations,
    migrate,
    pending,
)
from tests.conftest import PostgresForTests

FILES = {
    "0001_first.sql": "create table runtime.first (id integer primary key);",
    "0002_second.sql": "alter table runtime.first add column name text;",
}


@pytest.fixture
def empty_url(postgres_for_tests: PostgresForTests) -> Iterator[str]:
    """Where a database without any schema is."""
    made = postgres_for_tests.ask("create-empty")
    yield made["url"]
    postgres_for_tests.ask(f"drop {made['name']}")


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    """A database without any schema."""
    async with open_asyncio_loop(), open_database(empty_url) as database:
        yield database


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Two small migrations."""
    for name, sql in FILES.items():
        (tmp_path / name).write_text(sql)
    return tmp_path


async def columns(database: Database) -> list[str]:
    """The columns of the table that the migrations make."""
    async with database.connect(DatabaseRole.OWNER) as connection:
        rows = await connection.fetch(
            "select column_name from information_schema.columns"
            " where table_schema = 'runtime' and table_name = 'first' order by 1"
        )
    return [row["column_name"] for row in rows]


async def test_migrations_are_applied_in_order_and_once(empty: Database, directory: Path) -> None:
    """A node migrates at every start; the second time there is nothing to do."""
    assert [migration.number for migration in await pending(empty, directory)] == [1, 2]
    assert [migration.name for migration in await migrate(empty, directory)] == ["first", "second"]
    assert await columns(empty) == ["id", "name"]
    assert await pending(empty, directory) == ()
    assert await migrate(empty, directory) == []


async def test_a_migration_that_fails_leaves_nothing_of_itself(
    empty: Database, directory: Path
) -> None:
    """Half a migration could neither be repeated nor be undone."""
    broken = directory / "0002_second.sql"
    broken.write_text(f"{FILES[broken.name]} select 1 / 0;")
    with pytest.raises(DatabaseRefused, match="division by zero"):
        await migrate(empty, directory)
    assert await columns(empty) == ["id"]
    broken.write_text(FILES[broken.name])
    assert [migration.number for migration in await migrate(empty, directory)] == [2]


async def test_a_schema_newer_than_the_release_is_refused(empty: Database, directory: Path) -> None:
    """An older node would write what the newer schema no longer expects."""
    await migrate(empty, directory)
    (directory / "0002_second.sql").unlink()
    with pytest.raises(SchemaTooNew, match=r"schema 2.*knows up to 1.*start the newer release"):
        await migrate(empty, directory)


async def test_a_changed_migration_is_refused(empty: Database, directory: Path) -> None:
    """Two databases of one release must not differ by when they were made."""
    await migrate(empty, directory)
    (directory / "0001_first.sql").write_text("create table runtime.other ();")
    with pytest.raises(MigrationsChanged, match=r"0001 was applied as first .*write a new"):
        await pending(empty, directory)


async def test_nodes_that_start_together_migrate_once(
    empty: Database, empty_url: str, directory: Path
) -> None:
    """Several nodes of one release may be started by one command."""
    applied: list[int] = []

    async def one(database: Database) -> None:
        applied.extend(migration.number for migration in await migrate(database, directory))

    async with open_database(empty_url) as other, trio.open_nursery() as nursery:
        nursery.start_soon(one, empty)
        nursery.start_soon(one, other)
    assert applied == [1, 2]


async def test_a_database_made_by_the_fixture_has_all_migrations(database: Database) -> None:
    """Every other test of storage stands on this."""
    assert await pending(database) == ()


@pytest.fixture
async def night_manager(empty: Database, empty_url: str) -> AsyncIterator[str]:
    """Where a login that is no superuser has a database of its own; it can't take on our roles."""
    async with empty.connect(DatabaseRole.LOGIN) as connection:
        name = await connection.fetchval("select current_database()")
        await connection.execute("create role night_manager login")
        await connection.execute(f"alter database {name} owner to night_manager")
        for role in (DatabaseRole.OWNER, DatabaseRole.WRITER, DatabaseRole.READER):
            found = "select exists (select from pg_roles where rolname = $1)"
            if not await connection.fetchval(found, role):
                await connection.execute(f"create role {role} nologin")
    yield empty_url.replace("://lastlight@", "://night_manager@")
    async with empty.connect(DatabaseRole.LOGIN) as connection:
        await connection.execute(f"alter database {name} owner to lastlight")
        await connection.execute("drop owned by night_manager")
        await connection.execute("drop role night_manager")


async def test_a_login_that_is_no_superuser_migrates(empty: Database, night_manager: str) -> None:
    """Hosted servers give nobody a superuser; three roles to take on must be enough."""
    async with empty.connect(DatabaseRole.LOGIN) as connection:
        roles = ", ".join((DatabaseRole.OWNER, DatabaseRole.WRITER, DatabaseRole.READER))
        await connection.execute(f"grant {roles} to night_manager with inherit false, set true")
    async with open_database(night_manager) as database:
        assert await pending(database) == load_migrations()
        assert len(await migrate(database)) == len(load_migrations())
        assert await pending(database) == ()
        assert await migrate(database) == []


async def test_a_login_that_may_not_take_on_our_roles_is_told_what_to_ask_for(
    night_manager: str,
) -> None:
    """What is missing only an administrator can give, who wants to be told the line."""
    async with open_database(night_manager) as database:
        with pytest.raises(DatabaseRefused, match="let an administrator of the server"):
            await migrate(database)
        assert await pending(database) == load_migrations()
