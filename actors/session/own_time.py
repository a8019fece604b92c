"""The patron's own limits of time: a visit warns, stops at them, and does not go on (Rule 7)."""

from __future__ import annotations

from datetime import datetime

import attrs

from actors.rules.business_day import business_day_of
from actors.rules.lifecycle import SessionTrigger
from actors.rules.own_time import BLOCK_PERCENT, Crossing, crossings, reached
from actors.rules.session_conditions import deadline_of
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.session.draft import VisitDraft, draft_of
from actors.session.meter import arm, ask_for_rest, not_before_charged, time_ends_at
from actors.session.notes import TIME_LIMIT
from actors.session.state import SessionState
from protocol.domain_limits import SESSION_LIMITS_TOLD_MAX
from protocol.errors import Code, Refusal
from protocol.events.sessions import SessionLimitReached
from protocol.internal.allowances import OwnTimeChanged, TimeLimit
from protocol.records.states import LimitKind, LimitPeriod, SessionStatus


@decides(OwnTimeChanged)
def decide_own_time_changed(
    state: SessionState, command: OwnTimeChanged, context: Context
) -> Decision:
    """A lower limit holds at once: what runs may be over by it already."""
    session = state.session
    if session is None or session.status is SessionStatus.CLOSING:
        return Outcome()
    draft = draft_of(state, session, context)
    left_minor = draft.notes.time.spend_left_minor
    draft.notes = attrs.evolve(
        draft.notes, time=attrs.evolve(command.time, spend_left_minor=left_minor)
    )
    if draft.running is not None and not stop_at_limit(draft):
        tell_limits(draft)
        arm(draft)
    return draft.outcome()


def stop_at_limit(draft: VisitDraft) -> bool:
    """Stop at the instant at which a limit is used up, if that has come; whether it has."""
    ends_at = time_ends_at(draft)
    if ends_at is None or ends_at > draft.now:
        return False
    # Of a limit that was lowered below what is used, time that was charged stays charged.
    ends_at = not_before_charged(draft, ends_at)
    draft.stop(ends_at)
    tell_limits(draft)
    if draft.session.status is SessionStatus.ACTIVE:
        settings = draft.profile.settings
        draft.notes = attrs.evolve(draft.notes, rested_from=draft.session.status_since)
        draft.move(
            SessionTrigger.REACH_LIMIT,
            at=ends_at,
            reason=TIME_LIMIT,
            deadline_at=deadline_of(
                SessionStatus.PAUSED, since=draft.now, exhausted=False, settings=settings
            ),
            cause=TIME_LIMIT,
        )
    ask_for_rest(draft)
    return True


def tell_limits(draft: VisitDraft) -> None:
    """Tell of limits that came to 80 and to 100 per cent in this visit, each once a period."""
    if not draft.notes.time.limits:
        return
    told = dict.fromkeys(draft.notes.limits_told)
    for crossing in crossings(draft.segments, draft.now, draft.tariff, draft.notes.time):
        key = _key(draft, crossing)
        if key in told:
            continue
        told[key] = None
        draft.tell(
            SessionLimitReached(
                session_id=draft.session.id,
                kind=LimitKind.TIME,
                limit=crossing.limit.minutes,
                used=crossing.used_minutes,
                percent=crossing.percent,
                action="block" if crossing.percent == BLOCK_PERCENT else "warn",
            )
        )
    draft.notes = attrs.evolve(draft.notes, limits_told=tuple(told)[-SESSION_LIMITS_TOLD_MAX:])


def refuse_used_up(draft: VisitDraft, at: datetime) -> Refusal | None:
    """Why a visit may not go on at a moment: an own limit of time has nothing left."""
    limit = reached(draft.segments, at, draft.tariff, draft.notes.time)
    return None if limit is None else _refusal(limit, "is used up")


def refuse_beyond(draft: VisitDraft, until: datetime) -> Refusal | None:
    """Why a visit may not be booked until then: an own limit of time ends before."""
    ends_at = time_ends_at(draft)
    if ends_at is None or ends_at >= until:
        return None
    longest = min(draft.notes.time.limits, key=lambda limit: limit.minutes)
    return _refusal(longest, f"ends at {ends_at.isoformat()}, before {until.isoformat()}")


def _refusal(limit: TimeLimit, how: str) -> Refusal:
    return Refusal(
        Code.TIME_LIMIT_REACHED,
        f"the own limit of {limit.minutes} min a {limit.period.value} {how}; it is raised by its "
        "patron alone, a day after asking",
        extra={"limit_minutes": limit.minutes, "period": limit.period.value},
    )


def _key(draft: VisitDraft, crossing: Crossing) -> str:
    """What is told once: of a day once on that day, of longer periods once in a visit."""
    period = crossing.limit.period
    parts = [period.value, str(crossing.percent), str(crossing.limit.minutes)]
    if period is LimitPeriod.DAY:
        today = business_day_of(draft.now, draft.profile.tz, draft.profile.settings.cutover)
        parts.append(today.isoformat())
    return ":".join(parts)
