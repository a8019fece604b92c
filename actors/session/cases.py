"""Cases of a visit: whose task they are, what is told of them, how they end (Rule 7).

Every step is a line of the register. Nothing here raises a level; see `care`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from actors.rules.safety_levels import HOLD
from actors.rules.safety_register import LogKind, register_line
from actors.session.draft import VisitDraft
from actors.session.state import SessionState
from protocol.events.safety import SafetyInterventionUpdated
from protocol.internal.safety import CareDue, CareEnded, LiftService, SendSomebody
from protocol.records.safety import Intervention
from protocol.records.states import InterventionOutcome, InterventionStatus
from protocol.replies.care import InterventionReply

CASE: Final = "care_case"
"""The timer of the case that is open."""
CHECK: Final = "care_check"
"""The timer of the check that waits for its answer."""
LOOK: Final = "care_look"
"""The timer of the next look."""


def open_case(state: SessionState) -> Intervention | None:
    """The case that is not closed."""
    cases = (case for case in state.all(Intervention) if is_open(case))
    return max(cases, key=lambda case: case.opened_at, default=None)


def is_open(case: Intervention) -> bool:
    """Whether somebody must still do something, or a hold stands."""
    return case.status is not InterventionStatus.CLOSED


def send_somebody(draft: VisitDraft, case: Intervention, before_id: UUID | None) -> None:
    """Have the venue give somebody the task; when its time is over, more people are told."""
    draft.send(draft.venue, errand(case, before_id, draft.session.zone), detached=True)
    assert case.due_at is not None, "a case with a task has a deadline"
    draft.timer(CASE, case.due_at, CareDue(intervention_id=case.id))


def errand(case: Intervention, before_id: UUID | None, zone: str | None) -> SendSomebody:
    """What the venue is told of a case's present tier."""
    assert case.task_id is not None, "each tier has a task"
    assert case.due_at is not None, "each tier has a deadline"
    return SendSomebody(
        task_id=case.task_id,
        before_id=before_id,
        intervention_id=case.id,
        session_id=case.session_id,
        user_id=case.user_id,
        level=case.level,
        tier=case.tier,
        zone=zone,
        due_at=case.due_at,
    )


def told(
    draft: VisitDraft, case: Intervention, *, by: UUID | None, outcome: InterventionOutcome | None
) -> None:
    """Tell of a case's change and write it down."""
    draft.change(case)
    draft.tell(updated(case, at=draft.now, by=by, outcome=outcome))
    said = case.status.value if outcome is None else f"{case.status.value}: {outcome.value}"
    log(draft, LogKind.INTERVENTION, level=case.level, by=by, notes=said)


def updated(
    case: Intervention, *, at: datetime, by: UUID | None, outcome: InterventionOutcome | None
) -> SafetyInterventionUpdated:
    """What is told of a case's change."""
    return SafetyInterventionUpdated(
        intervention_id=case.id,
        session_id=case.session_id,
        level=case.level,
        status=case.status,
        outcome=None if outcome is None else outcome.value,
        by=by,
        at=at,
    )


def end_case(
    draft: VisitDraft,
    case: Intervention,
    *,
    by: UUID | None,
    outcome: InterventionOutcome | None,
    notes: str | None = None,
) -> Intervention:
    """Close a case: nobody needs to come any more, and a hold is over."""
    closed = case.revised(
        status=InterventionStatus.CLOSED,
        outcome=outcome or case.outcome,
        notes=notes or case.notes,
        closed_at=draft.now,
        due_at=None,
    )
    told(draft, closed, by=by, outcome=outcome)
    draft.cancel(CASE)
    if case.task_id is not None:
        draft.send(draft.venue, case_over(closed, by), detached=True)
    if case.level >= HOLD:
        lift = LiftService(user_id=case.user_id, session_id=case.session_id)
        draft.send(draft.venue, lift, detached=True)
    return closed


def end_by_force(draft: VisitDraft, state: SessionState) -> None:
    """Management ends the visit, and with it whatever people had to see to; a hold stands."""
    case = open_case(state)
    if case is None:
        return
    assert draft.context.principal is not None, "somebody ends a visit by force"
    by = draft.context.principal.user_id
    if case.level < HOLD:
        end_case(draft, case, by=by, outcome=None)
        return
    taken = case.revised(
        status=InterventionStatus.ACKNOWLEDGED,
        acknowledged_by=case.acknowledged_by or by,
        acknowledged_at=case.acknowledged_at or draft.now,
        due_at=None,
    )
    told(draft, taken, by=by, outcome=None)
    draft.cancel(CASE)


def end_watch(draft: VisitDraft, state: SessionState) -> None:
    """The visit is over: nobody is looked after any more. A hold waits for management alone."""
    for timer in (CHECK, LOOK, CASE):
        draft.cancel(timer)
    case = open_case(state)
    if case is None:
        return
    if case.level < HOLD:
        end_case(draft, case, by=None, outcome=None)
        return
    if case.due_at is not None:
        draft.change(case.revised(due_at=None))
    if case.task_id is not None:
        draft.send(draft.venue, case_over(case, None), detached=True)


def case_over(case: Intervention, by: UUID | None) -> CareEnded:
    """The venue's word that a task is none any more."""
    assert case.task_id is not None, "what has no task needs no end of it"
    result = "over" if case.outcome is None else case.outcome.value
    return CareEnded(intervention_id=case.id, task_id=case.task_id, result=result, by=by)


def log(
    draft: VisitDraft,
    kind: LogKind,
    *,
    level: int | None = None,
    by: UUID | None = None,
    notes: str | None = None,
) -> None:
    """Write a line of the register about the visit."""
    who = draft.session
    line = register_line(
        draft.context.fresh_id,
        kind,
        venue_id=who.venue_id,
        session_id=who.id,
        user_id=who.user_id,
        by_user=by,
        received_at=draft.now,
        level=who.safety_level if level is None else level,
        notes=notes,
    )
    draft.append((line,))


def reply_of(case: Intervention) -> InterventionReply:
    """A case as it is answered."""
    return InterventionReply(
        intervention_id=case.id,
        session_id=case.session_id,
        venue_id=case.venue_id,
        level=case.level,
        status=case.status,
        source=case.source,
        reason=case.reason or "",
        measures=case.measures,
        ack_by=case.ack_by,
        acknowledged_by=case.acknowledged_by,
        acknowledged_at=case.acknowledged_at,
        outcome=case.outcome,
        opened_at=case.opened_at,
        closed_at=case.closed_at,
        version=case.version,
    )
