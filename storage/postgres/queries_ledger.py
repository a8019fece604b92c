"""The books of a venue, page by page or as a table (GET /api/transactions/ledger)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import ClassVar, Final
from uuid import UUID

import attrs

from protocol.errors import Code, LastLightError
from protocol.operations.ledger import ReadLedger
from protocol.records.ledger import LedgerJournal, LedgerPosting, ledger_account_id
from protocol.replies.ledger import LedgerEntry, LedgerLine, LedgerPage, TrialBalance
from storage.postgres.asked import Asked, NotOnShow, blocks_of
from storage.postgres.database import Connection
from storage.postgres.mapping import mapping_of
from storage.postgres.paging import cursor_of, number_after

SQL: Final = blocks_of("ledger")
_BATCH: Final = 500
"""Journals that a table reads at once."""
_COLUMNS: Final = (
    "seq", "journal_id", "business_day", "posted_at", "source", "transaction_id", "line",
    "account", "amount_minor", "currency", "balance_after_minor", "prev_hash", "hash",
)  # fmt: skip


@attrs.frozen
class WhichVenue(LastLightError):
    """The caller has several venues, or none, and named none of them. Nothing was read."""

    code: ClassVar[Code] = Code.MALFORMED_REQUEST
    count: int

    def __str__(self) -> str:
        return f"you have the books of {self.count} venues; name one as venue_id"


async def ledger(connection: Connection, command: ReadLedger, asked: Asked) -> LedgerPage:
    """A page of a venue's books, with the trial balance and the head of the chain.

    Raises:
        WhichVenue: 400.
        NotOnShow: the books are not the caller's to read; 404.
        CursorInvalid: 400.
    """
    after = number_after(command) or 0
    venue_id = await _venue(connection, command)
    found = await _journals(connection, command, venue_id, after, command.limit + 1)
    page = found[: command.limit]
    head = await connection.fetchrow(SQL["ledger_head"].sql, venue_id)
    balances = await connection.fetch(SQL["trial_balance"].sql)
    return LedgerPage(
        venue_id=venue_id,
        items=tuple(await _entries(connection, page)),
        trial_balance=tuple(
            TrialBalance(currency=row["currency"], balance_minor=row["balance_minor"])
            for row in balances
        ),
        head_seq=0 if head is None else head["seq"],
        head_hash=None if head is None else head["hash"].hex(),
        next_cursor=_cursor(page[-1]) if len(found) > command.limit else None,
    )


async def csv_ledger(
    connection: Connection, command: ReadLedger, asked: Asked
) -> AsyncGenerator[Sequence[object], None]:
    """All postings of a venue's books as a table, in ledger order, from the cursor on.

    Raises:
        As `ledger`, before the first row.
    """
    seq = number_after(command) or 0
    venue_id = await _venue(connection, command)
    yield _COLUMNS
    while found := await _journals(connection, command, venue_id, seq, _BATCH):
        for entry in await _entries(connection, found):
            for line in entry.postings:
                yield (
                    entry.seq, entry.journal_id, entry.business_day, entry.posted_at,
                    entry.source, entry.transaction_id, line.line, line.account,
                    line.amount_minor, line.currency, line.balance_after_minor,
                    entry.prev_hash, entry.hash,
                )  # fmt: skip
        seq = found[-1].seq or 0


async def account_balances(connection: Connection, ids: Sequence[UUID]) -> Mapping[str, int]:
    """What stands on ledger accounts, by code; what has no account yet is not among them."""
    rows = await connection.fetch(SQL["account_balances"].sql, list(ids))
    return {row["code"]: row["balance_minor"] for row in rows}


async def _venue(connection: Connection, command: ReadLedger) -> UUID:
    rows = await connection.fetch(SQL["venues_asked"].sql)
    venues = [row["venue_id"] for row in rows]
    if command.venue_id is not None:
        if command.venue_id not in venues:
            raise NotOnShow(f"venue {command.venue_id}")
        return command.venue_id
    if len(venues) != 1:
        raise WhichVenue(len(venues))
    only: UUID = venues[0]
    return only


async def _journals(
    connection: Connection, command: ReadLedger, venue_id: UUID, after_seq: int, most: int
) -> list[LedgerJournal]:
    """The next journals, by the index that fits what was asked."""
    asked: list[object] = [venue_id, after_seq, most, command.account, command.business_day]
    if command.source is not None:
        block, asked = "journals_of_source", [*asked, command.source]
    elif command.account is not None and is_seldom(command.account):
        currency = await connection.fetchval(SQL["currency_of_venue"].sql, venue_id)
        asked[3] = ledger_account_id(command.account, str(currency))
        block = "journals_of_account"
    else:
        block = "journals"
    rows = await connection.fetch(SQL[block].sql, *asked)
    return list(mapping_of(LedgerJournal).from_rows(rows))


def is_seldom(account: str) -> bool:
    """Whether few journals touch an account: somebody's own, or one drawer's."""
    return account.startswith("user:") or ":till:" in account


async def _entries(connection: Connection, journals: Sequence[LedgerJournal]) -> list[LedgerEntry]:
    rows = await connection.fetch(SQL["postings"].sql, [journal.id for journal in journals])
    lines: defaultdict[UUID, list[LedgerLine]] = defaultdict(list)
    for row in mapping_of(LedgerPosting).from_rows(rows):
        lines[row.journal_id].append(
            LedgerLine(
                line=row.line,
                account=row.account_code,
                amount_minor=row.amount_minor,
                currency=row.currency,
                balance_after_minor=row.balance_after_minor,
            )
        )
    return [_entry(journal, tuple(lines[journal.id])) for journal in journals]


def _entry(journal: LedgerJournal, lines: tuple[LedgerLine, ...]) -> LedgerEntry:
    assert journal.seq is not None, "what is in the books was numbered"
    return LedgerEntry(
        journal_id=journal.id,
        seq=journal.seq,
        transaction_id=journal.transaction_id,
        business_day=journal.business_day,
        source=journal.source,
        memo=journal.memo,
        posted_at=journal.posted_at,
        prev_hash=(journal.prev_hash or b"").hex(),
        hash=(journal.hash or b"").hex(),
        postings=lines,
    )


def _cursor(journal: LedgerJournal) -> str:
    """A cursor holds 16 bytes: here the place in the ledger."""
    return cursor_of(UUID(int=journal.seq or 0))
