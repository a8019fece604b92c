"""The menu and the stock book behind it."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import attrs

from protocol.addresses import ActorKind, Role
from protocol.bounds import integer, items, text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.domain_limits import ALLERGENS_MAX, RECIPE_PARTS_MAX, STOCK_LINES_MAX, STOCK_MILLI_MAX
from protocol.errors import FieldError
from protocol.operations.addresses import child, venue
from protocol.operations.base import KeyRule, Operation
from protocol.operations.stations import TaxRate
from protocol.records.values import RecipePart
from protocol.replies.inventory import MenuItemView, StockMoved
from protocol.values import Amount, Name, Reason, Zone

Sku: TypeAlias = Annotated[str, text(min=1, max=40, pattern=r"[A-Za-z0-9][A-Za-z0-9._/-]*")]
TaxCode: TypeAlias = Annotated[str, text(min=1, max=40)]
Allergen: TypeAlias = Annotated[str, text(min=1, max=40)]
Unit: TypeAlias = Annotated[str, text(min=1, max=20)]
Hours: TypeAlias = Annotated[Mapping[str, Any], items(0, 8)]
"""`{"always_open": true}`, or for each weekday (`mon` to `sun`) a list of `["18:00", "02:00"]`."""


@attrs.frozen(kw_only=True)
class RecipeLine:
    """What one portion takes from stock, in thousandths of its unit."""

    item_id: UUID
    amount_milli: Annotated[int, integer(1, STOCK_MILLI_MAX)]

    @property
    def part(self) -> RecipePart:
        """As it is stored."""
        return RecipePart(item_id=self.item_id, amount_milli=self.amount_milli)


Recipe: TypeAlias = Annotated[tuple[RecipeLine, ...], items(0, RECIPE_PARTS_MAX)]


@command
class CreateMenuItem(Command):
    """Add food or drink; its standard drinks are worked out here, and never sent (Rule 7)."""

    venue_id: UUID
    sku: Sku
    name: Name
    price_minor: Amount
    tax_code: TaxCode = "standard"
    tax_rate_bp: TaxRate = 0
    category: Zone | None = None
    alcohol: bool = False
    abv_bp: Annotated[int, integer(0, 10_000)] | None = None
    """Alcohol by volume in basis points: 500 is 5 %."""
    volume_ml: Annotated[int, integer(1, 10_000)] | None = None
    allergens: Annotated[tuple[Allergen, ...], items(0, ALLERGENS_MAX)] = ()
    hours: Hours | None = None
    recipe: Recipe = ()
    available: bool = True


@command
class UpdateMenuItem(Command):
    """Change price, tax, hours, recipe, or take it off for tonight (`available`) or for good."""

    item_id: UUID
    price_minor: Amount | None = None
    tax_code: TaxCode | None = None
    tax_rate_bp: TaxRate | None = None
    hours: Hours | None = None
    available: bool | None = None
    recipe: Recipe | None = None
    retire: bool = False


class StockMove(enum.StrEnum):
    """Why people move stock; sales and returns are booked by the orders themselves."""

    RECEIVE = "receive"
    WASTE = "waste"
    COUNT = "count"
    TRANSFER = "transfer"


@attrs.frozen(kw_only=True)
class StockLine:
    """One movement: `qty_milli` comes in, is thrown away, or is the level that was counted.

    Of a transfer it is signed: above 0 what came from elsewhere, below 0 what went there.
    """

    item_id: UUID
    kind: StockMove
    qty_milli: Annotated[int, integer(-STOCK_MILLI_MAX, STOCK_MILLI_MAX)]
    reason: Reason | None = None
    unit: Unit | None = None
    """Of what is on stock for the first time."""
    reorder_milli: Annotated[int, integer(0, STOCK_MILLI_MAX)] | None = None
    """From now on, stock is low at this level."""

    def faults(self) -> Iterable[FieldError]:
        """Quantities have the sign of their kind; what leaves without a sale needs a reason."""
        least = {StockMove.COUNT: 0, StockMove.TRANSFER: -STOCK_MILLI_MAX}.get(self.kind, 1)
        if self.qty_milli < least or (self.kind is StockMove.TRANSFER and self.qty_milli == 0):
            yield FieldError(
                "/qty_milli", "out_of_range", f"is {self.qty_milli}, which is no {self.kind.value}"
            )
        if self.kind in (StockMove.WASTE, StockMove.TRANSFER) and self.reason is None:
            yield FieldError("/reason", "required", f"a {self.kind.value} needs its reason")


@command
class MoveStock(Command):
    """Append lines to the stock book, all or none, in their order."""

    venue_id: UUID
    lines: Annotated[tuple[StockLine, ...], items(1, STOCK_LINES_MAX)]

    def faults(self) -> Iterable[FieldError]:
        """An item is moved once for each kind, so that the book says what happened."""
        seen = set()
        for n, line in enumerate(self.lines):
            if (line.item_id, line.kind) in seen:
                detail = f"item {line.item_id} has another line of the kind {line.kind.value}"
                yield FieldError(f"/lines/{n}", "repeated", detail)
            seen.add((line.item_id, line.kind))


# fmt: off
ROWS: Final = (
    Operation(
        CreateMenuItem, Role.MANAGEMENT, "POST /api/inventory/items", venue("venue_id"),
        MenuItemView,
        summary="Add food or drink to the menu.",
        status=201, key=KeyRule.ACCEPTED, errors=(Code.SKU_TAKEN, Code.ALCOHOL_DATA_MISSING),
        emits=("inventory.item_updated",),
    ),
    Operation(
        UpdateMenuItem, Role.MANAGEMENT, "PATCH /api/inventory/items/{item_id}",
        child("item_id", ActorKind.VENUE), MenuItemView,
        summary="Change price, tax, hours, recipe, take it off or retire it.",
        key=KeyRule.ACCEPTED, precondition=True,
        emits=("inventory.item_updated",),
    ),
    Operation(
        MoveStock, Role.STAFF, "POST /api/inventory/stock-movements", venue("venue_id"),
        StockMoved,
        summary="Receive, waste, count or transfer stock, all lines or none.",
        status=201, key=KeyRule.REQUIRED,
        errors=(Code.SIGNATURE_REQUIRED, Code.STOCK_WOULD_BE_NEGATIVE),
        emits=("inventory.stock_low", "inventory.item_updated"),
    ),
)
# fmt: on
