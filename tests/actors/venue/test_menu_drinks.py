"""Rule 7: how many drinks an item is goes by the venue's measure of now."""

from __future__ import annotations

from actors.venue.house_settings import decide_update_settings
from actors.venue.menu import decide_update_menu_item
from actors.venue.orders import decide_price_order
from protocol.internal.orders import PostOrder
from protocol.operations.admin_settings import UpdateSettings
from protocol.operations.menu import UpdateMenuItem
from protocol.records.inventory import MenuItem
from protocol.replies.inventory import MenuItemView
from tests.actors.deciding import NOW, accepted
from tests.actors.venue.floors import BEER, FRIES, a_beer, a_floor, an_item, an_order, context
from tests.actors.venue.houses import a_state_with, by


def test_a_smaller_measure_makes_every_glass_more_drinks() -> None:
    """Pace and limits go by it from the next order on, and lists show it."""
    beer = a_beer(volume_ml=500, abv_bp=500, standard_drinks_milli=1_973)
    gone = beer.evolve(id=FRIES, retired_at=NOW)
    state = a_floor(beer, gone)
    command = UpdateSettings(settings={"standard_drink_alcohol_mg": 20_000})
    outcome = accepted(decide_update_settings(state, command, by(version=state.venue.version)))
    a_state_with(state, outcome)
    after = state.get(MenuItem, BEER)
    assert after is not None
    assert (after.standard_drinks_milli, after.version) == (986, beer.version + 1)
    told = [event.data for event in outcome.events if event.type == "inventory.item_updated"]
    assert [(event["item_id"], event["version"]) for event in told] == [(str(BEER), after.version)]
    assert state.get(MenuItem, FRIES) == gone


def test_other_settings_leave_the_menu_alone() -> None:
    """A version of an item says that it changed."""
    beer = a_beer(volume_ml=500, abv_bp=500, standard_drinks_milli=1_973)
    state = a_floor(beer, an_item(FRIES))
    command = UpdateSettings(settings={"last_service_minutes": 45})
    outcome = accepted(decide_update_settings(state, command, by(version=state.venue.version)))
    assert not [row for row in outcome.changes if isinstance(row, MenuItem)]


def test_a_number_of_an_older_measure_is_not_sold_by() -> None:
    """Rows from before menus followed their measure are there still, and limits protect people."""
    state = a_floor(a_beer(volume_ml=500, abv_bp=500, standard_drinks_milli=986))
    sale = accepted(decide_price_order(state, an_order((BEER, 2)), context()))
    (send,) = sale.sends
    assert isinstance(send.command, PostOrder)
    assert [line.standard_drinks_milli for line in send.command.lines] == [2 * 1_973]


def test_any_change_of_an_item_brings_its_drinks_up_to_date() -> None:
    """What the answer shows is what is kept, for lists read that."""
    beer = a_beer(volume_ml=500, abv_bp=500, standard_drinks_milli=986)
    state = a_floor(beer)
    for price_minor in (beer.price_minor, beer.price_minor + 50):
        command = UpdateMenuItem(item_id=BEER, price_minor=price_minor)
        outcome = accepted(decide_update_menu_item(state, command, by(version=beer.version)))
        assert isinstance(outcome.reply, MenuItemView)
        assert outcome.reply.standard_drinks_milli == 1_973
    (kept,) = (row for row in outcome.changes if isinstance(row, MenuItem))
    assert kept.standard_drinks_milli == 1_973


def test_alcohol_of_unknown_strength_keeps_its_number() -> None:
    """None at all would pass every limit."""
    liqueur = a_beer(volume_ml=None, abv_bp=None, standard_drinks_milli=1_500)
    state = a_floor(liqueur)
    command = UpdateSettings(settings={"standard_drink_alcohol_mg": 20_000})
    outcome = accepted(decide_update_settings(state, command, by(version=state.venue.version)))
    assert not [row for row in outcome.changes if isinstance(row, MenuItem)]
