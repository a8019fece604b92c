"""What a movement of credit looks like in the tables: a journal with its lines, and its event.

A memo is personal text: it enters the chain of hashes as a salted digest, so that erasure can
delete text and salt and the chain still verifies (Rule 9, L7).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

import attrs

from actors.rules.ledger import Balances, JournalDraft
from protocol.chains import text_digest
from protocol.events.money import CreditsBalanceChanged, TransactionPosted
from protocol.records.ledger import LedgerJournal, LedgerPosting, ledger_account_id
from protocol.records.money import Credits, Transaction


def journal_rows(
    draft: JournalDraft,
    *,
    venue_id: UUID,
    currency: str,
    business_day: date,
    transaction_id: UUID | None,
    posted_at: datetime,
    memo: str | None,
    fresh_id: Callable[[], UUID],
) -> tuple[LedgerJournal, list[LedgerPosting]]:
    """The rows of a journal."""
    salt = None if memo is None else _salt(fresh_id)
    journal = LedgerJournal(
        id=fresh_id(),
        venue_id=venue_id,
        transaction_id=transaction_id,
        business_day=business_day,
        source=draft.source,
        memo=memo,
        memo_salt=salt,
        memo_digest=None if salt is None or memo is None else text_digest(salt, memo),
        posted_at=posted_at,
    )
    lines = [
        LedgerPosting(
            id=fresh_id(),
            journal_id=journal.id,
            venue_id=venue_id,
            line=line,
            account_id=ledger_account_id(posting.account_code, currency),
            account_code=posting.account_code,
            amount_minor=posting.amount_minor,
            currency=currency,
            grant_id=posting.grant_id,
        )
        for line, posting in enumerate(draft.postings, 1)
    ]
    return journal, lines


def credits_after(stored: Credits, balances: Balances, ledger_seq: int, now: datetime) -> Credits:
    """The balances as a row; `frozen_at` tells since when something is owed."""
    frozen_at = (stored.frozen_at or now) if balances.is_frozen else None
    return stored.revised(**attrs.asdict(balances), ledger_seq=ledger_seq, frozen_at=frozen_at)


def posted(
    transaction: Transaction, *, amount_minor: int, tax_minor: int, ledger_seq: int, at: datetime
) -> TransactionPosted:
    """What is told of a journal of a transaction."""
    assert transaction.business_day is not None, "it is posted on some day"
    return TransactionPosted(
        transaction_id=transaction.id,
        kind=transaction.kind,
        amount_minor=amount_minor,
        tax_minor=tax_minor,
        currency=transaction.currency,
        tender=transaction.tender,
        business_day=transaction.business_day,
        ledger_seq=ledger_seq,
        at=at,
    )


def balance_changed(
    balances: Balances, *, available_minor: int, currency: str, ledger_seq: int, cause: str
) -> CreditsBalanceChanged:
    """What is told of a wallet whose balances have changed."""
    return CreditsBalanceChanged(
        available_minor=available_minor,
        held_minor=balances.held_minor,
        paid_minor=balances.paid_minor,
        bonus_minor=balances.bonus_minor,
        currency=currency,
        ledger_seq=ledger_seq,
        cause=cause,
    )


def _salt(fresh_id: Callable[[], UUID]) -> bytes:
    # Only the ends of ids are random, 32 bits of each; four of them are 128.
    return hashlib.sha256(b"".join(fresh_id().bytes for _ in range(4))).digest()[:16]
