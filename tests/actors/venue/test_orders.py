"""Pricing, refusing and taking from stock (Rules 1, 4 and 7)."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from actors.venue.orders import decide_price_order, decide_return_stock
from actors.venue.state import VenueState
from protocol.addresses import ActorKind, Address
from protocol.errors import Code
from protocol.internal.orders import PostOrder, PriceOrder, ReturnStock
from protocol.records.base import Record
from protocol.records.inventory import Game, InventoryLevel, StockMovement
from protocol.records.money_states import GameStatus, MovementKind
from protocol.records.states import VenueStatus
from protocol.records.values import RecipePart
from tests.actors.deciding import NOW, accepted, after, refused, refused_with
from tests.actors.venue.floors import (
    BEER,
    DANCE,
    FRIES,
    GUEST,
    HOCKEY,
    POTATO,
    SET_MENU,
    a_beer,
    a_buyer,
    a_floor,
    a_game,
    a_level,
    a_play_game,
    an_item,
    an_order,
    context,
    told,
)

EVENING = {"fri": [["18:00", "21:20"]]}
"""At NOW it is 21:00, so the last service has begun."""


def a_bar(*more: Record, **venue: Any) -> VenueState:
    """Beer and fries, ten portions each, and a machine."""
    stock = (a_level(BEER, 10), a_level(FRIES, 10))
    return a_floor(a_beer(), an_item(), *stock, a_play_game(), *more, **venue)


def sold(state: VenueState, order: PriceOrder) -> tuple[PostOrder, ReturnStock]:
    """Decide and apply an order: what the account posts, and what would undo it."""
    outcome = accepted(decide_price_order(state, order, context()))
    after(state, outcome)
    (send,) = outcome.sends
    assert isinstance(send.command, PostOrder)
    assert isinstance(send.undo, ReturnStock)
    assert send.target == Address(ActorKind.ACCOUNT, GUEST)
    return send.command, send.undo


def code_of(state: VenueState, order: PriceOrder) -> Code:
    """Why it is not sold."""
    return refused_with(decide_price_order(state, order, context()))


def on_hand(state: VenueState) -> dict[UUID, int]:
    """The stock, by item in thousandths."""
    return {level.item_id: level.on_hand_milli for level in state.all(InventoryLevel)}


def test_an_order_is_priced_line_by_line_with_its_tax() -> None:
    """Rule 1: tax inside the price, rounded half up on each line; drinks by quantity."""
    post, _ = sold(a_bar(), an_order((BEER, 2), (FRIES, 1), (DANCE, 3)))
    assert [line.total_minor for line in post.lines] == [1_200, 450, 600]
    assert [line.tax_minor for line in post.lines] == [109, 41, 55]
    assert [line.revenue_kind for line in post.lines] == ["drink", "food", "play"]
    assert [line.standard_drinks_milli for line in post.lines] == [2_762, 0, 0]
    assert [line.alcoholic for line in post.lines] == [True, False, False]
    assert (post.total_minor, post.tax_minor, post.currency) == (2_250, 205, "JPY")
    assert post.business_day == date(2026, 11, 20)
    assert len({line.purchase_id for line in post.lines}) == 3


def test_what_is_sold_leaves_the_stock_and_is_in_its_book() -> None:
    """Each movement names its cause, so that the book explains the shelf."""
    state = a_bar()
    order = an_order((BEER, 1), (FRIES, 2), (FRIES, 1), (DANCE, 2), (DANCE, 1))
    outcome = accepted(decide_price_order(state, order, context()))
    movements = [row for row in outcome.appends if isinstance(row, StockMovement)]
    assert [(m.item_id, m.delta_milli, m.after_milli) for m in movements] == [
        (BEER, -1_000, 9_000),
        (FRIES, -3_000, 7_000),
    ]
    assert {m.ref_id for m in movements} == {order.transaction_id}
    assert {m.kind for m in movements} == {MovementKind.SALE}
    assert {m.by_user for m in movements} == {GUEST}
    assert on_hand(after(state, outcome)) == {BEER: 9_000, FRIES: 7_000}
    assert state.one(Game).plays == 3


def test_a_recipe_takes_its_parts() -> None:
    """A set of fries and beer is made of potatoes and beer; what is not counted has no book."""
    recipe = (
        RecipePart(item_id=POTATO, amount_milli=250),
        RecipePart(item_id=BEER, amount_milli=1_000),
    )
    menu = an_item(SET_MENU, name="Set", recipe=recipe)
    water = an_item(POTATO, name="Potato")
    state = a_bar(menu, water, a_level(POTATO, 1))
    sold(state, an_order((SET_MENU, 4)))
    assert on_hand(state) == {BEER: 6_000, FRIES: 10_000, POTATO: 0}
    assert code_of(state, an_order((SET_MENU, 1))) is Code.ITEM_UNAVAILABLE


def test_what_nobody_counts_never_sells_out() -> None:
    """Tap water has no level, and needs none."""
    state = a_floor(an_item())
    outcome = accepted(decide_price_order(state, an_order((FRIES, 99)), context()))
    assert (outcome.changes, outcome.appends) == ((), ())


def test_a_recipe_with_a_part_that_nobody_counted_is_not_sold() -> None:
    """What has no level there is none of."""
    menu = an_item(SET_MENU, recipe=(RecipePart(item_id=POTATO, amount_milli=250),))
    assert code_of(a_floor(menu), an_order((SET_MENU, 1))) is Code.ITEM_UNAVAILABLE


@pytest.mark.parametrize("low", [False, True])
def test_sale_and_return_restore_the_stock(low: bool) -> None:
    """The undo: the wallet was short, so shelf and counters stand where they stood."""
    state = a_bar(a_level(FRIES, 1, reorder_milli=500 if low else 0))
    before = on_hand(state)
    _, undo = sold(state, an_order((BEER, 2), (FRIES, 1), (DANCE, 3)))
    outcome = accepted(decide_return_stock(state, undo, context(in_saga=False)))
    after(state, outcome)
    assert on_hand(state) == before
    assert state.one(Game).plays == 0
    assert {row.kind for row in outcome.appends if isinstance(row, StockMovement)} == {
        MovementKind.RETURN
    }
    assert all(level.low_since is None for level in state.all(InventoryLevel))
    assert told(outcome) == ["inventory.item_updated"]


def test_a_return_of_nothing_is_nothing() -> None:
    """An order of what nobody counts has nothing to give back."""
    undo = ReturnStock(transaction_id=UUID(int=1))
    assert not accepted(decide_return_stock(a_bar(), undo, context(in_saga=False))).writes


@pytest.mark.parametrize(
    ("buyer", "venue", "order", "code"),
    [
        ({"safety_level": 3, "age_years_verified": None}, {}, {}, Code.ALCOHOL_REFUSED),
        ({"age_years_verified": None}, {}, {}, Code.AGE_UNVERIFIED),
        ({"age_years_verified": 17}, {"hours": EVENING}, {}, Code.AGE_UNVERIFIED),
        ({}, {"hours": EVENING}, {"expected_total_minor": 601}, Code.PRICE_CHANGED),
        ({"persons_present": 0}, {"hours": EVENING}, {}, Code.SERVICE_STOPPED),
        ({"persons_present": 0}, {}, {"expected_total_minor": 600}, Code.QUANTITY_LIMIT),
    ],
)
def test_refusals_come_in_the_order_of_the_contract(
    buyer: dict[str, Any], venue: dict[str, Any], order: dict[str, Any], code: Code
) -> None:
    """One beer, and more than one thing wrong: what stands first in the contract is told.

    Rule 4 price_changed.
    """
    wanted = an_order((BEER, 1), buyer=a_buyer(**buyer), **order)
    assert code_of(a_bar(**venue), wanted) is code


def test_eighteen_years_are_enough() -> None:
    """The bound itself is allowed, and level 2 is no hold. Rule 7 underage."""
    buyer = a_buyer(age_years_verified=18, safety_level=2)
    sold(a_bar(), an_order((BEER, 2), buyer=buyer))


def test_who_may_not_drink_still_gets_food() -> None:
    """Rule 7: water and food stay available, whatever the level, the age or the hour."""
    buyer = a_buyer(age_years_verified=None, safety_level=4)
    sold(a_bar(hours=EVENING), an_order((FRIES, 9), (DANCE, 9), buyer=buyer))


@pytest.mark.parametrize(("qty", "persons", "sells"), [(2, 1, True), (3, 1, False), (6, 3, True)])
def test_two_alcoholic_drinks_for_each_person_present(qty: int, persons: int, sells: bool) -> None:
    """Rule 7, per_order: over all lines of one order. Rule 7 per_order."""
    order = an_order((BEER, qty - 1), (BEER, 1), buyer=a_buyer(persons_present=persons))
    if sells:
        sold(a_bar(), order)
    else:
        assert code_of(a_bar(), order) is Code.QUANTITY_LIMIT


@pytest.mark.parametrize(
    ("item", "line"),
    [
        (an_item(available=False), (FRIES, 1)),
        (an_item(hours={"fri": [["08:00", "11:00"]]}), (FRIES, 1)),
        (an_item(retired_at=NOW), (FRIES, 1)),
        (a_game(), (HOCKEY, 1)),
        (a_play_game(status=GameStatus.OUT_OF_ORDER), (DANCE, 1)),
        (a_play_game(status=GameStatus.CLEANING), (DANCE, 1)),
        (a_level(FRIES, 3, reserved_milli=1_000), (FRIES, 3)),
        (an_item(), (POTATO, 1)),
    ],
)
def test_what_is_not_to_be_had_is_not_sold(item: Record, line: tuple[UUID, int]) -> None:
    """Taken off, out of hours, retired, by the hour, broken, reserved for others, or unknown."""
    refusal = refused(decide_price_order(a_bar(item), an_order(line), context()))
    assert refusal.code is Code.ITEM_UNAVAILABLE
    assert refusal.extra["item_id"] == str(line[0])


def test_a_refused_order_takes_nothing() -> None:
    """All lines or none: the last one is short, so the first one stays on the shelf."""
    state = a_bar(a_level(FRIES, 0))
    decision = decide_price_order(state, an_order((BEER, 1), (FRIES, 1)), context())
    assert refused_with(decision) is Code.ITEM_UNAVAILABLE


@pytest.mark.parametrize("status", [VenueStatus.CLOSED, VenueStatus.SUSPENDED])
def test_a_closed_venue_sells_nothing(status: VenueStatus) -> None:
    """Not even water: nobody is there to bring it."""
    assert code_of(a_bar(status=status), an_order((FRIES, 1))) is Code.SERVICE_STOPPED
    assert code_of(a_bar(hours={}), an_order((FRIES, 1))) is Code.SERVICE_STOPPED


def test_a_closing_venue_serves_alcohol_until_its_last_orders() -> None:
    """Management names the moment; without one, alcohol stops at once. Rule 7 last_service."""
    closing = {"status": VenueStatus.CLOSING}
    assert code_of(a_bar(**closing), an_order((BEER, 1))) is Code.SERVICE_STOPPED
    sold(a_bar(**closing), an_order((FRIES, 1)))
    later = NOW.replace(hour=13)
    sold(a_bar(**closing, last_orders_at=later), an_order((BEER, 1)))


def test_a_low_stock_is_told_once_until_it_is_refilled() -> None:
    """One message for the bar, not one with each glass."""
    state = a_bar(a_level(FRIES, 4, reorder_milli=2_000))
    seen = []
    for _ in range(3):
        outcome = accepted(decide_price_order(state, an_order((FRIES, 1)), context()))
        seen.append(told(outcome))
        after(state, outcome)
    assert seen == [[], ["inventory.stock_low"], []]


def test_the_last_portion_makes_an_item_sold_out() -> None:
    """Everybody's menu shows it at once."""
    state = a_bar(a_level(FRIES, 1))
    outcome = accepted(decide_price_order(state, an_order((FRIES, 1)), context()))
    event = outcome.events[-1]
    assert (event.type, event.data["available"]) == ("inventory.item_updated", False)
