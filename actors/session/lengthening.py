"""A booking that lasts longer: the venue keeps the place, the account holds the price (Rule 3).

Chain: session → venue → account → session. One change is under way at a time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import attrs

from actors.rules.bookings import paid_until, refuse_minutes
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision
from actors.session.breaks import held_draft, refuse_while_moving
from actors.session.draft import VisitDraft, draft_of
from actors.session.meter import HOLD_KEPT, ahead_minor, arm, due_minor
from actors.session.notes import Lengthening
from actors.session.own_time import refuse_beyond
from actors.session.standing import refuse_stranger
from actors.session.state import SessionState
from protocol.errors import Code, Refusal
from protocol.events.sessions import SessionExtended
from protocol.internal.managing import ForgetChange, LengthenStay
from protocol.internal.visit_holds import HoldForVisit, VisitHeld
from protocol.operations.sessions_managed import ExtendSession
from protocol.records.states import Activity, SegmentMode, SessionStatus
from protocol.records.visits import Session
from protocol.replies.sessions_managed import SessionLengthened

EXTEND: Final = "extend"
"""What a hold is asked for when a booking is to last longer."""
_EXTENDABLE: Final = (SessionStatus.ACTIVE, SessionStatus.AUTO_PAUSED)
"""What is booked is kept, and paid, while its patron is outside for a moment."""


@decides(ExtendSession)
def decide_extend_session(
    state: SessionState, command: ExtendSession, context: Context
) -> Decision:
    """Work out the new end, and have the venue keep the place until then."""
    refusal = refuse_stranger(state, context)
    if refusal is not None:
        return refusal
    session = _booked_session(state)
    if isinstance(session, Refusal):
        return session
    draft = draft_of(state, session, context)
    settings = draft.profile.settings
    minutes = settings.block_minutes if command.minutes is None else command.minutes
    until = booked_until(draft) + timedelta(minutes=minutes)
    refusal = (
        refuse_while_moving(draft)
        or refuse_minutes(minutes, settings)
        or refuse_beyond(draft, until)
    )
    if refusal is not None:
        return refusal
    assert session.hold_id is not None, "an open visit has a hold"
    draft.notes = attrs.evolve(
        draft.notes,
        lengthening=Lengthening(minutes=minutes, until=until),
        hold_until=context.now + HOLD_KEPT,
    )
    hold = HoldForVisit(
        session_id=session.id,
        venue_id=session.venue_id,
        hold_id=session.hold_id,
        hold_target_minor=max(session.held_minor, _needed_minor(draft, until)),
        hold_until=draft.notes.hold_until,
        purpose=EXTEND,
    )
    draft.send(
        draft.venue,
        LengthenStay(
            session_id=session.id, station_id=session.station_id, new_end_at=until, hold=hold
        ),
        undo=ForgetChange(session_id=session.id, what="lengthening") if context.in_saga else None,
    )
    return draft.outcome(LATER)


def lengthened(state: SessionState, command: VisitHeld, context: Context) -> Decision:
    """Place and price are kept: the booking lasts longer."""
    session = _booked_session(state)
    if isinstance(session, Refusal):
        return session
    draft = held_draft(state, session, command, context)
    wanted = draft.notes.lengthening
    if wanted is None:
        return Refusal(
            Code.INVALID_TRANSITION,
            f"session {session.id} is not being lengthened any more; ask again",
        )
    draft.notes = attrs.evolve(
        draft.notes,
        lengthening=None,
        booked_until=wanted.until,
        warned=False,
        acted_at=context.now,
    )
    room_id = session.station_id if session.activity is Activity.KARAOKE_ROOM else None
    held_minor = draft.session.held_minor
    draft.tell(
        SessionExtended(
            session_id=session.id,
            room_id=room_id,
            new_end_at=wanted.until,
            added_minutes=wanted.minutes,
            hold_minor=held_minor,
        )
    )
    arm(draft)
    return draft.outcome(
        SessionLengthened(
            session_id=session.id,
            room_id=room_id,
            new_end_at=wanted.until,
            added_minutes=wanted.minutes,
            held_minor=held_minor,
            version=draft.version,
        )
    )


def not_lengthened(
    state: SessionState, session: Session, refusal: Refusal, context: Context
) -> Decision:
    """Place or price could not be had: the booking ends when it did before."""
    draft = draft_of(state, session, context)
    draft.notes = attrs.evolve(draft.notes, lengthening=None)
    return draft.outcome(refusal)


def booked_until(draft: VisitDraft) -> datetime:
    """The end of the booking, or of the block that runs if that is later."""
    paid = paid_until(draft.segments, draft.now, draft.profile.settings)
    assert paid is not None, "what is booked runs in blocks"
    return max(paid, draft.notes.booked_until or paid)


def _needed_minor(draft: VisitDraft, until: datetime) -> int:
    """The price of the booking to its new end that is neither charged nor asked for."""
    ahead = ahead_minor(draft.segments, draft.now, draft.now, draft.tariff, booked_until=until)
    return ahead + sum(due_minor(draft, draft.now).values())


def _booked_session(state: SessionState) -> Session | Refusal:
    visit = state.session or state.history
    assert visit is not None, f"session {state.session_id} has neither begun nor ended"
    if not isinstance(visit, Session) or visit.status not in _EXTENDABLE:
        return Refusal(
            Code.INVALID_TRANSITION,
            f"session {visit.id} is {visit.status.value}; only one that runs is lengthened",
        )
    last = state.segments[-1]
    if last.mode is SegmentMode.BLOCK and last.ended_at is None:
        return visit
    return Refusal(
        Code.INVALID_TRANSITION,
        f"session {visit.id} has {visit.activity.value}, which lasts as long as it is wanted; "
        "only rooms and tables are booked",
    )
