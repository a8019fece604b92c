"""Reads over thirty nights: each is answered by an index, and pages hold while rows arrive."""

from __future__ import annotations

import contextlib
import enum
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import attrs
import pytest
import trio

from lastlight.gateway.queries import NAMED_QUERIES
from protocol.addresses import Principal, Role
from protocol.codec import bare, reader_of
from protocol.commands import Command
from protocol.errors import LastLightError
from protocol.operations.base import Operation
from protocol.operations.table import OPERATIONS
from storage.postgres.asked import Asked
from storage.postgres.database import (
    Connection,
    Database,
    DatabaseRole,
    open_asyncio_loop,
    open_database,
)
from tests.conftest import PostgresForTests
from tests.storage.history import History, add_newer, generate
from tests.storage.query_world import a_principal, asked_by, asking
from tests.storage.samples import NOON

ROWS_MAX: Final = 5000
"""What figures of a night may touch of a table: a few times the rows of that night."""
PAGE_ROWS_MAX: Final = 1000
"""What a page of a list may touch of a table: fifty pages of it would be a scan."""
LIMIT: Final = 20
_WHOLE: Final = frozenset({"VerifyAuditChain"})
"""Reads that are about every row of a range, which has a bound of its own."""


def _is_list(operation: Operation) -> bool:
    names = {field.name for field in attrs.fields(operation.command)}  # type: ignore[arg-type]
    return {"cursor", "limit"} <= names


READS: Final = tuple(
    row for row in OPERATIONS if row.query in NAMED_QUERIES and row.name not in _WHOLE
)
every_read = pytest.mark.parametrize("operation", READS, ids=lambda row: row.name)
every_list = pytest.mark.parametrize(
    "operation", [*filter(_is_list, READS)], ids=lambda row: row.name
)


@attrs.frozen(kw_only=True)
class Past:
    """A database with the nights in it."""

    url: str
    history: History


@pytest.fixture(scope="module")
def past(postgres_for_tests: PostgresForTests) -> Iterator[Past]:
    """The nights, generated once for all tests here, which only add to them."""
    made = postgres_for_tests.ask("create")

    async def fill() -> History:
        async with (
            open_asyncio_loop(),
            open_database(made["url"]) as database,
            database.connect(DatabaseRole.LOGIN) as connection,
        ):
            return await generate(connection)

    yield Past(url=made["url"], history=trio.run(fill))
    postgres_for_tests.ask(f"drop {made['name']}")


@pytest.fixture
async def nights(past: Past) -> AsyncIterator[Database]:
    """The pools of the database with the nights."""
    async with open_asyncio_loop(), open_database(past.url) as opened:
        yield opened


def callers(operation: Operation, history: History) -> list[Principal]:
    """One of each role that may ask, where the nights were and where nothing happened yet."""
    found = []
    if operation.least <= Role.PATRON:
        found.append(a_principal(history.patron_id))
    for venue_id in (history.venue_id, history.other_id):
        higher = (Role.STAFF, Role.MANAGEMENT, Role.OWNER)
        found += [a_principal(roles={venue_id: role}) for role in higher if operation.least <= role]
    found.append(a_principal(everywhere=Role.OWNER))
    return found


def questions(operation: Operation, history: History) -> list[Command]:
    """What an operation may be asked: as it is, and narrowed by each of its filters."""
    plain: dict[str, Any] = {"limit": LIMIT} if _is_list(operation) else {}
    filters: dict[str, Sequence[Any]] = {}
    for name, member in reader_of(operation.command).members.items():
        if name in {"cursor", "limit"}:
            continue
        values = _values(name, bare(member.type)[0], history)
        if member.required:
            plain[member.field] = values[-1]
        else:
            filters[member.field] = values
    make: Any = operation.command
    venue = {"venue_id": history.venue_id} if "venue_id" in filters else {}
    found = [make(**plain), make(**plain, **venue)]
    for name, values in filters.items():
        found += [make(**{**plain, **venue, name: value}) for value in values]
    return found


def _values(name: str, kind: Any, history: History) -> Sequence[Any]:
    """Values that a filter may have: of what is there, and of what is seldom."""
    known: dict[str, Any] = {
        "venue_id": history.venue_id,
        "user_id": history.patron_id,
        "session_id": history.session_id,
        "transaction_id": history.transaction_id,
        "staff_id": history.patron_id,
        "assignee_id": history.patron_id,
        "actor_id": history.patron_id,
        "action": "price.changed",
        "object_type": "session",
        "object_id": "17",
        "account": f"venue:{history.venue_id}:revenue:food",
        "source": "usage",
        "q": "Guest 12",
    }
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return list(kind)
    by_kind: dict[Any, Any] = {
        UUID: history.venue_id,
        str: "x",
        int: 1,
        float: 35.0,
        bool: True,
        date: NOON.date() - timedelta(days=3),
        datetime: NOON - timedelta(days=3),
    }
    return [known[name] if name in known else by_kind[kind]]


_TOUCHED: Final = """
select relname, seq_tup_read + idx_tup_fetch as rows from pg_stat_xact_user_tables
"""


async def _touched(connection: Connection) -> Counter[str]:
    """Rows that were read of each table so far, also inside of functions and policies."""
    rows = await connection.fetch(_TOUCHED)
    return Counter({row["relname"]: row["rows"] for row in rows})


@every_read
async def test_an_answer_touches_about_a_page_of_rows(
    operation: Operation, past: Past, nights: Database
) -> None:
    """After a month, and after ten years, a page opens as fast as on the first night."""
    assert operation.query is not None
    query = NAMED_QUERIES[operation.query]
    too_many = []
    for principal in callers(operation, past.history):
        for command in questions(operation, past.history):
            asked = asked_by(principal, getattr(command, "venue_id", None))
            if asked.asking.role < operation.least:
                continue
            async with asking(nights, asked) as connection:
                before = await _touched(connection)
                with contextlib.suppress(LastLightError):
                    await query(connection, command, asked)
                told = f"{asked.asking.role.label} {asked.asking.venue_ids}: {command}"
                too_many += [
                    f"{rows} rows of {table} by {told}"
                    for table, rows in (await _touched(connection) - before).items()
                    if rows > (PAGE_ROWS_MAX if _is_list(operation) else ROWS_MAX)
                ]
    assert not too_many, "\n".join(too_many)


async def _page(
    nights: Database, operation: Operation, asked: Asked, command: Command
) -> tuple[list[Any], str | None]:
    assert operation.query is not None
    async with asking(nights, asked) as connection:
        reply: Any = await NAMED_QUERIES[operation.query](connection, command, asked)
    return list(reply.items), reply.next_cursor


async def _pages(
    nights: Database, operation: Operation, asked: Asked, command: Command, most: int
) -> list[Any]:
    found, cursor = await _page(nights, operation, asked, command)
    while cursor is not None and len(found) < most:
        items, cursor = await _page(nights, operation, asked, command.evolve(cursor=cursor))
        found += items
    return found


@every_list
async def test_pages_hold_while_rows_arrive(
    operation: Operation, past: Past, nights: Database
) -> None:
    """Whoever pages back through a busy night sees each row once, whatever is added meanwhile."""
    principal = a_principal(everywhere=Role.OWNER)
    command = questions(operation, past.history)[1]
    asked = asked_by(principal, getattr(command, "venue_id", None))
    before = await _pages(nights, operation, asked, command, 5 * LIMIT)
    first, cursor = await _page(nights, operation, asked, command)
    async with nights.connect(DatabaseRole.LOGIN) as connection:
        await add_newer(connection, past.history)
    rest: list[Any] = []
    while cursor is not None and len(first) + len(rest) < 5 * LIMIT:
        items, cursor = await _page(nights, operation, asked, command.evolve(cursor=cursor))
        rest += items
    seen = [*first, *rest]
    assert len({repr(one) for one in seen}) == len(seen)
    newest_last = [one for one in seen if one in before]
    assert newest_last == before[: len(newest_last)]
    assert len(newest_last) >= len(before)
