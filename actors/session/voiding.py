"""A mistaken check-in is taken back: nothing is owed, nothing held, and the row says why (Rule 2).

The account decides whether it can be; until it has answered, nothing else ends the visit.
"""

from __future__ import annotations

from uuid import UUID

import attrs

from actors.rules.lifecycle import SESSION, SessionTrigger, transition
from actors.rules.preconditions import refuse_version
from actors.rules.session_conditions import refuse_void
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from actors.session.breaks import refuse_while_moving
from actors.session.cases import end_watch
from actors.session.draft import MS, VisitDraft, draft_of
from actors.session.keeping import kept_summary
from actors.session.standing import refuse_lesser, steppable
from actors.session.state import SessionState
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Refusal
from protocol.events.sessions import SessionVoided
from protocol.internal.managing import CancelOpening, VisitOver, VisitVoided, VoidVisit
from protocol.internal.visits import FreeSeat
from protocol.operations.sessions_managed import VoidSession
from protocol.records.platform import AuditEntry
from protocol.records.states import SessionStatus
from protocol.records.visits import Session, SessionHistory
from protocol.replies.sessions_managed import VoidedSession


@decides(VoidSession)
def decide_void_session(state: SessionState, command: VoidSession, context: Context) -> Decision:
    """Ask the account to take everything back; the meter goes on until it has."""
    refusal = refuse_lesser(state, context, Role.MANAGEMENT)
    if refusal is not None:
        return refusal
    session = steppable(state, SessionTrigger.VOID)
    if isinstance(session, Refusal):
        return session
    draft = draft_of(state, session, context)
    refusal = (
        _refuse_stale(session, context)
        or refuse_void(
            started_at=session.started_at,
            now=context.now,
            purchases_count=draft.notes.orders,
        )
        or refuse_while_moving(draft)
    )
    if refusal is not None:
        return refusal
    assert session.hold_id is not None, "an open visit has a hold"
    draft.notes = attrs.evolve(draft.notes, voiding=True)
    draft.send(
        draft.account,
        VoidVisit(
            session_id=session.id,
            venue_id=session.venue_id,
            hold_id=session.hold_id,
            reason=command.reason,
        ),
    )
    return draft.outcome(LATER)


@decides(VisitVoided)
def decide_visit_voided(state: SessionState, command: VisitVoided, context: Context) -> Decision:
    """Everything is back: keep the row as voided, and free the seat."""
    session = state.session
    if session is None:
        return Outcome()
    draft = draft_of(state, session, context)
    kept = _void(draft, state, command.reason, command.reversed_minor)
    draft.send(draft.venue, FreeSeat(session_id=session.id, cause=None), detached=True)
    draft.send(draft.account, VisitOver(session_id=session.id), detached=True)
    answer = VoidedSession(
        session_id=session.id,
        status=SessionStatus.VOIDED,
        reversed_minor=command.reversed_minor,
        version=draft.version,
    )
    return draft.outcome(answer, kept=kept)


@decides(CancelOpening)
def decide_cancel_opening(
    state: SessionState, command: CancelOpening, context: Context
) -> Decision:
    """The check-in was not to be: account and venue take back the hold and the seat themselves.

    Whoever saw the visit begin sees it voided, so it can't just be removed. If it never began, or
    is over, that is all there is to say.
    """
    session = state.session
    if session is None:
        return Outcome(sends=() if command.user_id is None else (_over(state, command.user_id),))
    draft = draft_of(state, session, context)
    kept = _void(draft, state, reason="check_in_failed", reversed_minor=0)
    draft.send(draft.account, VisitOver(session_id=session.id), detached=True)
    return draft.outcome(kept=kept)


def _over(state: SessionState, user_id: UUID) -> Send:
    account = Address(ActorKind.ACCOUNT, user_id)
    return Send(account, VisitOver(session_id=state.session_id), detached=True)


def _void(
    draft: VisitDraft, state: SessionState, reason: str, reversed_minor: int
) -> SessionHistory:
    """Stop everything, tell of it, and return the row that is kept."""
    before, principal = draft.session, draft.context.principal
    assert principal is not None, "a visit is voided by somebody"
    draft.stop(draft.now)
    draft.waive()
    # Who began to cool while the account was asked is voided all the same: the money is back.
    if transition(SESSION, before.status, SessionTrigger.VOID) is not None:
        draft.move(SessionTrigger.VOID, at=draft.now, reason=reason)
    draft.tell(
        SessionVoided(
            session_id=before.id,
            reason=reason,
            reversed_minor=reversed_minor,
            by=principal.user_id,
        )
    )
    end_watch(draft, state)
    draft.append((_line(draft, before, reason, reversed_minor),))
    return _kept(draft, before, reason)


def not_voided(
    state: SessionState, session: Session, refusal: Refusal, context: Context
) -> Decision:
    """The account would not: the visit is as good as before."""
    draft = draft_of(state, session, context)
    draft.notes = attrs.evolve(draft.notes, voiding=False)
    return draft.outcome(refusal)


def _refuse_stale(session: Session, context: Context) -> Refusal | None:
    """412 for whoever names a version that is not current; none need be named."""
    if context.expected_version is None:
        return None
    return refuse_version(context.expected_version, session.version, whose=f"session {session.id}")


def _kept(draft: VisitDraft, session: Session, reason: str) -> SessionHistory:
    return SessionHistory(
        id=session.id,
        venue_id=session.venue_id,
        user_id=session.user_id,
        status=SessionStatus.VOIDED,
        business_day=session.business_day,
        started_at=session.started_at,
        ended_at=draft.now,
        duration_ms=(draft.now - session.started_at) // MS,
        billable_ms=0,
        time_charge_minor=0,
        total_minor=0,
        cause=None,
        receipt_id=None,
        summary=kept_summary(draft, purchases_minor=0, time=(), reason=reason),
    )


def _line(draft: VisitDraft, session: Session, reason: str, reversed_minor: int) -> AuditEntry:
    return audited(
        draft.context,
        "session.voided",
        "session",
        session.id,
        venue_id=session.venue_id,
        before={"status": session.status, "charged_minor": session.charged_minor},
        after={
            "status": SessionStatus.VOIDED,
            "reason": reason,
            "reversed_minor": reversed_minor,
        },
    )
