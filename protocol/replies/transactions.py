"""Answers about money: integers in minor units, as the server reckoned them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import attrs

from protocol.bounds import integer
from protocol.records.money_states import CreditSource, Tender, TransactionStatus
from protocol.replies.base import reply
from protocol.values import Amount, Currency, Name


@reply
class Balance:
    """What can be spent and what is reserved."""

    available_minor: Amount
    held_minor: Amount


@reply
class PurchasedLine:
    """One line at the price that was charged, tax included."""

    purchase_id: UUID
    item_id: UUID | None
    game_id: UUID | None
    qty: int
    unit_minor: Amount
    total_minor: Amount
    tax_minor: Amount


@reply
class Purchased:
    """A purchase; pending (202) until its card payment is through."""

    transaction_id: UUID
    status: TransactionStatus
    total_minor: Amount
    tax_minor: Amount
    tip_minor: Amount
    lines: tuple[PurchasedLine, ...]
    balance: Balance
    expires_at: datetime | None = None
    """Until when it waits for its payment."""


@reply
class ToppedUp:
    """A top-up; pending (202) until its card payment is through."""

    transaction_id: UUID
    status: TransactionStatus
    tender: Tender
    amount_minor: Amount
    bonus_minor: Amount
    balance: Balance
    expires_at: datetime | None = None
    """Until when it waits for its payment."""


@reply
class Grant:
    """A lot of credit and what is left of it."""

    grant_id: UUID
    source: CreditSource
    amount_minor: Amount
    remaining_minor: Amount
    priority: int
    expires_at: datetime | None


@attrs.frozen(kw_only=True)
class GiftCode:
    """A one-time code by which somebody else can give credits to the wallet's owner."""

    code: str
    expires_at: datetime


@reply
class CreditBalance:
    """A wallet; `grants` in the order in which they are spent (Rule 9)."""

    user_id: UUID
    currency: Currency
    available_minor: Amount
    held_minor: Amount
    paid_minor: Amount
    bonus_minor: Amount
    grants: tuple[Grant, ...]
    ledger_seq: Annotated[int, integer(0)]
    version: int
    gift_code: GiftCode | None = None
    """Only if it was asked for."""


@reply
class CreditPackage:
    """A package on sale."""

    package_id: UUID
    venue_id: UUID
    name: Name
    price_minor: Amount
    credits_minor: Amount
    bonus_minor: Amount
    bonus_days: int | None
    valid_hours: Mapping[str, Any] | None
    per_day_cap: int | None
    version: int


@reply
class CreditPackages:
    """Packages on sale at a venue."""

    items: tuple[CreditPackage, ...]
    next_cursor: str | None = None
