"""The hold stands, or a chain was refused: what the session does when it hears back.

An answer is acted on only if the visit is still where it was when it asked.
"""

from __future__ import annotations

from typing import Final

import attrs

from actors.rules.lifecycle import SESSION, SessionTrigger, transition
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.session import late
from actors.session.breaks import REENTER, RESUME, changed, go_on, held_draft
from actors.session.closing import answer_check_out, refuse_check_out
from actors.session.details import not_detailed
from actors.session.draft import draft_of
from actors.session.lengthening import EXTEND, lengthened, not_lengthened
from actors.session.meter import arm
from actors.session.moving import (
    SWITCH,
    active_session,
    give_up_move,
    given_up,
    station_gone,
    take_place,
)
from actors.session.own_time import refuse_used_up
from actors.session.standing import steppable
from actors.session.state import SessionState
from actors.session.voiding import not_voided
from protocol.errors import Code, Refusal
from protocol.internal.managing import ForgetChange
from protocol.internal.sagas import SagaRefused
from protocol.internal.visit_holds import HoldReturned, VisitHeld
from protocol.records.states import SessionStatus

_NOT_VOIDED: Final = (Code.SESSION_NOT_VOIDABLE, Code.INTERNAL)
"""How the chain ends that takes a visit back; any other refusal is another chain's."""


@decides(VisitHeld)
def decide_visit_held(state: SessionState, command: VisitHeld, context: Context) -> Decision:
    """Go on with what the hold was asked for."""
    if command.purpose == REENTER:
        return _reenter(state, command, context)
    if command.purpose == SWITCH:
        session = active_session(state)
        if isinstance(session, Refusal):
            return give_up_move(state, session, context)
        draft = held_draft(state, session, command, context)
        move = draft.notes.move
        if move is None or move.mode is None:
            return give_up_move(state, given_up(session), context)
        if move.gone:
            return give_up_move(state, station_gone(session), context)
        take_place(draft, move)
        return draft.outcome(changed(draft))
    if command.purpose == EXTEND:
        return lengthened(state, command, context)
    assert command.purpose == RESUME, f"nothing here holds for {command.purpose}"
    resumable = steppable(state, SessionTrigger.RESUME)
    if isinstance(resumable, Refusal):
        return resumable
    draft = held_draft(state, resumable, command, context)
    reason = draft.notes.resume_reason or RESUME
    at = late.moment(draft)
    if (refusal := refuse_used_up(draft, at)) is not None:
        return refusal
    draft.notes = attrs.evolve(draft.notes, resume_reason=None)
    go_on(draft, SessionTrigger.RESUME, reason, at=at)
    return draft.outcome(changed(draft, at))


@decides(HoldReturned)
def decide_hold_returned(state: SessionState, command: HoldReturned, context: Context) -> Decision:
    """Note what is held, whatever a tick's answer said before; funds may end sooner by it."""
    if state.session is None:
        return Outcome()
    draft = held_draft(state, state.session, command, context)
    if draft.running is not None and state.session.status is not SessionStatus.CLOSING:
        arm(draft)
    return draft.outcome()


@decides(ForgetChange)
def decide_forget_change(state: SessionState, command: ForgetChange, context: Context) -> Decision:
    """What was under way is none any more, though nobody here refused it: another may begin."""
    if state.session is None:
        return Outcome()
    draft = draft_of(state, state.session, context)
    before, what = draft.notes, command.what
    draft.notes = attrs.evolve(
        before,
        move=None if what == "move" else before.move,
        lengthening=None if what == "lengthening" else before.lengthening,
        details=None if what == "details" else before.details,
    )
    return Outcome() if draft.notes == before else draft.outcome()


@decides(SagaRefused)
def decide_saga_refused(state: SessionState, command: SagaRefused, context: Context) -> Decision:
    """Pass the refusal on, except to a check-out that found the visit settled by another.

    The account refuses as closed only what comes after a settlement, and of the session's own
    chains only a check-out can: so that one joined another, and the receipt answers both.
    """
    history, session = state.history, state.session
    if history is not None and command.refusal.code is Code.SESSION_CLOSED:
        if history.status is SessionStatus.CLOSED:
            return answer_check_out(state, history, context)
        # The books of a voided visit are closed as well, and there is no receipt.
        return refuse_check_out(history)
    if session is None or command.refusal.code is Code.OPEN_ORDERS_EXIST:
        # A check-out that was not to be changes nothing of what else is under way.
        return command.refusal
    notes = draft_of(state, session, context).notes
    if notes.voiding and command.refusal.code in _NOT_VOIDED:
        return not_voided(state, session, command.refusal, context)
    if notes.lengthening is not None:
        return not_lengthened(state, session, command.refusal, context)
    if notes.details is not None:
        return not_detailed(state, session, command.refusal, context)
    if notes.move is not None:
        return give_up_move(state, command.refusal, context)
    return command.refusal


def _reenter(state: SessionState, command: VisitHeld, context: Context) -> Decision:
    """Who came back goes on, if nothing else happened meanwhile; nobody waits for an answer."""
    session = state.session
    if session is None:
        return Outcome()
    draft = held_draft(state, session, command, context)
    back = not draft.fence.outside
    if back and transition(SESSION, session.status, SessionTrigger.ENTER_FENCE) is not None:
        go_on(draft, SessionTrigger.ENTER_FENCE, REENTER, at=late.moment(draft))
    elif draft.running is not None:
        arm(draft)
    return draft.outcome()
