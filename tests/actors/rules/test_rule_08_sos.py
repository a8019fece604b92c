"""Rule 8: nobody who presses SOS is left alone, and nobody else can end it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.lifecycle import IncidentTrigger
from actors.rules.sos import (
    Audience,
    Channel,
    alerts_of,
    is_hidden_from,
    joins,
    may_be_lost,
    pressed_at,
    refuse_response,
    time_of_id,
    venues_of_press,
)
from protocol.addresses import Role
from protocol.errors import Code
from protocol.records.safety import Incident
from protocol.records.states import IncidentKind, IncidentStatus, Severity

NOW = datetime(2026, 6, 1, 23, 0, tzinfo=UTC)
VENUE, RAISER, OWNER, OTHER = (UUID(int=n) for n in (1, 2, 3, 4))
quick = settings(max_examples=100, deadline=None)


def an_incident(**changes: Any) -> Incident:
    made = Incident(
        id=UUID(int=9),
        venue_id=VENUE,
        kind=IncidentKind.SOS,
        severity=Severity.CRITICAL,
        status=IncidentStatus.NOTIFYING,
        raised_by=RAISER,
        raised_at=NOW,
        last_press_at=NOW,
    )
    return made.evolve(**changes)


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
