"""What only time shows: an hour was quiet, a visit is long, a break is due, a patron has cooled.

One timer looks again when the first of these may be so. A visit that rested meanwhile is looked at
early, and then again when it may truly be so: nothing else has to know of the timer (Rule 7).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import attrs

from actors.rules.safety_levels import falls_at, level_after
from actors.rules.safety_pace import break_is_due, long_session, next_mark
from actors.rules.safety_register import LogKind
from actors.rules.session_conditions import refuse_end_of_cooling
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.session.care import ask_patron, cross, warm_up
from actors.session.cases import LOOK, end_case, log, open_case
from actors.session.draft import MS, VisitDraft, draft_of
from actors.session.state import SessionState
from protocol.internal.safety import LookAgain
from protocol.records.safety import Intervention
from protocol.records.states import SafetyCheckKind, SessionStatus

COOLED: Final = "cooled"
"""Why a visit goes on that was cooling."""


@decides(LookAgain)
def decide_look_again(state: SessionState, command: LookAgain, context: Context) -> Decision:
    """See what time has brought, and when to look next."""
    session = state.session
    if session is None or session.status is SessionStatus.CLOSING:
        return Outcome()
    draft = draft_of(state, session, context)
    case = _fall(draft, open_case(state))
    settings = draft.profile.settings
    active = active_for(draft)
    care = draft.notes.care
    reminds = draft.session.status is SessionStatus.ACTIVE and break_is_due(
        active, care.reminded, settings
    )
    if reminds:
        every = timedelta(minutes=settings.break_reminder_minutes)
        draft.notes = attrs.evolve(draft.notes, care=attrs.evolve(care, reminded=active // every))
    long = long_session(active, started_at=session.started_at, settings=settings)
    # Being long is no news an hour later: only its rise keeps the level up.
    before, case = case, cross(draft, case, long, stirs=False)
    if reminds and case is before:
        # Where the level rose, the patron was reminded with it.
        ask_patron(draft, SafetyCheckKind.BREAK_REMINDER)
    if draft.session.status is SessionStatus.COOLING:
        _look_at_cooling(draft)
    look_later(draft, case)
    return draft.outcome()


def look_later(draft: VisitDraft, case: Intervention | None) -> None:
    """Set the timer for the first moment at which something may be so that is not so now."""
    settings = draft.profile.settings
    active = active_for(draft)
    due = [draft.now + next_mark(active, settings) - active]
    falls = falls_at(draft.notes.care.watch, draft.session.safety_level, case_open=is_owed(case))
    if falls is not None:
        due.append(falls)
    if draft.session.status is SessionStatus.COOLING:
        wait = timedelta(minutes=settings.cooling_least_minutes)
        asked_at = draft.notes.care.asked_at
        since = draft.session.status_since
        due.append(since + wait)
        if draft.now >= since + wait:
            due[-1] = max(since, asked_at or since) + wait
    draft.timer(LOOK, max(min(due), draft.now + MS), LookAgain())


def is_owed(case: Intervention | None) -> bool:
    """Whether people have still to see to the patron: a nudge is the patron's own."""
    return case is not None and case.due_at is not None


def active_for(draft: VisitDraft) -> timedelta:
    """How long the visit has been active, breaks left out."""
    spent_ms = draft.notes.elapsed_ms.get(SessionStatus.ACTIVE, 0)
    session = draft.session
    if session.status is SessionStatus.ACTIVE:
        spent_ms += max(0, (draft.now - session.status_since) // MS)
    return timedelta(milliseconds=spent_ms)


def end_cooling_if_due(draft: VisitDraft) -> bool:
    """Go on if a check was answered with ok since and the time is over (Rule 2)."""
    session = draft.session
    if session.status is not SessionStatus.COOLING:
        return False
    ok_at = draft.notes.care.ok_at
    refusal = refuse_end_of_cooling(
        cooling_since=session.status_since,
        now=draft.now,
        answered_ok=ok_at is not None and ok_at >= session.status_since,
        settings=draft.profile.settings,
    )
    if refusal is None:
        warm_up(draft, COOLED)
    return refusal is None


def _look_at_cooling(draft: VisitDraft) -> None:
    wait = timedelta(minutes=draft.profile.settings.cooling_least_minutes)
    since = draft.session.status_since
    asked_at = max(since, draft.notes.care.asked_at or since)
    if not end_cooling_if_due(draft) and draft.now >= max(since, asked_at) + wait:
        # Nobody has answered for so long: the patron is asked again.
        ask_patron(draft, SafetyCheckKind.WELLBEING)


def _fall(draft: VisitDraft, case: Intervention | None) -> Intervention | None:
    """Level 1 and 2 fall after a quiet hour; a nudge that is still open is over with them."""
    level = draft.session.safety_level
    falls = falls_at(draft.notes.care.watch, level, case_open=is_owed(case))
    if falls is None or draft.now < falls:
        return case
    draft.session = draft.session.evolve(safety_level=level_after(level, lifted=False, quiet=True))
    log(draft, LogKind.LEVEL, level=0, notes="quiet")
    if case is not None:
        end_case(draft, case, by=None, outcome=None)
    return None
