"""An SOS from the press until somebody comes (Rule 8).

Whatever arrives is taken: with nothing in it, late, twice, or after its acknowledgement. As long
as nobody has acknowledged, or who did has not arrived, the incident has a timer; so it gets louder
until a person answers, and never ends by itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from actors.rules import sos
from actors.rules.escalation import TierReached, first_escalation, next_escalation, with_severity
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Event, Outcome
from actors.runtime.state import State
from actors.runtime.telling import tell
from actors.venue.incident_state import (
    UNKNOWN_RAISER,
    alert_of,
    channels_of,
    line,
    open_incidents,
    raised,
    send_alert,
    settings_of,
    timer_of,
)
from protocol.events.emergency import EmergencySosEscalated, EmergencySosRaised
from protocol.internal.emergencies import AlertPeople, EscalateSos
from protocol.operations.safety import RaiseSos
from protocol.records.safety import Incident
from protocol.records.states import IncidentKind, IncidentStatus


@decides(RaiseSos)
def decide_raise_sos(state: State, command: RaiseSos, context: Context) -> Decision:
    """Open an incident, or join the one that the same person raised within the last minute.

    Whoever has a role anywhere may call for help where they are: roles at this venue don't count.
    """
    assert context.principal is not None, "an SOS is raised by somebody signed in"
    incident_id = command.incident_id or context.fresh_id()
    at = sos.pressed_at(incident_id, context.now)
    known = state.get(Incident, incident_id)
    if known is not None and known.raised_by == UNKNOWN_RAISER:
        return _catch_up(state, known, command, context, at)
    if known is not None:
        # The gateway left the press once more because the first answer took too long.
        return Outcome(reply=raised(known) if context.in_saga else None, status=200)
    user_id = context.principal.user_id
    for incident in open_incidents(state):
        if sos.joins(incident, user_id, at):
            return _join(state, incident, command, context, at)
    return _open(state, incident_id, command, context, at)


def _open(
    state: State, incident_id: UUID, command: RaiseSos, context: Context, at: datetime
) -> Outcome:
    assert context.principal is not None
    place = command.location
    first = first_escalation(command.severity, at, settings_of(context))
    incident = Incident(
        id=incident_id,
        venue_id=context.address.id,
        kind=IncidentKind.SOS,
        severity=command.severity,
        # Raised and notifying at once: tier 0 goes out with the press.
        status=IncidentStatus.NOTIFYING,
        raised_by=context.principal.user_id,
        raised_by_name=context.principal.display_name,
        session_id=command.session_id,
        silent=command.silent,
        zone=command.zone,
        note=command.note,
        lat=None if place is None else place.lat,
        lon=None if place is None else place.lon,
        accuracy_m=None if place is None else place.accuracy_m,
        raised_at=at,
        last_press_at=at,
        next_tier=first.tier,
        next_tier_at=first.at,
        late=context.now - at > sos.LATE_AFTER,
    )
    return _pressed(state, incident, "raised", context, status=None)


def _join(
    state: State, incident: Incident, command: RaiseSos, context: Context, at: datetime
) -> Outcome:
    """Pressed again: everyone is alerted again, and what is worse or newer counts."""
    worse = with_severity(incident, command.severity, settings_of(context))
    joined = _with_place(worse, command).revised(
        repeats=incident.repeats + 1,
        last_press_at=max(incident.last_press_at, at),
        # Once hidden it stays hidden: whoever presses openly may be made to.
        silent=incident.silent or command.silent,
    )
    return _pressed(state, joined, "joined", context, status=200)


def _catch_up(
    state: State, incident: Incident, command: RaiseSos, context: Context, at: datetime
) -> Outcome:
    """The press of an incident that was acknowledged, and perhaps closed, before it arrived."""
    assert context.principal is not None
    user_id = context.principal.user_id
    found = _with_place(incident, command).revised(
        severity=command.severity,
        raised_by=user_id,
        raised_by_name=context.principal.display_name,
        silent=command.silent,
        raised_at=at,
        last_press_at=at,
        late=True,
    )
    if sos.is_open(found) and found.owner_id == user_id:
        # Whoever raised it acknowledged it: that counts for nothing, so it begins from the press.
        first = first_escalation(command.severity, at, settings_of(context))
        found = found.evolve(
            status=IncidentStatus.NOTIFYING,
            owner_id=None,
            owner_name=None,
            acked_at=None,
            on_scene_at=None,
            next_tier=first.tier,
            next_tier_at=first.at,
        )
    if not sos.is_open(found):
        # Somebody came and it is over: an alarm now would call people to nothing.
        pressed = line(context, found, "raised", by=user_id)
        reply = raised(found) if context.in_saga else None
        return Outcome(reply=reply, changes=(found,), appends=(pressed,))
    return _pressed(state, found, "raised", context, status=None)


def _with_place(incident: Incident, command: RaiseSos) -> Incident:
    """The incident with what a press says, where it says something."""
    place = command.location
    found = incident.evolve(
        zone=command.zone or incident.zone,
        note=command.note or incident.note,
        session_id=command.session_id or incident.session_id,
    )
    if place is None:
        return found
    return found.evolve(lat=place.lat, lon=place.lon, accuracy_m=place.accuracy_m)


def _pressed(
    state: State, incident: Incident, kind: str, context: Context, *, status: int | None
) -> Outcome:
    alert = alert_of(state, incident, incident.tier, kind)
    return Outcome(
        reply=raised(incident) if context.in_saga else None,
        status=status,
        changes=(incident,),
        appends=(line(context, incident, kind, by=incident.raised_by, alert=alert),),
        events=(_raised_event(incident),),
        sends=(send_alert(alert),),
        timers=(timer_of(incident),),
    )


def _raised_event(incident: Incident) -> Event:
    accuracy_m = incident.accuracy_m
    return tell(
        EmergencySosRaised(
            incident_id=incident.id,
            raised_by=incident.raised_by,
            display_name=incident.raised_by_name or "somebody",
            severity=incident.severity,
            zone=incident.zone,
            lat=incident.lat,
            lon=incident.lon,
            accuracy_m=None if accuracy_m is None else round(accuracy_m),
            silent=incident.silent,
            at=incident.last_press_at,
            late=incident.late,
            repeat=incident.repeats,
        ),
        venue_id=incident.venue_id,
        version=incident.version,
        hide_from=hidden_from(incident),
    )


@decides(EscalateSos)
def decide_escalate_sos(state: State, command: EscalateSos, context: Context) -> Decision:
    """Nobody acknowledged in time, or nobody came: alert more people, and go on alerting."""
    incident = state.get(Incident, command.incident_id)
    if incident is None or incident.next_tier_at is None:
        return Outcome()
    reached = next_escalation(incident, context.now, settings_of(context))
    if reached is None:
        # The clock was set back; forgetting the timer now would be a silent end.
        return Outcome(timers=(timer_of(incident),))
    kind = "idle" if incident.status is IncidentStatus.ACKNOWLEDGED else reached.status.value
    return louder(state, incident, reached, kind, context)


def louder(
    state: State,
    incident: Incident,
    reached: TierReached,
    kind: str,
    context: Context,
    *,
    reply: object = None,
) -> Outcome:
    """A tier has come: more people are alerted, and `kind` is why."""
    risen = incident.revised(
        status=reached.status,
        tier=reached.tier,
        next_tier=reached.next.tier,
        next_tier_at=reached.next.at,
    )
    alert = alert_of(state, risen, reached.tier, kind)
    exhausted = reached.status is IncidentStatus.EXHAUSTED
    return Outcome(
        reply=reply,
        changes=(risen,),
        appends=(line(context, risen, kind, by=None, alert=alert),),
        events=(escalated_event(risen, alert, context, "exhausted" if exhausted else "notifying"),),
        sends=(send_alert(alert),),
        timers=(timer_of(risen),),
    )


def escalated_event(
    incident: Incident,
    alert: AlertPeople,
    context: Context,
    status: Literal["notifying", "exhausted", "backup"],
) -> Event:
    """That more people are alerted; on the raiser's devices nothing if the call was silent."""
    until = context.now if incident.acked_at is None else incident.acked_at
    return tell(
        EmergencySosEscalated(
            incident_id=incident.id,
            tier=alert.tier,
            channels=channels_of(alert),
            unacknowledged_for_s=max(0, int((until - incident.raised_at).total_seconds())),
            status=status,
            next_at=incident.next_tier_at,
        ),
        venue_id=incident.venue_id,
        version=incident.version,
        hide_from=hidden_from(incident),
    )


def hidden_from(incident: Incident) -> UUID | None:
    """Whose devices must show nothing of an incident."""
    return incident.raised_by if incident.silent else None
