"""Cases whose visit is over: what is still reported of them, and who still hears (Rule 7).

Below level 3 a case ends with its visit. A hold stays with the person, so its case stays open here
until management lifts it; nobody has to come for it, because nobody is there to come to.
"""

from __future__ import annotations

from uuid import UUID

from actors.rules import intervention_ladder as ladder
from actors.rules.safety_levels import HOLD
from actors.rules.safety_register import LogKind, register_line
from actors.runtime.auditing import audited
from actors.runtime.outcome import CancelTimer, Context, Event, Outcome, Send
from actors.runtime.telling import tell
from actors.session.cases import CASE, case_over, reply_of, updated
from protocol.addresses import ActorKind, Address
from protocol.internal.safety import LiftService
from protocol.operations.care import RecordInterventionOutcome
from protocol.records.safety import Intervention, SafetyLog
from protocol.records.states import InterventionOutcome, InterventionStatus


def report(case: Intervention, command: RecordInterventionOutcome, context: Context) -> Outcome:
    """Take what is reported of a visit that is over; who may was asked before."""
    assert context.principal is not None, "whoever reports is signed in"
    by = context.principal.user_id
    outcome = command.outcome
    closes = outcome is not None and ladder.closes(case.level, outcome)
    changed = case.revised(
        status=InterventionStatus.CLOSED if closes else InterventionStatus.ACKNOWLEDGED,
        acknowledged_by=case.acknowledged_by or by,
        acknowledged_at=case.acknowledged_at or context.now,
        outcome=outcome or case.outcome,
        notes=command.notes or case.notes,
        closed_at=context.now if closes else None,
        due_at=None,
    )
    line = audited(
        context,
        "intervention.reported",
        "intervention",
        case.id,
        venue_id=case.venue_id,
        before={"status": case.status.value},
        after={"status": changed.status.value, "outcome": None if outcome is None else outcome},
    )
    return Outcome(
        reply=reply_of(changed),
        changes=(changed,),
        appends=(_line(changed, context, by), line),
        events=(_event(changed, context, by, outcome),),
        sends=_farewell(case, changed, by) if closes else (),
        timers=(CancelTimer(CASE),),
    )


def due(case: Intervention, context: Context) -> Outcome:
    """The time of a case ran out after its visit: it ends, or waits for management alone."""
    waits = case.level >= HOLD
    changed = case.revised(
        status=case.status if waits else InterventionStatus.CLOSED,
        closed_at=None if waits else context.now,
        due_at=None,
    )
    events = () if waits else (_event(changed, context, None, None),)
    return Outcome(
        changes=(changed,),
        appends=() if waits else (_line(changed, context, None),),
        events=events,
        sends=() if waits else _farewell(case, changed, None),
    )


def _farewell(case: Intervention, closed: Intervention, by: UUID | None) -> tuple[Send, ...]:
    """The venue's task is none any more, and a hold is over."""
    venue = Address(ActorKind.VENUE, case.venue_id)
    sends = []
    if case.task_id is not None:
        sends.append(Send(venue, case_over(closed, by), detached=True))
    if case.level >= HOLD:
        lift = LiftService(user_id=case.user_id, session_id=case.session_id)
        sends.append(Send(venue, lift, detached=True))
    return tuple(sends)


def _event(
    case: Intervention, context: Context, by: UUID | None, outcome: InterventionOutcome | None
) -> Event:
    told = updated(case, at=context.now, by=by, outcome=outcome)
    return tell(told, venue_id=case.venue_id, version=case.version)


def _line(case: Intervention, context: Context, by: UUID | None) -> SafetyLog:
    said = case.status.value if case.outcome is None else f"{case.status}: {case.outcome}"
    return register_line(
        context.fresh_id,
        LogKind.INTERVENTION,
        venue_id=case.venue_id,
        session_id=case.session_id,
        user_id=case.user_id,
        by_user=by,
        received_at=context.now,
        level=case.level,
        notes=said,
    )
