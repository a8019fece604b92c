"""When an alarm that nobody answers is heard by more people (Rule 8).

No incident ends silently: it escalates until a person acknowledges, comes, and resolves it. Due
times are worked out from due times, not from when a timer happened to fire, so a node that was
away for a minute catches up at once. Settings may only shorten the tiers.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import attrs

from actors.rules.lifecycle import INCIDENT, UNANSWERED_INCIDENT, IncidentTrigger, transition
from actors.rules.settings import VenueSettings
from protocol.records.safety import Incident
from protocol.records.states import IncidentStatus, Severity

TIER_MAX: Final = 3
EXHAUSTED_REPEAT: Final = timedelta(seconds=60)
ON_SCENE_MAX: Final = timedelta(minutes=5)
"""Acknowledged, but nobody there after this long: back to tier 1."""


@attrs.frozen(kw_only=True)
class Escalation:
    """The tier that comes next, and when."""

    tier: int
    at: datetime


@attrs.frozen(kw_only=True)
class TierReached:
    """A tier that has come: the incident's new status, and what comes after it."""

    tier: int
    status: IncidentStatus
    next: Escalation


def tier_after(severity: Severity, tier: int, settings: VenueSettings) -> timedelta:
    """How long after the press a tier from 1 to 3 comes, if nobody acknowledges."""
    seconds: int = getattr(settings, f"sos_{severity.value}_tier_{tier}_s")
    return timedelta(seconds=seconds)


def first_escalation(
    severity: Severity, raised_at: datetime, settings: VenueSettings
) -> Escalation:
    """What follows the press; tier 0 goes out with the press itself."""
    return Escalation(tier=1, at=raised_at + tier_after(severity, 1, settings))


def next_escalation(
    incident: Incident, now: datetime, settings: VenueSettings
) -> TierReached | None:
    """The tier that is due now, or None; ask again at its `next`, which may be past already.

    An acknowledged incident whose people did not arrive goes back to tier 1. An incident on the
    scene or closed has nothing due.
    """
    if incident.next_tier is None or incident.next_tier_at is None or now < incident.next_tier_at:
        return None
    if incident.status is IncidentStatus.ACKNOWLEDGED:
        trigger = IncidentTrigger.IDLE
    elif incident.next_tier >= TIER_MAX:
        trigger = IncidentTrigger.EXHAUST
    else:
        trigger = IncidentTrigger.ESCALATE
    status = transition(INCIDENT, incident.status, trigger)
    if status is None:
        return None
    tier, due_at = incident.next_tier, incident.next_tier_at
    if tier >= TIER_MAX:
        # A node that was away need not make up for each missed minute, only go on.
        missed = max(0, (now - due_at) // EXHAUSTED_REPEAT)
        after = Escalation(tier=TIER_MAX, at=due_at + (missed + 1) * EXHAUSTED_REPEAT)
    else:
        after = _following(incident, tier, due_at, settings)
    return TierReached(tier=tier, status=status, next=after)


def _following(
    incident: Incident, tier: int, due_at: datetime, settings: VenueSettings
) -> Escalation:
    """What follows a tier, by the press; after an acknowledgement by when that tier was due.

    By steps alone, a tier made shorter meanwhile would make those after it later than they may be.
    """
    pressed = incident.acked_at is None
    since = (
        incident.raised_at if pressed else due_at - tier_after(incident.severity, tier, settings)
    )
    return Escalation(tier=tier + 1, at=since + tier_after(incident.severity, tier + 1, settings))


def unheard_escalation(
    incident: Incident, now: datetime, settings: VenueSettings
) -> TierReached | None:
    """Tier 1 before its time, where no device of anybody but the raiser has the alert.

    Nobody can acknowledge what nobody received, so to wait for the table would be to wait for
    nothing. It only makes the first tier sooner: those after it come when they would have.
    """
    heard = any(user_id != incident.raised_by for user_id in incident.received_by)
    due_at = incident.next_tier_at
    waits_for_first = incident.tier == 0 and incident.next_tier == 1
    if heard or due_at is None or not waits_for_first:
        return None
    if incident.status not in UNANSWERED_INCIDENT or now < incident.last_press_at + timedelta(
        seconds=settings.sos_unheard_s
    ):
        return None
    status = transition(INCIDENT, incident.status, IncidentTrigger.ESCALATE)
    assert status is not None, f"nobody answered, but {incident.status.value} does not escalate"
    return TierReached(tier=1, status=status, next=_following(incident, 1, due_at, settings))


def escalation_after_acknowledgement(acknowledged_at: datetime) -> Escalation:
    """Back to tier 1 if nobody is on the scene within 5 minutes."""
    return Escalation(tier=1, at=acknowledged_at + ON_SCENE_MAX)


def worse_of(one: Severity, other: Severity) -> Severity:
    """The severity whose tiers follow one another sooner."""
    order = tuple(Severity)
    return max(one, other, key=order.index)


def with_severity(incident: Incident, severity: Severity, settings: VenueSettings) -> Incident:
    """The incident at a severity that is at least its own: what comes next comes sooner, if so."""
    tier, due_at = incident.next_tier, incident.next_tier_at
    severity = worse_of(incident.severity, severity)
    if tier is not None and due_at is not None and incident.status in UNANSWERED_INCIDENT:
        # As much sooner as it would have been due from the press; never later.
        saved = tier_after(incident.severity, tier, settings) - tier_after(severity, tier, settings)
        due_at -= max(saved, timedelta())
    return incident.evolve(severity=severity, next_tier_at=due_at)
