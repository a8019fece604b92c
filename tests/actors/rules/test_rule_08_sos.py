"""Rule 8: nobody who presses SOS is left alone, and nobody else can end it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.lifecycle import IncidentTrigger
from actors.rules.settings import DEFAULT
from actors.rules.sos import (
    Audience,
    Channel,
    alerts_of,
    escalation_after_acknowledgement,
    first_escalation,
    is_hidden_from,
    joins,
    may_be_lost,
    next_escalation,
    pressed_at,
    refuse_response,
    time_of_id,
    venues_of_press,
    with_severity,
    worse_of,
)
from protocol.addresses import Role
from protocol.errors import Code
from protocol.records.safety import Incident
from protocol.records.states import IncidentKind, IncidentStatus, Severity

NOW = datetime(2026, 6, 1, 23, 0, tzinfo=UTC)
VENUE, RAISER, OWNER, OTHER = (UUID(int=n) for n in (1, 2, 3, 4))
TIERS = {
    Severity.CRITICAL: (30, 90, 180),
    Severity.HIGH: (60, 180, 360),
    Severity.MEDIUM: (120, 300, 600),
}
quick = settings(max_examples=100, deadline=None)


def an_incident(severity: Severity = Severity.CRITICAL, **changes: Any) -> Incident:
    first = first_escalation(severity, NOW, DEFAULT)
    made = Incident(
        id=UUID(int=9),
        venue_id=VENUE,
        kind=IncidentKind.SOS,
        severity=severity,
        status=IncidentStatus.NOTIFYING,
        raised_by=RAISER,
        raised_at=NOW,
        last_press_at=NOW,
        next_tier=first.tier,
        next_tier_at=first.at,
    )
    return made.evolve(**changes)


def fire(incident: Incident, now: datetime) -> list[tuple[int, datetime, Incident]]:
    """All that is due until `now`, as the venue's timer would find it; (tier, due, after)."""
    fired = []
    while (reached := next_escalation(incident, now, DEFAULT)) is not None:
        due = incident.next_tier_at
        assert due is not None
        incident = incident.evolve(
            status=reached.status,
            tier=reached.tier,
            next_tier=reached.next.tier,
            next_tier_at=reached.next.at,
        )
        fired.append((reached.tier, due, incident))
    return fired


@pytest.mark.parametrize("severity", Severity)
def test_tiers_come_at_the_seconds_of_the_table(severity: Severity) -> None:
    """Counted from the press, for each severity. Rule 8 tiers."""
    incident, seen = an_incident(severity), []
    for second in range(TIERS[severity][-1] + 1):
        for tier, due, after in fire(incident, NOW + timedelta(seconds=second)):
            assert due == NOW + timedelta(seconds=second)
            seen.append((tier, second))
            incident = after
    assert seen == list(enumerate(TIERS[severity], 1))
    assert incident.status is IncidentStatus.EXHAUSTED


@quick
@given(st.sampled_from(Severity), st.lists(st.integers(0, 1200), min_size=1, max_size=8))
def test_when_timers_fire_late_the_tiers_are_as_due_as_before(
    severity: Severity, wakes: list[int]
) -> None:
    """A node that was away catches up at once, and no tier is left out."""
    incident, tiers = an_incident(severity), []
    for second in sorted(wakes):
        for tier, due, after in fire(incident, NOW + timedelta(seconds=second)):
            incident = after
            if tier not in tiers:
                assert due == NOW + timedelta(seconds=TIERS[severity][tier - 1])
                tiers.append(tier)
    expected = [n for n, s in enumerate(TIERS[severity], 1) if s <= max(wakes)]
    assert tiers == expected
    assert incident.next_tier_at is not None
    assert incident.next_tier_at > NOW + timedelta(seconds=max(wakes))


def test_an_exhausted_incident_calls_everyone_every_minute() -> None:
    """Nobody came yet: still open, and loudest."""
    incident = fire(an_incident(), NOW + timedelta(seconds=180))[-1][2]
    for minute in (1, 2, 3):
        due = NOW + timedelta(seconds=180 + 60 * minute)
        assert not fire(incident, due - timedelta(milliseconds=1))
        ((tier, _, incident),) = fire(incident, due)
        assert tier == 3
        assert incident.status is IncidentStatus.EXHAUSTED


def test_each_tier_alerts_all_of_those_before_it_and_more() -> None:
    """Nobody drops out of the loop when it grows."""
    assert set(alerts_of(0)) == set(Audience) - {Audience.EXTERNAL_CONTACT}
    assert all(channels == {Channel.SOCKET, Channel.PUSH} for channels in alerts_of(0).values())
    assert alerts_of(1)[Audience.ON_DUTY_MANAGEMENT] == set(Channel) - {Channel.WEBHOOK}
    assert Channel.VOICE not in alerts_of(1)[Audience.OWNER]
    assert Channel.VOICE in alerts_of(2)[Audience.OWNER]
    assert Channel.VOICE in alerts_of(2)[Audience.OFF_DUTY_MANAGEMENT]
    assert alerts_of(3)[Audience.EXTERNAL_CONTACT] == {Channel.WEBHOOK}
    for tier in (1, 2, 3):
        for audience, channels in alerts_of(tier - 1).items():
            assert channels <= alerts_of(tier)[audience]


def test_shorter_tiers_are_taken_from_the_settings() -> None:
    """Settings may shorten timers; that they cannot lengthen them is a test of settings."""
    hasty = attrs.evolve(DEFAULT, sos_critical_tier_1_s=5)
    assert first_escalation(Severity.CRITICAL, NOW, hasty).at == NOW + timedelta(seconds=5)


def test_an_acknowledgement_without_arrival_goes_back_to_tier_1() -> None:
    """Five minutes; after that the tiers follow as they did after the press."""
    again = escalation_after_acknowledgement(NOW)
    incident = an_incident(
        status=IncidentStatus.ACKNOWLEDGED,
        owner_id=OWNER,
        next_tier=again.tier,
        next_tier_at=again.at,
    )
    five = NOW + timedelta(minutes=5)
    assert not fire(incident, five - timedelta(milliseconds=1))
    ((tier, _, after),) = fire(incident, five)
    assert (tier, after.status) == (1, IncidentStatus.NOTIFYING)
    assert after.next_tier_at == five + timedelta(seconds=60)


@pytest.mark.parametrize("status", ["raised", "on_scene", "resolved", "false_alarm"])
def test_nothing_is_due_before_the_alert_on_the_scene_or_after_the_end(status: str) -> None:
    """A timer that was not disarmed must do no harm."""
    incident = an_incident(status=IncidentStatus(status))
    assert next_escalation(incident, NOW + timedelta(hours=1), DEFAULT) is None


@pytest.mark.parametrize(
    ("seconds", "by", "status", "is_same"),
    [
        (60, RAISER, IncidentStatus.NOTIFYING, True),
        (60, RAISER, IncidentStatus.ON_SCENE, True),
        (60.001, RAISER, IncidentStatus.NOTIFYING, False),
        (1, OTHER, IncidentStatus.NOTIFYING, False),
        (1, RAISER, IncidentStatus.RESOLVED, False),
    ],
)
def test_a_repeat_within_a_minute_joins(
    seconds: float, by: UUID, status: IncidentStatus, is_same: bool
) -> None:
    """A hand that presses five times is one emergency; a new one an hour later is not."""
    incident = an_incident(status=status)
    assert joins(incident, by, NOW + timedelta(seconds=seconds)) is is_same


@pytest.mark.parametrize(
    ("status", "trigger", "by", "role", "code"),
    [
        ("notifying", "acknowledge", OTHER, Role.STAFF, None),
        ("exhausted", "acknowledge", OTHER, Role.STAFF, None),
        ("notifying", "acknowledge", RAISER, Role.OWNER, Code.SELF_ACK),
        ("acknowledged", "on_scene", RAISER, Role.OWNER, Code.SELF_ACK),
        ("acknowledged", "acknowledge", OTHER, Role.OWNER, Code.ALREADY_ACKNOWLEDGED),
        ("on_scene", "acknowledge", OTHER, Role.STAFF, Code.ALREADY_ACKNOWLEDGED),
        ("acknowledged", "acknowledge", OWNER, Role.STAFF, None),
        ("acknowledged", "on_scene", OWNER, Role.STAFF, None),
        ("acknowledged", "on_scene", OTHER, Role.STAFF, Code.FORBIDDEN),
        ("notifying", "on_scene", OTHER, Role.MANAGEMENT, Code.INVALID_TRANSITION),
        ("acknowledged", "need_backup", OWNER, Role.STAFF, None),
        ("on_scene", "resolve", OWNER, Role.STAFF, None),
        ("on_scene", "resolve", OTHER, Role.STAFF, Code.FORBIDDEN),
        ("on_scene", "resolve", OTHER, Role.MANAGEMENT, None),
        ("on_scene", "false_alarm", OWNER, Role.STAFF, Code.FORBIDDEN),
        ("notifying", "false_alarm", OTHER, Role.MANAGEMENT, None),
        ("resolved", "acknowledge", OTHER, Role.STAFF, Code.INCIDENT_CLOSED),
        ("false_alarm", "resolve", OWNER, Role.OWNER, Code.INCIDENT_CLOSED),
    ],
)
def test_who_may_respond_how(
    status: str, trigger: str, by: UUID, role: Role, code: Code | None
) -> None:
    """Rule 8 own_call: the raiser never answers; only management calls it a false alarm."""
    incident = an_incident(
        status=IncidentStatus(status),
        owner_id=OWNER if status in {"acknowledged", "on_scene"} else None,
        owner_name="Owner of it",
    )
    refusal = refuse_response(incident, IncidentTrigger(trigger), user_id=by, role=role)
    assert (refusal.code if refusal else None) is code
    if code is Code.ALREADY_ACKNOWLEDGED:
        assert refusal is not None
        assert refusal.extra["owner_name"] == "Owner of it"


@quick
@given(st.permutations([UUID(int=n) for n in range(10, 16)]))
def test_of_all_who_acknowledge_the_first_one_wins(people: list[UUID]) -> None:
    """Exactly one owner, whoever was fastest. Rule 8 first_wins."""
    incident, won = an_incident(), []
    for person in people:
        refusal = refuse_response(
            incident, IncidentTrigger.ACKNOWLEDGE, user_id=person, role=Role.STAFF
        )
        if refusal is None:
            won.append(person)
            incident = incident.evolve(status=IncidentStatus.ACKNOWLEDGED, owner_id=person)
    assert won == [people[0]]


def test_a_timer_is_no_answer_of_a_person() -> None:
    """Escalating is not for a client to say."""
    with pytest.raises(ValueError, match="nothing that a person responds"):
        refuse_response(an_incident(), IncidentTrigger.EXHAUST, user_id=OTHER, role=Role.OWNER)


def test_a_silent_call_is_hidden_from_its_raiser_alone() -> None:
    """Whoever stands behind the raiser must see nothing."""
    assert is_hidden_from(an_incident(silent=True), RAISER)
    assert not is_hidden_from(an_incident(silent=True), OTHER)
    assert not is_hidden_from(an_incident(silent=False), RAISER)


def test_a_press_goes_to_the_venue_of_the_shift_or_to_all() -> None:
    """Rule 8 venue: the shift's, whatever the token says, else everywhere the token counts."""
    a, b = UUID(int=21), UUID(int=22)
    assert venues_of_press(shift=a, role_venues=(a, b)) == (a,)
    assert venues_of_press(shift=a, role_venues=(b,)) == (a,)
    assert venues_of_press(shift=None, role_venues=(a, b)) == (a, b)


def named_at(at: datetime) -> UUID:
    """A UUIDv7 made at this moment."""
    ms = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return UUID(int=(ms << 80) | (0x7 << 76) | (0x2 << 62) | 1)


def test_an_id_tells_when_the_button_was_pressed() -> None:
    """To the millisecond, never in the future, and not from an id that has no time or is old."""
    at = NOW - timedelta(hours=12)
    assert time_of_id(named_at(at)) == at
    assert time_of_id(UUID("0b6d2f0e-6c7a-4c43-9a5e-0f6c1f1a2b3c")) is None
    assert pressed_at(named_at(at), NOW) == at
    assert pressed_at(named_at(at - timedelta(milliseconds=1)), NOW) == NOW
    assert pressed_at(named_at(NOW + timedelta(seconds=1)), NOW) == NOW
    assert pressed_at(UUID(int=1), NOW) == NOW


def test_only_a_recent_id_may_be_that_of_a_lost_press() -> None:
    """From twelve hours ago to a clock that is two minutes ahead."""
    for offset, may in (
        (timedelta(hours=-12), True),
        (timedelta(hours=-12, milliseconds=-1), False),
        (timedelta(minutes=2), True),
        (timedelta(minutes=2, milliseconds=1), False),
    ):
        assert may_be_lost(named_at(NOW + offset), NOW) is may
    assert not may_be_lost(UUID(int=1), NOW)


@pytest.mark.parametrize("one", Severity)
@pytest.mark.parametrize("other", Severity)
def test_a_worse_press_brings_the_next_tier_forward(one: Severity, other: Severity) -> None:
    """Never back, and what was milder leaves it as it was."""
    before = an_incident(one)
    after = with_severity(before, other, DEFAULT)
    assert after.severity is worse_of(one, other)
    assert after.next_tier_at == NOW + timedelta(seconds=TIERS[after.severity][0])
    taken = before.evolve(status=IncidentStatus.ACKNOWLEDGED)
    assert with_severity(taken, other, DEFAULT).next_tier_at == taken.next_tier_at
