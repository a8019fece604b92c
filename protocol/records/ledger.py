"""Financial: the books. Double entry, append-only, hash-chained per venue (Rule 9).

Shared accounts are added to by many actors, so their balances are increments of the write-behind;
it also gives `seq`, hashes and `balance_after_minor`, in flush order.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Final
from uuid import UUID, uuid5

from protocol.records.base import Record, Table, Unique, record
from protocol.records.money_states import (
    AccountKind,
    BusinessDayStatus,
    NormalSide,
    TillStatus,
)
from protocol.records.values import Json

_LEDGER_NAMESPACE: Final = UUID("6c617374-6c69-5768-8000-6c6564676572")
_IDS_KEPT: Final = 16_384
"""Each sale posts six times, to the same accounts of its venue and its patron as the one before."""


@lru_cache(maxsize=_IDS_KEPT)
def ledger_account_id(code: str, currency: str) -> UUID:
    """The id of an account, the same wherever it is made: no actor need ask another for it."""
    return uuid5(_LEDGER_NAMESPACE, f"{code}|{currency}")


@record(
    Table(
        name="ledger_accounts",
        key=("id",),
        unique=(Unique(("code", "currency")),),
        tenant="venue_id",
    )
)
class LedgerAccount(Record):
    """One account per owner, kind and currency. `id` is `ledger_account_id(code, currency)`.

    `balance_minor` is the sum of its postings (+ credit, − debit), `seq` their count.
    """

    id: UUID
    code: str
    kind: AccountKind
    user_id: UUID | None
    venue_id: UUID | None
    currency: str
    normal: NormalSide
    may_be_negative: bool
    balance_minor: int = 0
    seq: int = 0
    version: int = 1


@record(
    Table(
        name="ledger_journals",
        key=("id",),
        unique=(Unique(("venue_id", "seq")), Unique(("transaction_id", "source"))),
        versioned=False,
        append_only=True,
        tenant="venue_id",
        given_at_flush=("seq", "prev_hash", "hash"),
    )
)
class LedgerJournal(Record):
    """A journal's header. One per transaction and source (L5); `seq` is gapless per venue.

    `memo_digest` is SHA-256(memo_salt ‖ memo) and outlives both (L7).
    """

    id: UUID
    venue_id: UUID
    seq: int | None = None
    transaction_id: UUID | None
    business_day: date
    source: str
    memo: str | None = None
    memo_salt: bytes | None = None
    memo_digest: bytes | None = None
    posted_at: datetime
    prev_hash: bytes | None = None
    hash: bytes | None = None


@record(
    Table(
        name="ledger_postings",
        key=("id",),
        versioned=False,
        append_only=True,
        tenant="venue_id",
        given_at_flush=("balance_after_minor",),
    )
)
class LedgerPosting(Record):
    """One line of a journal: + credit, − debit. Lines sum to 0 per journal and currency (L1).

    `venue_id` is the journal's, so that row-level security need not look there.
    """

    id: UUID
    journal_id: UUID
    venue_id: UUID
    line: int
    account_id: UUID
    account_code: str
    amount_minor: int
    currency: str
    grant_id: UUID | None = None
    balance_after_minor: int | None = None


@record(
    Table(
        name="tills",
        key=("id",),
        unique=(
            Unique(("venue_id", "drawer"), where=(("status", (TillStatus.OPEN,)),)),
            Unique(("staff_id",), where=(("status", (TillStatus.OPEN,)),)),
        ),
        tenant="venue_id",
    )
)
class Till(Record):
    """A cash drawer for one shift. `counted` maps a denomination in minor units to how many.

    `drops_minor` is cash taken out to the safe; `variance_minor` is counted − expected.
    """

    id: UUID
    venue_id: UUID
    staff_id: UUID
    shift_id: UUID
    drawer: str
    currency: str
    status: TillStatus
    opening_minor: int
    expected_minor: int
    drops_minor: int = 0
    counted: Json | None = None
    counted_minor: int | None = None
    variance_minor: int | None = None
    signed_by: UUID | None = None
    sign_note: str | None = None
    opened_at: datetime
    ended_at: datetime | None = None
    closed_at: datetime | None = None
    version: int = 1


@record(
    Table(
        name="business_days",
        key=("venue_id", "business_day"),
        unique=(Unique(("venue_id", "z_number")),),
        tenant="venue_id",
    )
)
class BusinessDay(Record):
    """A trading day `[starts_at, ends_at)` (Rule 5). A closed one is frozen.

    `z_number` is gapless per venue and the venue's to give, when it closes the day.
    """

    venue_id: UUID
    business_day: date
    starts_at: datetime
    ends_at: datetime
    status: BusinessDayStatus
    z_number: int | None = None
    closed_by: UUID | None = None
    closed_at: datetime | None = None
    totals: Json | None = None
    journal_head_hash: bytes | None = None
    version: int = 1
