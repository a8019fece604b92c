"""Brings a database to the schema of this release: numbered files, each applied once, in order.

Each migration is one transaction that also records it, so it is there whole or not at all; an
advisory lock lets one node migrate while others wait. A file that was applied never changes: its
digest is compared. A schema newer than this release is refused, because this release would write
what the newer one no longer expects. Roles come first: they belong to the whole server.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs
import trio

from protocol.errors import LastLightError
from storage.postgres.database import Connection, Database, DatabaseRole
from storage.postgres.errors import DatabaseRefused

__all__ = [
    "MIGRATIONS_DIR",
    "Applied",
    "Migration",
    "MigrationsChanged",
    "SchemaTooNew",
    "load_migrations",
    "migrate",
    "pending",
]

MIGRATIONS_DIR: Final = Path(__file__).parent / "migrations"
FILE_NAME: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
LOCK_KEY: Final = 0x6C6C_6D69_6772
"""The advisory lock of whoever migrates this database."""
LOCK_WAIT_S: Final = 60.0
LOCK_TIMEOUT_S: Final = 5.0
"""A migration that can't lock a table fails, rather than queueing every query behind it."""
STATEMENT_TIMEOUT_S: Final = 300.0
HISTORY: Final = """
create schema if not exists runtime;
create table if not exists runtime.migrations (
    number integer primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default date_trunc('milliseconds', clock_timestamp())
);
grant usage on schema runtime to lastlight_writer, lastlight_reader;
grant select on runtime.migrations to lastlight_writer, lastlight_reader;
"""
ROLES: Final = (DatabaseRole.OWNER, DatabaseRole.WRITER, DatabaseRole.READER)


@attrs.frozen(kw_only=True)
class Migration:
    """One file: `NNNN_name.sql`."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The digest of the file's text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@attrs.frozen(kw_only=True)
class Applied:
    """One row of `runtime.migrations`."""

    number: int
    name: str
    sha256: str
    applied_at: dt.datetime


@attrs.frozen(eq=False, kw_only=True)
class SchemaTooNew(LastLightError):
    """The database was migrated by a newer release. Nothing was changed."""

    found: int
    known: int

    def __str__(self) -> str:
        return (
            f"the database has schema {self.found}, this release knows up to {self.known};"
            " start the newer release, or restore a backup from before it"
        )


@attrs.frozen(eq=False, kw_only=True)
class MigrationsChanged(LastLightError):
    """What was applied is not what this release holds. Nothing was changed."""

    number: int
    applied: str
    here: str

    def __str__(self) -> str:
        return (
            f"migration {self.number:04} was applied as {self.applied}, but this release has"
            f" {self.here}; install the release that this database belongs to, and write a new"
            " migration instead of changing one"
        )


def load_migrations(directory: Path = MIGRATIONS_DIR) -> tuple[Migration, ...]:
    """The files of `directory` in order; numbers run from 1 without a gap (asserted)."""
    found = []
    for path in sorted(directory.glob("*.sql")):
        matched = FILE_NAME.fullmatch(path.name)
        assert matched is not None, f"{path.name} is not named NNNN_name.sql"
        sql = path.read_text(encoding="utf-8")
        found.append(Migration(number=int(matched[1]), name=matched[2], sql=sql))
    numbers = [migration.number for migration in found]
    assert numbers == list(range(1, len(found) + 1)), f"migrations run from 1, found {numbers}"
    return tuple(found)


async def pending(database: Database, directory: Path = MIGRATIONS_DIR) -> tuple[Migration, ...]:
    """What `migrate` would apply, in order. Changes nothing.

    Raises:
        SchemaTooNew, MigrationsChanged: the database is not of this release.
        DatabaseUnavailable: it did not answer.
    """
    known = await trio.to_thread.run_sync(load_migrations, directory)
    async with database.connect(DatabaseRole.LOGIN) as connection:
        if not await _has_history(connection):
            return known
    # The login itself may not look into the schema; it may take on a role that does.
    async with database.connect(DatabaseRole.READER) as connection:
        return _missing(known, await _history(connection))


async def migrate(database: Database, directory: Path = MIGRATIONS_DIR) -> list[Migration]:
    """Apply what is pending and return it.

    Raises:
        SchemaTooNew, MigrationsChanged: the database is not of this release; nothing was done.
        DatabaseRefused: a migration is wrong, or the login may not create roles. The migrations
            before it stay applied.
        DatabaseUnavailable: no answer, or a table stayed locked; run it again.
    """
    known = await trio.to_thread.run_sync(load_migrations, directory)
    applied = []
    async with database.connect(DatabaseRole.LOGIN) as connection, _migrating(connection):
        await _ensure_roles(connection)
        await connection.execute(f"set role {DatabaseRole.OWNER}")
        async with connection.transaction():
            await connection.execute(HISTORY)
        for migration in _missing(known, await _history(connection)):
            await _apply(connection, migration)
            applied.append(migration)
    return applied


@contextlib.asynccontextmanager
async def _migrating(connection: Connection) -> AsyncIterator[None]:
    """Be the only one who migrates, with the time limits of migrations, for the block.

    If the block fails the lock goes with its connection, which is then not used again.
    """
    await connection.execute(f"set statement_timeout = {round(LOCK_WAIT_S * 1000)}")
    await connection.execute(
        f"select pg_advisory_lock({LOCK_KEY})", timeout_s=LOCK_WAIT_S + LOCK_TIMEOUT_S
    )
    await connection.execute(
        f"set lock_timeout = {round(LOCK_TIMEOUT_S * 1000)};"
        f" set statement_timeout = {round(STATEMENT_TIMEOUT_S * 1000)}"
    )
    try:
        yield
    finally:
        # Its role and time limits are not what the next borrower expects.
        connection.retire()


async def _apply(connection: Connection, migration: Migration) -> None:
    timeout_s = STATEMENT_TIMEOUT_S + LOCK_TIMEOUT_S
    async with connection.transaction():
        await connection.execute(migration.sql, timeout_s=timeout_s)
        # A migration may have put the role down for what only the login may do.
        await connection.execute(f"set local role {DatabaseRole.OWNER}")
        await connection.execute(
            "insert into runtime.migrations (number, name, sha256) values ($1, $2, $3)",
            migration.number,
            migration.name,
            migration.sha256,
        )


async def _has_history(connection: Connection) -> bool:
    """Whether anything was ever migrated; from the catalogs, which everybody may read."""
    sql = "select exists (select from pg_tables where (schemaname, tablename) = ($1, $2))"
    return bool(await connection.fetchval(sql, "runtime", "migrations"))


async def _history(connection: Connection) -> tuple[Applied, ...]:
    rows: Sequence[Mapping[str, object]] = await connection.fetch(
        "select number, name, sha256, applied_at from runtime.migrations order by number"
    )
    return tuple(Applied(**row) for row in rows)  # type: ignore[arg-type]


def _missing(known: Sequence[Migration], applied: Sequence[Applied]) -> tuple[Migration, ...]:
    """The known migrations after the applied ones, which must be the same as ours."""
    if len(applied) > len(known):
        raise SchemaTooNew(found=applied[-1].number, known=len(known))
    for here, there in zip(known, applied, strict=False):
        if (here.number, here.sha256) != (there.number, there.sha256):
            raise MigrationsChanged(
                number=there.number,
                applied=f"{there.name} ({there.sha256[:12]})",
                here=f"{here.name} ({here.sha256[:12]})",
            )
    return tuple(known[len(applied) :])


async def _ensure_roles(connection: Connection) -> None:
    """Create the three roles and let the login take them on; they never log in themselves."""
    for role in ROLES:
        if not await connection.fetchval(
            "select exists (select from pg_roles where rolname = $1)", role
        ):
            await _create_role(connection, role)
        if not await connection.fetchval("select pg_has_role(current_user, $1, 'set')", role):
            await _take_on(connection, role)
    create = "select has_database_privilege($1, current_database(), 'create')"
    if not await connection.fetchval(create, DatabaseRole.OWNER):
        name = await connection.fetchval("select quote_ident(current_database())")
        await connection.execute(f"grant create on database {name} to {DatabaseRole.OWNER}")


async def _take_on(connection: Connection, role: DatabaseRole) -> None:
    try:
        await connection.execute(f"grant {role} to current_user with inherit false, set true")
    except DatabaseRefused as error:
        raise await _with_advice(connection, error) from error


async def _with_advice(connection: Connection, error: DatabaseRefused) -> DatabaseRefused:
    """The same refusal, with what an administrator can do about it."""
    login = await connection.fetchval("select quote_ident(current_user)")
    return attrs.evolve(
        error,
        reason=f"{error.reason}; let an administrator of the server create the roles"
        f" {', '.join(ROLES)} with nologin, and"
        f" grant {', '.join(ROLES)} to {login} with inherit false, set true",
    )


async def _create_role(connection: Connection, role: DatabaseRole) -> None:
    try:
        await connection.execute(f"create role {role} nologin nosuperuser nobypassrls")
    except DatabaseRefused as error:
        # Roles belong to all databases of the server, and another one may be migrated just now.
        if error.sqlstate not in {"42710", "23505"}:
            raise await _with_advice(connection, error) from error
