"""Minute by minute: time is charged, the patron is told, and the visit stops when funds end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import attrs

from actors.rules.corrections import taken_back, without
from actors.rules.funds import is_low, minutes_left
from actors.rules.lifecycle import SessionTrigger
from actors.rules.session_conditions import deadline_of
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.session.draft import VisitDraft, draft_of
from actors.session.meter import arm, ask, ask_for_rest, end_of_funds, is_behind
from actors.session.notes import EXHAUSTED
from actors.session.own_time import stop_at_limit, tell_limits
from actors.session.state import SessionState
from protocol.events.sessions import SessionExhausted, SessionLowCredit, SessionMeterTick
from protocol.internal.metering import TickMeter
from protocol.internal.visits import UsageCaptured
from protocol.records.states import SessionStatus


@decides(TickMeter)
def decide_tick_meter(state: SessionState, command: TickMeter, context: Context) -> Decision:
    """Ask for what the last minute cost. Whether funds end is known when the answer comes."""
    session = state.session
    if session is None or session.status is SessionStatus.CLOSING:
        return Outcome()
    draft = draft_of(state, session, context)
    if draft.running is None:
        return Outcome()
    if stop_at_limit(draft):
        return draft.outcome()
    tell_limits(draft)
    ask(draft, context.now)
    arm(draft)
    return draft.outcome()


@decides(UsageCaptured)
def decide_usage_captured(
    state: SessionState, command: UsageCaptured, context: Context
) -> Decision:
    """Note what was charged. An answer that nobody waits for any more changes nothing."""
    session = state.session
    if session is None:
        return Outcome()
    draft = draft_of(state, session, context)
    if draft.notes.asked_minor is None or command.tick != draft.notes.tick:
        return Outcome()
    _take(draft, command)
    if session.status is SessionStatus.CLOSING:
        return draft.outcome()
    if draft.running is None:
        if draft.notes.rewound:
            ask_for_rest(draft)
        return draft.outcome()
    ends_at = end_of_funds(draft)
    if command.short_minor > 0 and ends_at is not None and ends_at <= context.now:
        _exhaust(draft, ends_at)
        return draft.outcome()
    if stop_at_limit(draft):
        return draft.outcome()
    if session.status is SessionStatus.ACTIVE:
        _tell_figures(draft, ends_at)
    if is_behind(draft) or draft.notes.rewound:
        ask(draft, context.now)
    arm(draft)
    return draft.outcome()


def _take(draft: VisitDraft, command: UsageCaptured) -> None:
    notes = draft.notes
    assert notes.asked_minor is not None
    charged = _added(notes.charged_minor, notes.asked_minor, command.captured_minor)
    if notes.owed_minor is not None:
        back = taken_back(charged, notes.owed_minor, command.returned_minor)
        charged = without(charged, back)
    draft.notes = attrs.evolve(
        notes,
        asked_minor=None,
        owed_minor=None,
        charged_minor=charged,
        available_minor=command.available_minor,
        time=command.time,
    )
    draft.session = draft.session.evolve(
        charged_minor=draft.notes.settled_minor, held_minor=command.held_minor
    )


def _added(
    charged: Mapping[date, int], asked: Mapping[date, int], captured_minor: int
) -> dict[date, int]:
    """What is charged by day, when the account took `captured_minor` for lines in their order."""
    sums = dict(charged)
    for day, minor in sorted(asked.items()):
        taken_minor = min(minor, captured_minor)
        captured_minor -= taken_minor
        sums[day] = sums.get(day, 0) + taken_minor
    return sums


def _exhaust(draft: VisitDraft, ends_at: datetime) -> None:
    """Stop at the instant funds ended: a millisecond more would be overdrawn."""
    draft.stop(ends_at)
    if draft.session.status is SessionStatus.ACTIVE:
        deadline_at = deadline_of(
            SessionStatus.PAUSED,
            since=draft.now,
            exhausted=True,
            settings=draft.profile.settings,
        )
        assert deadline_at is not None, "an exhausted pause ends"
        draft.notes = attrs.evolve(draft.notes, rested_from=draft.session.status_since)
        draft.move(
            SessionTrigger.EXHAUST,
            at=max(ends_at, draft.session.status_since),
            reason=EXHAUSTED,
            deadline_at=deadline_at,
            cause=EXHAUSTED,
        )
        draft.tell(
            SessionExhausted(
                session_id=draft.session.id,
                at=ends_at,
                deadline_at=deadline_at,
                charge_minor=draft.charge(ends_at).total_minor,
            )
        )
    ask_for_rest(draft)


def _tell_figures(draft: VisitDraft, ends_at: datetime | None) -> None:
    charge = draft.charge(draft.now)
    available_minor = draft.notes.available_minor
    draft.tell(
        SessionMeterTick(
            session_id=draft.session.id,
            as_of=draft.now,
            billable_s=charge.active_ms // 1000,
            charge_minor=charge.total_minor,
            available_minor=available_minor,
            runs_out_at=ends_at,
        )
    )
    low = is_low(ends_at, draft.now)
    if low and not draft.notes.warned:
        assert ends_at is not None, "what lasts is not low"
        draft.tell(
            SessionLowCredit(
                session_id=draft.session.id,
                available_minor=available_minor,
                runs_out_at=ends_at,
                minutes_left=minutes_left(ends_at, draft.now) or 0,
            )
        )
    draft.notes = attrs.evolve(draft.notes, warned=low)
