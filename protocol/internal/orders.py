"""Purchases and top-ups: what account, session, venue and staff tell one another.

Chains: PurchaseItems = account → session (if one is open) → venue → staff (if by cash) → account;
TopUpCredits by cash = account → venue (if by package) → staff → account.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import attrs

from protocol.commands import Command, command
from protocol.operations.transactions import PurchaseItems, TopUpCredits
from protocol.records.values import RecipePart


@attrs.frozen(kw_only=True)
class Buyer:
    """What the account knows of who buys: decided on by those further down the chain."""

    user_id: UUID
    age_years_verified: int | None
    """None if age was never verified."""
    session_id: UUID | None
    till_id: UUID | None = None
    persons_present: int = 1
    safety_level: int = 0
    drinks_milli_by_window: tuple[int, ...] = ()
    """Standard drinks had in the last 60 and 120 minutes and on the business day; empty without a
    visit (Rule 7)."""


@command
class VouchOrder(Command):
    """Account → session: level and persons present; refuses where the visit is over."""

    order: PurchaseItems
    buyer: Buyer
    transaction_id: UUID


@command
class PriceOrder(Command):
    """Session or account → venue: check, price and take from stock; the sale is booked there.

    `buyer` is complete by now.
    """

    order: PurchaseItems
    buyer: Buyer
    transaction_id: UUID


@attrs.frozen(kw_only=True)
class PlaysTaken:
    """So many plays of a game."""

    game_id: UUID
    plays: int


@command
class ReturnStock(Command):
    """Undo of PriceOrder at the venue: what was taken for the transaction goes back.

    `taken` is what left the stock, `plays` how many of each game were counted.
    """

    transaction_id: UUID
    taken: tuple[RecipePart, ...] = ()
    plays: tuple[PlaysTaken, ...] = ()


@attrs.frozen(kw_only=True)
class PricedLine:
    """One line at the server's price, tax included."""

    purchase_id: UUID
    item_id: UUID | None
    game_id: UUID | None
    name: str
    qty: int
    unit_price_minor: int
    total_minor: int
    tax_rate_bp: int
    tax_minor: int
    standard_drinks_milli: int
    alcoholic: bool
    revenue_kind: str
    """`food`, `drink` or `play`: the venue's revenue account."""
    taken: tuple[RecipePart, ...] = ()
    """What left the stock for it."""


@command
class PostOrder(Command):
    """Venue → account: post it. Refused if funds are short; then the stock returns."""

    order: PurchaseItems
    buyer: Buyer
    transaction_id: UUID
    lines: tuple[PricedLine, ...]
    total_minor: int
    tax_minor: int
    currency: str
    business_day: date
    shift_id: UUID | None = None
    """Of the staff member whose till took cash for it; the till is the buyer's."""


@command
class TakeOrderCash(Command):
    """Venue → staff: cash for a priced order goes into the staff member's open till."""

    order: PostOrder


@command
class OrderPosted(Command):
    """Account → session: what was bought in the visit, for pace and receipt."""

    transaction_id: UUID
    total_minor: int
    standard_drinks_milli: int
    plays: int


@command
class PricePackage(Command):
    """Account → venue: price of the package of a top-up, then on to the till."""

    topup: TopUpCredits
    user_id: UUID
    transaction_id: UUID


@command
class TakeCash(Command):
    """Account or venue → staff: cash for a top-up goes into the staff member's open till."""

    topup: TopUpCredits
    user_id: UUID
    transaction_id: UUID
    price_minor: int
    credits_minor: int
    bonus_minor: int
    bonus_days: int | None
    package_id: UUID | None
    per_day_cap: int | None = None
    """Of the package: how many of it one person buys on a business day."""


@command
class ReturnCash(Command):
    """Undo of TakeCash and TakeOrderCash at the staff member: the cash is given back."""

    till_id: UUID
    transaction_id: UUID
    amount_minor: int


@command
class PostTopUp(Command):
    """Staff → account: the cash is in the till; credit the wallet and answer."""

    topup: TopUpCredits
    user_id: UUID
    transaction_id: UUID
    price_minor: int
    credits_minor: int
    bonus_minor: int
    bonus_days: int | None
    package_id: UUID | None
    till_id: UUID
    shift_id: UUID
    staff_id: UUID
    per_day_cap: int | None = None


@command
class RevenueBooked(Command):
    """Account → venue: revenue posted for a business day, for the live figures."""

    business_day: date
    gross_minor: int
    tax_minor: int
