"""Pause and resume: time outside `active` costs nothing, and going on needs funds (Rules 2, 3)."""

from __future__ import annotations

from typing import Final

import attrs

from actors.rules import geofence
from actors.rules.geofence import FIX_AGE_MAX, FenceState, refuse_entry
from actors.rules.lifecycle import SessionTrigger
from actors.rules.session_conditions import BOOKED_ACTIVITIES, deadline_of, refuse_pause
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision
from actors.session.draft import VisitDraft, draft_of
from actors.session.meter import HOLD_KEPT, ahead_minor, arm, ask_for_rest, due_minor
from actors.session.own_time import refuse_used_up
from actors.session.standing import is_assisted, open_session, profile_of, refuse_stranger
from actors.session.state import SessionState
from protocol.addresses import Role
from protocol.errors import Code, Refusal
from protocol.internal.visits import HoldForVisit, VisitHeld
from protocol.operations.sessions import PauseSession, ResumeSession
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
    session = open_session(state, context, SessionTrigger.PAUSE)
    if isinstance(session, Refusal):
        return session
    refusal = _refuse_pause(session, context)
    if refusal is not None:
        return refusal
    draft = draft_of(state, session, context)
    if draft.notes.voiding and (refusal := refuse_while_moving(draft)) is not None:
        return refusal
    draft.stop(context.now)
    draft.move(
        SessionTrigger.PAUSE,
        at=context.now,
        reason=command.reason or "break",
        deadline_at=deadline_of(
            SessionStatus.PAUSED,
            since=context.now,
            exhausted=False,
            settings=draft.profile.settings,
        ),
    )
    draft.session = draft.session.evolve(pauses_used=session.pauses_used + 1)
    ask_for_rest(draft)
    return draft.outcome(changed(draft))


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
    if session.status is SessionStatus.AUTO_PAUSED:
        refusal = _refuse_from_outside(draft, command)
        if refusal is not None:
            return refusal
    if (refusal := refuse_used_up(draft)) is not None:
        return refusal
    if needs_hold(draft):
        draft.notes = attrs.evolve(draft.notes, resume_reason=command.reason)
        ask_for_hold(draft, RESUME)
        return draft.outcome(LATER)
    go_on(draft, SessionTrigger.RESUME, command.reason or RESUME)
    return draft.outcome(changed(draft))


def go_on(draft: VisitDraft, trigger: SessionTrigger, reason: str) -> None:
    """Back to `active`: the meter runs, and leaving must be shown anew."""
    draft.move(trigger, at=draft.now, reason=reason)
    draft.start_again()
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


def needed_minor(draft: VisitDraft) -> int:
    """What must be held for the visit to go on: the next quarter of an hour, and what is due."""
    running = [*draft.segments]
    last = running[-1]
    if last.ended_at is not None:
        running.append(
            last.evolve(id=draft.session.id, started_at=draft.now, ended_at=None, charge_minor=0)
        )
    due = sum(due_minor(draft, draft.now).values())
    return due + ahead_minor(
        running, draft.now, draft.now, draft.tariff, booked_until=draft.notes.booked_until
    )


def needs_hold(draft: VisitDraft) -> bool:
    """Whether more must be held than is certain to be held whatever is in flight."""
    return draft.session.held_minor - draft.notes.in_flight_minor < needed_minor(draft)


def ask_for_hold(draft: VisitDraft, purpose: str, *, detached: bool = False) -> None:
    """Have the account hold what the visit needs to go on; never less than is held now."""
    session = draft.session
    assert session.hold_id is not None, "an open visit has a hold"
    draft.notes = attrs.evolve(draft.notes, hold_until=draft.now + HOLD_KEPT)
    command = HoldForVisit(
        session_id=session.id,
        venue_id=session.venue_id,
        hold_id=session.hold_id,
        hold_target_minor=max(session.held_minor, needed_minor(draft)),
        hold_until=draft.notes.hold_until,
        purpose=purpose,
    )
    draft.send(draft.account, command, detached=detached)


def held_draft(
    state: SessionState, session: Session, command: VisitHeld, context: Context
) -> VisitDraft:
    """A draft that knows what the account holds by now, and leaves besides."""
    draft = draft_of(state, session, context)
    draft.session = session.evolve(held_minor=command.held_minor)
    draft.notes = attrs.evolve(
        draft.notes, available_minor=command.available_minor, time=command.time
    )
    return draft


def changed(draft: VisitDraft) -> SessionChanged:
    """The answer to whoever changed the visit: where it stands, since when."""
    session = draft.session
    return SessionChanged(
        session_id=session.id,
        status=session.status,
        activity=session.activity,
        station_id=session.station_id,
        effective_at=draft.now,
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


def _refuse_from_outside(draft: VisitDraft, command: ResumeSession) -> Refusal | None:
    """Who left comes back by a fresh fix inside the fence, or by the word of staff (Rule 2)."""
    if is_assisted(draft.session, draft.context) and command.reason is not None:
        return None
    if command.location is not None:
        return refuse_entry(measured(command.location), draft.now, fence_at(draft))
    last_fix_at = draft.fence.last_fix_at
    if not draft.fence.outside and last_fix_at and draft.now - last_fix_at <= FIX_AGE_MAX:
        return None
    return Refusal(
        Code.GEOFENCE_OUTSIDE,
        f"session {draft.session.id} was paused because its patron left; send a fix from inside "
        "the fence, or have staff resume it with a reason",
    )
