"""Numbers and hashes that are given in the flush, under a lock on each chain's head (Rule 9, L7).

Pure: from rows without numbers and the heads of their chains to rows with them and new heads.
Balances are given first, so that the hashes cover them as they are stored. Chains are per venue;
the lines of an incident form a chain of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID

import attrs

from protocol.chains import (
    GENESIS,
    canonical_journal,
    canonical_row,
    chained_hash,
)
from protocol.records.base import Record
from protocol.records.ledger import LedgerJournal, LedgerPosting
from protocol.records.money import Receipt
from protocol.records.platform import AuditEntry
from protocol.records.safety import IncidentEvent, SafetyLog
from storage.write_behind.batch import Batch

NOWHERE: Final = UUID(int=0)
"""The venue of rows without one."""
ChainKey = tuple[UUID, str]


@attrs.frozen
class Head:
    """Where a chain stands."""

    seq: int = 0
    hash: bytes = GENESIS


@attrs.frozen
class _Chain:
    """How rows of one table are chained: whose chain, whether numbered here, what is personal."""

    name: str
    of: Callable[[Any], UUID]
    numbered: bool
    personal: tuple[str, ...]


_CHAINS: Final[Mapping[str, _Chain]] = {
    SafetyLog.table.name: _Chain("safety", lambda row: row.venue_id, True, ("notes", "notes_salt")),
    AuditEntry.table.name: _Chain(
        "audit", lambda row: row.venue_id or NOWHERE, True, ("before", "after", "detail_salt")
    ),
    IncidentEvent.table.name: _Chain(
        "incident", lambda row: row.incident_id, False, ("detail", "detail_salt")
    ),
}
_LEDGER: Final = "ledger"
_RECEIPTS: Final = "receipts"


def chains_of(batch: Batch) -> tuple[ChainKey, ...]:
    """The chains that a batch adds to, in the order in which to lock them."""
    found: set[ChainKey] = set()
    for table, chain in _CHAINS.items():
        found |= {(chain.of(row), chain.name) for row in batch.appends.get(table, ())}
    journals = cast("list[LedgerJournal]", batch.appends.get(LedgerJournal.table.name, []))
    receipts = cast("list[Receipt]", batch.appends.get(Receipt.table.name, []))
    found |= {(journal.venue_id, _LEDGER) for journal in journals}
    found |= {(receipt.venue_id, _RECEIPTS) for receipt in receipts}
    return tuple(sorted(found, key=str))


def earlier_journals(batch: Batch) -> tuple[UUID, ...]:
    """Journals of earlier batches whose hash a receipt of this one carries."""
    here = {row.primary_key[0] for row in batch.appends.get(LedgerJournal.table.name, ())}
    receipts = cast("list[Receipt]", batch.appends.get(Receipt.table.name, []))
    wanted = {receipt.journal_id for receipt in receipts if receipt.journal_id is not None}
    return tuple(wanted - here)


def number(
    batch: Batch, heads: Mapping[ChainKey, Head], known: Mapping[UUID, bytes]
) -> dict[ChainKey, Head]:
    """Give the batch's rows their numbers and hashes.

    Args:
        batch: changed in place: its appended rows are replaced by numbered ones.
        heads: of all its chains; a chain without one begins.
        known: hashes of `earlier_journals`.

    Returns:
        The new heads.
    """
    moved = {key: heads.get(key, Head()) for key in chains_of(batch)}
    hashes = dict(known)
    _number_ledger(batch, moved, hashes)
    for table, chain in _CHAINS.items():
        if rows := batch.appends.get(table):
            batch.appends[table] = [_link(row, chain, moved) for row in rows]
    if receipts := batch.appends.get(Receipt.table.name):
        batch.appends[Receipt.table.name] = [
            _receipt(cast("Receipt", row), moved, hashes) for row in receipts
        ]
    return moved


def _number_ledger(batch: Batch, moved: dict[ChainKey, Head], hashes: dict[UUID, bytes]) -> None:
    journals = cast("list[LedgerJournal]", batch.appends.get(LedgerJournal.table.name, []))
    postings: dict[UUID, list[LedgerPosting]] = defaultdict(list)
    for posting in cast("list[LedgerPosting]", batch.appends.get(LedgerPosting.table.name, [])):
        postings[posting.journal_id].append(posting)
    numbered: list[Record] = []
    for journal in journals:
        key = (journal.venue_id, _LEDGER)
        head = moved[key]
        row = journal.evolve(seq=head.seq + 1)
        digest = chained_hash(head.hash, canonical_journal(row, postings[journal.id]))
        numbered.append(row.evolve(prev_hash=head.hash, hash=digest))
        moved[key] = Head(head.seq + 1, digest)
        hashes[journal.id] = digest
    if numbered:
        batch.appends[LedgerJournal.table.name] = numbered


def _link(row: Record, chain: _Chain, moved: dict[ChainKey, Head]) -> Record:
    key = (chain.of(row), chain.name)
    head = moved[key]
    numbers = {"seq": head.seq + 1} if chain.numbered else {}
    digest = chained_hash(head.hash, canonical_row(row, without=chain.personal, **numbers))
    moved[key] = Head(head.seq + 1, digest)
    return row.evolve(**numbers, prev_hash=head.hash, hash=digest)


def _receipt(
    receipt: Receipt, moved: dict[ChainKey, Head], hashes: Mapping[UUID, bytes]
) -> Receipt:
    key = (receipt.venue_id, _RECEIPTS)
    moved[key] = Head(moved[key].seq + 1, moved[key].hash)
    digest = None if receipt.journal_id is None else hashes.get(receipt.journal_id)
    return receipt.evolve(number=moved[key].seq, journal_hash=digest)


def with_balances(
    postings: Sequence[LedgerPosting], after: Mapping[UUID, int]
) -> list[LedgerPosting]:
    """Give postings `balance_after_minor`, from each account's balance after all of them."""
    left = dict(after)
    done: list[LedgerPosting] = []
    for posting in reversed(postings):
        done.append(posting.evolve(balance_after_minor=left[posting.account_id]))
        left[posting.account_id] -= posting.amount_minor
    return done[::-1]
