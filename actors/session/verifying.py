"""What a patron answers when asked how they are, and what follows if no answer comes (Rule 7)."""

from __future__ import annotations

from uuid import UUID

import attrs

from actors.rules.permissions import not_found
from actors.rules.safety_levels import END, Crossing, SafetyRule
from actors.rules.safety_pace import unanswered
from actors.rules.safety_register import LogKind
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.session.care import cross
from actors.session.cases import CHECK, end_case, log, open_case
from actors.session.draft import VisitDraft, draft_of
from actors.session.state import SessionState
from actors.session.watching import end_cooling_if_due, look_later
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.internal.metering import CloseVisit
from protocol.internal.safety import CheckLapsed, HelpAsked
from protocol.operations.care import AnswerVerification
from protocol.records.safety import Intervention
from protocol.records.states import (
    CheckOutCause,
    InterventionOutcome,
    SafetyCheckResponse,
    SessionStatus,
)
from protocol.records.visits import SafetyCheck
from protocol.replies.care import CheckAnswered


@decides(AnswerVerification)
def decide_answer_verification(
    state: SessionState, command: AnswerVerification, context: Context
) -> Decision:
    """Take the answer: it calms, calls for help, or ends the visit."""
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    check = state.get(SafetyCheck, command.check_id)
    if check is None or check.user_id != principal.user_id:
        return not_found(f"check {command.check_id}")
    session = state.session
    over = session is None or session.status is SessionStatus.CLOSING
    if session is None or over or check.answered_at is not None or context.now > check.answer_by:
        return Refusal(
            Code.CHECK_CLOSED,
            f"check {check.id} was to be answered until {check.answer_by.isoformat()} and once; "
            "if you need help, ask for it",
        )
    draft = draft_of(state, session, context)
    answered = check.revised(
        answered_at=context.now, response=command.response, score=command.score
    )
    draft.change(answered)
    draft.cancel(CHECK)
    log(
        draft,
        LogKind.VERIFICATION,
        by=principal.user_id,
        notes=f"{check.kind.value} answered {command.response.value}",
    )
    case = open_case(state)
    match command.response:
        case SafetyCheckResponse.OK:
            case = _calm(draft, case, principal.user_id)
        case SafetyCheckResponse.HELP:
            case = _help(draft, case)
        case SafetyCheckResponse.LEAVE:
            own = Address(ActorKind.SESSION, session.id)
            draft.send(own, CloseVisit(cause=CheckOutCause.PATRON), detached=True)
    look_later(draft, case)
    return draft.outcome(
        CheckAnswered(
            check_id=check.id,
            session_id=session.id,
            response=command.response,
            status=draft.session.status,
        )
    )


@decides(CheckLapsed)
def decide_check_lapsed(state: SessionState, command: CheckLapsed, context: Context) -> Decision:
    """Nobody answered: one level more, unless somebody is with the patron already."""
    session = state.session
    check = state.get(SafetyCheck, command.check_id)
    if session is None or session.status is SessionStatus.CLOSING or check is None:
        return Outcome()
    if check.answered_at is not None:
        return Outcome()
    draft = draft_of(state, session, context)
    log(draft, LogKind.VERIFICATION, notes=f"{check.kind.value} not answered")
    case = open_case(state)
    if case is None or case.acknowledged_at is None:
        crossing = unanswered(session.safety_level, context.now, draft.profile.settings)
        case = cross(draft, case, (crossing,))
    look_later(draft, case)
    return draft.outcome()


def _calm(draft: VisitDraft, case: Intervention | None, by: UUID) -> Intervention | None:
    """All is well: a nudge is over, and who has cooled for long enough goes on."""
    care = attrs.evolve(draft.notes.care, ok_at=draft.now)
    draft.notes = attrs.evolve(draft.notes, care=care)
    end_cooling_if_due(draft)
    if case is None or case.due_at is not None or case.level > 1:
        return case
    end_case(draft, case, by=by, outcome=InterventionOutcome.FINE)
    return None


def _help(draft: VisitDraft, case: Intervention | None) -> Intervention | None:
    """Level 4 without a sign of it on the patron's screen, and the venue hears the call."""
    session = draft.session
    asked = HelpAsked(
        incident_id=draft.context.fresh_id(),
        session_id=session.id,
        user_id=session.user_id,
        zone=session.zone,
    )
    draft.send(draft.venue, asked, detached=True, urgent=True)
    log(draft, LogKind.HELP, level=max(END, session.safety_level), by=session.user_id)
    crossing = Crossing(rule=SafetyRule.HELP_ASKED, level=END, value=1, limit=1, since=draft.now)
    return cross(draft, case, (crossing,), by=session.user_id, discreet=True)
