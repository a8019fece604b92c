"""Management ends a visit against its patron's will, at a moment that may be past (Rule 2).

What was charged after that moment goes back with the settlement. A safety case that is open on the
visit closes with it, but for a hold: that waits until management lifts it.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from actors.rules.lifecycle import SessionTrigger
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision
from actors.session.breaks import refuse_while_moving
from actors.session.cases import end_by_force
from actors.session.closing import close
from actors.session.draft import VisitDraft, draft_of
from actors.session.standing import refuse_lesser, steppable
from actors.session.state import SessionState
from protocol.addresses import Role
from protocol.errors import Code, FieldError, Refusal
from protocol.operations.sessions_managed import ForceCheckOut
from protocol.records.states import CheckOutCause
from protocol.records.visits import Session


@decides(ForceCheckOut)
def decide_force_check_out(
    state: SessionState, command: ForceCheckOut, context: Context
) -> Decision:
    """Stop the meter at the moment that is said, and settle; it is always written down."""
    refusal = refuse_lesser(state, context, Role.MANAGEMENT)
    if refusal is not None:
        return refusal
    session = steppable(state, SessionTrigger.FORCE_CHECK_OUT)
    if isinstance(session, Refusal):
        return session
    draft = draft_of(state, session, context)
    ended_at = command.effective_at or context.now
    refusal = _refuse_voiding(draft) or _refuse_moment(draft, ended_at)
    if refusal is not None:
        return refusal
    reason = command.reason_code.value
    draft.notes = attrs.evolve(draft.notes, forced_reason=reason)
    line = audited(
        context,
        "session.force_checked_out",
        "session",
        session.id,
        venue_id=session.venue_id,
        before={"status": session.status},
        after={"reason_code": command.reason_code, "effective_at": ended_at},
    )
    draft.append((line,))
    end_by_force(draft, state)
    close(draft, SessionTrigger.FORCE_CHECK_OUT, CheckOutCause.FORCED, ended_at, reason=reason)
    return draft.outcome(LATER)


def last_activity_at(session: Session, draft: VisitDraft) -> datetime:
    """When the patron last did something: came, paused, resumed, moved or ordered."""
    known = (session.started_at, session.status_since, draft.notes.acted_at)
    return max(at for at in known if at is not None)


def _refuse_moment(draft: VisitDraft, ended_at: datetime) -> Refusal | None:
    least = last_activity_at(draft.session, draft)
    if least <= ended_at <= draft.now:
        return None
    detail = (
        f"must be from {least.isoformat()}, when the patron last did something, until now; "
        f"is {ended_at.isoformat()}"
    )
    error = FieldError("/effective_at", "out_of_range", detail)
    return Refusal(Code.VALIDATION_FAILED, detail, errors=(error,))


def _refuse_voiding(draft: VisitDraft) -> Refusal | None:
    return refuse_while_moving(draft) if draft.notes.voiding else None
