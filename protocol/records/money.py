"""Financial: what was bought, by whom, and what is left in the wallet.

Rows of a wallet belong to its account actor. All amounts are integers in minor units of the
row's currency (Rule 1); nothing posted is edited, corrections mirror (Rule 9).
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from protocol.records.base import Record, Table, Unique, record
from protocol.records.money_states import (
    CreditSource,
    HoldStatus,
    PurchaseStatus,
    RefundDestination,
    RefundStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.values import HoldSource, Json, RecipePart, RefundLine


@record(
    Table(
        name="transactions",
        key=("id",),
        unique=(
            Unique(
                ("payment_id", "kind"),
                where=(("kind", (TransactionKind.TOPUP, TransactionKind.PURCHASE)),),
            ),
        ),
        tenant="venue_id",
    )
)
class Transaction(Record):
    """A business-level money event. `business_day` and `posted_at` are None until it posts.

    Only `status` and what posting gives ever change; a reversal is a mirror with `reverses_id`.
    `about_id` is what it is about: a tip's purchase, what an adjustment corrects, a gift's other
    half, the play that a grant gives back. `sources` are the lots that paid for it, `tip_sources`
    those that paid its tip; of a top-up, `bonus_minor` is what was promised on top, for
    `bonus_days` (None: for ever).
    """

    id: UUID
    venue_id: UUID
    user_id: UUID
    kind: TransactionKind
    status: TransactionStatus
    tender: Tender
    amount_minor: int
    tax_minor: int = 0
    tip_minor: int = 0
    currency: str
    business_day: date | None
    session_id: UUID | None = None
    shift_id: UUID | None = None
    till_id: UUID | None = None
    payment_id: UUID | None = None
    package_id: UUID | None = None
    reverses_id: UUID | None = None
    about_id: UUID | None = None
    sources: tuple[HoldSource, ...] = ()
    tip_sources: tuple[HoldSource, ...] = ()
    bonus_minor: int = 0
    bonus_days: int | None = None
    reason: str | None = None
    note: str | None = None
    created_by: UUID | None
    occurred_at: datetime
    posted_at: datetime | None = None
    expires_at: datetime | None = None
    version: int = 1


@record(Table(name="credits", key=("user_id", "currency")))
class Credits(Record):
    """A wallet's balances: a cache of the ledger. `ledger_seq` is the account's own count.

    `paid_minor`, `bonus_minor` and `held_minor` are never negative (L2); `receivable_minor` is
    at most 0, and while below, the wallet is frozen for spending.
    """

    user_id: UUID
    currency: str
    paid_minor: int = 0
    bonus_minor: int = 0
    held_minor: int = 0
    receivable_minor: int = 0
    ledger_seq: int = 0
    frozen_at: datetime | None = None
    version: int = 1


@record(Table(name="credit_grants", key=("id",), tenant="venue_id"))
class CreditGrant(Record):
    """A lot of credit and what is left of it, burnt in the order of Rule 9.

    `venue_id` is where it came from; None for a gift or a lot of the platform.
    """

    id: UUID
    user_id: UUID
    venue_id: UUID | None
    source: CreditSource
    currency: str
    amount_minor: int
    remaining_minor: int
    priority: int
    expires_at: datetime | None
    transaction_id: UUID | None
    reason: str | None = None
    created_at: datetime
    version: int = 1


@record(Table(name="credit_holds", key=("id",), tenant="venue_id"))
class CreditHold(Record):
    """Reserved credit. `amount_minor` is what was reserved, `captured_minor` what was taken.

    `sources` are the lots it came from, in burn order, so that a release goes back to them.
    """

    id: UUID
    user_id: UUID
    venue_id: UUID | None
    purpose: str
    ref_id: UUID | None
    currency: str
    amount_minor: int
    captured_minor: int = 0
    sources: tuple[HoldSource, ...] = ()
    status: HoldStatus
    expires_at: datetime | None
    created_at: datetime
    version: int = 1


@record(Table(name="purchases", key=("id",), tenant="venue_id"))
class Purchase(Record):
    """One ordered line: `qty` of a menu item or of plays of a game, never of both.

    Prices include tax; `tax_rate_bp` is basis points; drinks are thousandths of a standard drink.
    `revenue_kind` is the venue's account that earned it, `taken` what left the stock for it.
    """

    id: UUID
    transaction_id: UUID
    venue_id: UUID
    user_id: UUID
    session_id: UUID | None
    line: int
    item_id: UUID | None
    game_id: UUID | None
    name: str
    qty: int
    unit_price_minor: int
    tax_rate_bp: int
    tax_minor: int
    total_minor: int
    standard_drinks_milli: int = 0
    revenue_kind: str = "food"
    taken: tuple[RecipePart, ...] = ()
    status: PurchaseStatus
    refunded_qty: int = 0
    served_by: UUID | None = None
    served_at: datetime | None = None
    created_at: datetime
    version: int = 1


@record(
    Table(
        name="refunds",
        key=("id",),
        unique=(Unique(("provider_ref",)),),
        tenant="venue_id",
    )
)
class Refund(Record):
    """A refund, from request to result (Rule 10); the decider is never the requester.

    `parts` are what moved in the wallet: lots that were given back to, or, where a top-up goes
    back to its card, that were taken from. `tries` counts how often the provider was asked.
    """

    id: UUID
    transaction_id: UUID
    venue_id: UUID
    user_id: UUID
    lines: tuple[RefundLine, ...]
    amount_minor: int
    currency: str
    destination: RefundDestination
    status: RefundStatus
    reason_code: str
    requested_by: UUID
    requested_at: datetime
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    provider_ref: str | None = None
    failure_code: str | None = None
    journal_id: UUID | None = None
    payment_id: UUID | None = None
    parts: tuple[HoldSource, ...] = ()
    note: str | None = None
    tries: int = 0
    version: int = 1


@record(
    Table(
        name="receipts",
        key=("id",),
        unique=(Unique(("venue_id", "number")),),
        versioned=False,
        append_only=True,
        tenant="venue_id",
        given_at_flush=("number", "journal_hash"),
    )
)
class Receipt(Record):
    """An issued receipt. `number` is gapless per venue, from 1.

    `journal_hash` is that of `journal_id`, and both are None for a visit that cost nothing.
    """

    id: UUID
    venue_id: UUID
    number: int | None = None
    transaction_id: UUID | None
    session_id: UUID | None
    user_id: UUID
    body: Json
    journal_id: UUID | None = None
    journal_hash: bytes | None = None
    issued_at: datetime
