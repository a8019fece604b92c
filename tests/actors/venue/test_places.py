"""Venues are founded once, replaced by their owners, and keep the currency of their books."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.runtime.outcome import LATER, Outcome, SetTimer
from actors.venue.behaviour import VENUE as BEHAVIOUR
from actors.venue.places import decide_found_venue, decide_journals_found, decide_put_venue
from actors.venue.state import VenueState
from protocol.addresses import OUTSIDE, PLATFORM
from protocol.errors import Code
from protocol.internal.administration import FindJournals, FoundVenue, JournalsFound, VenueFounded
from protocol.internal.metering import CloseVisit
from protocol.records.ledger import BusinessDay
from protocol.records.states import VenueStatus
from protocol.records.venues import Venue, VenueSetting
from protocol.replies.admin_venues import VenueDetail
from tests.actors.deciding import NOW, accepted, refused, refused_with
from tests.actors.venue.floors import VENUE, VENUE_ID, a_floor, a_seat
from tests.actors.venue.houses import (
    MANAGER,
    OWNER_ELSEWHERE,
    OWNER_ID,
    TODAY,
    a_day,
    a_duty,
    a_put,
    a_state_with,
    by,
    noted,
)

NIGHT = {"fri": [["18:00", "02:00"]]}


def put(
    state: VenueState, *, version: int | None = 1, principal: Any = None, **changes: Any
) -> Any:
    """The decision on a PUT by the owner."""
    context = by(version=version) if principal is None else by(principal, version)
    return decide_put_venue(state, a_put(**changes), context)


def found(**changes: Any) -> tuple[VenueState, Outcome]:
    """A venue founded where there was none."""
    state = VenueState(VENUE)
    outcome = accepted(decide_found_venue(state, FoundVenue(request=a_put(**changes)), by()))
    a_state_with(state, outcome)
    return state, outcome


def test_a_founded_venue_is_whole() -> None:
    """The place, its first business day, the timers of both, and the answer on its way."""
    state, outcome = found(hours=NIGHT)
    venue = state.venue
    assert (venue.id, venue.name, venue.version) == (VENUE_ID, "Last Light Shibuya", 1)
    assert (venue.cutover_local, venue.created_at) == (time(5, 0), NOW)
    assert state.one(BusinessDay).business_day == TODAY
    assert {t.name for t in outcome.timers if isinstance(t, SetTimer)} >= {"hours"}
    (send,) = outcome.sends
    assert send.target == PLATFORM
    assert isinstance(send.command, VenueFounded)
    assert [event.type for event in outcome.events] == [
        "system.settings_changed",
        "venue.status_changed",
    ]
    assert [line.action for line in noted(outcome)] == ["venue.founded"]
    assert BEHAVIOUR.share(state) == state.profile


def test_a_venue_is_founded_once() -> None:
    """If-None-Match: * where there is one is 412, with the version to replace it by."""
    refusal = refused(decide_found_venue(a_floor(), FoundVenue(request=a_put()), by()))
    assert (refusal.code, refusal.current_version) == (Code.VERSION_CONFLICT, 1)


def test_only_founding_brings_a_venue_to_life() -> None:
    """A PUT with If-Match of a venue that is not there is 404."""
    assert BEHAVIOUR.founded_by == (FoundVenue,)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"tz": "Asia/Shibuya"}, "/tz"),
        ({"tz": "../etc/passwd"}, "/tz"),
        ({"tz": "Asia"}, "/tz"),
        ({"cutover": "12:01"}, "/cutover"),
        ({"hours": {"monday": []}}, "/hours/monday"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(
    changes: dict[str, Any], pointer: str
) -> None:
    """New or not: 422 with a pointer."""
    refusal = refused(put(a_floor(), **changes))
    assert (refusal.code, refusal.errors[0].pointer) == (Code.VALIDATION_FAILED, pointer)
    request = FoundVenue(request=a_put(**changes))
    assert refused_with(decide_found_venue(VenueState(VENUE), request, by())) is (
        Code.VALIDATION_FAILED
    )


def test_only_its_owner_replaces_a_venue_and_only_as_they_saw_it() -> None:
    """403, 404, 428 and 412, in this order."""
    assert refused_with(put(a_floor(), principal=MANAGER)) is Code.FORBIDDEN
    assert refused_with(put(a_floor(), principal=OWNER_ELSEWHERE)) is Code.NOT_FOUND
    assert refused_with(put(a_floor(), version=None)) is Code.PRECONDITION_REQUIRED
    assert refused_with(put(a_floor(), version=2)) is Code.VERSION_CONFLICT


def test_a_replaced_venue_is_told_noted_and_shared() -> None:
    """Whoever shows it or reckons with it has it new."""
    state = a_floor()
    outcome = accepted(put(state, name="Last Light Ueno", radius_m=300, capacity=80))
    a_state_with(state, outcome)
    reply = outcome.reply
    assert isinstance(reply, VenueDetail)
    assert (reply.name, reply.radius_m, reply.version) == ("Last Light Ueno", 300, 2)
    (event,) = outcome.events
    assert sorted(event.data["keys"]) == ["capacity", "name", "radius_m"]
    (line,) = noted(outcome)
    assert line.before == {"name": "Last Light Shibuya", "radius_m": 150, "capacity": 10}
    (row,) = [row for row in outcome.changes if isinstance(row, VenueSetting)]
    assert (row.key, row.value, row.set_by) == ("fence_radius_m", {"value": 300}, OWNER_ID)
    assert state.profile.settings.fence_radius_m == 300


def test_closing_by_hand_ends_the_visits() -> None:
    """Closed and suspended both: nobody stays in a venue that is not open."""
    for status in (VenueStatus.CLOSED, VenueStatus.SUSPENDED):
        outcome = accepted(put(a_floor(a_seat()), status=status, reason="water in the cellar"))
        assert [type(send.command) for send in outcome.sends] == [CloseVisit]
        (told,) = outcome.events
        assert (told.type, told.data["to"]) == ("venue.status_changed", status.value)
        assert told.data["reason"] == "water in the cellar"


def test_closing_by_hand_calls_last_orders_now() -> None:
    """In a venue that is closing alcohol stops at last orders (Rule 7)."""
    state = a_floor(hours=NIGHT)
    a_state_with(state, accepted(put(state, status=VenueStatus.CLOSING, hours=NIGHT)))
    assert state.venue.last_orders_at == NOW
    a_state_with(state, accepted(put(state, version=2, status=VenueStatus.OPEN, hours=NIGHT)))
    assert state.venue.last_orders_at == NOW + timedelta(hours=4, minutes=30)


def test_another_currency_needs_empty_books() -> None:
    """409 currency_locked after the first journal: amounts have no currency of their own."""
    state = a_floor()
    outcome = accepted(put(state, currency="EUR"))
    assert outcome.reply is LATER
    (send,) = outcome.sends
    asked = FindJournals(request=a_put(currency="EUR"), venue_id=VENUE_ID, version=1)
    assert (send.target, send.command) == (OUTSIDE, asked)

    def answered(found: bool | None, state: VenueState = state, version: int = 1) -> Any:
        told = JournalsFound(request=a_put(currency="EUR"), version=version, found=found)
        return decide_journals_found(state, told, by())

    assert refused_with(answered(True)) is Code.CURRENCY_LOCKED
    assert refused_with(answered(None)) is Code.ACTOR_UNAVAILABLE
    assert refused_with(answered(False, version=2)) is Code.VERSION_CONFLICT
    assert refused_with(answered(False, a_floor(a_seat()))) is Code.CURRENCY_LOCKED
    changed = accepted(answered(False))
    assert isinstance(changed.reply, VenueDetail)
    assert changed.reply.currency == "EUR"


def test_while_people_are_here_the_currency_stays() -> None:
    """One of them may be paying at this very moment."""
    assert refused_with(put(a_floor(a_seat()), currency="EUR")) is Code.CURRENCY_LOCKED
    assert refused_with(put(a_floor(a_duty()), currency="EUR")) is Code.CURRENCY_LOCKED


def test_another_time_zone_moves_the_end_of_the_day_but_not_into_the_past() -> None:
    """21:00 in Tokyo is noon in London: the same business day, which now ends nine hours later."""
    state = a_floor(a_day())
    outcome = accepted(put(state, tz="Europe/London"))
    a_state_with(state, outcome)
    assert state.one(BusinessDay).ends_at == a_day().ends_at + timedelta(hours=9)
    early = by(version=1, now=NOW.replace(hour=21))
    back = decide_put_venue(a_floor(), a_put(tz="America/New_York"), early)
    assert refused(back).errors[0].pointer == "/tz"


def test_a_venue_replaced_by_itself_is_only_a_new_version() -> None:
    """PUT of what GET showed."""
    outcome = accepted(put(a_floor()))
    assert not outcome.events
    assert type(outcome.changes[0]) is Venue
    assert not [row for row in outcome.changes if isinstance(row, VenueSetting)]
    assert noted(outcome)[0].object_id == str(VENUE_ID)
    assert UUID(noted(outcome)[0].object_id) == VENUE_ID
