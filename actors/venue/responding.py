"""What responders say to an SOS (Rule 8): one owns it, one is there, one says that it is over.

The first acknowledgement wins. Whoever raised a silent call may be made to take it back, so to
them it looks taken back, and everyone else still comes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import attrs

from actors.rules import sos
from actors.rules.escalation import escalation_after_acknowledgement
from actors.rules.lifecycle import INCIDENT, IncidentTrigger, transition
from actors.rules.permissions import refuse_at_venue
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Event, Outcome, Send
from actors.runtime.state import State
from actors.runtime.telling import tell
from actors.venue.incident_state import (
    UNKNOWN_RAISER,
    alert_of,
    line,
    send_alert,
    standing,
    timer_of,
)
from actors.venue.incidents import escalated_event, hidden_from
from protocol.addresses import Role
from protocol.errors import Code, Refusal
from protocol.events.emergency import EmergencySosAcknowledged, EmergencySosResolved
from protocol.internal.tasks import CloseTask
from protocol.operations.safety import RespondSos, SosAction
from protocol.records.safety import Incident
from protocol.records.states import IncidentKind, IncidentStatus, Severity

_ENDS: Final = (IncidentTrigger.RESOLVE, IncidentTrigger.FALSE_ALARM)
_TAKEN: Final = (IncidentStatus.ACKNOWLEDGED, IncidentStatus.ON_SCENE)


@decides(RespondSos)
def decide_respond_sos(state: State, command: RespondSos, context: Context) -> Decision:
    """Take what a responder says, or say why not and who has it."""
    principal, venue_id = context.principal, context.address.id
    assert principal is not None, "whoever responds is signed in"
    if (stranger := refuse_at_venue(principal, Role.STAFF, venue_id)) is not None:
        return stranger
    incident = state.get(Incident, command.incident_id)
    if incident is None:
        return _open_again(command, context)
    trigger = IncidentTrigger(command.action.value)
    role = principal.role_at(venue_id)
    refusal = sos.refuse_response(incident, trigger, user_id=principal.user_id, role=role)
    if refusal is not None:
        return refusal
    if trigger in _ENDS and sos.is_hidden_from(incident, principal.user_id):
        return _pretend(incident, command, context)
    match trigger:
        case IncidentTrigger.ACKNOWLEDGE:
            if incident.status in _TAKEN:
                return Outcome(reply=standing(incident))
            return _acknowledge(incident, command, context)
        case IncidentTrigger.ON_SCENE:
            return _arrive(incident, command, context)
        case IncidentTrigger.NEED_BACKUP:
            return _call_backup(state, incident, command, context)
    return _end(incident, command, context)


def _open_again(command: RespondSos, context: Context) -> Decision:
    """An acknowledgement of a press that the venue never got: somebody is on the way, so note it.

    Of how bad it is nothing is known, so the worst is taken for true. The press adds the rest
    should it still arrive.
    """
    principal, now = context.principal, context.now
    assert principal is not None
    taken = command.action is SosAction.ACKNOWLEDGE and sos.may_be_lost(command.incident_id, now)
    if not taken:
        return Refusal(
            Code.NOT_FOUND,
            f"incident {command.incident_id} is not here; only one whose press is recent and was "
            "not recorded is opened again, by acknowledging it",
        )
    raised_at = sos.pressed_at(command.incident_id, now)
    back = escalation_after_acknowledgement(now)
    incident = Incident(
        id=command.incident_id,
        venue_id=context.address.id,
        kind=IncidentKind.SOS,
        severity=Severity.CRITICAL,
        status=IncidentStatus.ACKNOWLEDGED,
        raised_by=UNKNOWN_RAISER,
        owner_id=principal.user_id,
        owner_name=principal.display_name,
        raised_at=raised_at,
        last_press_at=raised_at,
        acked_at=now,
        next_tier=back.tier,
        next_tier_at=back.at,
        late=True,
    )
    return _changed(incident, "opened_again", command, context, _acknowledged(incident, context))


def _acknowledge(incident: Incident, command: RespondSos, context: Context) -> Outcome:
    principal = context.principal
    assert principal is not None
    back = escalation_after_acknowledgement(context.now)
    owned = incident.revised(
        status=_after(incident, IncidentTrigger.ACKNOWLEDGE),
        owner_id=principal.user_id,
        owner_name=principal.display_name,
        # How long it took until anybody answered does not change when another takes it over.
        acked_at=incident.acked_at or context.now,
        next_tier=back.tier,
        next_tier_at=back.at,
    )
    return _changed(owned, "acknowledged", command, context, _acknowledged(owned, context))


def _arrive(incident: Incident, command: RespondSos, context: Context) -> Outcome:
    there = incident.revised(
        status=_after(incident, IncidentTrigger.ON_SCENE),
        on_scene_at=context.now,
        next_tier=None,
        next_tier_at=None,
    )
    return _changed(there, "on_scene", command, context, _acknowledged(there, context))


def _call_backup(
    state: State, incident: Incident, command: RespondSos, context: Context
) -> Outcome:
    """Everyone is alerted as loudly as by tier 1 at least; who owns it does not change."""
    asked = incident.revised(status=_after(incident, IncidentTrigger.NEED_BACKUP))
    alert = alert_of(state, asked, max(1, asked.tier), "backup")
    told = escalated_event(asked, alert, context, "backup")
    outcome = _changed(asked, "need_backup", command, context, told)
    written = line(
        context, asked, "need_backup", by=_by(context), detail=_detail_of(command), alert=alert
    )
    return attrs.evolve(outcome, appends=(written,), sends=(send_alert(alert),))


def _end(incident: Incident, command: RespondSos, context: Context) -> Outcome:
    closed = _closed(incident, command, context)
    outcome: Literal["resolved", "false_alarm"] = (
        "resolved" if closed.status is IncidentStatus.RESOLVED else "false_alarm"
    )
    assert closed.closed_by is not None
    acked_at = closed.acked_at
    resolved = tell(
        EmergencySosResolved(
            incident_id=closed.id,
            outcome=outcome,
            resolved_by=closed.closed_by,
            open_for_s=int((context.now - closed.raised_at).total_seconds()),
            ack_after_ms=None if acked_at is None else _ms_between(closed, acked_at),
        ),
        venue_id=closed.venue_id,
        user_id=None if closed.silent else closed.raised_by,
        version=closed.version,
        hide_from=hidden_from(closed),
    )
    ended = _changed(closed, outcome, command, context, resolved)
    if outcome == "false_alarm":
        # Somebody said that nothing was the matter: who that was must be known later.
        noted = audited(
            context,
            "incident.false_alarm",
            "incident",
            closed.id,
            venue_id=closed.venue_id,
            before={"status": incident.status},
            after={"status": closed.status},
        )
        ended = attrs.evolve(ended, appends=(*ended.appends, noted))
    if closed.kind is not IncidentKind.HELP:
        return ended
    # The task of a call for help has the call's own id.
    task = CloseTask(task_id=closed.id, result=outcome, by=closed.closed_by)
    return attrs.evolve(ended, sends=(Send(context.address, task, detached=True),))


def _pretend(incident: Incident, command: RespondSos, context: Context) -> Outcome:
    """Answer as if it were over; it is not, and the timeline says who tried (Rule 8)."""
    tried = incident.revised()
    return Outcome(
        reply=standing(_closed(incident, command, context)),
        changes=(tried,),
        appends=(
            line(context, tried, "cancel_not_heeded", by=_by(context), detail=_detail_of(command)),
        ),
    )


def _closed(incident: Incident, command: RespondSos, context: Context) -> Incident:
    status = _after(incident, IncidentTrigger(command.action.value))
    return incident.revised(
        status=status,
        outcome=status.value,
        closed_at=context.now,
        closed_by=_by(context),
        next_tier=None,
        next_tier_at=None,
    )


def _changed(
    incident: Incident, kind: str, command: RespondSos, context: Context, told: Event
) -> Outcome:
    return Outcome(
        reply=standing(incident),
        changes=(incident,),
        appends=(line(context, incident, kind, by=_by(context), detail=_detail_of(command)),),
        events=(told,),
        timers=(timer_of(incident),),
    )


def _acknowledged(incident: Incident, context: Context) -> Event:
    assert incident.owner_id is not None
    on_scene = incident.status is IncidentStatus.ON_SCENE
    known = incident.raised_by != UNKNOWN_RAISER
    return tell(
        EmergencySosAcknowledged(
            incident_id=incident.id,
            owner_id=incident.owner_id,
            display_name=incident.owner_name or "a colleague",
            status="on_scene" if on_scene else "acknowledged",
            after_ms=_ms_between(incident, context.now),
            at=context.now,
        ),
        venue_id=incident.venue_id,
        user_id=incident.raised_by if known and not incident.silent else None,
        version=incident.version,
        hide_from=hidden_from(incident),
    )


def _ms_between(incident: Incident, until: datetime) -> int:
    return max(0, (until - incident.raised_at) // timedelta(milliseconds=1))


def _after(incident: Incident, trigger: IncidentTrigger) -> IncidentStatus:
    status = transition(INCIDENT, incident.status, trigger)
    assert status is not None, f"{trigger.value} was let through at {incident.status.value}"
    return status


def _by(context: Context) -> UUID:
    assert context.principal is not None, "whoever responds is signed in"
    return context.principal.user_id


def _detail_of(command: RespondSos) -> dict[str, str]:
    return {} if command.note is None else {"note": command.note}
