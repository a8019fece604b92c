"""Answers about what has been booked: money events, receipts, and the books."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import attrs

from protocol.records.money_states import (
    PurchaseStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.values import Json
from protocol.replies.base import reply
from protocol.values import Amount, Currency, SignedAmount


@attrs.frozen(kw_only=True)
class TransactionView:
    """A money event. Gifts and adjustments are negative where credit left the wallet."""

    transaction_id: UUID
    venue_id: UUID
    user_id: UUID
    kind: TransactionKind
    status: TransactionStatus
    tender: Tender
    amount_minor: SignedAmount
    tax_minor: SignedAmount
    tip_minor: Amount
    currency: Currency
    business_day: date | None
    session_id: UUID | None
    reason: str | None
    occurred_at: datetime
    posted_at: datetime | None
    version: int


@reply
class TransactionList:
    """A page of money events, newest first."""

    items: tuple[TransactionView, ...]
    next_cursor: str | None = None


@attrs.frozen(kw_only=True)
class TransactionLine:
    """One line of a purchase, and how much of it can still be refunded."""

    purchase_id: UUID
    line: int
    item_id: UUID | None
    game_id: UUID | None
    name: str
    qty: int
    unit_price_minor: Amount
    total_minor: Amount
    tax_rate_bp: int
    tax_minor: Amount
    standard_drinks_milli: int
    status: PurchaseStatus
    refundable_qty: int
    refundable_minor: Amount


@attrs.frozen(kw_only=True)
class TenderPart:
    """So much of it was paid with one kind of money: paid, bonus, held, cash or card."""

    tender: str
    amount_minor: SignedAmount


@attrs.frozen(kw_only=True)
class TaxPart:
    """The tax at one rate, in basis points."""

    rate_bp: int
    gross_minor: SignedAmount
    tax_minor: SignedAmount


@reply
class TransactionDetail:
    """A money event, whole. `created_by` and `till_id` are for people of the venue."""

    transaction_id: UUID
    venue_id: UUID
    user_id: UUID
    kind: TransactionKind
    status: TransactionStatus
    tender: Tender
    amount_minor: SignedAmount
    tax_minor: SignedAmount
    tip_minor: Amount
    currency: Currency
    business_day: date | None
    session_id: UUID | None
    payment_id: UUID | None
    package_id: UUID | None
    reverses_id: UUID | None
    about_id: UUID | None
    reason: str | None
    note: str | None
    created_by: UUID | None
    till_id: UUID | None
    occurred_at: datetime
    posted_at: datetime | None
    expires_at: datetime | None
    lines: tuple[TransactionLine, ...]
    tax: tuple[TaxPart, ...]
    tenders: tuple[TenderPart, ...]
    journal_ids: tuple[UUID, ...]
    version: int


@reply
class ReceiptView:
    """A receipt as it was issued. `tips_minor` counts those that were added afterwards.

    `body` holds lines, totals, tender and tax by rate; `journal_hash` is the hex of the journal's
    hash in the venue's ledger, null for a visit that cost nothing.
    """

    receipt_id: UUID
    number: int
    venue_id: UUID
    venue_name: str
    venue_address: str | None
    venue_tax_id: str | None
    transaction_id: UUID | None
    session_id: UUID | None
    user_id: UUID
    body: Json
    tips_minor: Amount
    journal_hash: str | None
    issued_at: datetime


@attrs.frozen(kw_only=True)
class LedgerLine:
    """One posting: + credit, − debit."""

    line: int
    account: str
    amount_minor: SignedAmount
    currency: Currency
    balance_after_minor: SignedAmount | None


@attrs.frozen(kw_only=True)
class LedgerEntry:
    """A journal in the venue's chain; hashes as hex."""

    journal_id: UUID
    seq: int
    transaction_id: UUID | None
    business_day: date
    source: str
    memo: str | None
    posted_at: datetime
    prev_hash: str
    hash: str
    postings: tuple[LedgerLine, ...]


@attrs.frozen(kw_only=True)
class TrialBalance:
    """The sum over all accounts of a currency; anything but 0 is an alarm (L6)."""

    currency: Currency
    balance_minor: SignedAmount


@reply
class LedgerPage:
    """A page of a venue's books, in ledger order; `head_hash` is that of the last journal."""

    venue_id: UUID
    items: tuple[LedgerEntry, ...]
    trial_balance: tuple[TrialBalance, ...]
    head_seq: int
    head_hash: str | None
    next_cursor: str | None = None
