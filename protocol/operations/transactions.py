"""Money: what is bought, what is paid in, what is left. Prices never come from a client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final
from uuid import UUID

import attrs

from protocol.addresses import Role
from protocol.bounds import integer, items, minor
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.errors import FieldError
from protocol.limits import PAGE_ITEMS_DEFAULT
from protocol.operations.addresses import account, own_staff, query, venue
from protocol.operations.base import KeyRule, Operation, in_category
from protocol.records.money_states import Tender
from protocol.replies.transactions import CreditBalance, CreditPackages, Purchased, ToppedUp
from protocol.values import Amount, Cursor, Note, PageSize, PreparedText


@attrs.frozen(kw_only=True)
class OrderLine:
    """So many of a menu item, or so many plays of a game."""

    qty: Annotated[int, integer(1, 99)]
    item_id: UUID | None = None
    game_id: UUID | None = None

    def faults(self) -> Iterable[FieldError]:
        """A line is of one thing."""
        if (self.item_id is None) == (self.game_id is None):
            yield FieldError("/item_id", "required", "give either item_id or game_id")


@command
class PurchaseItems(Command):
    """Buy items or plays; `expected_total_minor` is what the buyer saw (Rule 4)."""

    venue_id: UUID
    lines: Annotated[tuple[OrderLine, ...], items(1, 30)]
    tender: Tender = Tender.CREDITS
    tip_minor: Annotated[int, minor(0, 1_000_000)] = 0
    expected_total_minor: Amount | None = None
    note: Note | None = None
    user_id: UUID | None = None


@command
class GetCreditBalance(Command):
    """A wallet as it is now; another's for management.

    With `gift_code`, the own wallet comes with a new one-time code for receiving a gift; it takes
    the place of any earlier one.
    """

    user_id: UUID | None = None
    gift_code: bool = False
    new_code: PreparedText = None


@command
class TopUpCredits(Command):
    """Add credits by package or amount; cash goes through the caller's open till."""

    venue_id: UUID
    tender: Tender
    amount_minor: Amount | None = None
    package_id: UUID | None = None
    user_id: UUID | None = None

    def faults(self) -> Iterable[FieldError]:
        """Either a package or an amount, and paid with money. 500 to 50000 is decided (Rule 9)."""
        if (self.amount_minor is None) == (self.package_id is None):
            yield FieldError("/amount_minor", "required", "give either amount_minor or package_id")
        if self.tender is Tender.CREDITS:
            yield FieldError("/tender", "not_allowed", "must be one of card, cash; is credits")


@command
class ListCreditPackages(Command):
    """Packages on sale at a venue."""

    venue_id: UUID
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


# fmt: off
OPERATIONS: Final = in_category(
    "Transactions",
    Operation(
        PurchaseItems, Role.PATRON, "POST /api/transactions/purchase", account("user_id"),
        Purchased,
        summary="Buy menu items or game plays.",
        status=201, also=(202,), key=KeyRule.REQUIRED, offline=True, warm=(venue("venue_id"),),
        errors=(
            Code.INSUFFICIENT_CREDITS, Code.ALCOHOL_REFUSED, Code.AGE_UNVERIFIED,
            Code.SPEND_LIMIT_REACHED, Code.EXCLUDED, Code.ITEM_UNAVAILABLE, Code.PRICE_CHANGED,
            Code.SERVICE_STOPPED, Code.TILL_NOT_OPEN, Code.QUANTITY_LIMIT,
        ),
        emits=(
            "transaction.posted", "transaction.pending", "credits.balance_changed",
            "inventory.stock_low", "inventory.item_updated", "revenue.tick",
            "safety.threshold_crossed", "session.exhausted",
        ),
    ),
    Operation(
        GetCreditBalance, Role.PATRON, "GET /api/transactions/credits", account("user_id"),
        CreditBalance,
        summary="Wallet as it is now: available, held, paid, bonus, grants in burn order.",
        prepare=("mint_gift_code",),
    ),
    Operation(
        ListCreditPackages, Role.PATRON, "GET /api/transactions/packages",
        query("credit_packages"), CreditPackages,
        summary="Credit packages on sale at a venue.",
    ),
    Operation(
        TopUpCredits, Role.PATRON, "POST /api/transactions/topup", account("user_id"), ToppedUp,
        summary="Add credits: with cash through an open till, or with a card once it is paid.",
        status=201, also=(202,), key=KeyRule.REQUIRED, warm=(own_staff, venue("venue_id")),
        errors=(
            Code.TOPUP_LIMIT_REACHED, Code.EXCLUDED, Code.ACCOUNT_SUSPENDED, Code.TILL_NOT_OPEN,
            Code.AMOUNT_OUT_OF_RANGE,
        ),
        emits=(
            "transaction.pending", "transaction.posted", "credits.balance_changed",
            "till.changed",
        ),
    ),
)
# fmt: on
