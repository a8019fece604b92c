"""A patron's call for help: discreet, and as hard to lose as an SOS (Rules 7 and 8).

It is an incident like any other, of medium severity and silent: nothing of it shows on the
patron's devices. At first two of the staff hear of it, and one has it as a task; if nobody takes
it, it gets as loud as an SOS.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from actors.rules import sos
from actors.rules.escalation import first_escalation
from actors.rules.safety_register import LogKind, register_line
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from actors.runtime.state import State
from actors.runtime.telling import tell
from actors.venue.incident_state import (
    UNKNOWN_RAISER,
    line,
    open_incidents,
    people_of,
    send_alert,
    settings_of,
    timer_of,
)
from actors.venue.state import is_open
from actors.venue.task_state import choose
from protocol.events.safety import SafetyHelpRequested
from protocol.internal.emergencies import AlertGroup, AlertPeople
from protocol.internal.safety import HelpAsked
from protocol.internal.tasks import OpenTask
from protocol.operations.safety import HelpKind, RequestHelp, RespondSos, SosAction
from protocol.records.runtime import FloorPlace
from protocol.records.safety import Incident
from protocol.records.staff import StaffTask
from protocol.records.states import IncidentKind, IncidentStatus, Severity, TaskPriority
from protocol.replies.safety import HelpTaken

TITLE: Final = "A guest asks for help, discreetly"
TASK_KIND: Final = "help"
_AT_ONCE: Final = ("push", "socket")


@decides(RequestHelp)
def decide_request_help(state: State, command: RequestHelp, context: Context) -> Decision:
    """Open the call, or join the one that the same person made within the last minute."""
    principal = context.principal
    assert principal is not None, "help is asked for by somebody signed in"
    incident_id = command.incident_id or context.fresh_id()
    at = sos.pressed_at(incident_id, context.now)
    known = state.get(Incident, incident_id)
    if known is not None and known.raised_by != UNKNOWN_RAISER:
        # The gateway left the call once more because the first answer took too long.
        return Outcome(reply=_taken(known) if context.in_saga else None, status=200)
    seat = _seat_of(state, principal.user_id)
    place = command.location
    asked = Incident(
        id=incident_id,
        venue_id=context.address.id,
        kind=IncidentKind.HELP,
        severity=Severity.MEDIUM,
        status=IncidentStatus.NOTIFYING,
        raised_by=principal.user_id,
        raised_by_name=principal.display_name,
        session_id=None if seat is None else seat.session_id,
        silent=True,
        zone=command.zone or (None if seat is None else seat.zone),
        note=command.note,
        lat=None if place is None else place.lat,
        lon=None if place is None else place.lon,
        accuracy_m=None if place is None else place.accuracy_m,
        raised_at=at,
        last_press_at=at,
        late=context.now - at > sos.LATE_AFTER,
    )
    if known is not None:
        return _catch_up(state, known, asked, command.kind, context)
    for incident in open_incidents(state):
        if incident.kind is IncidentKind.HELP and sos.joins(incident, principal.user_id, at):
            return _join(state, incident, asked, command.kind, context)
    return _open(state, asked, command.kind.value, context)


@decides(HelpAsked)
def decide_help_asked(state: State, command: HelpAsked, context: Context) -> Decision:
    """A check was answered with help: the same as if it had been asked for."""
    if state.get(Incident, command.incident_id) is not None:
        return Outcome()
    for incident in open_incidents(state):
        if incident.kind is IncidentKind.HELP and incident.raised_by == command.user_id:
            # Somebody is on the way already.
            return Outcome()
    seat = _seat_of(state, command.user_id)
    asked = Incident(
        id=command.incident_id,
        venue_id=context.address.id,
        kind=IncidentKind.HELP,
        severity=Severity.MEDIUM,
        status=IncidentStatus.NOTIFYING,
        raised_by=command.user_id,
        raised_by_name=None if seat is None else seat.display_name,
        session_id=command.session_id,
        silent=True,
        zone=command.zone,
        raised_at=context.now,
        last_press_at=context.now,
    )
    return _open(state, asked, HelpKind.OTHER.value, context)


def help_taken(state: State, task: StaffTask, context: Context) -> tuple[Send, ...]:
    """Whoever accepts the task of a call is coming: that acknowledges the call as well."""
    incident = state.get(Incident, task.id)
    if incident is None or not sos.is_open(incident) or incident.acked_at is not None:
        return ()
    coming = RespondSos(incident_id=incident.id, action=SosAction.ACKNOWLEDGE)
    return (Send(context.address, coming, detached=True),)


def _open(state: State, asked: Incident, kind: str, context: Context) -> Outcome:
    first = first_escalation(asked.severity, asked.raised_at, settings_of(context))
    incident = asked.evolve(next_tier=first.tier, next_tier_at=first.at)
    return _called(state, incident, kind, "help_requested", context, status=None, due_at=first.at)


def _join(
    state: State, incident: Incident, asked: Incident, kind: HelpKind, context: Context
) -> Outcome:
    """Asked again: those who are to come are alerted again."""
    joined = incident.revised(
        repeats=incident.repeats + 1,
        last_press_at=max(incident.last_press_at, asked.last_press_at),
        zone=asked.zone or incident.zone,
        note=asked.note or incident.note,
        session_id=asked.session_id or incident.session_id,
    )
    return _called(state, joined, kind.value, "joined", context, status=200, due_at=None)


def _catch_up(
    state: State, known: Incident, asked: Incident, kind: HelpKind, context: Context
) -> Outcome:
    """The call of an incident that was acknowledged before it arrived."""
    found = known.revised(
        kind=IncidentKind.HELP,
        severity=Severity.MEDIUM,
        raised_by=asked.raised_by,
        raised_by_name=asked.raised_by_name,
        session_id=asked.session_id,
        silent=True,
        zone=asked.zone,
        note=asked.note,
        raised_at=asked.raised_at,
        last_press_at=asked.last_press_at,
        late=True,
    )
    if not sos.is_open(found):
        reply = _taken(found) if context.in_saga else None
        written = line(context, found, "help_requested", by=asked.raised_by)
        return Outcome(reply=reply, changes=(found,), appends=(written,))
    return _called(state, found, kind.value, "help_requested", context, status=None, due_at=None)


def _called(
    state: State,
    incident: Incident,
    kind: str,
    said: str,
    context: Context,
    *,
    status: int | None,
    due_at: datetime | None,
) -> Outcome:
    first = choose(state, without=(incident.raised_by,))
    alert = _alert(state, incident, said, first)
    event = SafetyHelpRequested(
        incident_id=incident.id,
        session_id=incident.session_id,
        user_id=incident.raised_by,
        zone=incident.zone,
        kind=kind,
        at=incident.last_press_at,
    )
    sends = [send_alert(alert)]
    if due_at is not None:
        sends.append(Send(context.address, _task(incident, first, due_at), detached=True))
    logged = register_line(
        context.fresh_id,
        LogKind.HELP,
        venue_id=incident.venue_id,
        session_id=incident.session_id,
        user_id=incident.raised_by,
        by_user=incident.raised_by,
        received_at=context.now,
        occurred_at=incident.last_press_at,
        notes=incident.note,
    )
    return Outcome(
        reply=_taken(incident) if context.in_saga else None,
        status=status,
        changes=(incident,),
        appends=(line(context, incident, said, by=incident.raised_by, alert=alert), logged),
        events=(
            tell(
                event,
                venue_id=incident.venue_id,
                version=incident.version,
                hide_from=incident.raised_by,
            ),
        ),
        sends=tuple(sends),
        timers=(timer_of(incident),),
    )


def _task(incident: Incident, assignee_id: UUID | None, due_at: datetime) -> OpenTask:
    """The task of a call has the call's own id, so it is closed with it."""
    return OpenTask(
        task_id=incident.id,
        title=TITLE,
        kind=TASK_KIND,
        priority=TaskPriority.CRITICAL,
        due_at=due_at,
        zone=incident.zone,
        session_id=incident.session_id,
        assignee_id=assignee_id,
    )


def _alert(state: State, incident: Incident, said: str, first: UUID | None) -> AlertPeople:
    """Two of those on duty; if there are none, all of management."""
    second = None if first is None else choose(state, without=(first, incident.raised_by))
    chosen = [user_id for user_id in (first, second) if user_id is not None]
    audience = sos.Audience.ON_DUTY_STAFF
    if not chosen:
        audience = sos.Audience.OFF_DUTY_MANAGEMENT
        chosen = sorted(people_of(state, audience) - {incident.raised_by})
    group = AlertGroup(audience=audience.value, channels=_AT_ONCE, user_ids=tuple(chosen))
    return AlertPeople(
        incident_id=incident.id,
        venue_id=incident.venue_id,
        severity=incident.severity,
        tier=0,
        reason=said,
        groups=(group,),
        zone=incident.zone,
        hide_from=incident.raised_by,
    )


def _seat_of(state: State, user_id: UUID) -> FloorPlace | None:
    """Where they are; a seat whose visit did not begin, and may never, says nothing of that."""
    seats = (seat for seat in state.all(FloorPlace) if seat.user_id == user_id)
    return next(filter(is_open, seats), None)


def _taken(incident: Incident) -> HelpTaken:
    return HelpTaken(incident_id=incident.id, requested_at=incident.raised_at)
