"""What people do to stock: receive, throw away, count, transfer; all lines or none (Rule 1).

A count says what is there, and the difference is booked. One that is far off is signed by
management: a manager sends it, in their own name. So are several of a day that are it together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

import attrs

from actors.rules.business_day import business_day_of
from actors.rules.stock_counts import UNSIGNED_PERCENT, needs_signature
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.venue.managing import refuse_lesser, role_here
from actors.venue.room_choice import unfit
from actors.venue.state import VenueState
from actors.venue.stock import Booking, book
from protocol.addresses import Role
from protocol.domain_limits import STOCK_MILLI_MAX
from protocol.errors import Code, Refusal
from protocol.operations.menu import MoveStock, StockLine, StockMove
from protocol.records.inventory import InventoryLevel, MenuItem, StockMovement
from protocol.records.money_states import MovementKind
from protocol.replies.inventory import StockMoved, StockMovementView

UNIT: Final = "portion"
"""Of what is on the menu, where nobody said otherwise."""


@attrs.define(eq=False, kw_only=True)
class _Book:
    """The levels as they are while lines are gone through."""

    state: VenueState
    context: Context
    opened: dict[UUID, InventoryLevel] = attrs.field(factory=dict)
    """As they stand before any line, where that is not as in the state."""
    on_hand: dict[UUID, int] = attrs.field(factory=dict)
    lines: list[Booking] = attrs.field(factory=list)

    def add(self, n: int, line: StockLine) -> Refusal | None:
        """Take one line in, or say why the whole request can't be."""
        level = self._level(n, line)
        if isinstance(level, Refusal):
            return level
        before_milli = self.on_hand.get(line.item_id, level.on_hand_milli)
        delta_milli = _delta_milli(line, before_milli)
        after_milli = before_milli + delta_milli
        counted = line.kind is StockMove.COUNT
        unsigned_milli = self._unsigned_today_milli(level)
        signed = counted and needs_signature(before_milli, after_milli, unsigned_milli)
        if signed and role_here(self.state, self.context) < Role.MANAGEMENT:
            return _unsigned(n, line, before_milli, unsigned_milli)
        if after_milli < level.reserved_milli:
            return _negative(n, line, before_milli, level.reserved_milli)
        if after_milli > STOCK_MILLI_MAX:
            detail = f"{line.item_id} would have {after_milli}; at most {STOCK_MILLI_MAX}"
            return unfit(f"/lines/{n}/qty_milli", "out_of_range", detail)
        if counted:
            booked_milli = 0 if signed else unsigned_milli + delta_milli
            level = level.evolve(counted_at=self.context.now, unsigned_milli=booked_milli)
        self.opened[line.item_id] = level
        self.on_hand[line.item_id] = after_milli
        assert self.context.principal is not None
        self.lines.append(
            Booking(
                item_id=line.item_id,
                kind=MovementKind(line.kind.value),
                delta_milli=delta_milli,
                reason=line.reason,
                signed_by=self.context.principal.user_id if signed else None,
            )
        )
        return None

    def _unsigned_today_milli(self, level: InventoryLevel) -> int:
        """What counts of this day booked without a signature, on the way to this one."""
        if level.counted_at is None:
            return 0
        profile = self.state.profile
        # By the calendar: what is posted after a day is closed goes to the next, but counts don't.
        today, counted_on = (
            business_day_of(at, profile.tz, profile.settings.cutover)
            for at in (self.context.now, level.counted_at)
        )
        return level.unsigned_milli if today == counted_on else 0

    def _level(self, n: int, line: StockLine) -> InventoryLevel | Refusal:
        known = self.opened.get(line.item_id) or self.state.stock(line.item_id)
        if known is None:
            opened = self._open(n, line)
            if isinstance(opened, Refusal):
                return opened
            known = opened
        elif line.unit is not None and line.unit != known.unit:
            detail = f"{line.item_id} is counted by the {known.unit}"
            return unfit(f"/lines/{n}/unit", "not_allowed", detail)
        if line.reorder_milli is not None:
            known = known.evolve(reorder_milli=line.reorder_milli)
        return known

    def _open(self, n: int, line: StockLine) -> InventoryLevel | Refusal:
        """The level of what was not counted so far: food and drink, or what they are made of."""
        item = self.state.get(MenuItem, line.item_id)
        sold = item is not None and item.retired_at is None
        if not sold and line.unit is None:
            detail = f"{line.item_id} is not on the menu; what is kept besides needs its unit"
            return unfit(f"/lines/{n}/item_id", "unknown", detail)
        return InventoryLevel(
            venue_id=self.state.venue_id,
            item_id=line.item_id,
            on_hand_milli=0,
            unit=line.unit or UNIT,
        )


@decides(MoveStock)
def decide_move_stock(state: VenueState, command: MoveStock, context: Context) -> Decision:
    """Book all lines in their order, or none."""
    if (refusal := refuse_lesser(state, context, Role.STAFF)) is not None:
        return refusal
    taking = _Book(state=state, context=context)
    for n, line in enumerate(command.lines):
        if (refusal := taking.add(n, line)) is not None:
            return refusal
    ref_id = context.fresh_id()
    change = book(state, context, taking.lines, ref_id=ref_id, opened=taking.opened)
    moved = StockMoved(
        reference_id=ref_id,
        venue_id=state.venue_id,
        at=context.now,
        lines=tuple(_view(movement) for movement in change.movements),
    )
    line_of_trail = audited(
        context,
        "stock.moved",
        "stock_movement",
        ref_id,
        venue_id=state.venue_id,
        after={"lines": _shown(change.movements)},
    )
    return Outcome(
        reply=moved,
        changes=change.levels,
        appends=(*change.movements, line_of_trail),
        events=change.events,
    )


def _delta_milli(line: StockLine, before_milli: int) -> int:
    match line.kind:
        case StockMove.COUNT:
            return line.qty_milli - before_milli
        case StockMove.WASTE:
            return -line.qty_milli
        case StockMove.RECEIVE | StockMove.TRANSFER:
            return line.qty_milli


def _unsigned(n: int, line: StockLine, before_milli: int, unsigned_milli: int) -> Refusal:
    expected_milli = before_milli - unsigned_milli
    without = f", {expected_milli} without the day's counts" if unsigned_milli else ""
    return Refusal(
        Code.SIGNATURE_REQUIRED,
        f"line {n + 1}: {line.qty_milli} of {line.item_id} were counted where {before_milli} "
        f"should be{without}; a difference above {UNSIGNED_PERCENT} % is for management to book",
        extra={"line": n, "on_hand_milli": before_milli, "expected_milli": expected_milli},
    )


def _negative(n: int, line: StockLine, before_milli: int, reserved_milli: int) -> Refusal:
    return Refusal(
        Code.STOCK_WOULD_BE_NEGATIVE,
        f"line {n + 1}: of {line.item_id} there are {before_milli}, {reserved_milli} of them "
        f"reserved; {line.kind.value} of {line.qty_milli} is more than can go",
        extra={"line": n, "on_hand_milli": before_milli},
    )


def _view(movement: StockMovement) -> StockMovementView:
    return StockMovementView(
        movement_id=movement.id,
        item_id=movement.item_id,
        kind=movement.kind,
        delta_milli=movement.delta_milli,
        after_milli=movement.after_milli,
        signed_by=movement.signed_by,
    )


def _shown(movements: Iterable[StockMovement]) -> list[dict[str, object]]:
    return [{"item_id": m.item_id, "kind": m.kind, "delta_milli": m.delta_milli} for m in movements]
