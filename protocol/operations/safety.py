"""Emergencies: what must arrive whatever else is the matter (Rule 8)."""

from __future__ import annotations

import enum
from typing import Annotated, ClassVar, Final
from uuid import UUID

from protocol.addresses import ActorKind, Role
from protocol.bounds import PREPARED
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.operations.addresses import child, duty
from protocol.operations.base import KeyRule, Operation, RateRule, in_category
from protocol.records.states import Severity
from protocol.replies.safety import IncidentReply, SosRaised
from protocol.values import Note, Place, Zone


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
        errors=(Code.SELF_ACK, Code.ALREADY_ACKNOWLEDGED, Code.INCIDENT_CLOSED),
        emits=(
            "emergency.sos_acknowledged", "emergency.sos_resolved", "emergency.sos_escalated",
        ),
    ),
)
# fmt: on
