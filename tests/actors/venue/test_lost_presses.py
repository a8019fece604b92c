"""Rule 8: a press that was answered and not recorded is found again by its acknowledgement."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from actors.rules.sos import PRESS_AGE_MAX
from actors.venue.incident_state import INCIDENT_READ, UNKNOWN_RAISER
from actors.venue.incidents import decide_raise_sos
from protocol.errors import Code
from protocol.operations.safety import RaiseSos, SosAction
from protocol.reads import Since
from protocol.records.safety import Incident
from protocol.records.states import IncidentStatus, Severity
from protocol.replies.safety import IncidentReply
from tests.actors.deciding import filled, refused_with
from tests.actors.venue.emergencies import (
    MANAGER,
    RAISER,
    RESPONDER,
    Night,
    id_at,
    rooms,
    told,
)


def test_acknowledging_an_unknown_incident_opens_it_again() -> None:
    """The alert went out from the token alone: whoever answers it must not be told 404."""
    night = Night()
    lost = id_at(night.now - timedelta(seconds=40))
    outcome = night.respond(RESPONDER, SosAction.ACKNOWLEDGE, lost)
    assert isinstance(outcome.reply, IncidentReply)
    assert (outcome.reply.status, outcome.reply.version) == (IncidentStatus.ACKNOWLEDGED, 1)
    assert told(outcome)["after_ms"] == 40_000
    assert rooms(outcome) == set()
    incident = night.the_incident()
    assert (incident.raised_by, incident.severity) == (UNKNOWN_RAISER, Severity.CRITICAL)
    assert night.wait(300)[0][1].sends != ()


@pytest.mark.parametrize("action", [a for a in SosAction if a is not SosAction.ACKNOWLEDGE])
def test_only_an_acknowledgement_opens_it_again(action: SosAction) -> None:
    """Nothing else says that somebody is on the way."""
    night = Night()
    assert refused_with(night.respond(MANAGER, action, id_at(night.now))) is Code.NOT_FOUND


@pytest.mark.parametrize(
    "id_",
    [
        UUID(int=1),
        UUID("0b6d2f0e-6c7a-4c43-9a5e-0f6c1f1a2b3c"),
        id_at(Night().now - timedelta(hours=13)),
        id_at(Night().now + timedelta(minutes=3)),
    ],
)
def test_an_id_that_no_lost_press_can_have_opens_nothing(id_: UUID) -> None:
    """An old one may be closed and not loaded: opening it again would overwrite its row."""
    night = Night()
    assert refused_with(night.respond(RESPONDER, SosAction.ACKNOWLEDGE, id_)) is Code.NOT_FOUND


def test_a_press_that_arrives_after_its_acknowledgement_adds_what_it_knows() -> None:
    """Where, who and how bad: the responder is on the way already."""
    night = Night()
    lost = id_at(night.now)
    night.wait(20)
    night.respond(RESPONDER, SosAction.ACKNOWLEDGE, lost)
    due = [timer.due_at for timer in night.timers.values()]
    outcome = night.press(incident_id=lost, zone="bar", severity=Severity.HIGH, in_saga=False)
    incident = night.the_incident()
    assert (incident.raised_by, incident.zone, incident.late) == (RAISER, "bar", True)
    assert (incident.status, incident.owner_id) == (IncidentStatus.ACKNOWLEDGED, RESPONDER)
    assert incident.severity is Severity.HIGH
    assert told(outcome)["late"]
    assert [timer.due_at for timer in night.timers.values()] == due


def test_a_press_acknowledged_by_whoever_pressed_is_unanswered() -> None:
    """The venue could not know; now it does, and the tiers count from the press."""
    night = Night()
    lost = id_at(night.now)
    night.respond(RAISER, SosAction.ACKNOWLEDGE, lost)
    night.press(incident_id=lost)
    incident = night.the_incident()
    assert (incident.status, incident.owner_id) == (IncidentStatus.NOTIFYING, None)
    assert [told(o)["tier"] for _, o in night.wait(30)] == [1]


def test_a_press_that_arrives_after_its_incident_is_over_alarms_nobody() -> None:
    """The record is made whole; nobody runs to where it is over."""
    night = Night()
    lost = id_at(night.now)
    night.respond(RESPONDER, SosAction.ACKNOWLEDGE, lost)
    night.respond(RESPONDER, SosAction.RESOLVE, lost)
    context = night.context(RAISER)
    outcome = night.take(
        decide_raise_sos(night.state, RaiseSos(incident_id=lost, zone="bar"), context)
    )
    assert (outcome.events, outcome.sends, night.timers) == ((), (), {})
    assert night.the_incident().raised_by == RAISER
    assert night.the_incident().status is IncidentStatus.RESOLVED
    assert filled(Night().state, [night.the_incident()]).one(Incident).zone == "bar"


def test_closed_incidents_stay_known_for_longer_than_a_press_can_be_lost() -> None:
    """Or the acknowledgement of an old id would open it a second time, over its row."""
    (condition,) = INCIDENT_READ.where
    assert isinstance(condition, Since)
    assert condition.column == "closed_at"
    assert timedelta(seconds=condition.seconds) > PRESS_AGE_MAX
