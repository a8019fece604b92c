"""What is noticed about a patron: by staff, by the till, by the account (Rule 7).

An observation is always taken, also of a visit that is over: the register wants to know. Only an
open visit has a level that it can raise.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import attrs

from actors.rules.business_day import business_day_of, start_of
from actors.rules.earlier_drinks import begun_with, taken_together
from actors.rules.permissions import not_found
from actors.rules.safety_levels import Crossing, SafetyRule
from actors.rules.safety_pace import Drunk, Seen, pace_crossings, sign_crossings
from actors.rules.safety_pace import visible_intoxication as seen_intoxicated
from actors.rules.safety_register import observation_lines
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from actors.session.care import cross, stir
from actors.session.cases import open_case
from actors.session.draft import VisitDraft, draft_of
from actors.session.state import SessionState
from actors.session.watching import look_later
from protocol.addresses import ActorKind, Address, Role
from protocol.domain_limits import SESSION_DRINKS_MAX, SESSION_SIGNS_MAX
from protocol.internal.safety import HoldForNight, PatronObserved, PatternSeen
from protocol.operations.care import LogSafetyObservation
from protocol.records.safety import Intervention, SafetyLog
from protocol.records.states import SessionStatus
from protocol.records.visits import Session, SessionHistory
from protocol.replies.care import ObservationLogged


@decides(LogSafetyObservation)
def decide_log_safety_observation(
    state: SessionState, command: LogSafetyObservation, context: Context
) -> Decision:
    """Write down what was seen, and let signs raise the level."""
    visit = state.session or state.history
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    if visit is None or principal.role_at(visit.venue_id) < Role.STAFF:
        return not_found(f"session {state.session_id}")
    provenance = context.provenance
    occurred_at = context.now
    if provenance is not None and provenance.occurred_at is not None:
        occurred_at = provenance.occurred_at
    level = state.session.safety_level if state.session else 0
    lines = observation_lines(
        command,
        context.fresh_id,
        venue_id=visit.venue_id,
        session_id=visit.id,
        user_id=visit.user_id,
        by_user=principal.user_id,
        received_at=context.now,
        occurred_at=occurred_at,
        level=level,
    )
    session = state.session
    if session is None or session.status is SessionStatus.CLOSING:
        reply = _logged(visit, lines, None, None)
        held = _held_outside(visit) if command.visible_intoxication else ()
        return Outcome(reply=reply, appends=lines, sends=held)
    draft = draft_of(state, session, context)
    draft.append(lines)
    case = observe(
        draft,
        state,
        signs=[sign.value for sign in command.signs],
        visible_intoxication=command.visible_intoxication,
        occurred_at=occurred_at,
        by=principal.user_id,
    )
    case_id = None if case is None else case.id
    return draft.outcome(_logged(visit, lines, draft.session.safety_level, case_id))


@decides(PatronObserved)
def decide_patron_observed(
    state: SessionState, command: PatronObserved, context: Context
) -> Decision:
    """Staff saw the person and not the visit; the venue has written it down."""
    session = state.session
    if session is None or session.status is SessionStatus.CLOSING:
        visit = session or state.history
        if visit is None or not command.visible_intoxication:
            return Outcome()
        return Outcome(sends=_held_outside(visit))
    draft = draft_of(state, session, context)
    observe(
        draft,
        state,
        signs=command.signs,
        visible_intoxication=command.visible_intoxication,
        occurred_at=command.occurred_at,
        by=command.by_user,
    )
    return draft.outcome()


@decides(PatternSeen)
def decide_pattern_seen(state: SessionState, command: PatternSeen, context: Context) -> Decision:
    """The account found a pattern in what is spent."""
    session = state.session
    if session is None or session.status is SessionStatus.CLOSING:
        return Outcome()
    draft = draft_of(state, session, context)
    crossing = Crossing(
        rule=SafetyRule(command.rule),
        level=command.level,
        value=command.value,
        limit=command.limit,
        since=command.since,
        window_s=command.window_s,
    )
    case = cross(draft, open_case(state), (crossing,))
    look_later(draft, case)
    return draft.outcome()


def keep_pace(draft: VisitDraft, state: SessionState) -> None:
    """Look at the pace after something alcoholic was had."""
    if found := _pace_of(draft):
        look_later(draft, cross(draft, open_case(state), found))


def begin_with_drinks(draft: VisitDraft, drinks: Iterable[Drunk]) -> None:
    """Begin a visit at the level that earlier drinks ask for, so that no new visit wipes them out.

    A case of an earlier visit that is still open belongs to its own venue: this one has its own.
    """
    had = taken_together(drinks, SESSION_DRINKS_MAX)
    draft.notes = attrs.evolve(draft.notes, drinks=had)
    standing, watch = begun_with(_pace_of(draft), had, draft.now)
    draft.notes = attrs.evolve(draft.notes, care=attrs.evolve(draft.notes.care, watch=watch))
    look_later(draft, cross(draft, None, standing))


def day_start_of(draft: VisitDraft) -> datetime:
    """When the venue's present business day began."""
    tz, cutover = draft.profile.tz, draft.profile.settings.cutover
    return start_of(business_day_of(draft.now, tz, cutover), tz, cutover)


def observe(
    draft: VisitDraft,
    state: SessionState,
    *,
    signs: Iterable[str],
    visible_intoxication: bool,
    occurred_at: datetime,
    by: UUID,
) -> Intervention | None:
    """Take signs in and let them raise the level; returns the case that is then open."""
    care = draft.notes.care
    known = (*care.signs, *(Seen(at=occurred_at, sign=sign) for sign in signs))
    draft.notes = attrs.evolve(
        draft.notes, care=attrs.evolve(care, signs=known[-SESSION_SIGNS_MAX:])
    )
    # Signs that come late from a device are held against those of their own time.
    latest = max((seen.at for seen in known), default=draft.now)
    found = list(sign_crossings(known, latest, draft.profile.settings))
    if visible_intoxication:
        found.append(seen_intoxicated(draft.now))
    stir(draft)
    case = cross(draft, open_case(state), found, by=by)
    look_later(draft, case)
    return case


def _pace_of(draft: VisitDraft) -> tuple[Crossing, ...]:
    """The rows of pace and day that the visit's drinks reach now."""
    return pace_crossings(
        draft.notes.drinks,
        draft.now,
        day_start=day_start_of(draft),
        persons=draft.session.party_size,
        settings=draft.profile.settings,
    )


def _held_outside(visit: Session | SessionHistory) -> tuple[Send, ...]:
    """Service stops at once, also for who is on the way out (Rule 7)."""
    hold = HoldForNight(user_id=visit.user_id)
    return (Send(Address(ActorKind.VENUE, visit.venue_id), hold, detached=True),)


def _logged(
    visit: Session | SessionHistory,
    lines: tuple[SafetyLog, ...],
    level: int | None,
    case_id: UUID | None,
) -> ObservationLogged:
    return ObservationLogged(
        log_ids=tuple(line.id for line in lines),
        venue_id=visit.venue_id,
        session_id=visit.id,
        safety_level=level,
        intervention_id=case_id,
    )
