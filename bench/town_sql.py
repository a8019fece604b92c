"""Towns in PostgreSQL: everybody after the first is a copy of the first with other ids.

The first patron's rows are made as the node makes them; the copies go in by COPY, thousands a
second. Copies have no history: no top-up, no journal, no posting, but the balances that these came
to. Tables that a database does not have are left out, and so are columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from enum import Enum
from typing import Any, Final
from uuid import UUID

import attrs

from bench.database import run_sql
from bench.town import Town
from lastlight.demo.fixture import BEFORE_PATRONS
from lastlight.demo.ids import DEMO_VENUE, Kind, demo_id
from lastlight.demo.place import CURRENCY
from protocol.chart import USER_KINDS
from protocol.records.base import Record
from protocol.records.ledger import ledger_account_id
from storage.postgres.mapping import mapping_of

COPIED: Final = {
    "users": "id",
    "age_verifications": "user_id",
    "credits": "user_id",
    "credit_grants": "user_id",
    "ledger_accounts": "user_id",
}
"""Tables of what a patron needs, with the column that says whose a row is."""
_BATCH: Final = 10_000


def load(url: str, town: Town) -> None:
    """Put a town into a database that has some of our tables, and nobody in them."""
    first = attrs.evolve(town, patrons=1)
    _insert(url, first.records(datetime.now(UTC).replace(microsecond=0)))
    grow(url, town, 2, town.patrons)


def grow(url: str, town: Town, first: int, last: int) -> None:
    """Add patrons `first` to `last` as copies of the first patron, who is there."""
    tables = {name: key for name, key in COPIED.items() if name in _tables(url)}
    source = town.patron_id(1)
    templates = {
        name: run_sql(url, f"copy (select * from {name} where {key} = '{source}') to stdout")
        for name, key in tables.items()
    }
    for begin in range(first, last + 1, _BATCH):
        numbers = range(begin, min(begin + _BATCH, last + 1))
        copies = {name: [] for name in templates}  # type: dict[str, list[str]]
        for n in numbers:
            change = _renaming(town, n)
            for name, template in templates.items():
                copies[name].append(change(template))
        parts = ["set session_replication_role = replica;\n"]
        for name, lines in copies.items():
            parts += [f"copy {name} from stdin;\n", *lines, "\\.\n"]
        run_sql(url, "".join(parts))


def _tables(url: str) -> set[str]:
    sql = "select table_name from information_schema.tables where table_schema = 'public'"
    return set(run_sql(url, sql).split())


def _insert(url: str, records: Iterable[Record]) -> None:
    known = _tables(url)
    by_table: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        mapping = mapping_of(type(record))
        if mapping.table.schema == "public" and mapping.table.name in known:
            rows = by_table.setdefault(mapping.table.name, [])
            rows.append(dict(zip(mapping.names, mapping.to_row(record), strict=True)))
            texts = [c.name for c in mapping.columns if c.sql_type == "jsonb"]
            for name in texts:
                rows[-1][name] = None if rows[-1][name] is None else json.loads(rows[-1][name])
    parts = ["set session_replication_role = replica;\n"]
    for table, rows in by_table.items():
        document = json.dumps(rows, default=_plain).replace("'", "''")
        parts.append(
            f"insert into {table} select * from"
            f" jsonb_populate_recordset(null::{table}, E'{_escaped(document)}');\n"
        )
    run_sql(url, "".join(parts))


def _escaped(document: str) -> str:
    return document.replace("\\", "\\\\")


def _plain(value: object) -> object:
    """What JSON does not know, as PostgreSQL reads it."""
    match value:
        case UUID():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case bytes():
            return "\\x" + value.hex()
        case Enum():
            return value.value
    raise TypeError(f"{type(value).__name__} has no place in a row")


def _names(town: Town, n: int) -> Iterator[str]:
    """Everything in rows that says who the n-th patron is, in one order for all."""
    number, user, home = BEFORE_PATRONS + n, town.patron_id(n), town.venue_id(town.home_of(n))
    yield str(user)
    yield str(home)
    for kind in (Kind.PSEUDONYM, Kind.AGE_VERIFICATION, Kind.TRANSACTION, Kind.GRANT):
        yield str(demo_id(kind, number))
    for account in sorted(USER_KINDS):
        yield str(ledger_account_id(f"user:{user}:{account.value}", CURRENCY))
    yield f"patron{n}@"
    yield f"\tPatron {n}\t"


def _renaming(town: Town, n: int) -> Any:
    """A function that makes the n-th patron's rows of the first's."""
    pairs = dict(zip(_names(town, 1), _names(town, n), strict=True))
    pattern = _PATTERNS.get(DEMO_VENUE) or _PATTERNS.setdefault(
        DEMO_VENUE, re.compile("|".join(map(re.escape, pairs)))
    )
    return lambda text: pattern.sub(lambda found: pairs[found.group()], text)


_PATTERNS: Final[dict[UUID, re.Pattern[str]]] = {}
