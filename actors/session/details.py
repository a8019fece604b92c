"""What staff say of a visit: how many, at which table, and what to know (Rule 15).

More people need seats, which are the venue's to give; all else is done at once. Where time is
charged per person, a rate for as many as they are now begins with them, and what passed keeps its
own (Rule 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from actors.rules.metering import rate_of
from actors.rules.preconditions import refuse_version
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision
from actors.session.breaks import refuse_while_moving
from actors.session.draft import VisitDraft, draft_of
from actors.session.meter import arm
from actors.session.notes import Details
from actors.session.rates import activity_changed
from actors.session.standing import refuse_lesser
from actors.session.state import SessionState
from protocol.addresses import Role
from protocol.errors import Code, Refusal
from protocol.events.sessions import SessionStatusChanged
from protocol.internal.managing import ForgetChange, MoreSeated, SeatMore
from protocol.operations.sessions_managed import UpdateSession
from protocol.records.states import Activity, SessionStatus
from protocol.records.visits import Session
from protocol.replies.sessions_managed import SessionUpdated

UPDATED: Final = "updated"
"""What is told as the reason where the status stays and the details are others."""


@decides(UpdateSession)
def decide_update_session(
    state: SessionState, command: UpdateSession, context: Context
) -> Decision:
    """Change the details; with more people than before, the venue is asked for seats first."""
    refusal = refuse_lesser(state, context, Role.STAFF)
    if refusal is not None:
        return refusal
    session = state.session
    if session is None or session.status is SessionStatus.CLOSING:
        return _closed(state)
    refusal = refuse_version(
        context.expected_version, session.version, whose=f"session {session.id}"
    )
    if refusal is not None:
        return refusal
    draft = draft_of(state, session, context)
    refusal = refuse_while_moving(draft) or _refuse_while_seating(draft)
    if refusal is not None:
        return refusal
    details = Details(
        party_size=command.party_size,
        table=command.table,
        zone=command.zone,
        note=command.note,
        display_name=command.display_name,
    )
    if (command.party_size or 0) > session.party_size:
        assert command.party_size is not None
        draft.notes = attrs.evolve(draft.notes, details=details)
        draft.send(
            draft.venue,
            SeatMore(session_id=session.id, party_size=command.party_size),
            undo=ForgetChange(session_id=session.id, what="details") if context.in_saga else None,
        )
        return draft.outcome(LATER)
    _take(draft, details)
    return draft.outcome(updated(draft))


@decides(MoreSeated)
def decide_more_seated(state: SessionState, command: MoreSeated, context: Context) -> Decision:
    """The seats are there: change the details with them."""
    session = state.session
    if session is None or session.status is SessionStatus.CLOSING:
        return _closed(state)
    draft = draft_of(state, session, context)
    details = draft.notes.details
    if details is None or details.party_size != command.party_size:
        return Refusal(
            Code.INVALID_TRANSITION, f"session {session.id} is not changing any more; ask again"
        )
    draft.notes = attrs.evolve(draft.notes, details=None)
    _take(draft, details)
    return draft.outcome(updated(draft))


def not_detailed(
    state: SessionState, session: Session, refusal: Refusal, context: Context
) -> Decision:
    """There were no seats: everything stays as it is, and the asker is told why."""
    draft = draft_of(state, session, context)
    draft.notes = attrs.evolve(draft.notes, details=None)
    return draft.outcome(refusal)


def updated(draft: VisitDraft) -> SessionUpdated:
    """The answer to whoever changed the details."""
    session = draft.session
    return SessionUpdated(
        session_id=session.id,
        status=session.status,
        party_size=session.party_size,
        table=session.table_name,
        zone=session.zone,
        note=session.note,
        display_name=session.display_name,
        version=draft.version,
    )


def _take(draft: VisitDraft, details: Details) -> None:
    before = draft.session
    draft.session = after = before.evolve(
        party_size=details.party_size or before.party_size,
        table_name=_text(details.table, before.table_name),
        zone=_text(details.zone, before.zone),
        note=_text(details.note, before.note),
        display_name=details.display_name or before.display_name,
    )
    if after.party_size != before.party_size:
        _charge_for(draft, after.party_size)
    draft.tell(
        SessionStatusChanged(
            session_id=after.id,
            from_=after.status,
            to=after.status,
            reason=UPDATED,
            effective_at=draft.now,
            deadline_at=after.deadline_at,
        )
    )
    line = audited(
        draft.context,
        "session.updated",
        "session",
        after.id,
        venue_id=after.venue_id,
        before=_shown(before),
        after=_shown(after),
    )
    draft.append((line,))


def _charge_for(draft: VisitDraft, party_size: int) -> None:
    """From now on another rate, if what they do has a rate per person; a room or game has none."""
    last, activity = draft.segments[-1], draft.session.activity
    if last.station_id is not None or activity in (Activity.KARAOKE_ROOM, Activity.ARCADE_PLAY):
        return
    rate = rate_of(activity, party_size=party_size, settings=draft.profile.settings)
    if rate == last.rate_minor_per_h:
        return
    runs = draft.running is not None
    if runs:
        draft.stop(draft.now)
    draft.start(draft.now, activity, None, last.mode, rate)
    if not runs:
        # Nothing passes on the meter yet: the visit goes on with this when it is resumed.
        draft.shorten(draft.now)
    draft.notes = attrs.evolve(draft.notes, placed_at=draft.now, warned=False)
    draft.tell(activity_changed(draft.segments[-1], draft.session))
    arm(draft)


def _text(given: str | None, before: str | None) -> str | None:
    """None leaves what is there; an empty text takes it away."""
    return before if given is None else given.strip() or None


def _shown(session: Session) -> Mapping[str, Any]:
    return {
        "party_size": session.party_size,
        "table": session.table_name,
        "zone": session.zone,
        "note": session.note,
        "display_name": session.display_name,
    }


def _refuse_while_seating(draft: VisitDraft) -> Refusal | None:
    if draft.notes.details is None:
        return None
    return Refusal(
        Code.INVALID_TRANSITION,
        f"session {draft.session.id} is just given more seats; ask again when that is done",
    )


def _closed(state: SessionState) -> Refusal:
    return Refusal(
        Code.SESSION_CLOSED, f"session {state.session_id} is over or closing; its details stay"
    )
