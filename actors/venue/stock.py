"""What is on hand: taking for a sale and putting back, with the book kept (Rules 1 and 10).

Stock is never below what is reserved of it, nor below zero. One draft is one decision's work: it
starts from the state, which it never changes, and gives the rows and events at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

import attrs

from actors.runtime.outcome import Context, Event
from actors.runtime.telling import tell
from actors.venue.state import VenueState, portions
from protocol.events.inventory import InventoryItemUpdated, InventoryStockLow
from protocol.records.inventory import InventoryLevel, MenuItem, StockMovement
from protocol.records.money_states import MovementKind


@attrs.frozen(kw_only=True)
class StockChange:
    """Rows and events of a change of stock."""

    levels: tuple[InventoryLevel, ...] = ()
    movements: tuple[StockMovement, ...] = ()
    events: tuple[Event, ...] = ()


def needed(state: VenueState, items: Iterable[tuple[MenuItem, int]]) -> dict[UUID, int]:
    """What so many portions of each take, by stocked item in thousandths.

    An item without a recipe that has no level is not counted, and needs nothing.
    """
    needs: dict[UUID, int] = {}
    for item, qty in items:
        for item_id, milli in portions(item):
            if item.recipe or state.stock(item_id) is not None:
                needs[item_id] = needs.get(item_id, 0) + milli * qty
    return needs


def lacking(state: VenueState, needs: Mapping[UUID, int]) -> UUID | None:
    """The first stocked item of which there is too little; what has no level there is none of."""
    for item_id, milli in needs.items():
        if _free_milli(state.stock(item_id)) < milli:
            return item_id
    return None


@attrs.frozen(kw_only=True)
class Booking:
    """One line of the stock book before it is written."""

    item_id: UUID
    kind: MovementKind
    delta_milli: int
    reason: str | None = None
    signed_by: UUID | None = None


def move(
    state: VenueState,
    context: Context,
    *,
    kind: MovementKind,
    deltas: Mapping[UUID, int],
    ref_id: UUID,
) -> StockChange:
    """Book a movement of each item; the caller has seen that there is enough."""
    lines = [
        Booking(item_id=item_id, kind=kind, delta_milli=delta_milli)
        for item_id, delta_milli in deltas.items()
        if delta_milli != 0 and state.stock(item_id) is not None
    ]
    return book(state, context, lines, ref_id=ref_id)


def book(
    state: VenueState,
    context: Context,
    lines: Iterable[Booking],
    *,
    ref_id: UUID,
    opened: Mapping[UUID, InventoryLevel] | None = None,
) -> StockChange:
    """Book lines in their order; no level falls below what is reserved of it.

    `opened` are levels as they stand before the lines where that is not as in the state: new ones,
    those just counted, those with another reorder point.
    """
    begun = dict(opened or {})
    levels = dict(begun)
    movements: list[StockMovement] = []
    by_user = None if context.principal is None else context.principal.user_id
    for line in lines:
        level = levels.get(line.item_id) or state.stock(line.item_id)
        assert level is not None, f"item {line.item_id} has no level"
        changed = _moved(level, line.delta_milli, context.now)
        levels[line.item_id] = changed
        movements.append(
            StockMovement(
                id=context.fresh_id(),
                venue_id=state.venue_id,
                item_id=line.item_id,
                kind=line.kind,
                delta_milli=line.delta_milli,
                after_milli=changed.on_hand_milli,
                ref_id=ref_id,
                reason=line.reason,
                by_user=by_user,
                signed_by=line.signed_by,
                at=context.now,
            )
        )
    written = {id_: _numbered(state, level) for id_, level in levels.items()}
    return StockChange(
        levels=tuple(written.values()),
        movements=tuple(movements),
        events=(*_low(state, written), *_sold_out_or_back(state, written)),
    )


def can_make(
    state: VenueState, item: MenuItem, levels: Mapping[UUID, InventoryLevel] | None = None
) -> bool:
    """Whether there is stock for one portion; `levels` are those that are about to change."""
    changed = levels or {}
    for item_id, milli in portions(item):
        level = changed.get(item_id) or state.stock(item_id)
        counted = level is not None or bool(item.recipe)
        if counted and _free_milli(level) < milli:
            return False
    return True


def _free_milli(level: InventoryLevel | None) -> int:
    return 0 if level is None else level.on_hand_milli - level.reserved_milli


def _moved(level: InventoryLevel, delta_milli: int, now: datetime) -> InventoryLevel:
    on_hand_milli = level.on_hand_milli + delta_milli
    assert on_hand_milli >= level.reserved_milli >= 0, (
        f"item {level.item_id} would have {on_hand_milli} of {level.reserved_milli} reserved"
    )
    low = on_hand_milli <= level.reorder_milli
    return level.evolve(
        on_hand_milli=on_hand_milli, low_since=(level.low_since or now) if low else None
    )


def _numbered(state: VenueState, level: InventoryLevel) -> InventoryLevel:
    """The next version of a level, however many lines it has."""
    before = state.stock(level.item_id)
    return level.evolve(version=1 if before is None else before.version + 1)


def _low(state: VenueState, levels: Mapping[UUID, InventoryLevel]) -> Iterator[Event]:
    """Told once, until it is refilled."""
    for item_id, level in levels.items():
        before, item = state.stock(item_id), state.get(MenuItem, item_id)
        # What is on stock for the first time was never there to run out.
        if before is None or level.low_since is None or before.low_since is not None:
            continue
        low = InventoryStockLow(
            item_id=item_id,
            sku=str(item_id) if item is None else item.sku,
            on_hand_milli=level.on_hand_milli,
            reorder_milli=level.reorder_milli,
            unit=level.unit,
        )
        yield tell(low, venue_id=state.venue_id, version=level.version)


def _sold_out_or_back(state: VenueState, levels: Mapping[UUID, InventoryLevel]) -> Iterator[Event]:
    """What is on the menu and can't be made any more, or can again."""
    touched = {item.id: item for item_id in levels for item in state.made_of(item_id)}
    for item in touched.values():
        made = can_make(state, item, levels)
        if item.available and made != can_make(state, item):
            updated = InventoryItemUpdated(
                item_id=item.id,
                available=made,
                price_minor=item.price_minor,
                version=item.version,
            )
            yield tell(updated, venue_id=state.venue_id, version=item.version)
