"""Rule 8: an alarm that nobody answers is heard by more people, at the seconds of the table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.escalation import (
    Escalation,
    escalation_after_acknowledgement,
    first_escalation,
    next_escalation,
    with_severity,
    worse_of,
)
from actors.rules.settings import DEFAULT
from protocol.records.safety import Incident
from protocol.records.states import IncidentKind, IncidentStatus, Severity

NOW = datetime(2026, 6, 1, 23, 0, tzinfo=UTC)
VENUE, RAISER, OWNER = (UUID(int=n) for n in (1, 2, 3))
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


def test_shorter_tiers_are_taken_from_the_settings() -> None:
    """Settings may shorten timers; that they cannot lengthen them is a test of settings."""
    hasty = attrs.evolve(DEFAULT, sos_critical_tier_1_s=5)
    assert first_escalation(Severity.CRITICAL, NOW, hasty).at == NOW + timedelta(seconds=5)


@pytest.mark.parametrize("seconds", [20, 30])
def test_tiers_count_from_the_press_when_settings_change_meanwhile(seconds: int) -> None:
    """The first tier was due by settings of before; the second is neither sooner nor later."""
    ordered = attrs.evolve(DEFAULT, sos_critical_tier_1_s=seconds)
    for due in (20, 30):
        incident = an_incident(next_tier_at=NOW + timedelta(seconds=due))
        reached = next_escalation(incident, NOW + timedelta(seconds=due), ordered)
        assert reached is not None
        assert reached.next == Escalation(tier=2, at=NOW + timedelta(seconds=90))


def test_an_acknowledgement_without_arrival_goes_back_to_tier_1() -> None:
    """Five minutes; after that the tiers follow as they did after the press."""
    again = escalation_after_acknowledgement(NOW)
    incident = an_incident(
        status=IncidentStatus.ACKNOWLEDGED,
        owner_id=OWNER,
        acked_at=NOW,
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
