"""What a device did while it was offline counts from when it was done (Rule 12).

It is never before the last thing that the visit's people did, and what is given as its moment is
what is answered. What the meter did by itself meanwhile is undone: time after the moment never
passed, and what was charged for it goes back.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import attrs

from actors.rules.lifecycle import SessionTrigger
from actors.rules.offline import no_earlier
from actors.rules.session_conditions import deadline_of, refuse_session_step
from actors.runtime.outcome import Context
from actors.session.draft import MS, VisitDraft
from actors.session.notes import RESTS_BY_ITSELF, meter_of, noted
from protocol.errors import Refusal
from protocol.records.states import SessionStatus
from protocol.records.visits import Session

BATCH_LASTS: Final = timedelta(minutes=2)
"""A pause that is told late and is over by now waits so long for the rest of its batch."""


def as_it_was(session: Session, context: Context) -> Session:
    """The visit before its meter stopped by itself, if something was done before that.

    Had it been known in time, funds or own time would not have ended there.
    """
    notes = meter_of(session)
    since = notes.rested_from
    rests = session.status is SessionStatus.PAUSED and session.cause in RESTS_BY_ITSELF
    if not rests or since is None or context.happened_at >= session.status_since:
        return session
    active_ms = (session.status_since - since) // MS
    elapsed_ms = dict(notes.elapsed_ms)
    elapsed_ms[SessionStatus.ACTIVE] = elapsed_ms.get(SessionStatus.ACTIVE, 0) - active_ms
    before = attrs.evolve(notes, elapsed_ms=elapsed_ms, rested_from=None)
    return session.evolve(
        status=SessionStatus.ACTIVE,
        status_since=since,
        cause=None,
        deadline_at=None,
        meter=noted(before),
    )


def moment(draft: VisitDraft) -> datetime:
    """When what is asked counts as done: not before the last change of status, rate or place."""
    return no_earlier(draft.context.happened_at, least(draft)).at


def least(draft: VisitDraft) -> datetime:
    """When status, rate or place last changed."""
    placed_at = draft.notes.placed_at or draft.session.started_at
    return max(draft.session.started_at, draft.session.status_since, placed_at)


def end_moment(draft: VisitDraft) -> datetime:
    """When a check-out counts as done: not before what the patron was last seen to do."""
    return no_earlier(draft.context.happened_at, seen_at(draft)).at


def seen_at(draft: VisitDraft) -> datetime:
    """When the patron last did something; a meter that stopped by itself is no doing."""
    session, notes = draft.session, draft.notes
    rests = session.cause in RESTS_BY_ITSELF and notes.rested_from is not None
    since = notes.rested_from if rests else session.status_since
    known = (session.started_at, since, notes.placed_at, notes.acted_at)
    return max(at for at in known if at is not None)


def rewind(draft: VisitDraft, at: datetime) -> None:
    """Stop the meter at a moment before which time may have been charged already."""
    draft.stop(at)
    notes = draft.notes
    charged_until = min(notes.charged_until, at)
    too_much = sum(notes.expected_minor.values()) > draft.charge(at).total_minor
    draft.notes = attrs.evolve(notes, charged_until=charged_until, rewound=too_much)


def rest_until(draft: VisitDraft, status: SessionStatus, since: datetime) -> datetime:
    """When a rest that began at a moment ends the visit; never before its batch has come."""
    due_at = deadline_of(status, since=since, exhausted=False, settings=draft.profile.settings)
    assert due_at is not None, f"{status.value} ends by itself"
    return max(due_at, draft.now + BATCH_LASTS) if draft.context.is_late else due_at


def refuse_overdue(draft: VisitDraft, at: datetime) -> Refusal | None:
    """Why a visit did not go on at a moment that is past: its rest had ended it before."""
    session = draft.session
    due_at = session.deadline_at
    if session.cause is None:
        due_at = deadline_of(
            session.status,
            since=session.status_since,
            exhausted=False,
            settings=draft.profile.settings,
        )
    if not draft.context.is_late or due_at is None or at <= due_at:
        return None
    return refuse_session_step(SessionStatus.CLOSED, SessionTrigger.RESUME, session_id=session.id)
