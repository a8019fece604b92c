"""Recomputes chains of hashes from the rows that are stored (Rules 9 and 12, L7).

A row is good if its number follows, its hash is that of the row before it and its own fields, and
its text, where that is still there, is what its salted digest says. Rows are read in batches by
their numbers, so a range is never in memory whole, and are hashed beside the loop.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import attrs
import trio

from protocol.chains import (
    GENESIS,
    canonical_journal,
    canonical_json,
    chained_hash,
    row_fields,
    text_digest,
)
from protocol.domain_limits import CHAIN_BATCH_ROWS
from protocol.operations.admin_audit import Chain
from protocol.records.base import Record
from protocol.records.ledger import LedgerJournal, LedgerPosting
from protocol.records.platform import AuditEntry
from protocol.records.safety import SafetyLog
from storage.postgres.asked import blocks_of
from storage.postgres.database import Connection
from storage.postgres.mapping import mapping_of

SQL: Final = blocks_of("admin")
Lines = Mapping[UUID, list[LedgerPosting]]


@attrs.frozen(kw_only=True)
class Checked:
    """How far a chain held: so many good rows up to `hash`, then, if any, the broken number."""

    count: int
    hash: bytes
    broken_seq: int | None = None


@attrs.frozen(kw_only=True)
class _Kind:
    record: type[Record]
    sql: str
    canonical: Callable[[Any, Lines], bytes]
    keeps_text: Callable[[Any], bool]
    """Whether its text is what its digest says, or was erased."""


def _audit(row: AuditEntry, _: Lines) -> bytes:
    return canonical_json(row_fields(row, without=("before", "after", "detail_salt")))


def _safety(row: SafetyLog, _: Lines) -> bytes:
    return canonical_json(row_fields(row, without=("notes", "notes_salt")))


def _ledger(row: LedgerJournal, lines: Lines) -> bytes:
    return canonical_journal(row, lines.get(row.id, []))


def _audit_text(row: AuditEntry) -> bool:
    if row.detail_salt is None:
        return row.before is None and row.after is None
    detail = canonical_json({"before": row.before, "after": row.after}).decode()
    return text_digest(row.detail_salt, detail) == row.detail_digest


def _safety_text(row: SafetyLog) -> bool:
    if row.notes_salt is None:
        return row.notes is None
    return text_digest(row.notes_salt, row.notes or "") == row.notes_digest


def _ledger_text(row: LedgerJournal) -> bool:
    if row.memo_salt is None:
        return row.memo is None
    return text_digest(row.memo_salt, row.memo or "") == row.memo_digest


_KINDS: Final = {
    Chain.AUDIT: _Kind(
        record=AuditEntry, sql="audit_links", canonical=_audit, keeps_text=_audit_text
    ),
    Chain.SAFETY: _Kind(
        record=SafetyLog, sql="safety_links", canonical=_safety, keeps_text=_safety_text
    ),
    Chain.LEDGER: _Kind(
        record=LedgerJournal, sql="ledger_links", canonical=_ledger, keeps_text=_ledger_text
    ),
}


async def check_chain(
    connection: Connection, chain: Chain, venue_id: UUID | None, from_seq: int, to_seq: int
) -> Checked:
    """Whether a chain holds from `from_seq` to `to_seq`, both included.

    What `from_seq` follows is the hash of the row before it, or the beginning of the chain.
    """
    kind = _KINDS[chain]
    previous = GENESIS
    if from_seq > 1:
        before = await _rows(connection, kind, venue_id, from_seq - 2, from_seq - 1)
        if not before:
            return Checked(count=0, hash=GENESIS, broken_seq=from_seq - 1)
        previous = before[0].hash
    checked = Checked(count=0, hash=previous)
    at = from_seq - 1
    while at < to_seq:
        rows = await _rows(connection, kind, venue_id, at, to_seq)
        lines = await _lines(connection, rows) if chain is Chain.LEDGER else {}
        checked = await trio.to_thread.run_sync(_follow, kind, rows, lines, checked, at)
        if checked.broken_seq is not None:
            return checked
        at += len(rows)
        if len(rows) < CHAIN_BATCH_ROWS and at < to_seq:
            return attrs.evolve(checked, broken_seq=at + 1)
    return checked


def _follow(kind: _Kind, rows: Sequence[Any], lines: Lines, checked: Checked, at: int) -> Checked:
    for seq, row in enumerate(rows, at + 1):
        digest = chained_hash(checked.hash, kind.canonical(row, lines))
        good = row.seq == seq and row.prev_hash == checked.hash and row.hash == digest
        if not good or not kind.keeps_text(row):
            return attrs.evolve(checked, broken_seq=seq)
        checked = Checked(count=checked.count + 1, hash=digest)
    return checked


async def _rows(
    connection: Connection, kind: _Kind, venue_id: UUID | None, after: int, until: int
) -> Sequence[Any]:
    batch = (after, until, CHAIN_BATCH_ROWS)
    if venue_id is None:
        found = await connection.fetch(SQL["platform_audit_links"].sql, *batch)
    else:
        found = await connection.fetch(SQL[kind.sql].sql, venue_id, *batch)
    return mapping_of(kind.record).from_rows(found)


async def _lines(connection: Connection, journals: Sequence[Any]) -> Lines:
    found = await connection.fetch(SQL["ledger_lines"].sql, [journal.id for journal in journals])
    lines: defaultdict[UUID, list[LedgerPosting]] = defaultdict(list)
    for line in mapping_of(LedgerPosting).from_rows(found):
        lines[line.journal_id].append(line)
    return lines
