"""The venue actor as a whole: what it decides, shares, and tells operators."""

from __future__ import annotations

from datetime import time
from typing import Any
from uuid import UUID

import pytest

from actors.rules.profile import VenueProfile
from actors.venue.behaviour import VENUE
from actors.venue.state import VenueState
from protocol.addresses import ActorKind
from protocol.internal import duty, floor, orders, visits
from protocol.operations.addresses import Finding
from protocol.operations.table import OPERATIONS
from protocol.records.venues import VenueSetting
from tests.actors.deciding import NOW
from tests.actors.venue.floors import VENUE_ID, a_floor, a_game, a_room, a_seat

FOR_VENUES = {
    operation.command
    for operation in OPERATIONS
    if operation.address.kind is ActorKind.VENUE and operation.address.finding is not Finding.QUERY
}


def a_setting(key: str, value: Any, **changes: Any) -> VenueSetting:
    """A setting in force."""
    known: dict[str, Any] = {
        "id": UUID(int=abs(hash(key)) % 2**60),
        "venue_id": VENUE_ID,
        "key": key,
        "value": {"value": value},
        "effective_at": NOW,
        "set_by": None,
    }
    return VenueSetting(**(known | changes))


def shared(state: VenueState) -> VenueProfile:
    """What the venue shares with its node."""
    profile = VENUE.share(state)
    assert isinstance(profile, VenueProfile)
    return profile


def test_every_operation_that_is_addressed_to_a_venue_is_decided() -> None:
    """A row in the table without a decision would be a route that always fails."""
    assert set(VENUE.decisions) >= FOR_VENUES


@pytest.mark.parametrize(
    "command",
    [
        visits.SessionOpened,
        visits.ReleaseSeat,
        visits.FloorChanged,
        visits.FreeSeat,
        visits.ReserveStation,
        visits.KeepStation,
        orders.PriceOrder,
        orders.ReturnStock,
        orders.PricePackage,
        orders.RevenueBooked,
        duty.StaffOnDuty,
        duty.StaffOffDuty,
        duty.ReserveDrawer,
        duty.FreeDrawer,
        floor.TellOccupancy,
        floor.TellRevenue,
        floor.EndCleaning,
    ],
)
def test_every_message_that_others_send_to_a_venue_is_decided(command: type[Any]) -> None:
    """An undo without a decision would leave a seat taken for ever."""
    assert command in VENUE.decisions


def test_the_profile_has_the_facts_and_the_settings_in_force() -> None:
    """Rates, cutover and radius reach every decision of the node by this alone."""
    state = a_floor(
        a_setting("lounge_minor_per_h", 900),
        a_setting("table_minor_per_h", 1, superseded_at=NOW),
        cutover_local=time(6, 30),
        radius_m=80,
    )
    profile = shared(state)
    assert (profile.capacity, profile.currency, str(profile.tz)) == (10, "JPY", "Asia/Tokyo")
    assert profile.settings.lounge_minor_per_h == 900
    assert profile.settings.table_minor_per_h == 1_500
    assert (profile.settings.cutover, profile.settings.fence_radius_m) == (time(6, 30), 80)


def test_the_columns_of_the_venue_win_over_a_setting_of_their_name() -> None:
    """One fact, one place."""
    state = a_floor(a_setting("cutover", "03:00"), a_setting("fence_radius_m", 2_000))
    settings = shared(state).settings
    assert (settings.cutover, settings.fence_radius_m) == (time(5, 0), 150)


def test_a_changed_setting_is_shared_anew() -> None:
    """A profile that is kept must not outlive what it was made of."""
    state = a_floor(a_setting("lounge_minor_per_h", 900))
    before = shared(state)
    assert shared(state) is before
    state.put(a_setting("lounge_minor_per_h", 700, version=2))
    assert shared(state).settings.lounge_minor_per_h == 700
    state.put(state.venue.revised(capacity=12))
    assert shared(state).capacity == 12


def test_operators_see_counts_and_nobodys_name() -> None:
    """Snapshots are read by people who have no business with the guests."""
    state = a_floor(a_seat(display_name="Nobody's business", party_size=3), a_game(), a_room())
    masked = VENUE.masked(state)
    assert masked["present"] == 3
    assert "Nobody" not in repr(masked)
    assert all(isinstance(value, int | str) for value in masked.values())


def test_a_venue_numbers_its_four_rooms() -> None:
    """Patrons, staff, management and owner each resume from their own sequence."""
    rooms = VENUE.rooms(a_floor())
    assert [room.rsplit(":", 1)[1] for room in rooms] == [
        "patrons", "staff", "management", "owner",
    ]  # fmt: skip
