"""Rule 7: how many drinks an item is goes by the venue's measure of now."""

from __future__ import annotations

from actors.venue.house_settings import decide_update_settings
from protocol.operations.admin_settings import UpdateSettings
from protocol.records.inventory import MenuItem
from tests.actors.deciding import NOW, accepted
from tests.actors.venue.floors import BEER, FRIES, a_beer, a_floor, an_item
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
