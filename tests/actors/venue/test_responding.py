"""Rule 8: the first acknowledgement wins, and only people end an incident."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.lifecycle import INCIDENT, IncidentTrigger
from actors.venue.responding import decide_respond_sos
from protocol.addresses import Role
from protocol.chains import canonical_json, text_digest
from protocol.errors import Code, Refusal
from protocol.operations.safety import RespondSos, SosAction
from protocol.records.states import IncidentStatus, Severity
from protocol.replies.safety import IncidentReply
from tests.actors.deciding import a_principal, refused, refused_with
from tests.actors.venue.emergencies import (
    MANAGER,
    OTHER,
    OWNER,
    RAISER,
    RESPONDER,
    alert_in,
    pressed,
    rooms,
    told,
)

USER_ROOM = f"user:{RAISER}"
MINUTES_5 = timedelta(minutes=5)


def test_an_acknowledgement_takes_the_incident_and_tells_everyone() -> None:
    """Whoever called must know that somebody is coming, and who."""
    night, id_ = pressed()
    outcome = night.respond(RESPONDER, SosAction.ACKNOWLEDGE, id_)
    reply = outcome.reply
    assert isinstance(reply, IncidentReply)
    assert (reply.status, reply.owner_id) == (IncidentStatus.ACKNOWLEDGED, RESPONDER)
    assert (reply.acknowledged_at, reply.version) == (night.now, 2)
    data = told(outcome)
    assert data["type"] == "emergency.sos_acknowledged"
    assert (data["status"], data["after_ms"]) == ("acknowledged", 10_000)
    assert rooms(outcome) == {USER_ROOM}
    (timer,) = night.timers.values()
    assert timer.due_at == night.now + MINUTES_5


def test_a_second_acknowledgement_is_told_who_has_it() -> None:
    """Two who both think that they own it are as bad as none."""
    night, id_ = pressed()
    night.respond(RESPONDER, SosAction.ACKNOWLEDGE, id_)
    refusal = refused(night.respond(OTHER, SosAction.ACKNOWLEDGE, id_))
    assert refusal.code is Code.ALREADY_ACKNOWLEDGED
    assert refusal.extra["owner_id"] == RESPONDER
    assert night.the_incident().owner_id == RESPONDER


@settings(max_examples=50, deadline=None)
@given(st.permutations([UUID(int=n) for n in range(20, 30)]))
def test_of_any_number_of_responders_exactly_one_owns_it(people: list[UUID]) -> None:
    """Whatever the order in which they arrive at the venue."""
    night, id_ = pressed()
    replies = [night.respond(person, SosAction.ACKNOWLEDGE, id_).reply for person in people]
    assert isinstance(replies[0], IncidentReply)
    assert all(isinstance(reply, Refusal) for reply in replies[1:])
    assert night.the_incident().owner_id == people[0]
    assert night.the_incident().version == 2


def test_acknowledging_again_by_its_owner_changes_nothing() -> None:
    """A retry over a bad connection is answered like the first."""
    night, id_ = pressed()
    first = night.respond(RESPONDER, SosAction.ACKNOWLEDGE, id_)
    again = night.respond(RESPONDER, SosAction.ACKNOWLEDGE, id_)
    assert again.reply == first.reply
    assert not again.writes


def test_after_a_relapse_anybody_may_take_it_over() -> None:
    """Who acknowledged did not come; the register keeps how long the first answer took."""
    night, id_ = pressed()
    night.respond(RESPONDER, SosAction.ACKNOWLEDGE, id_)
    first = night.now
    night.wait(300)
    outcome = night.respond(OTHER, SosAction.ACKNOWLEDGE, id_)
    incident = night.the_incident()
    assert (incident.owner_id, incident.acked_at) == (OTHER, first)
    assert rooms(outcome) == {USER_ROOM}


def test_after_a_relapse_its_owner_may_acknowledge_it_again() -> None:
    """Held up is not gone: the five minutes begin anew."""
    night, id_ = pressed()
    night.respond(RESPONDER, SosAction.ACKNOWLEDGE, id_)
    night.wait(300)
    night.respond(RESPONDER, SosAction.ACKNOWLEDGE, id_)
    assert night.the_incident().status is IncidentStatus.ACKNOWLEDGED
    (timer,) = night.timers.values()
    assert timer.due_at == night.now + MINUTES_5


def test_whoever_raised_it_can_not_acknowledge_it() -> None:
    """Whoever holds the phone may be the danger."""
    night, id_ = pressed()
    for action in (SosAction.ACKNOWLEDGE, SosAction.ON_SCENE):
        assert refused_with(night.respond(RAISER, action, id_)) is Code.SELF_ACK


def test_on_the_scene_is_told_like_an_acknowledgement() -> None:
    """The event of the contract is the same, with another status."""
    night, id_ = pressed()
    night.respond(RESPONDER, SosAction.ACKNOWLEDGE, id_)
    night.wait(20)
    outcome = night.respond(RESPONDER, SosAction.ON_SCENE, id_)
    data = told(outcome)
    assert (data["status"], data["after_ms"], data["owner_id"]) == (
        "on_scene",
        30_000,
        str(RESPONDER),
    )
    assert night.the_incident().on_scene_at == night.now


def test_backup_alerts_loudly_and_leaves_the_owner() -> None:
    """Whoever asks for more people is still the one who is there."""
    night, id_ = pressed()
    night.respond(RESPONDER, SosAction.ACKNOWLEDGE, id_)
    outcome = night.respond(RESPONDER, SosAction.NEED_BACKUP, id_, note="two of them")
    data = told(outcome)
    assert (data["type"], data["status"], data["tier"]) == (
        "emergency.sos_escalated",
        "backup",
        1,
    )
    assert data["unacknowledged_for_s"] == 10
    assert "voice" in data["channels"]
    assert alert_in(outcome).reason == "backup"
    (line,) = outcome.appends
    assert line.detail["note"] == "two of them"  # type: ignore[attr-defined]
    assert "alerts" in line.detail  # type: ignore[attr-defined]
    assert night.the_incident().owner_id == RESPONDER
    (timer,) = night.timers.values()
    assert timer.due_at == night.now + MINUTES_5


@pytest.mark.parametrize(
    ("action", "outcome", "by"),
    [
        (SosAction.RESOLVE, "resolved", RESPONDER),
        (SosAction.RESOLVE, "resolved", MANAGER),
        (SosAction.FALSE_ALARM, "false_alarm", MANAGER),
        (SosAction.FALSE_ALARM, "false_alarm", OWNER),
    ],
)
def test_an_incident_ends_by_its_owner_or_management(
    action: SosAction, outcome: str, by: UUID
) -> None:
    """And everyone hears by whom, and how long it took."""
    night, id_ = pressed()
    night.respond(RESPONDER, SosAction.ACKNOWLEDGE, id_)
    night.wait(50)
    ended = night.respond(by, action, id_)
    data = told(ended)
    assert data["type"] == "emergency.sos_resolved"
    assert (data["outcome"], data["resolved_by"]) == (outcome, str(by))
    assert (data["open_for_s"], data["ack_after_ms"]) == (60, 10_000)
    assert rooms(ended) == {USER_ROOM}
    incident = night.the_incident()
    assert (incident.outcome, incident.closed_by, incident.closed_at) == (outcome, by, night.now)
    # That nothing was the matter is a claim, and whose it was stands in the trail.
    trail = [(line.action, line.actor_id) for line in night.trail]
    assert trail == ([("incident.false_alarm", by)] if outcome == "false_alarm" else [])
    assert night.timers == {}
    assert refused_with(night.respond(OTHER, SosAction.ACKNOWLEDGE, id_)) is Code.INCIDENT_CLOSED


def test_what_nobody_acknowledged_has_no_time_of_acknowledgement() -> None:
    """A figure that is not there must not count as 0 in the register."""
    night, id_ = pressed()
    assert told(night.respond(MANAGER, SosAction.FALSE_ALARM, id_))["ack_after_ms"] is None


@pytest.mark.parametrize("action", [SosAction.RESOLVE, SosAction.FALSE_ALARM])
def test_staff_who_do_not_own_it_do_not_end_it(action: SosAction) -> None:
    """An incident is not everyone's to call over."""
    night, id_ = pressed()
    assert refused_with(night.respond(OTHER, action, id_)) is Code.FORBIDDEN


@pytest.mark.parametrize("action", SosAction)
@pytest.mark.parametrize("status", IncidentStatus)
def test_every_response_in_every_status(status: IncidentStatus, action: SosAction) -> None:
    """The table of Rule 8 holds at the decision: accepted as it says, and nothing else changes."""
    night, id_ = pressed()
    owned = status in {IncidentStatus.ACKNOWLEDGED, IncidentStatus.ON_SCENE}
    night.state.put(
        night.the_incident().evolve(
            status=status,
            owner_id=MANAGER if owned else None,
            owner_name="Manager" if owned else None,
            closed_at=night.now if status not in {s for s, _ in INCIDENT} else None,
        )
    )
    outcome = night.respond(MANAGER, action, id_)
    becomes = INCIDENT.get((status, IncidentTrigger(action.value)))
    if becomes is None and not (owned and action is SosAction.ACKNOWLEDGE):
        assert isinstance(outcome.reply, Refusal)
        assert outcome.reply.code in {Code.INCIDENT_CLOSED, Code.INVALID_TRANSITION}
    else:
        assert isinstance(outcome.reply, IncidentReply)
        assert night.the_incident().status is (becomes or status)


def test_strangers_learn_nothing() -> None:
    """Staff of another venue see 404, patrons 403: the route is no secret, incidents are."""
    night, id_ = pressed()
    command = RespondSos(incident_id=id_, action=SosAction.ACKNOWLEDGE)
    for role, code in ((Role.OWNER, Code.NOT_FOUND), (Role.PATRON, Code.FORBIDDEN)):
        elsewhere = a_principal(OTHER, role, UUID(int=0xB2))
        context = attrs.evolve(night.context(OTHER), principal=elsewhere)
        assert refused_with(decide_respond_sos(night.state, command, context)) is code


def test_a_line_of_the_timeline_commits_to_its_detail() -> None:
    """The chain holds the digest, so erasing text and salt leaves it whole."""
    night, _ = pressed(severity=Severity.HIGH)
    (line,) = night.lines
    assert line.detail is not None
    assert line.detail_salt is not None
    digest = text_digest(line.detail_salt, canonical_json(line.detail).decode())
    assert line.detail_digest == digest
    assert (line.prev_hash, line.hash) == (None, None)
