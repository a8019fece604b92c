"""Care for patrons: what staff see, what is done about it, and what patrons answer (Rule 7)."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from protocol.addresses import ActorKind, Role
from protocol.bounds import integer, items, text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.errors import FieldError
from protocol.limits import PAGE_ITEMS_DEFAULT
from protocol.operations.addresses import child, query, session, session_or_venue
from protocol.operations.base import KeyRule, Operation, in_category
from protocol.records.states import InterventionOutcome, SafetyCheckResponse
from protocol.replies.care import (
    CheckAnswered,
    InterventionReply,
    ObservationLogged,
    SafetyLogPage,
)
from protocol.values import Cursor, Note, PageSize, Reason


class Sign(enum.StrEnum):
    """What somebody who had too much looks like; one alone proves nothing (Rule 7, signs)."""

    SLURRED_SPEECH = "slurred_speech"
    UNSTEADY = "unsteady"
    DROWSY = "drowsy"
    CONFUSED = "confused"
    BLOODSHOT_EYES = "bloodshot_eyes"
    SPILLING = "spilling"
    LOUD = "loud"
    ARGUMENTATIVE = "argumentative"
    ANNOYING_OTHERS = "annoying_others"
    DRINKING_FAST = "drinking_fast"
    CARELESS_WITH_MONEY = "careless_with_money"
    VOMITING = "vomiting"


class Measure(enum.StrEnum):
    """What is done about a patron's safety."""

    NUDGE = "nudge"
    WELFARE_CHECK = "welfare_check"
    ALCOHOL_HOLD = "alcohol_hold"
    COOLING = "cooling"
    END_SESSION = "end_session"
    SAFE_WAY_HOME = "safe_way_home"
    SOS = "sos"


@command
class OpenIntervention(Command):
    """Open a case on a visit, or raise the one that is open."""

    session_id: UUID
    level: Annotated[int, integer(1, 5)]
    reason: Reason
    measures: Annotated[tuple[Measure, ...], items(0, 7)] = ()


@command
class RecordInterventionOutcome(Command):
    """What a responder has to report of a case: that it is theirs, or how it went.

    `fine` lifts a hold, and from level 3 on only management says so.
    """

    intervention_id: UUID
    acknowledged: bool = False
    outcome: InterventionOutcome | None = None
    notes: Note | None = None

    def faults(self) -> Iterable[FieldError]:
        """Something must be reported."""
        if not self.acknowledged and self.outcome is None:
            yield FieldError("/outcome", "required", "give an outcome, or acknowledged: true")


@command
class LogSafetyObservation(Command):
    """Note what was seen of a visit, or of a person at a venue."""

    session_id: UUID | None = None
    venue_id: UUID | None = None
    user_id: UUID | None = None
    signs: Annotated[tuple[Sign, ...], items(0, 12)] = ()
    visible_intoxication: bool = False
    refusal_of_service: bool = False
    aggression: bool = False
    first_aid: bool = False
    ejection: bool = False
    minor_found: bool = False
    lifts_hold: bool = False
    """Management's, of a person without a visit: they are well again and may come in (Rule 7)."""
    notes: Note | None = None

    def faults(self) -> Iterable[FieldError]:
        """Of something, somewhere."""
        if self.session_id is None and self.venue_id is None:
            yield FieldError("/session_id", "required", "give session_id, or venue_id and user_id")
        seen = (
            self.signs, self.visible_intoxication, self.refusal_of_service, self.aggression,
            self.first_aid, self.ejection, self.minor_found, self.notes, self.lifts_hold,
        )  # fmt: skip
        if not any(seen):
            yield FieldError("/signs", "required", "say what was seen or done")
        of_person = self.session_id is None and self.user_id is not None
        if self.lifts_hold and (not of_person or self.visible_intoxication or self.signs):
            detail = "goes with venue_id and user_id, and with no sign that it should stand"
            yield FieldError("/lifts_hold", "not_allowed", detail)


@command
class AnswerVerification(Command):
    """Answer a check; `score` is of the reaction test, in hundredths."""

    check_id: UUID
    response: SafetyCheckResponse
    score: Annotated[int, integer(0, 100)] | None = None


_KIND: Final = text(min=1, max=40, pattern=r"[a-z_]+")


@command
class ListSafetyLogs(Command):
    """The register, newest first."""

    venue_id: UUID | None = None
    session_id: UUID | None = None
    user_id: UUID | None = None
    kind: Annotated[str, _KIND] | None = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


# fmt: off
OPERATIONS: Final = in_category(
    "Safety",
    Operation(
        OpenIntervention, Role.MANAGEMENT, "POST /api/safety/interventions",
        session("session_id"), InterventionReply,
        summary="Open a case on a visit, or raise the one that is open to level 1 to 5.",
        status=201, key=KeyRule.ACCEPTED,
        errors=(Code.NOT_FOUND, Code.SESSION_CLOSED, Code.INTERVENTION_OPEN),
        emits=("safety.intervention_opened", "session.status_changed", "task.assigned"),
    ),
    Operation(
        RecordInterventionOutcome, Role.STAFF,
        "POST /api/safety/interventions/{intervention_id}/outcome",
        child("intervention_id", ActorKind.SESSION), InterventionReply,
        summary="Acknowledge a case or report its outcome; management lifts level 3 and above.",
        key=KeyRule.ACCEPTED, errors=(Code.INTERVENTION_CLOSED,),
        emits=(
            "safety.intervention_updated", "session.status_changed", "safety.threshold_crossed",
        ),
    ),
    Operation(
        ListSafetyLogs, Role.MANAGEMENT, "GET /api/safety/logs", query("safety_logs"),
        SafetyLogPage,
        summary="The register of observations, refusals, interventions and verifications.",
        offers=("text/csv",), audited="safety_logs.read",
    ),
    Operation(
        LogSafetyObservation, Role.STAFF, "POST /api/safety/logs",
        session_or_venue("session_id"), ObservationLogged,
        summary="Note signs, a refusal, aggression, first aid, an ejection, or a minor found.",
        status=201, key=KeyRule.ACCEPTED, offline=True,
        errors=(Code.NOT_FOUND, Code.INTERVENTION_OPEN),
        emits=("safety.threshold_crossed", "safety.intervention_opened"),
    ),
    Operation(
        AnswerVerification, Role.PATRON, "POST /api/safety/verifications",
        child("check_id", ActorKind.SESSION), CheckAnswered,
        summary="Answer a safety check: ok, help, or leave.",
        key=KeyRule.ACCEPTED, errors=(Code.NOT_FOUND, Code.CHECK_CLOSED),
        emits=("safety.intervention_updated", "session.status_changed"),
    ),
)
# fmt: on
