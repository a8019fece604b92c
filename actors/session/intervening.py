"""What people do about a case: open it, take it on, say how it went, lift the hold (Rule 7).

A case outlives its visit: with an open hold it waits for management, for as long as that takes.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from actors.rules import intervention_ladder as ladder
from actors.rules.permissions import not_found, refuse_at_venue
from actors.rules.safety_levels import LEVEL_MAX, Crossing, SafetyRule, level_after
from actors.rules.safety_register import LogKind
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.session import cases_after
from actors.session.care import Opening, begin, cross, warm_up
from actors.session.cases import (
    CASE,
    end_case,
    is_open,
    log,
    open_case,
    reply_of,
    send_somebody,
    told,
    updated,
)
from actors.session.draft import VisitDraft, draft_of
from actors.session.state import SessionState
from actors.session.watching import look_later
from protocol.addresses import ActorKind, Address, Principal, Role
from protocol.errors import Code, Refusal
from protocol.internal.metering import CloseVisit
from protocol.internal.safety import CareDue, TakeCare
from protocol.operations.care import OpenIntervention, RecordInterventionOutcome
from protocol.records.platform import AuditEntry
from protocol.records.safety import Intervention
from protocol.records.states import (
    CheckOutCause,
    InterventionOutcome,
    InterventionSource,
    InterventionStatus,
    SessionStatus,
)

LIFTED: Final = "lifted"
"""Why a visit goes on whose hold management has lifted."""


@decides(OpenIntervention)
def decide_open_intervention(
    state: SessionState, command: OpenIntervention, context: Context
) -> Decision:
    """Open a case or raise the one that is open; not to a level that it has already."""
    visit = state.session or state.history
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    if visit is None:
        return not_found(f"session {state.session_id}")
    if (stranger := refuse_at_venue(principal, Role.MANAGEMENT, visit.venue_id)) is not None:
        return stranger
    session = state.session
    if session is None or session.status is SessionStatus.CLOSING:
        return Refusal(
            Code.SESSION_CLOSED, f"session {visit.id} is over; log what was seen instead"
        )
    case = open_case(state)
    if case is not None and case.level >= command.level:
        return Refusal(
            Code.INTERVENTION_OPEN,
            f"intervention {case.id} is open at level {case.level}; raise it or report its outcome",
            extra={"intervention_id": str(case.id), "level": case.level},
        )
    draft = draft_of(state, session, context)
    opening = Opening(
        level=command.level,
        source=InterventionSource.STAFF,
        reason=command.reason,
        measures=tuple(measure.value for measure in command.measures),
        by=principal.user_id,
    )
    opened = begin(draft, case, opening)
    draft.append((_audit(context, "intervention.opened", case, opened),))
    look_later(draft, opened)
    return draft.outcome(reply_of(opened))


@decides(RecordInterventionOutcome)
def decide_record_intervention_outcome(
    state: SessionState, command: RecordInterventionOutcome, context: Context
) -> Decision:
    """Take what a responder reports. From level 3 on only management says that all is well."""
    case = state.get(Intervention, command.intervention_id)
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    if case is None or principal.role_at(case.venue_id) < Role.STAFF:
        return not_found(f"intervention {command.intervention_id}")
    refusal = _refuse_report(case, command, principal)
    if refusal is not None:
        return refusal
    session = state.session
    if session is None or session.status is SessionStatus.CLOSING:
        return cases_after.report(case, command, context)
    draft = draft_of(state, session, context)
    outcome = command.outcome
    left: Intervention | None
    if outcome is None:
        left = shown = _take_on(draft, case, principal.user_id, command.notes)
    elif outcome is InterventionOutcome.ESCALATE:
        left = shown = _escalate(draft, case, command, principal)
    else:
        shown, left = _report(draft, case, command, principal)
    draft.append((_audit(context, "intervention.reported", case, shown),))
    look_later(draft, left)
    return draft.outcome(reply_of(shown))


@decides(TakeCare)
def decide_take_care(state: SessionState, command: TakeCare, context: Context) -> Decision:
    """Whoever accepts the task of a case has acknowledged the case."""
    case = state.get(Intervention, command.intervention_id)
    session = state.session
    if case is None or not is_open(case) or case.acknowledged_at is not None:
        return Outcome()
    if session is None or session.status is SessionStatus.CLOSING:
        return Outcome()
    draft = draft_of(state, session, context)
    taken = _take_on(draft, case, command.by_user, None)
    look_later(draft, taken)
    return draft.outcome()


@decides(CareDue)
def decide_care_due(state: SessionState, command: CareDue, context: Context) -> Decision:
    """Nobody took the case on in time, or nothing came of it: the next tier of people hears."""
    case = state.get(Intervention, command.intervention_id)
    if case is None or case.due_at is None or not is_open(case):
        return Outcome()
    session = state.session
    if session is None or session.status is SessionStatus.CLOSING:
        return cases_after.due(case, context)
    draft = draft_of(state, session, context)
    if context.now < case.due_at:
        # The clock was set back; forgetting the timer now would be a silent end.
        draft.timer(CASE, case.due_at, command)
        return draft.outcome()
    risen = case.revised(
        status=InterventionStatus.ESCALATED,
        tier=ladder.next_tier(case.tier),
        task_id=context.fresh_id(),
        due_at=ladder.again_at(case.level, case.due_at, context.now),
    )
    told(draft, risen, by=None, outcome=None)
    send_somebody(draft, risen, case.task_id)
    return draft.outcome()


def _refuse_report(
    case: Intervention, command: RecordInterventionOutcome, principal: Principal
) -> Refusal | None:
    if not is_open(case):
        return Refusal(
            Code.INTERVENTION_CLOSED,
            f"intervention {case.id} is closed; open another if it is not over",
        )
    lifts = command.outcome is not None and ladder.is_lift(case.level, command.outcome)
    if lifts and principal.role_at(case.venue_id) < Role.MANAGEMENT:
        return Refusal(
            Code.FORBIDDEN, f"level {case.level} is lifted by management; report what you did"
        )
    return None


def _take_on(draft: VisitDraft, case: Intervention, by: UUID, notes: str | None) -> Intervention:
    """Somebody sees to it; until it has an outcome that stays somebody's to report."""
    due_at = None
    if ladder.needs_people(case.level):
        due_at = ladder.outcome_by(case.opened_at, draft.now)
    taken = case.revised(
        status=InterventionStatus.ACKNOWLEDGED,
        acknowledged_by=case.acknowledged_by or by,
        acknowledged_at=case.acknowledged_at or draft.now,
        notes=notes or case.notes,
        due_at=due_at,
    )
    told(draft, taken, by=taken.acknowledged_by, outcome=None)
    if due_at is not None:
        draft.timer(CASE, due_at, CareDue(intervention_id=case.id))
    return taken


def _report(
    draft: VisitDraft, case: Intervention, command: RecordInterventionOutcome, by: Principal
) -> tuple[Intervention, Intervention | None]:
    """How it went: what is shown of the case, and the case if it stays open for management."""
    outcome = command.outcome
    assert outcome is not None
    if outcome in ladder.LEAVING:
        own = Address(ActorKind.SESSION, case.session_id)
        draft.send(own, CloseVisit(cause=CheckOutCause.FORCED), detached=True)
    if ladder.closes(case.level, outcome):
        ended = end_case(draft, case, by=by.user_id, outcome=outcome, notes=command.notes)
        if ladder.is_lift(case.level, outcome):
            level = level_after(draft.session.safety_level, lifted=True, quiet=False)
            draft.session = draft.session.evolve(safety_level=level)
            log(draft, LogKind.LEVEL, level=level, by=by.user_id, notes=LIFTED)
            warm_up(draft, LIFTED)
        return ended, None
    # The hold stands until management lifts it, but nobody needs to come for it any more.
    stays = case.revised(
        status=InterventionStatus.ACKNOWLEDGED,
        acknowledged_by=case.acknowledged_by or by.user_id,
        acknowledged_at=case.acknowledged_at or draft.now,
        outcome=outcome,
        notes=command.notes or case.notes,
        due_at=None,
    )
    told(draft, stays, by=by.user_id, outcome=outcome)
    draft.cancel(CASE)
    return stays, stays


def _escalate(
    draft: VisitDraft, case: Intervention, command: RecordInterventionOutcome, by: Principal
) -> Intervention:
    """It is worse than it was thought: one level more, with new people and deadlines."""
    level = min(max(case.level, draft.session.safety_level) + 1, LEVEL_MAX)
    if level <= max(case.level, draft.session.safety_level):
        return _take_on(draft, case, by.user_id, command.notes)
    worse = case.evolve(status=InterventionStatus.ESCALATED)
    draft.tell(updated(worse, at=draft.now, by=by.user_id, outcome=command.outcome))
    crossing = Crossing(
        rule=SafetyRule.ESCALATE, level=level, value=level, limit=case.level, since=draft.now
    )
    risen = cross(draft, case, (crossing,), by=by.user_id)
    assert risen is not None, "a higher level has a case"
    return risen


def _audit(
    context: Context, action: str, before: Intervention | None, after: Intervention
) -> AuditEntry:
    return audited(
        context,
        action,
        "intervention",
        after.id,
        venue_id=after.venue_id,
        before=None if before is None else _facts(before),
        after=_facts(after),
    )


def _facts(case: Intervention) -> dict[str, object]:
    return {
        "level": case.level,
        "status": case.status.value,
        "outcome": None if case.outcome is None else case.outcome.value,
    }
