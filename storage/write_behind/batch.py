"""What many entries together do to the database: the last of each row, and no more.

Coalescing keeps the whole order that matters: rows of one key follow one another by version, and
what was made and removed within one batch never reaches the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

import attrs

from protocol.addresses import Position
from protocol.entries import EntryRows
from protocol.records.base import Record
from protocol.records.ledger import LedgerJournal, LedgerPosting
from protocol.records.platform import IdempotencyKey, OutboxEvent

RowKey = tuple[str, tuple[Any, ...]]
_BOOKS: Final = frozenset({LedgerJournal.table.name, LedgerPosting.table.name})


class VersionSkipped(Exception):
    """A row's version is not the predecessor's successor: a bug of its actor.

    `row` names it. Nothing of the batch was done.
    """

    def __init__(self, row: RowKey, reason: str) -> None:
        super().__init__(f"{row[0]} {row[1]}: {reason}")
        self.row = row


@attrs.frozen
class Source:
    """One entry with its place and its bytes."""

    position: Position
    data: bytes
    rows: EntryRows


@attrs.define(eq=False)
class _Row:
    """What happens to one key: from a stored version (None: not stored) to a record or nothing."""

    stored: int | None
    known: bool
    """Whether `stored` is known; a removal that comes first does not tell."""
    replaced: bool
    """Whether what is stored must be removed first."""
    last: Record | None


@attrs.define(eq=False, kw_only=True)
class Batch:
    """Rows by what is done to them, in the order: removes, updates, inserts, the rest."""

    journal_id: UUID
    after: int
    up_to: int
    removes: dict[str, list[tuple[Any, ...]]] = attrs.field(factory=dict)
    updates: dict[str, list[tuple[Record, int]]] = attrs.field(factory=dict)
    """With the version that must be stored."""
    inserts: dict[str, list[Record]] = attrs.field(factory=dict)
    appends: dict[str, list[Record]] = attrs.field(factory=dict)
    cursors: dict[str, int] = attrs.field(factory=dict)
    sends: dict[UUID, tuple[int, bytes]] = attrs.field(factory=dict)
    caused: list[UUID] = attrs.field(factory=list)
    """Messages sent in earlier batches and handled in this one."""

    @property
    def row_count(self) -> int:
        """How many rows it touches."""
        groups = (self.removes, self.updates, self.inserts, self.appends)
        return sum(len(rows) for group in groups for rows in group.values())

    @property
    def keys_expired_by(self) -> datetime | None:
        """Idempotency keys that ended by then give way to those made here, one of the same name
        among them; None if none is made."""
        made = cast("list[IdempotencyKey]", self.inserts.get(IdempotencyKey.table.name, []))
        return max((key.created_at for key in made), default=None)


def batch_of(sources: Sequence[Source], after: Position) -> Batch:
    """Coalesce consecutive entries.

    Args:
        sources: entries in order, at least one.
        after: how far the database is.

    Raises:
        VersionSkipped: see there.
    """
    batch = Batch(journal_id=after.journal_id, after=after.n, up_to=sources[-1].position.n)
    rows: dict[RowKey, _Row] = {}
    for source in sources:
        entry = source.rows
        if entry.cause is not None and batch.sends.pop(entry.cause, None) is None:
            batch.caused.append(entry.cause)
        for table, key in entry.removes:
            _remove(rows, (table, key))
            if table in batch.appends:
                _take_back(batch.appends[table], key)
        for record in entry.changes:
            _change(rows, record)
        for record in entry.appends:
            batch.appends.setdefault(record.table.name, []).append(record)
        _events(batch, entry)
        for id_, payload in entry.sends:
            batch.sends[id_] = (source.position.n, payload)
    for (table, key), row in rows.items():
        _place(batch, table, key, row)
    return batch


def _change(rows: dict[RowKey, _Row], record: Record) -> None:
    key = (record.table.name, record.primary_key)
    version = getattr(record, "version", 1)
    row = rows.get(key)
    if row is None:
        stored = None if version == 1 else version - 1
        rows[key] = _Row(stored, known=True, replaced=False, last=record)
        return
    before = getattr(row.last, "version", 0) if row.last is not None else 0
    if record.table.versioned and version != before + 1:
        raise VersionSkipped(key, f"version {version} follows {before}")
    row.last = record


def _remove(rows: dict[RowKey, _Row], key: RowKey) -> None:
    row = rows.get(key)
    if row is None:
        rows[key] = _Row(None, known=False, replaced=True, last=None)
        return
    if row.known and row.stored is not None:
        row.replaced = True
    row.last = None


def _take_back(appended: list[Record], key: tuple[Any, ...]) -> None:
    appended[:] = [record for record in appended if record.primary_key != key]


def _place(batch: Batch, table: str, key: tuple[Any, ...], row: _Row) -> None:
    if row.replaced:
        batch.removes.setdefault(table, []).append(key)
    if row.last is None:
        return
    if row.replaced or row.stored is None:
        batch.inserts.setdefault(table, []).append(row.last)
    else:
        batch.updates.setdefault(table, []).append((row.last, row.stored))


def _events(batch: Batch, entry: EntryRows) -> None:
    outbox = batch.appends.setdefault(OutboxEvent.table.name, []) if entry.events else []
    for event in entry.events:
        for room, seq in event.rooms:
            assert seq is not None, "only numbered events are journaled"
            batch.cursors[room] = max(seq, batch.cursors.get(room, 0))
            outbox.append(
                OutboxEvent(
                    id=event.id,
                    room=room,
                    seq=seq,
                    type=event.type,
                    venue_id=event.venue_id,
                    payload=event.data,
                    occurred_at=event.occurred_at,
                    event_version=event.version,
                    hide_from=event.hide_from,
                )
            )


def parts_of(source: Source) -> Iterable[tuple[RowKey | None, Batch]]:
    """What of an entry can be refused by itself, in order, with the row that then is.

    A journal stays with its postings, as it is true only as a whole. Last comes what is not about
    one row, without one: events, sends and the message that caused the entry.
    """
    entry = source.rows
    bare = attrs.evolve(entry, cause=None, changes=(), removes=(), appends=(), events=(), sends=())
    before = source.position._replace(n=source.position.n - 1)

    def part(**rows: Any) -> Batch:
        return batch_of([attrs.evolve(source, rows=attrs.evolve(bare, **rows))], before)

    for key in entry.removes:
        yield key, part(removes=(key,))
    for record in entry.changes:
        yield (record.table.name, record.primary_key), part(changes=(record,))
    books = tuple(row for row in entry.appends if row.table.name in _BOOKS)
    if books:
        yield (books[0].table.name, books[0].primary_key), part(appends=books)
    for record in entry.appends:
        if record.table.name not in _BOOKS:
            yield (record.table.name, record.primary_key), part(appends=(record,))
    yield None, part(events=entry.events, sends=entry.sends, cause=entry.cause)
