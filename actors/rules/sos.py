"""Who is alerted by an SOS, when, and who may say that it is over (Rule 8).

No incident ends silently: it escalates until a person acknowledges, comes, and resolves it. Due
times are worked out from due times, not from when a timer happened to fire, so a node that was
away for a minute catches up at once. Settings may only shorten the tiers.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import attrs

from actors.rules.lifecycle import (
    INCIDENT,
    OPEN_INCIDENT,
    UNANSWERED_INCIDENT,
    IncidentTrigger,
    transition,
)
from actors.rules.settings import VenueSettings
from protocol.addresses import Role
from protocol.errors import Code, Refusal
from protocol.records.safety import Incident
from protocol.records.states import IncidentStatus, Severity

TIER_MAX: Final = 3
EXHAUSTED_REPEAT: Final = timedelta(seconds=60)
JOIN_MAX: Final = timedelta(seconds=60)
ON_SCENE_MAX: Final = timedelta(minutes=5)
"""Acknowledged, but nobody there after this long: back to tier 1."""

LATE_AFTER: Final = timedelta(seconds=5)
"""A press that its venue takes later than this is flagged: it was replayed or left over."""
PRESS_AGE_MAX: Final = timedelta(hours=12)
"""As long as an offline command may wait (Rule 12), a press counts from when it was pressed."""
_AHEAD_MAX: Final = timedelta(minutes=2)
_UUID_TIME: Final = 7


class Audience(enum.StrEnum):
    """Groups of people, and the world outside."""

    ON_DUTY_STAFF = "on_duty_staff"
    ON_DUTY_MANAGEMENT = "on_duty_management"
    OFF_DUTY_MANAGEMENT = "off_duty_management"
    OWNER = "owner"
    EXTERNAL_CONTACT = "external_contact"


class Channel(enum.StrEnum):
    """Ways to reach someone."""

    SOCKET = "socket"
    PUSH = "push"
    SMS = "sms"
    VOICE = "voice"
    WEBHOOK = "webhook"


_FIRST: Final = frozenset({Channel.SOCKET, Channel.PUSH})
_LOUD: Final = frozenset({Channel.SMS, Channel.VOICE})

ALERTS: Final[Mapping[int, Mapping[Audience, frozenset[Channel]]]] = {
    0: {
        Audience.ON_DUTY_STAFF: _FIRST,
        Audience.ON_DUTY_MANAGEMENT: _FIRST,
        Audience.OFF_DUTY_MANAGEMENT: _FIRST,
        Audience.OWNER: _FIRST,
    },
    1: {Audience.ON_DUTY_MANAGEMENT: _LOUD},
    2: {
        Audience.OFF_DUTY_MANAGEMENT: frozenset({Channel.VOICE}),
        Audience.OWNER: frozenset({Channel.VOICE}),
    },
    3: {Audience.EXTERNAL_CONTACT: frozenset({Channel.WEBHOOK})},
}
"""What each tier *adds* to those before it."""


def alerts_of(tier: int) -> dict[Audience, frozenset[Channel]]:
    """Everyone that a tier alerts, by all their channels: its own and those of lower tiers."""
    found: dict[Audience, frozenset[Channel]] = {}
    for step in range(tier + 1):
        for audience, channels in ALERTS[step].items():
            found[audience] = found.get(audience, frozenset()) | channels
    return found


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
        wait = tier_after(incident.severity, tier + 1, settings) - tier_after(
            incident.severity, tier, settings
        )
        after = Escalation(tier=tier + 1, at=due_at + wait)
    return TierReached(tier=tier, status=status, next=after)


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
    wait = tier_after(incident.severity, 2, settings) - tier_after(incident.severity, 1, settings)
    return TierReached(tier=1, status=status, next=Escalation(tier=2, at=due_at + wait))


def escalation_after_acknowledgement(acknowledged_at: datetime) -> Escalation:
    """Back to tier 1 if nobody is on the scene within 5 minutes."""
    return Escalation(tier=1, at=acknowledged_at + ON_SCENE_MAX)


def is_open(incident: Incident) -> bool:
    """Whether somebody must still do something."""
    return incident.status in OPEN_INCIDENT


def joins(incident: Incident, raised_by: UUID, now: datetime) -> bool:
    """Whether a press belongs to this incident: same person, still open, within 60 s."""
    same = incident.raised_by == raised_by and is_open(incident)
    return same and now - incident.last_press_at <= JOIN_MAX


def time_of_id(id_: UUID) -> datetime | None:
    """When a UUIDv7 was made, with whole milliseconds; None for any other kind of id."""
    if id_.version != _UUID_TIME:
        return None
    # Milliseconds as such: a float of seconds would not keep all of them.
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=id_.int >> 80)


def pressed_at(incident_id: UUID, now: datetime) -> datetime:
    """When the button was pressed, which is when the incident was named; never after `now`."""
    made_at = time_of_id(incident_id)
    return now if made_at is None or made_at < now - PRESS_AGE_MAX else min(made_at, now)


def may_be_lost(incident_id: UUID, now: datetime) -> bool:
    """Whether an id that nobody knows may name a press that was answered and not recorded."""
    made_at = time_of_id(incident_id)
    return made_at is not None and now - PRESS_AGE_MAX <= made_at <= now + _AHEAD_MAX


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


def is_hidden_from(incident: Incident, user_id: UUID) -> bool:
    """Whether nothing may show on this person's devices: the raiser's, of a silent call."""
    return incident.silent and incident.raised_by == user_id


def refuse_response(
    incident: Incident, trigger: IncidentTrigger, *, user_id: UUID, role: Role
) -> Refusal | None:
    """Why this person may not respond like this. `role` is the one held at the venue.

    Acknowledging again by its owner is no refusal: answer it with the incident as it is. The
    raiser neither acknowledges nor arrives; whoever holds the phone may be the danger.
    """
    if not is_open(incident):
        return Refusal(
            Code.INCIDENT_CLOSED, f"incident {incident.id} is {incident.status.value} already"
        )
    owns = incident.owner_id == user_id
    manages = role >= Role.MANAGEMENT
    match trigger:
        case IncidentTrigger.ACKNOWLEDGE | IncidentTrigger.ON_SCENE if (
            incident.raised_by == user_id
        ):
            return Refusal(Code.SELF_ACK, "whoever raised an incident needs somebody else to come")
        case IncidentTrigger.ACKNOWLEDGE:
            taken = incident.status in {IncidentStatus.ACKNOWLEDGED, IncidentStatus.ON_SCENE}
            if taken and not owns:
                return Refusal(
                    Code.ALREADY_ACKNOWLEDGED,
                    f"{incident.owner_name or 'a colleague'} has taken incident {incident.id}",
                    extra={"owner_id": incident.owner_id, "owner_name": incident.owner_name},
                )
        case IncidentTrigger.FALSE_ALARM:
            if not manages:
                return _forbidden("only management can call it a false alarm")
        case IncidentTrigger.RESOLVE | IncidentTrigger.ON_SCENE | IncidentTrigger.NEED_BACKUP:
            if not (owns or manages):
                return _forbidden("this is for whoever acknowledged it, or management")
        case _:
            raise ValueError(f"{trigger.value} is nothing that a person responds")
    if trigger is IncidentTrigger.ACKNOWLEDGE and owns:
        return None
    if transition(INCIDENT, incident.status, trigger) is None:
        return Refusal(
            Code.INVALID_TRANSITION,
            f"incident {incident.id} is {incident.status.value}; acknowledge it first",
        )
    return None


def venues_of_press(*, shift: UUID | None, role_venues: tuple[UUID, ...]) -> tuple[UUID, ...]:
    """Where an SOS is raised: the venue of the open shift, else of the last, else every one.

    `shift` is the venue of the first two, `role_venues` are those where the token has a role. A
    shift counts even where the role has been taken away meanwhile: that is where the person is.
    """
    return role_venues if shift is None else (shift,)


def _forbidden(why: str) -> Refusal:
    return Refusal(Code.FORBIDDEN, why)
