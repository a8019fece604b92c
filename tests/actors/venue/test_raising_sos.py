"""Rule 8: whatever arrives is taken, and it gets louder until somebody answers."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import attrs
import pytest

from actors.rules.settings import DEFAULT
from actors.venue.incident_state import settings_of
from actors.venue.incidents import decide_escalate_sos, decide_raise_sos
from protocol.addresses import OUTSIDE, Role
from protocol.internal.emergencies import EscalateSos
from protocol.operations.safety import RaiseSos, SosAction
from protocol.records.safety import Incident
from protocol.records.states import IncidentStatus, Severity
from protocol.replies.safety import SosRaised
from protocol.values import Place
from tests.actors.deciding import a_principal
from tests.actors.venue.emergencies import (
    MANAGER,
    OFF_DUTY,
    OTHER,
    OWNER,
    PROFILE,
    RAISER,
    RESPONDER,
    SECOND,
    VENUE,
    VENUE_ID,
    Night,
    alert_in,
    id_at,
    told,
)

TIERS = {
    Severity.CRITICAL: (30, 90, 180),
    Severity.HIGH: (60, 180, 360),
    Severity.MEDIUM: (120, 300, 600),
}
ROOMS = tuple(f"venue:{VENUE_ID}:{part}" for part in ("staff", "management", "owner"))


def test_an_empty_press_opens_a_critical_incident_and_alerts_everyone() -> None:
    """Nobody in danger fills in a form: the worst is taken for true and all of tier 0 hear it."""
    night = Night()
    named = id_at(night.now)
    outcome = night.press(incident_id=named)
    incident = night.the_incident()
    assert outcome.reply == SosRaised(
        incident_id=named,
        status=IncidentStatus.NOTIFYING,
        severity=Severity.CRITICAL,
        raised_at=night.now,
    )
    assert outcome.status is None
    assert (incident.id, incident.raised_by, incident.late) == (named, RAISER, False)
    (event,) = outcome.events
    assert event.urgent
    assert event.durable
    assert event.rooms == ROOMS
    assert (event.data["repeat"], event.data["silent"], event.hide_from) == (0, False, None)
    (send,) = outcome.sends
    assert (send.target, send.detached, send.urgent) == (OUTSIDE, True, True)
    people = {group.audience: set(group.user_ids) for group in alert_in(outcome).groups}
    assert people == {
        "on_duty_staff": {RAISER, RESPONDER, OTHER, MANAGER},
        "on_duty_management": {MANAGER},
        "off_duty_management": {OFF_DUTY},
        "owner": {OWNER},
    }
    (timer,) = night.timers.values()
    assert timer.due_at == night.now + 30 * SECOND
    (line,) = night.lines
    assert (line.seq, line.kind, line.by_user) == (1, "raised", RAISER)
    assert line.channel == "push+socket"


def test_what_a_press_says_is_kept_and_told() -> None:
    """Responders need the place; the note is for them and for the record."""
    night = Night()
    night.press(
        zone="bar",
        note="knife",
        session_id=UUID(int=5),
        location=Place(lat=35.0, lon=139.0, accuracy_m=12.6),
        severity=Severity.HIGH,
    )
    incident = night.the_incident()
    assert (incident.zone, incident.note, incident.session_id) == ("bar", "knife", UUID(int=5))
    data = told(night.last)
    assert (data["zone"], data["lat"], data["accuracy_m"]) == ("bar", 35.0, 13)


@pytest.mark.parametrize("severity", Severity)
def test_tiers_come_at_their_seconds_and_then_every_minute(severity: Severity) -> None:
    """The table of Rule 8, to the second, and after it no silence."""
    night = Night()
    start = night.now
    night.press(severity=severity)
    one, two, three = TIERS[severity]
    fired = night.wait(three + 120)
    assert [(at - start) // SECOND for at, _ in fired] == [one, two, three, three + 60, three + 120]
    data = [told(outcome) for _, outcome in fired]
    assert [d["tier"] for d in data] == [1, 2, 3, 3, 3]
    assert [d["status"] for d in data] == ["notifying"] * 2 + ["exhausted"] * 3
    assert [d["unacknowledged_for_s"] for d in data] == [one, two, three, three + 60, three + 120]
    assert data[0]["channels"] == ["push", "sms", "socket", "voice"]
    assert "webhook" in data[2]["channels"]
    assert night.the_incident().status is IncidentStatus.EXHAUSTED
    assert [line.seq for line in night.lines] == [1, 2, 3, 4, 5, 6]
    groups = {g.audience: g.channels for g in alert_in(fired[2][1]).groups}
    assert groups["external_contact"] == ("webhook",)
    assert groups["on_duty_management"] == ("push", "sms", "socket", "voice")


def test_acknowledged_but_nobody_came_goes_back_to_tier_one() -> None:
    """Five minutes without anybody there are as good as no answer."""
    night = Night()
    start = night.now
    night.press()
    night.wait(10)
    night.respond(RESPONDER, SosAction.ACKNOWLEDGE, night.the_incident().id)
    assert night.wait(299) == []
    ((at, outcome),) = night.wait(1)
    assert (at - start) // SECOND == 310
    data = told(outcome)
    assert (data["tier"], data["status"], data["unacknowledged_for_s"]) == (1, "notifying", 10)
    assert night.the_incident().status is IncidentStatus.NOTIFYING
    assert [told(o)["tier"] for _, o in night.wait(150)] == [2, 3]


def test_on_the_scene_nothing_is_due_any_more() -> None:
    """A person is there; the timer has done its work."""
    night = Night()
    night.press()
    night.respond(RESPONDER, SosAction.ACKNOWLEDGE, night.the_incident().id)
    night.respond(RESPONDER, SosAction.ON_SCENE, night.the_incident().id)
    assert night.timers == {}
    assert night.wait(3600) == []


def test_a_repeat_within_a_minute_joins_and_alerts_again() -> None:
    """Pressing twice is fear, not a second incident; but it is heard twice."""
    night = Night()
    night.press(severity=Severity.MEDIUM, zone="bar")
    first = night.the_incident()
    night.wait(60)
    outcome = night.press(severity=Severity.CRITICAL, location=Place(lat=1.0, lon=2.0))
    joined = night.the_incident()
    assert outcome.status == 200
    assert isinstance(outcome.reply, SosRaised)
    assert (outcome.reply.incident_id, outcome.reply.repeat) == (first.id, 1)
    assert (joined.zone, joined.lat, joined.severity) == ("bar", 1.0, Severity.CRITICAL)
    assert told(outcome)["repeat"] == 1
    assert outcome.events[0].urgent
    assert alert_in(outcome).reason == "joined"
    # Critical's first tier was due half a minute ago, so it comes at once.
    assert [told(o)["tier"] for _, o in night.wait(0)] == [1]


def test_a_press_more_than_a_minute_later_is_another_incident() -> None:
    """A minute after the last press it is a new call."""
    night = Night()
    night.press()
    night.wait(61)
    assert night.press().status is None
    assert len(night.state.rows(Incident)) == 2


def test_others_and_closed_incidents_are_not_joined() -> None:
    """Two people in danger are two incidents, and what is over can't be joined."""
    night = Night()
    night.press()
    first = night.the_incident().id
    night.press(OTHER)
    night.respond(MANAGER, SosAction.RESOLVE, first)
    night.press()
    assert len(night.state.rows(Incident)) == 3


def test_a_join_on_the_scene_alerts_and_leaves_who_is_there() -> None:
    """It got worse while somebody was there: more people, the same owner."""
    night = Night()
    night.press()
    id_ = night.the_incident().id
    night.respond(RESPONDER, SosAction.ACKNOWLEDGE, id_)
    night.respond(RESPONDER, SosAction.ON_SCENE, id_)
    outcome = night.press()
    assert night.the_incident().status is IncidentStatus.ON_SCENE
    assert night.the_incident().owner_id == RESPONDER
    assert alert_in(outcome).tier == 0
    assert night.timers == {}


def test_the_same_press_twice_is_one_press() -> None:
    """The gateway leaves a press for the venue if its answer took too long: it must not repeat."""
    night = Night()
    named = id_at(night.now)
    night.press(incident_id=named)
    outcome = night.press(incident_id=named, in_saga=False)
    assert (outcome.reply, outcome.events, outcome.sends, outcome.changes) == (None, (), (), ())
    again = night.press(incident_id=named)
    assert isinstance(again.reply, SosRaised)
    assert again.reply.repeat == 0


def test_a_press_that_waited_is_late_and_its_tiers_count_from_the_press() -> None:
    """Whoever pressed an hour ago waits no half minute more for the loudest tier."""
    night = Night()
    pressed = night.now - timedelta(hours=1)
    outcome = night.press(incident_id=id_at(pressed), in_saga=False)
    assert outcome.reply is None
    assert told(outcome)["late"]
    assert night.the_incident().raised_at == pressed
    assert [told(o)["tier"] for _, o in night.wait(0)] == [1, 2, 3]
    (timer,) = night.timers.values()
    assert night.now < timer.due_at <= night.now + 60 * SECOND


def test_a_press_just_taken_is_not_late() -> None:
    """A second in a queue is no reason to doubt the place."""
    night = Night()
    night.press(incident_id=id_at(night.now - 5 * SECOND))
    assert not night.the_incident().late


def test_a_press_without_a_name_gets_one() -> None:
    """Under duress the account raises it: no gateway has named it."""
    night = Night()
    night.press(incident_id=None, silent=True)
    assert night.the_incident().raised_at == night.now


def test_somebody_without_a_role_here_may_call_for_help_here() -> None:
    """Where the person is counts, not where the role is."""
    night = Night()
    stranger = a_principal(UUID(int=0xEE), Role.STAFF, UUID(int=0xB2))
    context = attrs.evolve(night.context(RAISER), principal=stranger)
    night.take(decide_raise_sos(night.state, RaiseSos(), context))
    assert night.the_incident().raised_by == stranger.user_id


def test_a_timer_that_comes_too_early_is_set_again() -> None:
    """A clock that was set back must not make an incident fall silent."""
    night = Night()
    night.press()
    incident = night.the_incident()
    context = night.context(None, in_saga=False)
    night.timers.clear()
    outcome = night.take(
        decide_escalate_sos(night.state, EscalateSos(incident_id=incident.id), context)
    )
    (timer,) = night.timers.values()
    assert timer.due_at == incident.next_tier_at
    assert outcome.events == ()


@pytest.mark.parametrize("action", [SosAction.RESOLVE, SosAction.FALSE_ALARM])
def test_a_timer_left_over_does_nothing(action: SosAction) -> None:
    """What is over, or was never there, is not alerted about."""
    night = Night()
    night.press()
    id_ = night.the_incident().id
    night.respond(MANAGER, action, id_)
    for named in (id_, UUID(int=1)):
        context = night.context(None, in_saga=False)
        outcome = decide_escalate_sos(night.state, EscalateSos(incident_id=named), context)
        assert night.take(outcome).writes is False


def test_without_a_profile_the_strictest_timers_count() -> None:
    """An SOS is taken whatever is missing."""
    night = Night()
    assert settings_of(night.context(RAISER, shared={})) is DEFAULT
    assert settings_of(night.context(RAISER)) is PROFILE.settings


def test_a_venue_may_shorten_its_tiers() -> None:
    """Settings may make it louder sooner, and then they count."""
    night = Night()
    quicker = attrs.evolve(PROFILE, settings=attrs.evolve(DEFAULT, sos_critical_tier_1_s=5))
    context = night.context(RAISER, shared={VENUE: quicker})
    night.take(decide_raise_sos(night.state, RaiseSos(), context))
    (timer,) = night.timers.values()
    assert timer.due_at == night.now + 5 * SECOND
