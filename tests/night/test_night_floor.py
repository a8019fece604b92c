"""Who sees which of the open visits, on a whole node."""

from __future__ import annotations

from typing import Any

from trio.testing import MockClock

from tests.twins.people import VENUE, Someone, check_in, sign_in
from tests.twins.whole import LastLight

ACTIVE = "/api/sessions/active"


async def seen_by(person: Someone, query: str = "") -> list[Any]:
    """The visits on somebody's list."""
    shown = await person.need(200, "GET", ACTIVE + query)
    return [one["session_id"] for one in shown["items"]]


async def test_who_works_here_sees_the_floor_and_a_guest_only_their_own_visit(
    house: LastLight, patron: Someone, staff: Someone, owner: Someone, autojump_clock: MockClock
) -> None:
    """An owner's role is for every venue: where there is one, that is the one which is meant."""
    visit = (await check_in(patron, staff))["session_id"]
    for person in (patron, staff, await sign_in(house, "manager"), owner):
        assert await seen_by(person) == [visit], person.name
    assert await seen_by(owner, f"?venue_id={VENUE}") == [visit]
    assert await seen_by(await sign_in(house, "patron2")) == []
    assert await seen_by(await sign_in(house, "patron2"), f"?venue_id={VENUE}") == []
