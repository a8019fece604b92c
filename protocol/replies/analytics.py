"""What a business day came to: the X report while it is open, the Z report once it is closed."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import attrs

from protocol.bounds import items, text
from protocol.domain_limits import OPEN_ORDERS_NAMED_MAX
from protocol.records.money_states import TillStatus
from protocol.replies.base import reply
from protocol.values import Currency, SignedAmount


class DayState(enum.StrEnum):
    """Open, being closed (its number is given and its totals are awaited), or closed."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


@attrs.frozen(kw_only=True)
class TaxLine:
    """Tax inside what was sold. `what` is goods, or a kind of transaction that has no rate."""

    what: str
    rate_bp: int | None
    gross_minor: SignedAmount
    tax_minor: SignedAmount


@attrs.frozen(kw_only=True)
class TenderLine:
    """Transactions of one kind, paid in one way."""

    kind: str
    tender: str
    count: int
    amount_minor: SignedAmount
    tip_minor: SignedAmount


@attrs.frozen(kw_only=True)
class TillLine:
    """A till of the day; what it should hold, and by how much it was off, once it is counted."""

    till_id: UUID
    staff_id: UUID
    drawer: str
    status: TillStatus
    opening_minor: SignedAmount
    drops_minor: SignedAmount
    expected_minor: SignedAmount | None
    counted_minor: SignedAmount | None
    variance_minor: SignedAmount | None


@attrs.frozen(kw_only=True)
class Tally:
    """So many, and what they come to."""

    count: int
    amount_minor: SignedAmount


@attrs.frozen(kw_only=True)
class Liability:
    """Credit that patrons hold and have not used: opening + sold + granted − used + refunded −
    expired + other = closing."""

    opening_minor: SignedAmount
    sold_minor: SignedAmount
    granted_minor: SignedAmount
    used_minor: SignedAmount
    refunded_minor: SignedAmount
    expired_minor: SignedAmount
    other_minor: SignedAmount
    closing_minor: SignedAmount


@attrs.frozen(kw_only=True)
class OpenOrder:
    """An order that is not paid: it goes on to the next day by its name (Rule 5)."""

    transaction_id: UUID
    name: Annotated[str, text(max=2000)]
    amount_minor: SignedAmount
    ordered_at: datetime


@attrs.frozen(kw_only=True)
class DayFigures:
    """The ledger's sums for one business day, in minor units of the venue's currency.

    `net_by_kind` maps a revenue account's kind to what it earned, without tax; of many open orders
    the first are named and all are counted.
    """

    net_minor: SignedAmount
    tax_minor: SignedAmount
    tips_minor: SignedAmount
    promo_minor: SignedAmount
    net_by_kind: Mapping[str, int]
    tax_by_rate: tuple[TaxLine, ...]
    tenders: tuple[TenderLine, ...]
    refunds: Tally
    voids: Tally
    tills: Annotated[tuple[TillLine, ...], items(0, 200)]
    liability: Liability
    open_orders_count: int
    open_orders: Annotated[tuple[OpenOrder, ...], items(0, OPEN_ORDERS_NAMED_MAX)]

    @property
    def gross_minor(self) -> int:
        """What was earned, tax included."""
        return self.net_minor + self.tax_minor

    @property
    def variance_minor(self) -> int:
        """By how much the counted tills were off, all together."""
        return sum(till.variance_minor or 0 for till in self.tills)


class ReportKind(enum.StrEnum):
    """X is a look at a day that goes on, Z the one report of a day that is closed."""

    X = "X"
    Z = "Z"


@reply
class DayReport:
    """A business day. A Z has its number and never changes; `figures` are missing while closing.

    `journal_head_hash` is that of the venue's newest journal when the day was summed up, in hex.
    """

    kind: ReportKind
    venue_id: UUID
    business_day: date
    status: DayState
    z_number: int | None
    starts_at: datetime
    ends_at: datetime
    currency: Currency
    gross_minor: SignedAmount | None
    variance_minor: SignedAmount | None
    figures: DayFigures | None
    closed_at: datetime | None
    closed_by: UUID | None
    journal_head_hash: str | None
    version: int
