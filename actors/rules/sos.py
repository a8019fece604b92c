"""Who is alerted by an SOS, and who may say that it is over (Rule 8); when is in `escalation`."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from actors.rules.lifecycle import INCIDENT, OPEN_INCIDENT, IncidentTrigger, transition
from protocol.addresses import Role
from protocol.errors import Code, Refusal
from protocol.records.safety import Incident
from protocol.records.states import IncidentStatus

JOIN_MAX: Final = timedelta(seconds=60)
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
