"""The write-behind's store on PostgreSQL: one transaction per batch.

It begins with the compare-and-set of the position, so two writers can't both get further, and
locks the heads of the chains that it adds to. Rows that change go in as arrays, one statement per
table; new ones as well, or by COPY where they are many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

from protocol.chart import account_of
from protocol.limits import REFUSED_KEY_CHARS_MAX, REFUSED_REASON_CHARS_MAX
from protocol.records.base import RECORDS, Record
from protocol.records.ledger import LedgerAccount, LedgerPosting
from protocol.records.platform import OutboxEvent
from storage.postgres.database import Connection, Database, DatabaseRole
from storage.postgres.errors import DatabaseRefused
from storage.postgres.mapping import RecordMapping, mapping_of
from storage.postgres.sqlblocks import load_blocks
from storage.postgres.staging import STAGED_FROM, insert_staged
from storage.write_behind.batch import Batch, Source, VersionSkipped, parts_of
from storage.write_behind.numbering import (
    ChainKey,
    Head,
    chains_of,
    earlier_journals,
    number,
    with_balances,
)
from storage.write_behind.store import FlushMoved, ForeignJournal, RefusedRow, StoreRefused

SQL: Final = load_blocks(Path(__file__).with_name("flush.sql"))


class PostgresStore:
    """See `storage.write_behind.store.Store`.

    Args:
        staged_from: new rows of a table in one batch from which on they are copied.
    """

    def __init__(self, database: Database, *, staged_from: int = STAGED_FROM) -> None:
        self._database = database
        self._wished = staged_from
        self._staged_from: int | None = None
        """None while this role is not known to have temporary tables."""

    async def claim(self, journal_id: UUID) -> int:
        """How far the database is in this journal; one without any becomes its own."""
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            await connection.execute(SQL["claim_flush"].sql, journal_id)
            rows = await connection.fetch(SQL["read_flush"].sql)
        (row,) = rows
        self._staged_from = self._wished if row["may_stage"] else None
        if row["journal_id"] != journal_id:
            raise ForeignJournal(
                f"the database belongs to journal {row['journal_id']}, and this data directory"
                f" holds journal {journal_id}: two nodes must not share a database. Start with the"
                " data directory that belongs to it, or point LASTLIGHT_DATABASE_URL elsewhere"
            )
        return int(row["position"])

    async def apply(self, batch: Batch) -> None:
        """Do all of a batch and move the position, or nothing."""
        try:
            async with (
                self._database.connect(DatabaseRole.WRITER) as connection,
                connection.transaction(),
            ):
                await _move(connection, batch.journal_id, batch.after, batch.up_to)
                await _write(connection, batch, staged_from=self._staged_from)
        except DatabaseRefused as error:
            raise StoreRefused(str(error)) from error

    async def apply_refusing(self, source: Source, after: int) -> tuple[RefusedRow, ...]:
        """Do one entry without the rows that are refused; those are kept aside."""
        async with (
            self._database.connect(DatabaseRole.WRITER) as connection,
            connection.transaction(),
        ):
            await _move(connection, source.position.journal_id, after, source.position.n)
            refused = await _write_parts(connection, source)
            for row in refused:
                await connection.execute(
                    SQL["keep_refused_row"].sql,
                    source.position.journal_id,
                    source.position.n,
                    row.row[0],
                    str(row.row[1]).replace("\x00", "")[:REFUSED_KEY_CHARS_MAX],
                    source.data,
                    row.reason.replace("\x00", "")[:REFUSED_REASON_CHARS_MAX],
                    str(source.rows.actor),
                )
        return refused

    async def refused_actors(self) -> frozenset[str]:
        """Addresses of actors that rows were kept aside of."""
        async with self._database.connect(DatabaseRole.WRITER) as connection:
            rows = await connection.fetch(SQL["refused_actors"].sql)
        return frozenset(row["actor"] for row in rows)


async def _write_parts(connection: Connection, source: Source) -> tuple[RefusedRow, ...]:
    """Write what of an entry is not refused, each part in a savepoint of its own."""
    refused: list[RefusedRow] = []
    for row, part in parts_of(source):
        try:
            async with connection.savepoint():
                await _write(connection, part, staged_from=None)
                await connection.execute("set constraints all immediate")
                await connection.execute("set constraints all deferred")
        except (DatabaseRefused, VersionSkipped) as error:
            refused.append(RefusedRow(row or (OutboxEvent.table.name, ()), str(error)))
    return tuple(refused)


async def _move(connection: Connection, journal_id: UUID, old: int, new: int) -> None:
    moved = await connection.fetchval(SQL["move_flush"].sql, journal_id, old, new)
    if moved is None:
        raise FlushMoved(f"the database is not at entry {old} of journal {journal_id}")


async def _write(connection: Connection, batch: Batch, *, staged_from: int | None) -> None:
    """Everything of a batch but its position."""
    try:
        await _post(connection, batch)
        await _number(connection, batch)
    except ValueError as error:
        # No account has this code, or a number has no canonical form: the row is at fault.
        raise DatabaseRefused(reason=str(error), sqlstate="22000") from error
    if (expired_by := batch.keys_expired_by) is not None:
        await connection.execute(SQL["forget_expired_keys"].sql, expired_by)
    for table, keys in batch.removes.items():
        await _remove(connection, mapping_of(RECORDS[table]), keys)
    for table, changed in batch.updates.items():
        await _update(connection, mapping_of(RECORDS[table]), changed)
    for rows in (batch.inserts, batch.appends):
        for table, records in rows.items():
            many = staged_from is not None and len(records) >= staged_from
            await (insert_staged if many else _insert)(
                connection, mapping_of(RECORDS[table]), records
            )
    if batch.cursors:
        rooms, seqs = zip(*batch.cursors.items(), strict=True)
        await connection.execute(SQL["move_cursors"].sql, list(rooms), list(seqs))
    if batch.caused:
        await connection.execute(SQL["forget_sends"].sql, batch.caused)
    if batch.sends:
        await connection.copy_records_to_table(
            "pending_sends",
            schema="runtime",
            columns=("id", "position", "payload"),
            records=[(id_, position, data) for id_, (position, data) in batch.sends.items()],
        )


async def _post(connection: Connection, batch: Batch) -> None:
    """Add postings to the balances of their accounts, and tell them the balance after each."""
    postings = cast("list[LedgerPosting]", batch.appends.get(LedgerPosting.table.name, []))
    if not postings:
        return
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for posting in postings:
        key = (posting.account_code, posting.currency)
        amount, count = sums.get(key, (0, 0))
        sums[key] = (amount + posting.amount_minor, count + 1)
    codes = sorted(sums)
    accounts = [account_of(code, currency) for code, currency in codes]
    # Made first at zero: an upsert's own row must pass the checks, and a debit alone would not.
    mapping = mapping_of(LedgerAccount)
    await connection.execute(
        f"{_insert_sql(mapping.table.name)} on conflict (id) do nothing",
        *mapping.to_arrays(accounts),
    )
    rows = await connection.fetch(
        SQL["add_to_accounts"].sql,
        [account.id for account in accounts],
        [sums[code][0] for code in codes],
        [sums[code][1] for code in codes],
    )
    after = {row["id"]: row["balance_minor"] for row in rows}
    batch.appends[LedgerPosting.table.name] = [*with_balances(postings, after)]


async def _number(connection: Connection, batch: Batch) -> None:
    chains = chains_of(batch)
    if not chains:
        return
    owners, names = [owner for owner, _ in chains], [name for _, name in chains]
    await connection.execute(SQL["begin_chains"].sql, owners, names)
    rows = await connection.fetch(SQL["lock_chains"].sql, owners, names)
    heads: dict[ChainKey, Head] = {
        (row["venue_id"], row["chain"]): Head(row["seq"], row["hash"]) for row in rows
    }
    known: Mapping[UUID, bytes] = {}
    if earlier := earlier_journals(batch):
        found = await connection.fetch(SQL["journal_hashes"].sql, list(earlier))
        known = {row["id"]: row["hash"] for row in found}
    moved = number(batch, heads, known)
    await connection.execute(
        SQL["move_chains"].sql,
        [owner for owner, _ in moved],
        [name for _, name in moved],
        [head.seq for head in moved.values()],
        [head.hash for head in moved.values()],
    )


async def _remove(
    connection: Connection, mapping: RecordMapping[Any], keys: Sequence[tuple[Any, ...]]
) -> None:
    columns = {column.name: column for column in mapping.columns}
    arrays = []
    for at, name in enumerate(mapping.table.key):
        convert = columns[name].to_element
        arrays.append([key[at] if convert is None else convert(key[at]) for key in keys])
    await connection.execute(_remove_sql(mapping.table.name), *arrays)


async def _update(
    connection: Connection,
    mapping: RecordMapping[Any],
    changed: Sequence[tuple[Record, int]],
) -> None:
    arrays: list[list[object]] = mapping.to_arrays([record for record, _ in changed])
    arrays.append([stored for _, stored in changed])
    tag = await connection.execute(_update_sql(mapping.table.name), *arrays)
    if int(tag.rsplit(" ", 1)[1]) != len(changed):
        (record, stored) = changed[0]
        raise VersionSkipped(
            (mapping.table.name, record.primary_key if len(changed) == 1 else ()),
            f"{len(changed)} rows must be stored at their last version (first {stored}); {tag}",
        )


async def _insert(
    connection: Connection, mapping: RecordMapping[Any], records: Iterable[Record]
) -> None:
    await connection.execute(_insert_sql(mapping.table.name), *mapping.to_arrays(records))


@cache
def _remove_sql(table_name: str) -> str:
    mapping = mapping_of(RECORDS[table_name])
    key = mapping.table.key
    types = {column.name: column.array_type for column in mapping.columns}
    arrays = ", ".join(f"${n}::{types[name]}[]" for n, name in enumerate(key, 1))
    matches = " and ".join(f"t.{name} = gone.{name}" for name in key)
    return (
        f"delete from {mapping.table_sql} as t"
        f" using unnest({arrays}) as gone ({', '.join(key)}) where {matches}"
    )


@cache
def _update_sql(table_name: str) -> str:
    mapping = mapping_of(RECORDS[table_name])
    table = mapping.table
    columns = mapping.columns
    arrays = [f"${n}::{column.array_type}[]" for n, column in enumerate(columns, 1)]
    arrays.append(f"${len(columns) + 1}::bigint[]")
    changes = ", ".join(f"{c.name} = {c.select}" for c in columns if c.name not in table.key)
    matches = " and ".join(f"t.{name} = element.{name}" for name in table.key)
    return (
        f"update {mapping.table_sql} as t set {changes}"
        f" from unnest({', '.join(arrays)}) as element ({mapping.columns_sql}, stored_version)"
        f" where {matches} and t.version = element.stored_version"
    )


@cache
def _insert_sql(table_name: str) -> str:
    mapping = mapping_of(RECORDS[table_name])
    return f"insert into {mapping.table_sql} ({mapping.columns_sql}) {mapping.source_sql()}"
