"""Telling the whole house: who may, who hears, and who has seen it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest

from protocol.addresses import Principal
from protocol.domain_limits import ALERT_PEOPLE_MAX
from protocol.errors import Code
from protocol.internal.emergencies import AlertPeople
from protocol.operations.safety import BroadcastEmergency
from protocol.records.platform import AuditEntry
from protocol.records.states import BroadcastAudience, BroadcastKind
from protocol.replies.safety import BroadcastSent
from tests.actors.deciding import NOW, refused_with
from tests.actors.venue.floors import ELSEWHERE, GUEST, PATRON, VENUE_ID, a_seat
from tests.actors.venue.people import (
    ANN,
    BEN,
    CAT,
    MANAGER,
    MANAGER_ID,
    OWNER_ID,
    WORKER,
    a_house,
    alerted,
    decide,
    do,
    sent,
)

ELEVATED = attrs.evolve(MANAGER, elevated_until=NOW + timedelta(minutes=5))


def a_broadcast(kind: BroadcastKind = BroadcastKind.EVACUATE, **changes: Any) -> BroadcastEmergency:
    known: dict[str, Any] = {"venue_id": VENUE_ID, "kind": kind, "message": "Leave by the stairs"}
    return BroadcastEmergency(**(known | changes))


def test_everyone_hears_of_an_evacuation_and_nobody_proves_who_they_are() -> None:
    """Step-up is waived: a fire does not wait for a PIN."""
    house = a_house(a_seat())
    outcome = do(house, a_broadcast(), MANAGER)
    reply = outcome.reply
    assert isinstance(reply, BroadcastSent)
    assert (reply.sent, reply.acked) == (6, 0)
    assert alerted(outcome) == {ANN, BEN, CAT, MANAGER_ID, OWNER_ID, GUEST}
    (event,) = outcome.events
    assert event.urgent
    parts = {room.rsplit(":", 1)[1] for room in event.rooms}
    assert parts == {"patrons", "staff", "management", "owner"}
    assert event.data["message"] == "Leave by the stairs"
    alerts = sent(outcome, AlertPeople)
    assert {alert.text for alert in alerts} == {"Leave by the stairs"}
    assert {c for alert in alerts for group in alert.groups for c in group.channels} == {
        "push", "sms", "socket", "voice",
    }  # fmt: skip
    assert [row.action for row in outcome.appends if isinstance(row, AuditEntry)] == [
        "emergency.broadcast"
    ]


@pytest.mark.parametrize("kind", [k for k in BroadcastKind if k is not BroadcastKind.EVACUATE])
def test_everything_else_needs_a_proof(kind: BroadcastKind) -> None:
    """403 step_up_required; whoever has proven it may."""
    house = a_house()
    assert refused_with(decide(house, a_broadcast(kind), MANAGER)) is Code.STEP_UP_REQUIRED
    do(house, a_broadcast(kind), ELEVATED)


def test_staff_alone_hear_what_is_for_staff() -> None:
    """The patrons' room and the patrons' phones are left out."""
    command = a_broadcast(audience=BroadcastAudience.STAFF)
    outcome = do(a_house(a_seat()), command, MANAGER)
    (event,) = outcome.events
    assert f"venue:{VENUE_ID}:patrons" not in event.rooms
    assert GUEST not in alerted(outcome)


@pytest.mark.parametrize(
    ("who", "code"),
    [(PATRON, Code.FORBIDDEN), (WORKER, Code.FORBIDDEN), (ELSEWHERE, Code.FORBIDDEN)],
)
def test_only_management_broadcasts(who: Principal, code: Code) -> None:
    """Rule 15."""
    assert refused_with(decide(a_house(), a_broadcast(), who)) is code


def test_a_full_house_is_told_in_parts() -> None:
    """One message to the outside has room for so many people."""
    seats = [
        a_seat(UUID(int=0x5000 + n), user_id=UUID(int=0x6000 + n))
        for n in range(ALERT_PEOPLE_MAX + 1)
    ]
    outcome = do(a_house(*seats), a_broadcast(), MANAGER)
    sizes = [len(g.user_ids) for alert in sent(outcome, AlertPeople) for g in alert.groups]
    assert max(sizes) == ALERT_PEOPLE_MAX
    assert sum(sizes) == len(seats) + 5
