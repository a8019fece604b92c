"""Emergencies: what must arrive whatever else is the matter (Rule 8)."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Annotated, ClassVar, Final
from uuid import UUID

from protocol.addresses import ActorKind, Role
from protocol.bounds import PREPARED, text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.limits import PAGE_ITEMS_DEFAULT
from protocol.operations.addresses import child, duty, present, query, venue
from protocol.operations.base import KeyRule, Operation, RateRule, in_category
from protocol.records.states import BroadcastAudience, BroadcastKind, IncidentKind, Severity
from protocol.replies.safety import (
    BroadcastSent,
    HelpTaken,
    IncidentPage,
    IncidentReply,
    SosRaised,
)
from protocol.values import Cursor, Note, PageSize, Place, Zone


@command
class RaiseSos(Command):
    """Call for help. Works with an empty body; `staff_id` is taken and ignored."""

    emergency: ClassVar[bool] = True

    venue_id: UUID | None = None
    severity: Severity = Severity.CRITICAL
    location: Place | None = None
    zone: Zone | None = None
    session_id: UUID | None = None
    staff_id: UUID | None = None
    silent: bool = False
    note: Note | None = None
    incident_id: Annotated[UUID | None, PREPARED] = None
    """Of the incident, should this one open it: known before any venue has taken it."""


class SosAction(enum.StrEnum):
    """What a responder says."""

    ACKNOWLEDGE = "acknowledge"
    ON_SCENE = "on_scene"
    NEED_BACKUP = "need_backup"
    RESOLVE = "resolve"
    FALSE_ALARM = "false_alarm"


@command
class RespondSos(Command):
    """Answer an SOS; the first acknowledgement owns it."""

    emergency: ClassVar[bool] = True

    incident_id: UUID
    action: SosAction
    note: Note | None = None


class HelpKind(enum.StrEnum):
    """What a patron needs help with."""

    HARASSMENT = "harassment"
    UNWELL = "unwell"
    WALK_ME_OUT = "walk_me_out"
    OTHER = "other"


@command
class RequestHelp(Command):
    """Ask for help without anyone seeing it. Works with an empty body, with or without a visit."""

    emergency: ClassVar[bool] = True

    venue_id: UUID | None = None
    kind: HelpKind = HelpKind.OTHER
    zone: Zone | None = None
    location: Place | None = None
    note: Note | None = None
    incident_id: Annotated[UUID | None, PREPARED] = None
    """Of the incident, should this one open it: known before any venue has taken it."""


_MESSAGE: Final = text(min=1, max=500)


@command
class BroadcastEmergency(Command):
    """Tell everyone in the venue, or its staff, what to do."""

    emergency: ClassVar[bool] = True

    venue_id: UUID
    kind: BroadcastKind
    message: Annotated[str, _MESSAGE]
    audience: BroadcastAudience = BroadcastAudience.EVERYONE
    needs_ack: bool = True


@command
class ListIncidents(Command):
    """Incidents with their timelines, newest first."""

    venue_id: UUID | None = None
    kind: IncidentKind | None = None
    open: bool | None = None
    since: datetime | None = None
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


# fmt: off
OPERATIONS: Final = in_category(
    "Safety",
    Operation(
        RaiseSos, Role.STAFF, "POST /api/emergency/sos", duty("venue_id"), SosRaised,
        summary="Raise an SOS; a repeat within a minute joins the open incident.",
        status=201, also=(200,), key=KeyRule.ACCEPTED, offline=True, emergency=True, lenient=True,
        prepare=("name_incident",), rate=RateRule.EXEMPT,
        emits=("emergency.sos_raised", "emergency.sos_escalated"),
    ),
    Operation(
        RespondSos, Role.STAFF, "POST /api/emergency/sos/{incident_id}/respond",
        child("incident_id", ActorKind.VENUE), IncidentReply,
        summary="Acknowledge an SOS, be on scene, ask for backup, or end it.",
        key=KeyRule.ACCEPTED, emergency=True,
        errors=(
            Code.SELF_ACK, Code.ALREADY_ACKNOWLEDGED, Code.INCIDENT_CLOSED, Code.INVALID_TRANSITION,
        ),
        emits=(
            "emergency.sos_acknowledged", "emergency.sos_resolved", "emergency.sos_escalated",
        ),
    ),
    Operation(
        ListIncidents, Role.STAFF, "GET /api/safety/incidents", query("incidents"), IncidentPage,
        summary="Incidents with timeline and response seconds.",
    ),
    Operation(
        BroadcastEmergency, Role.MANAGEMENT, "POST /api/emergency/broadcasts",
        venue("venue_id"), BroadcastSent,
        summary="Tell staff, or everyone in the venue, to evacuate, shelter, or that all is clear.",
        status=201, key=KeyRule.ACCEPTED, emergency=True, rate=RateRule.EXEMPT,
        errors=(Code.NOT_FOUND, Code.STEP_UP_REQUIRED), emits=("emergency.broadcast",),
    ),
    Operation(
        RequestHelp, Role.PATRON, "POST /api/safety/help-requests", present("venue_id"), HelpTaken,
        summary="Ask for discreet help; two of the staff are alerted, and no screen shows it.",
        status=201, also=(200,), key=KeyRule.ACCEPTED, emergency=True, lenient=True,
        prepare=("name_incident",), rate=RateRule.EXEMPT,
        emits=("safety.help_requested", "task.assigned"),
    ),
)
# fmt: on
