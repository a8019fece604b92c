"""The hold stands, or a chain was refused: what the session does when it hears back.

An answer is acted on only if the visit is still where it was when it asked.
"""

from __future__ import annotations

import attrs

from actors.rules.lifecycle import SESSION, SessionTrigger, transition
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.session.breaks import REENTER, RESUME, changed, go_on
from actors.session.closing import receipt_of
from actors.session.draft import VisitDraft, draft_of
from actors.session.meter import arm
from actors.session.moving import SWITCH, active_session, give_up_move, given_up, take_place
from actors.session.standing import steppable
from actors.session.state import SessionState
from protocol.errors import Code, Refusal
from protocol.internal.sagas import SagaRefused
from protocol.internal.visits import VisitHeld
from protocol.records.visits import Session


@decides(VisitHeld)
def decide_visit_held(state: SessionState, command: VisitHeld, context: Context) -> Decision:
    """Go on with what the hold was asked for."""
    if command.purpose == REENTER:
        return _reenter(state, command, context)
    if command.purpose == SWITCH:
        session = active_session(state)
        if isinstance(session, Refusal):
            return give_up_move(state, session, context)
        draft = _holding(state, session, command, context)
        move = draft.notes.move
        if move is None or move.mode is None:
            return give_up_move(state, given_up(session), context)
        take_place(draft, move)
        return draft.outcome(changed(draft))
    assert command.purpose == RESUME, f"nothing here holds for {command.purpose}"
    resumable = steppable(state, SessionTrigger.RESUME)
    if isinstance(resumable, Refusal):
        return resumable
    draft = _holding(state, resumable, command, context)
    reason = draft.notes.resume_reason or RESUME
    draft.notes = attrs.evolve(draft.notes, resume_reason=None)
    go_on(draft, SessionTrigger.RESUME, reason)
    return draft.outcome(changed(draft))


@decides(SagaRefused)
def decide_saga_refused(state: SessionState, command: SagaRefused, context: Context) -> Decision:
    """Pass the refusal on, except to a check-out that found the visit settled by another.

    The account refuses as closed only what comes after a settlement, and of the session's own
    chains only a check-out can: so that one joined another, and the receipt answers both.
    """
    history, session = state.history, state.session
    if history is not None and command.refusal.code is Code.SESSION_CLOSED:
        return Outcome(reply=receipt_of(history))
    if session is not None and draft_of(state, session, context).notes.move is not None:
        return give_up_move(state, command.refusal, context)
    return command.refusal


def _reenter(state: SessionState, command: VisitHeld, context: Context) -> Decision:
    """Who came back goes on, if nothing else happened meanwhile; nobody waits for an answer."""
    session = state.session
    if session is None:
        return Outcome()
    draft = _holding(state, session, command, context)
    back = not draft.fence.outside
    if back and transition(SESSION, session.status, SessionTrigger.ENTER_FENCE) is not None:
        go_on(draft, SessionTrigger.ENTER_FENCE, REENTER)
    elif draft.running is not None:
        arm(draft)
    return draft.outcome()


def _holding(
    state: SessionState, session: Session, command: VisitHeld, context: Context
) -> VisitDraft:
    draft = draft_of(state, session, context)
    draft.session = session.evolve(held_minor=command.held_minor)
    draft.notes = attrs.evolve(draft.notes, available_minor=command.available_minor)
    return draft
