"""Pause and resume: time outside `active` costs nothing, and going on needs funds (Rules 2, 3)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import attrs

from actors.rules import geofence
from actors.rules.geofence import FIX_AGE_MAX, FenceState, refuse_entry
from actors.rules.lifecycle import SessionTrigger
from actors.rules.session_conditions import BOOKED_ACTIVITIES, refuse_pause
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision
from actors.session import late
from actors.session.draft import VisitDraft, draft_of
from actors.session.meter import HOLD_KEPT, ahead_minor, arm, ask_for_rest, due_minor
from actors.session.own_time import refuse_used_up
from actors.session.standing import is_assisted, open_session, profile_of, refuse_stranger
from actors.session.state import SessionState
from protocol.addresses import Role
from protocol.errors import Code, Refusal
from protocol.internal.visit_holds import HoldForVisit, HoldReturned, VisitHeld
from protocol.operations.sessions import PauseSession, ResumeSession
from protocol.records.platform import AuditEntry
from protocol.records.states import SessionStatus
from protocol.records.visits import Session
from protocol.replies.sessions import SessionChanged
from protocol.values import Fix

RESUME: Final = "resume"
"""What a hold is asked for, and by whose word the visit then goes on."""
REENTER: Final = "reenter"
OVERRIDE: Final = "override"
"""Why a cooling visit goes on before its time: management said so, and answers for it."""


@decides(PauseSession)
def decide_pause_session(state: SessionState, command: PauseSession, context: Context) -> Decision:
    """Stop the meter for a break."""
    refusal = refuse_stranger(state, context)
    if refusal is not None:
        return refusal
    if state.session is not None and state.session.activity in BOOKED_ACTIVITIES:
        refusal = _refuse_pause(state.session, context)
        assert refusal is not None, "what is booked is not pausable"
        return refusal
    session = _pausable(state, context)
    if isinstance(session, Refusal):
        return session
    refusal = _refuse_pause(session, context)
    if refusal is not None:
        return refusal
    draft = draft_of(state, session, context)
    if draft.notes.voiding and (refusal := refuse_while_moving(draft)) is not None:
        return refusal
    at = late.moment(draft)
    late.rewind(draft, at)
    draft.move(
        SessionTrigger.PAUSE,
        at=at,
        reason=command.reason or "break",
        deadline_at=late.rest_until(draft, SessionStatus.PAUSED, at),
    )
    draft.session = draft.session.evolve(pauses_used=session.pauses_used + 1)
    ask_for_rest(draft)
    return draft.outcome(changed(draft, at))


@decides(ResumeSession)
def decide_resume_session(
    state: SessionState, command: ResumeSession, context: Context
) -> Decision:
    """Go on at once if enough is held, else when the account has held it."""
    if state.session is not None and _overrides_cooling(state.session, context):
        draft = draft_of(state, state.session, context)
        go_on(draft, SessionTrigger.END_COOLING, command.reason or OVERRIDE)
        return draft.outcome(changed(draft))
    session = open_session(state, context, SessionTrigger.RESUME)
    if isinstance(session, Refusal):
        return session
    draft = draft_of(state, session, context)
    if (refusal := refuse_while_moving(draft)) is not None:
        return refusal
    at = late.moment(draft)
    if session.status is SessionStatus.AUTO_PAUSED:
        refusal = _refuse_from_outside(draft, command, at)
        if refusal is not None:
            return refusal
    refusal = late.refuse_overdue(draft, at) or refuse_used_up(draft, at)
    if refusal is not None:
        return refusal
    if needs_hold(draft, at):
        draft.notes = attrs.evolve(draft.notes, resume_reason=command.reason)
        ask_for_hold(draft, RESUME, at)
        return draft.outcome(LATER)
    go_on(draft, SessionTrigger.RESUME, command.reason or RESUME, at=at)
    return draft.outcome(changed(draft, at))


def go_on(
    draft: VisitDraft, trigger: SessionTrigger, reason: str, *, at: datetime | None = None
) -> None:
    """Back to `active`, now or since a moment: the meter runs, and leaving must be shown anew."""
    at = at or draft.now
    before = draft.session
    draft.move(trigger, at=at, reason=reason)
    draft.append(_overruled(before, draft, reason))
    draft.start_again(at)
    draft.fence = FenceState(last_fix_at=draft.fence.last_fix_at)
    draft.notes = attrs.evolve(draft.notes, warned=False)
    arm(draft)


def refuse_while_moving(draft: VisitDraft) -> Refusal | None:
    """One change is under way at a time, so that a refusal that comes back is that change's."""
    notes = draft.notes
    if notes.move is not None:
        what = f"changing to {notes.move.activity.value}"
    elif notes.lengthening is not None:
        what = "being lengthened"
    elif notes.voiding:
        what = "being voided"
    else:
        return None
    return Refusal(
        Code.INVALID_TRANSITION,
        f"session {draft.session.id} is just {what}; ask again when that is done",
    )


def needed_minor(draft: VisitDraft, at: datetime) -> int:
    """What must be held to go on at a moment: a quarter of an hour from it, and what is due."""
    running = [*draft.segments]
    last = running[-1]
    if last.ended_at is not None:
        running.append(
            last.evolve(id=draft.session.id, started_at=at, ended_at=None, charge_minor=0)
        )
    due = sum(due_minor(draft, at).values())
    return due + ahead_minor(running, at, at, draft.tariff, booked_until=draft.notes.booked_until)


def needs_hold(draft: VisitDraft, at: datetime) -> bool:
    """Whether more must be held than is certain to be held whatever is in flight."""
    return draft.session.held_minor - draft.notes.in_flight_minor < needed_minor(draft, at)


def ask_for_hold(draft: VisitDraft, purpose: str, at: datetime, *, detached: bool = False) -> None:
    """Have the account hold what the visit needs to go on; never less than is held now."""
    session = draft.session
    assert session.hold_id is not None, "an open visit has a hold"
    draft.notes = attrs.evolve(draft.notes, hold_until=draft.now + HOLD_KEPT)
    command = HoldForVisit(
        session_id=session.id,
        venue_id=session.venue_id,
        hold_id=session.hold_id,
        hold_target_minor=max(session.held_minor, needed_minor(draft, at)),
        hold_until=draft.notes.hold_until,
        purpose=purpose,
    )
    draft.send(draft.account, command, detached=detached)


def held_draft(
    state: SessionState, session: Session, command: VisitHeld | HoldReturned, context: Context
) -> VisitDraft:
    """A draft that knows what the account holds by now, and leaves besides."""
    draft = draft_of(state, session, context)
    draft.session = session.evolve(held_minor=command.held_minor)
    draft.notes = attrs.evolve(
        draft.notes, available_minor=command.available_minor, time=command.time
    )
    return draft


def changed(draft: VisitDraft, at: datetime | None = None) -> SessionChanged:
    """The answer to whoever changed the visit: where it stands, and since when if not now."""
    session = draft.session
    return SessionChanged(
        session_id=session.id,
        status=session.status,
        activity=session.activity,
        station_id=session.station_id,
        effective_at=at or draft.now,
        deadline_at=session.deadline_at,
        version=draft.version,
    )


def measured(fix: Fix) -> geofence.Fix:
    """A fix as the rules of the fence take it."""
    return geofence.Fix(
        lat=fix.lat, lon=fix.lon, accuracy_m=fix.accuracy_m, fix_at=fix.fix_at, mock=fix.mock
    )


def fence_at(draft: VisitDraft) -> geofence.Fence:
    """The circle of the visit's venue."""
    profile = draft.profile
    return geofence.Fence.of(profile.lat, profile.lon, profile.settings)


def _overruled(before: Session, draft: VisitDraft, reason: str) -> tuple[AuditEntry, ...]:
    """The line of the audit trail where somebody else's word counts for more than a rule's."""
    principal = draft.context.principal
    if principal is None or principal.user_id == before.user_id:
        return ()
    if before.status not in (SessionStatus.COOLING, SessionStatus.AUTO_PAUSED):
        return ()
    line = audited(
        draft.context,
        "session.resumed",
        "session",
        before.id,
        venue_id=before.venue_id,
        before={"status": before.status},
        after={"status": draft.session.status, "reason": reason},
    )
    return (line,)


def _overrides_cooling(session: Session, context: Context) -> bool:
    """Rule 2: management ends cooling at once; level and alcohol hold stay as they are."""
    assert context.principal is not None, "a command of the contract has a principal"
    manages = context.principal.role_at(session.venue_id) >= Role.MANAGEMENT
    cooling = session.status is SessionStatus.COOLING
    return cooling and manages and is_assisted(session, context)


def _refuse_pause(session: Session, context: Context) -> Refusal | None:
    return refuse_pause(
        activity=session.activity,
        pauses_count=session.pauses_used,
        settings=profile_of(context, session.venue_id).settings,
    )


def _pausable(state: SessionState, context: Context) -> Session | Refusal:
    """The visit, if it may be paused, as it was when it was."""
    if state.session is not None:
        session = late.as_it_was(state.session, context)
        if session is not state.session:
            return session
    return open_session(state, context, SessionTrigger.PAUSE)


def _refuse_from_outside(draft: VisitDraft, command: ResumeSession, at: datetime) -> Refusal | None:
    """Who left comes back by a fresh fix inside the fence, or by the word of staff (Rule 2)."""
    if is_assisted(draft.session, draft.context) and command.reason is not None:
        return None
    if command.location is not None:
        return refuse_entry(measured(command.location), at, fence_at(draft))
    last_fix_at = draft.fence.last_fix_at
    if not draft.fence.outside and last_fix_at and at - last_fix_at <= FIX_AGE_MAX:
        return None
    return Refusal(
        Code.GEOFENCE_OUTSIDE,
        f"session {draft.session.id} was paused because its patron left; send a fix from inside "
        "the fence, or have staff resume it with a reason",
    )
