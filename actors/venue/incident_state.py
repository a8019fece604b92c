"""What a venue knows of its incidents, and what it writes of them (Rule 8).

Each change of an incident writes one line of its timeline, and the line's `seq` is the version
that the change made: so the timeline counts from 1 without gaps and needs no counter of its own.
Closed incidents stay known for longer than a lost press can be acknowledged, so that an old id is
never opened a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from actors.rules import sos
from actors.rules.profile import VenueProfile
from actors.rules.settings import DEFAULT, VenueSettings
from actors.runtime.auditing import fresh_salt
from actors.runtime.outcome import CancelTimer, Context, Send, SetTimer
from actors.runtime.state import State
from protocol.addresses import OUTSIDE
from protocol.chains import canonical_json, text_digest
from protocol.internal.emergencies import AlertGroup, AlertPeople, EscalateSos
from protocol.reads import Read, Since
from protocol.records.runtime import DutyPlace
from protocol.records.safety import Incident, IncidentEvent
from protocol.records.states import RoleName
from protocol.records.users import UserRole
from protocol.replies.safety import IncidentReply, SosRaised

KNOWN_AFTER_CLOSING: Final = timedelta(days=3)
INCIDENT_READ: Final = Read(
    Incident,
    by="venue_id",
    where=(Since("closed_at", int(KNOWN_AFTER_CLOSING.total_seconds())),),
)
"""All open incidents, whose end is null, and those that ended lately."""
UNKNOWN_RAISER: Final = UUID(int=0)
"""Raised an incident that was acknowledged before the press arrived."""

assert KNOWN_AFTER_CLOSING > sos.PRESS_AGE_MAX


def settings_of(context: Context) -> VenueSettings:
    """The venue's numbers. An SOS is taken even where nobody knows them: then by the defaults."""
    profile = context.shared(context.address)
    return profile.settings if isinstance(profile, VenueProfile) else DEFAULT


def open_incidents(state: State) -> Iterable[Incident]:
    """Those in which somebody must still do something."""
    return (incident for incident in state.all(Incident) if sos.is_open(incident))


def timer_of(incident: Incident) -> SetTimer | CancelTimer:
    """The one timer of an incident, as the incident now stands."""
    name = f"sos:{incident.id}"
    if incident.next_tier_at is None:
        return CancelTimer(name)
    return SetTimer(name, incident.next_tier_at, EscalateSos(incident_id=incident.id))


def line(
    context: Context,
    incident: Incident,
    kind: str,
    *,
    by: UUID | None,
    detail: Mapping[str, Any] | None = None,
    alert: AlertPeople | None = None,
) -> IncidentEvent:
    """The line of the timeline that goes with a change; `incident` is as the change leaves it."""
    told = dict(detail or {})
    if alert is not None:
        told["alerts"] = {group.audience: list(group.channels) for group in alert.groups}
    salt = fresh_salt(context) if told else None
    return IncidentEvent(
        id=context.fresh_id(),
        incident_id=incident.id,
        venue_id=incident.venue_id,
        seq=incident.version,
        kind=kind,
        by_user=by,
        channel=None if alert is None else "+".join(channels_of(alert)),
        target=None if alert is None else f"tier_{alert.tier}",
        detail=told or None,
        detail_salt=salt,
        detail_digest=None if salt is None else text_digest(salt, canonical_json(told).decode()),
        at=context.now,
    )


def alert_of(state: State, incident: Incident, tier: int, reason: str) -> AlertPeople:
    """Whom a tier alerts besides the sockets, which hear the event."""
    hidden = incident.raised_by if incident.silent else None
    groups = tuple(
        AlertGroup(
            audience=audience.value,
            channels=tuple(sorted(channel.value for channel in channels)),
            user_ids=tuple(sorted(people_of(state, audience) - {hidden})),
        )
        for audience, channels in sos.alerts_of(tier).items()
    )
    return AlertPeople(
        incident_id=incident.id,
        venue_id=incident.venue_id,
        severity=incident.severity,
        tier=tier,
        reason=reason,
        groups=groups,
        zone=incident.zone,
        hide_from=hidden,
    )


def send_alert(alert: AlertPeople) -> Send:
    """The alert on its way out; nobody waits for it."""
    return Send(OUTSIDE, alert, detached=True, urgent=True)


def channels_of(alert: AlertPeople) -> tuple[str, ...]:
    """Every way that an alert takes, in alphabetical order."""
    return tuple(sorted({channel for group in alert.groups for channel in group.channels}))


def people_of(state: State, audience: sos.Audience) -> set[UUID]:
    """Those of a group that the venue knows by id."""
    on_duty = {place.staff_id for place in state.all(DutyPlace)}
    match audience:
        case sos.Audience.ON_DUTY_STAFF:
            return on_duty
        case sos.Audience.ON_DUTY_MANAGEMENT:
            return _holders(state, RoleName.MANAGEMENT) & on_duty
        case sos.Audience.OFF_DUTY_MANAGEMENT:
            return _holders(state, RoleName.MANAGEMENT) - on_duty
        case sos.Audience.OWNER:
            return _holders(state, RoleName.OWNER)
        case sos.Audience.EXTERNAL_CONTACT:
            return set()


def _holders(state: State, role: RoleName) -> set[UUID]:
    return {
        held.user_id
        for held in state.all(UserRole)
        if held.role is role and held.revoked_at is None
    }


def raised(incident: Incident) -> SosRaised:
    """The answer to a press."""
    return SosRaised(
        incident_id=incident.id,
        status=incident.status,
        severity=incident.severity,
        raised_at=incident.raised_at,
        repeat=incident.repeats,
    )


def standing(incident: Incident) -> IncidentReply:
    """The answer to a response."""
    return IncidentReply(
        incident_id=incident.id,
        venue_id=incident.venue_id,
        status=incident.status,
        severity=incident.severity,
        raised_at=incident.raised_at,
        owner_id=incident.owner_id,
        owner_name=incident.owner_name,
        acknowledged_at=incident.acked_at,
        on_scene_at=incident.on_scene_at,
        closed_at=incident.closed_at,
        version=incident.version,
    )
