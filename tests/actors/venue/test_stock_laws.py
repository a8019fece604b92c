"""Stock, whatever is sold, moved and counted: never below zero, and the book adds up (Rule 1)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.runtime.outcome import Outcome
from actors.venue.days import today_at
from actors.venue.orders import decide_price_order
from actors.venue.stocktaking import decide_move_stock
from protocol.addresses import Role
from protocol.errors import Code, Refusal
from protocol.operations.menu import MoveStock, StockLine, StockMove
from protocol.records.inventory import InventoryLevel, StockMovement
from protocol.records.runtime import Trading
from protocol.records.values import RecipePart
from tests.actors.deciding import NOW, a_principal, accepted, after, refused
from tests.actors.venue.floors import (
    AT_DOOR,
    BEER,
    FRIES,
    POTATO,
    STAFF,
    VENUE_ID,
    a_floor,
    a_level,
    an_item,
    an_order,
    context,
)

MANAGER = a_principal(STAFF, Role.MANAGEMENT, VENUE_ID)
REORDER = {BEER: 3, POTATO: 0}
LINES = st.lists(
    st.tuples(st.sampled_from((BEER, POTATO)), st.sampled_from(StockMove), st.integers(-9, 20)),
    min_size=1,
    max_size=3,
    unique_by=lambda line: line[:2],
)


class StockNight(RuleBasedStateMachine):
    """Sales and movements against a model of two numbers."""

    def __init__(self) -> None:
        super().__init__()
        fries = an_item(FRIES, recipe=(RecipePart(item_id=POTATO, amount_milli=2_000),))
        beer = an_item(BEER)
        self.state = a_floor(
            fries, beer, a_level(BEER, 10, reorder_milli=3_000), a_level(POTATO, 10)
        )
        self.model = {BEER: 10, POTATO: 10}
        self.unsigned = {BEER: 0, POTATO: 0}
        """What counts without a signature booked, all on one day."""
        self.booked = {BEER: 10_000, POTATO: 10_000}
        self.low: set[UUID] = set()

    def told_low(self, outcome: Outcome) -> list[UUID]:
        lows = [event for event in outcome.events if event.type == "inventory.stock_low"]
        return [UUID(event.data["item_id"]) for event in lows]

    def apply(self, outcome: Outcome) -> None:
        after(self.state, outcome)
        for row in outcome.appends:
            if isinstance(row, StockMovement):
                self.booked[row.item_id] += row.delta_milli
        for item_id, reorder in REORDER.items():
            short = self.model[item_id] <= reorder
            news = short and item_id not in self.low
            assert (item_id in self.told_low(outcome)) == news, "told once, until it is refilled"
            (self.low.add if short else self.low.discard)(item_id)

    @rule(lines=LINES, manager=st.booleans())
    def move(self, lines: list[tuple[UUID, StockMove, int]], manager: bool) -> None:
        wanted, model, code = [], dict(self.model), None
        unsigned = dict(self.unsigned)
        for item_id, kind, drawn in lines:
            qty = drawn if kind is StockMove.TRANSFER else abs(drawn)
            wanted.append(
                StockLine(item_id=item_id, kind=kind, qty_milli=qty * 1_000, reason="because")
            )
            before = model[item_id]
            match kind:
                case StockMove.COUNT:
                    model[item_id] = qty
                    drifted = unsigned[item_id] + qty - before
                    off = abs(qty - before) * 10 > before
                    off |= abs(drifted) * 10 > before - unsigned[item_id]
                    signed = off and qty != before
                    if signed and not manager:
                        code = code or Code.SIGNATURE_REQUIRED
                    unsigned[item_id] = 0 if signed else drifted
                case StockMove.WASTE:
                    model[item_id] -= qty
                case _:
                    model[item_id] += qty
            if model[item_id] < 0:
                code = code or Code.STOCK_WOULD_BE_NEGATIVE
            if code is not None:
                break
        command = MoveStock(venue_id=VENUE_ID, lines=tuple(wanted))
        decision = decide_move_stock(self.state, command, context(MANAGER if manager else AT_DOOR))
        if isinstance(decision, Refusal):
            assert decision.code is code
            return
        assert code is None
        self.model, self.unsigned = model, unsigned
        self.apply(decision)

    @rule(beers=st.integers(0, 4), fries=st.integers(0, 3))
    def sell(self, beers: int, fries: int) -> None:
        lines = [(id_, qty) for id_, qty in ((BEER, beers), (FRIES, fries)) if qty]
        if not lines:
            return
        decision = decide_price_order(self.state, an_order(*lines), context())
        enough = self.model[BEER] >= beers and self.model[POTATO] >= 2 * fries
        assert isinstance(decision, Outcome) == enough
        if isinstance(decision, Outcome):
            self.model[BEER] -= beers
            self.model[POTATO] -= 2 * fries
            self.apply(decision)

    @invariant()
    def what_is_there_is_what_the_model_says(self) -> None:
        """And never less than nothing."""
        for item_id, portions in self.model.items():
            level = self.state.stock(item_id)
            assert isinstance(level, InventoryLevel)
            assert level.on_hand_milli == portions * 1_000 >= 0

    @invariant()
    def the_book_adds_up(self) -> None:
        """Every change of a level stands in the book, with the level after it."""
        for item_id, milli in self.booked.items():
            level = self.state.stock(item_id)
            assert level is not None
            assert level.on_hand_milli == milli


TestStockNight = StockNight.TestCase
TestStockNight.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)


def a_count(portions_milli: int) -> MoveStock:
    """Somebody counts the beer."""
    line = StockLine(item_id=BEER, kind=StockMove.COUNT, qty_milli=portions_milli, reason="counted")
    return MoveStock(venue_id=VENUE_ID, lines=(line,))


def test_small_counts_that_are_a_large_one_together_are_signed() -> None:
    """Else a crate goes missing a tenth at a time; the next day begins anew."""
    state = a_floor(an_item(BEER), a_level(BEER, 100))
    after(state, accepted(decide_move_stock(state, a_count(95_000), context(AT_DOOR))))
    refusal = refused(decide_move_stock(state, a_count(89_000), context(AT_DOOR)))
    assert refusal.code is Code.SIGNATURE_REQUIRED
    assert refusal.extra == {"line": 0, "on_hand_milli": 95_000, "expected_milli": 100_000}
    after(state, accepted(decide_move_stock(state, a_count(95_000), context(AT_DOOR))))
    after(state, accepted(decide_move_stock(state, a_count(89_000), context(MANAGER))))
    after(state, accepted(decide_move_stock(state, a_count(85_000), context(AT_DOOR))))
    tomorrow = context(AT_DOOR, now=NOW + timedelta(days=1))
    after(state, accepted(decide_move_stock(state, a_count(80_000), tomorrow)))


def test_two_counts_of_one_item_in_one_request_are_no_request() -> None:
    """Which of them were true? The book would show a step that nobody saw."""
    (line,) = a_count(95_000).lines
    command = MoveStock(venue_id=VENUE_ID, lines=(line, attrs.evolve(line, qty_milli=90_000)))
    (fault,) = command.faults()
    assert (fault.pointer, fault.code) == ("/lines/1", "repeated")
    assert str(BEER) in fault.detail


def test_what_is_sold_between_counts_is_no_part_of_their_difference() -> None:
    """The measure of a count is the day's first, and what was moved since."""
    state = a_floor(an_item(BEER), a_level(BEER, 100))
    after(state, accepted(decide_move_stock(state, a_count(95_000), context(AT_DOOR))))
    after(state, accepted(decide_price_order(state, an_order((BEER, 4)), context())))
    refusal = refused(decide_move_stock(state, a_count(86_000), context(AT_DOOR)))
    assert refusal.extra["expected_milli"] == 96_000
    after(state, accepted(decide_move_stock(state, a_count(87_000), context(AT_DOOR))))


@pytest.mark.parametrize("closed", [False, True])
def test_a_day_begins_anew_whether_the_last_one_is_closed_or_not(closed: bool) -> None:
    """Closing moves where money of the day before goes, and not when its stock was counted."""
    state = a_floor(an_item(BEER), a_level(BEER, 100))
    after(state, accepted(decide_move_stock(state, a_count(95_000), context(AT_DOOR))))
    if closed:
        friday = today_at(state.profile, NOW)
        state.put(Trading(venue_id=VENUE_ID, z_number=1, closed_through=friday))
    tomorrow = context(AT_DOOR, now=NOW + timedelta(days=1))
    after(state, accepted(decide_move_stock(state, a_count(86_000), tomorrow)))
