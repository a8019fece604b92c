"""The database in memory: what the write-behind stores and actors load from, without PostgreSQL.

Rows are kept by table and primary key; unique keys are enforced at the end of each batch, as the
deferrable ones of the schema are. Numbers and hashes are given by the same pure code as in
PostgreSQL. A `MemoryDatabase` outlives the node that it is opened for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
import msgspec

from actors.runtime.directory import OWNERS
from protocol.addresses import PLATFORM, ActorKind, Address
from protocol.chart import account_of
from protocol.entries import decode_message
from protocol.limits import IDEMPOTENCY_ANSWER_KEEP_S
from protocol.messages import Message
from protocol.reads import Loaded, Read, meets
from protocol.records.base import RECORDS, Record, Unique
from protocol.records.ledger import LedgerAccount, LedgerJournal, LedgerPosting, ledger_account_id
from protocol.records.platform import ActorTimer, IdempotencyKey, OutboxEvent
from protocol.records.venues import Venue
from storage.postgres.errors import DatabaseUnavailable
from storage.postgres.room_views import KeptView
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

Rows = dict[str, dict[tuple[Any, ...], Record]]


@attrs.define(eq=False)
class MemoryDatabase:
    """Store and loader in one; `away` makes it not answer, `refuses` says no to rows."""

    now: Callable[[], datetime]
    away: bool = False
    lose_answers: int = 0
    """So many of the next flushes happen, and are not answered."""
    refuses: Callable[[Record], bool] = lambda _record: False
    rows: Rows = attrs.field(factory=dict)
    journal_id: UUID | None = None
    position: int = 0
    cursors: dict[str, int] = attrs.field(factory=dict)
    views: dict[str, tuple[KeptView, datetime]] = attrs.field(factory=dict)
    """By room, with when it was kept; see `tests.twins.room_views`."""
    sends: dict[UUID, tuple[int, bytes]] = attrs.field(factory=dict)
    heads: dict[ChainKey, Head] = attrs.field(factory=dict)
    kept_aside: list[tuple[Source, RefusedRow]] = attrs.field(factory=list)

    def table(self, record: type[Record]) -> Mapping[tuple[Any, ...], Any]:
        """All rows of a table."""
        return self.rows.get(record.table.name, {})

    def _answer(self) -> None:
        if self.away:
            raise DatabaseUnavailable("the twin was told to be away")

    # Store

    async def claim(self, journal_id: UUID) -> int:
        self._answer()
        if self.journal_id is None:
            self.journal_id = journal_id
        if self.journal_id != journal_id:
            raise ForeignJournal("the twin belongs to another journal")
        return self.position

    async def apply(self, batch: Batch) -> None:
        self._answer()
        if (self.journal_id, self.position) != (batch.journal_id, batch.after):
            raise FlushMoved(f"the twin is at {self.position}, not at {batch.after}")
        self.rows = self._with(batch)
        self._move(batch)
        if self.lose_answers:
            self.lose_answers -= 1
            raise DatabaseUnavailable("the answer was lost")

    async def apply_refusing(self, source: Source, after: int) -> tuple[RefusedRow, ...]:
        self._answer()
        if self.position != after:
            raise FlushMoved(f"the twin is at {self.position}, not at {after}")
        refused = []
        for row, part in parts_of(source):
            try:
                self.rows = self._with(part)
            except (StoreRefused, VersionSkipped) as error:
                refused.append(RefusedRow(row or (OutboxEvent.table.name, ()), str(error)))
            else:
                self._move(part)
        self.position = source.position.n
        self.kept_aside += [(source, row) for row in refused]
        return tuple(refused)

    async def refused_actors(self) -> frozenset[str]:
        self._answer()
        return frozenset(str(source.rows.actor) for source, _ in self.kept_aside)

    def _move(self, batch: Batch) -> None:
        self.position = batch.up_to
        self.cursors |= batch.cursors
        for id_ in batch.caused:
            self.sends.pop(id_, None)
        self.sends |= batch.sends

    def _with(self, batch: Batch) -> Rows:
        """The rows after a batch. The twin itself is unchanged."""
        touched = {*batch.removes, *batch.updates, *batch.inserts, *batch.appends}
        touched |= {LedgerAccount.table.name, IdempotencyKey.table.name}
        rows = dict(self.rows)
        rows |= {table: dict(rows[table]) for table in touched if table in rows}
        self._post(batch, rows)
        known = {
            id_: rows[LedgerJournal.table.name][(id_,)].hash  # type: ignore[attr-defined]
            for id_ in earlier_journals(batch)
            if (id_,) in rows.get(LedgerJournal.table.name, {})
        }
        heads = {key: self.heads[key] for key in chains_of(batch) if key in self.heads}
        moved = number(batch, heads, known)
        if (expired_by := batch.keys_expired_by) is not None:
            kept: dict[tuple[Any, ...], Any] = rows.get(IdempotencyKey.table.name, {})
            for key in [key for key, row in kept.items() if row.expires_at <= expired_by]:
                del kept[key]
        for table, keys in batch.removes.items():
            for key in keys:
                rows.get(table, {}).pop(key, None)
        for table, changed in batch.updates.items():
            for record, stored in changed:
                before = rows.get(table, {}).get(record.primary_key)
                if before is None or before.version != stored:  # type: ignore[attr-defined]
                    raise VersionSkipped((table, record.primary_key), f"{stored} is not stored")
                rows[table][record.primary_key] = record
        for added in (batch.inserts, batch.appends):
            for table, records in added.items():
                self._insert(rows.setdefault(table, {}), records)
        for table in {*batch.updates, *batch.inserts, *batch.appends}:
            updated = [record for record, _ in batch.updates.get(table, ())]
            new = [*batch.inserts.get(table, ()), *batch.appends.get(table, ())]
            self._check(table, rows[table], [*updated, *new])
        _check_balanced(batch.appends.get(LedgerPosting.table.name, ()))
        self.heads |= moved
        return rows

    def _insert(self, rows: dict[tuple[Any, ...], Record], records: Sequence[Record]) -> None:
        for record in records:
            if record.primary_key in rows:
                raise StoreRefused(f"{record.table.name} has {record.primary_key} already")
            rows[record.primary_key] = record

    def _check(
        self, table: str, rows: Mapping[tuple[Any, ...], Record], written: Sequence[Record]
    ) -> None:
        for record in written:
            if self.refuses(record):
                raise StoreRefused(f"{table} does not take {record.primary_key}")
        stored = self.rows.get(table, {})
        for unique in RECORDS[table].table.unique:
            wanted = set()
            for record in written:
                key = _unique_key(record, unique)
                before = stored.get(record.primary_key)
                if before is None or key != _unique_key(before, unique):
                    wanted.add(key)
            wanted -= {None}
            # Each row that is looked at costs, and most of them differ in the last column.
            last = unique.columns[-1]
            lasts = {getattr(record, last) for record in written}
            seen: set[tuple[Any, ...]] = set()
            for record in rows.values() if wanted else ():
                if not unique.lowered and getattr(record, last) not in lasts:
                    continue
                key = _unique_key(record, unique)
                if key is None or key not in wanted:
                    continue
                if key in seen:
                    raise StoreRefused(f"{table} has {unique.columns} {key} twice")
                seen.add(key)

    def _post(self, batch: Batch, rows: Rows) -> None:
        postings: list[Any] = batch.appends.get(LedgerPosting.table.name, [])
        accounts: dict[tuple[Any, ...], Any] = rows.setdefault(LedgerAccount.table.name, {})
        for posting in postings:
            try:
                begun = account_of(posting.account_code, posting.currency)
            except ValueError as error:
                raise StoreRefused(str(error)) from error
            key = (ledger_account_id(posting.account_code, posting.currency),)
            account = accounts.get(key, begun)
            balance = account.balance_minor + posting.amount_minor
            accounts[key] = account.revised(balance_minor=balance, seq=account.seq + 1)
        if postings:
            changed = {(posting.account_id,) for posting in postings}
            after = {key[0]: accounts[key].balance_minor for key in changed}
            for account in (accounts[key] for key in changed):
                if account.balance_minor < 0 and not account.may_be_negative:
                    raise StoreRefused(f"{account.code} would be at {account.balance_minor}")
            batch.appends[LedgerPosting.table.name] = [*with_balances(postings, after)]

    # Loader

    async def load(self, address: Address, reads: tuple[Read, ...]) -> Loaded:
        self._answer()
        now = self.now()
        found: list[Record] = []
        for read in reads:
            found += [
                row
                for row in self.table(read.record).values()
                if (read.by is None or getattr(row, read.by) == address.id)
                and all(meets(row, condition, now.timestamp()) for condition in read.where)
            ]
        recent = now - timedelta(seconds=IDEMPOTENCY_ANSWER_KEEP_S)
        for key in self.table(IdempotencyKey).values():
            if (key.actor_type, key.actor_id) == address and key.expires_at > now:
                found.append(key if key.created_at > recent else key.evolve(response=None))
        found += [
            timer
            for timer in self.table(ActorTimer).values()
            if (timer.actor_type, timer.actor_id) == address
        ]
        return Loaded(records=tuple(found), flushed=self.position)

    async def residents(self) -> Sequence[Address]:
        self._answer()
        venues = self.table(Venue).values()
        return [PLATFORM, *(Address(ActorKind.VENUE, v.id) for v in venues if v.deleted_at is None)]

    async def room_seq(self, room: str) -> int:
        self._answer()
        return self.cursors.get(room, 0)

    async def answer(self, key: tuple[object, ...]) -> Mapping[str, object] | None:
        self._answer()
        row = self.table(IdempotencyKey).get(key)
        if row is None or row.response is None:
            return None
        answer: Mapping[str, object] = msgspec.json.decode(msgspec.json.encode(row.response))
        return answer

    async def owner_of(self, table: str, child: UUID) -> Address | None:
        self._answer()
        kind, column = OWNERS[table]
        row = self.rows.get(table, {}).get((child,))
        return None if row is None else Address(kind, getattr(row, column))

    async def timers(
        self, until: datetime, after: ActorTimer | None, page: int
    ) -> Sequence[ActorTimer]:
        self._answer()
        due = [t for t in self.table(ActorTimer).values() if t.fired_at is None]
        due = sorted((t for t in due if t.due_at <= until), key=_timer_order)
        if after is not None:
            due = [t for t in due if _timer_order(t) > _timer_order(after)]
        return due[:page]

    async def pending_sends(self) -> tuple[Sequence[Message], int]:
        self._answer()
        kept = sorted(self.sends.items(), key=lambda item: (item[1][0], item[0]))
        return [decode_message(data) for _, (_, data) in kept], self.position


def _timer_order(timer: ActorTimer) -> tuple[Any, ...]:
    return (timer.due_at, timer.actor_type.value, timer.actor_id, timer.name)


def _check_balanced(postings: Iterable[Any]) -> None:
    """Each journal's lines sum to zero in each currency (L1)."""
    sums: dict[tuple[UUID, str], int] = defaultdict(int)
    for posting in postings:
        sums[posting.journal_id, posting.currency] += posting.amount_minor
    for key, excess in sums.items():
        if excess:
            raise StoreRefused(f"journal {key[0]} is out of balance by {excess} in {key[1]}")


def _unique_key(record: Record, unique: Unique) -> tuple[Any, ...] | None:
    """The key's values, or None where it does not count this row."""
    for column, values in unique.where:
        if getattr(record, column) not in values:
            return None
    # No venue is a place of its own: every venue, or the platform.
    if any(getattr(record, column) is None for column in unique.columns if column != "venue_id"):
        return None
    key = tuple(getattr(record, column) for column in unique.columns)
    return tuple(str(part).lower() for part in key) if unique.lowered else key
