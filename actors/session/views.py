"""How a visit stands: a function of its segments and the moment, and nothing else (Rule 3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from actors.rules.funds import cap_headroom_minor
from actors.rules.lifecycle import OPEN_NOT_CLOSING
from actors.rules.metering import Charge
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from actors.session.draft import MS, VisitDraft, draft_of
from actors.session.meter import end_of_funds, time_ends_at
from actors.session.rates import rate_changes_at
from actors.session.standing import level_shown, profile_of, refuse_stranger, works_at
from actors.session.state import SessionState
from protocol.addresses import ActorKind, Address
from protocol.internal.visits import DescribeVisit, VisitDescribed
from protocol.operations.sessions import GetSession, QuoteMeter
from protocol.records.money_states import HoldStatus
from protocol.records.states import Activity, SessionStatus
from protocol.records.visits import Session, SessionHistory, SessionSegment
from protocol.replies.sessions import Hold, MeterQuote, Segment, SessionDetail, SessionSummary


@decides(GetSession)
def decide_get_session(state: SessionState, command: GetSession, context: Context) -> Decision:
    """Answer the visit with its segments, open or over."""
    refusal = refuse_stranger(state, context)
    if refusal is not None:
        return refusal
    if state.session is not None:
        return Outcome(reply=_detail(draft_of(state, state.session, context)))
    assert state.history is not None, f"session {state.session_id} has neither begun nor ended"
    return Outcome(reply=_kept_detail(state.history, state.segments, context))


@decides(QuoteMeter)
def decide_quote_meter(state: SessionState, command: QuoteMeter, context: Context) -> Decision:
    """Answer the running figures; of a visit that is over the last ones."""
    refusal = refuse_stranger(state, context)
    if refusal is not None:
        return refusal
    if state.session is not None:
        return Outcome(reply=_quote(draft_of(state, state.session, context)))
    assert state.history is not None, f"session {state.session_id} has neither begun nor ended"
    return Outcome(reply=_kept_quote(state.history, state.segments, context))


@decides(DescribeVisit)
def decide_describe_visit(
    state: SessionState, command: DescribeVisit, context: Context
) -> Decision:
    """Tell the account how the visit stands, for the patron's own live view."""
    visit = state.session or state.history
    assert visit is not None, f"session {state.session_id} has neither begun nor ended"
    summary = None
    if state.session is not None:
        summary = _summary(draft_of(state, state.session, context))
    answer = VisitDescribed(summary=summary)
    return Outcome(sends=(Send(Address(ActorKind.ACCOUNT, visit.user_id), answer),))


def metered_until(session: Session, now: datetime) -> datetime:
    """Until when the charge is to be worked out."""
    return now if session.ended_at is None else session.ended_at


def _summary(draft: VisitDraft) -> SessionSummary:
    session = draft.session
    last_fix_at = draft.fence.last_fix_at
    age_s = None if last_fix_at is None else max(0, (draft.now - last_fix_at) // (1000 * MS))
    return SessionSummary(
        session_id=session.id,
        user_id=session.user_id,
        venue_id=session.venue_id,
        display_name=session.display_name,
        status=session.status,
        activity=session.activity,
        station_id=session.station_id,
        zone=session.zone,
        party_size=session.party_size,
        checked_in_at=session.started_at,
        charge_minor=draft.charge(metered_until(session, draft.now)).total_minor,
        safety_level=level_shown(draft.context, session.venue_id, session.safety_level),
        last_fix_age_s=age_s,
        version=session.version,
    )


def _detail(draft: VisitDraft) -> SessionDetail:
    session = draft.session
    assert session.hold_id is not None, "an open visit has a hold"
    hold = Hold(
        hold_id=session.hold_id,
        amount_minor=session.held_minor,
        captured_minor=session.charged_minor,
        status=HoldStatus.OPEN,
        expires_at=draft.notes.hold_until,
    )
    return SessionDetail(
        session_id=session.id,
        user_id=session.user_id,
        venue_id=session.venue_id,
        status=session.status,
        activity=session.activity,
        station_id=session.station_id,
        zone=session.zone,
        party_size=session.party_size,
        business_day=session.business_day,
        checked_in_at=session.started_at,
        status_since=session.status_since,
        deadline_at=session.deadline_at,
        ended_at=session.ended_at,
        safety_level=level_shown(draft.context, session.venue_id, session.safety_level),
        held_minor=session.held_minor,
        charged_minor=session.charged_minor,
        charge_minor=draft.charge(metered_until(session, draft.now)).total_minor,
        receipt_id=None,
        segments=tuple(_segment(segment, draft.now) for segment in draft.segments),
        holds=(hold,),
        table=session.table_name,
        booked_until=draft.notes.booked_until,
        note=session.note if works_at(draft.context, session.venue_id) else None,
        version=session.version,
    )


def _kept_detail(
    history: SessionHistory, segments: list[SessionSegment], context: Context
) -> SessionDetail:
    kept = history.summary
    return SessionDetail(
        session_id=history.id,
        user_id=history.user_id,
        venue_id=history.venue_id,
        status=history.status,
        activity=Activity(kept["activity"]),
        station_id=segments[-1].station_id,
        zone=kept["zone"],
        party_size=kept["party_size"],
        business_day=history.business_day,
        checked_in_at=history.started_at,
        status_since=history.ended_at,
        deadline_at=None,
        ended_at=history.ended_at,
        safety_level=level_shown(context, history.venue_id, kept["safety_level"]),
        held_minor=0,
        charged_minor=history.time_charge_minor,
        charge_minor=history.time_charge_minor,
        receipt_id=history.receipt_id,
        segments=tuple(_segment(segment, history.ended_at) for segment in segments),
        holds=(),
        table=kept.get("table"),
        booked_until=None,
        note=None,
        version=kept["version"],
    )


def _segment(segment: SessionSegment, now: datetime) -> Segment:
    end = segment.ended_at or now
    return Segment(
        segment_id=segment.id,
        activity=segment.activity,
        station_id=segment.station_id,
        rate_minor_per_h=segment.rate_minor_per_h,
        mode=segment.mode,
        started_at=segment.started_at,
        ended_at=segment.ended_at,
        active_ms=(end - segment.started_at) // MS,
        business_day=segment.business_day,
    )


def _quote(draft: VisitDraft) -> MeterQuote:
    session, notes = draft.session, draft.notes
    until = metered_until(session, draft.now)
    charge = draft.charge(until)
    elapsed_ms = dict(notes.elapsed_ms)
    here_ms = (draft.now - session.status_since) // MS
    elapsed_ms[session.status] = elapsed_ms.get(session.status, 0) + here_ms
    runs = draft.running is not None and session.status in OPEN_NOT_CLOSING
    return MeterQuote(
        session_id=session.id,
        as_of=draft.now,
        status=session.status,
        currency=draft.profile.currency,
        elapsed_ms=elapsed_ms,
        billable_ms=_billable(draft.segments, draft.now),
        charge_by_activity=charge.by_activity(),
        charge_minor=charge.total_minor,
        held_minor=session.held_minor,
        available_minor=notes.available_minor,
        funds_end_at=end_of_funds(draft) if runs else None,
        cap_left_minor=cap_headroom_minor(draft.segments, until, draft.tariff),
        limit_left_minor=_limit_left_minor(draft, charge),
        time_limit_at=time_ends_at(draft) if runs else None,
        next_rate_change_at=rate_changes_at(draft.notes, draft.profile, draft.now)
        if runs
        else None,
        version=session.version,
    )


def _limit_left_minor(draft: VisitDraft, charge: Charge) -> int | None:
    """What own limits of money leave, less what time has cost since the account told them."""
    left_minor = draft.notes.time.spend_left_minor
    if left_minor is None:
        return None
    return max(0, left_minor - max(0, charge.total_minor - draft.notes.settled_minor))


def _kept_quote(
    history: SessionHistory, segments: list[SessionSegment], context: Context
) -> MeterQuote:
    by_activity: dict[Activity, int] = {}
    for line in history.summary["time"]:
        activity = Activity(line["activity"])
        by_activity[activity] = by_activity.get(activity, 0) + line["charge_minor"]
    return MeterQuote(
        session_id=history.id,
        as_of=history.ended_at,
        status=history.status,
        currency=profile_of(context, history.venue_id).currency,
        elapsed_ms={
            SessionStatus(status): ms for status, ms in history.summary["elapsed_ms"].items()
        },
        billable_ms=_billable(segments, history.ended_at),
        charge_by_activity=by_activity,
        charge_minor=history.time_charge_minor,
        held_minor=0,
        available_minor=0,
        funds_end_at=None,
        cap_left_minor=None,
        limit_left_minor=None,
        time_limit_at=None,
        next_rate_change_at=None,
        version=history.summary["version"],
    )


def _billable(segments: list[SessionSegment], now: datetime) -> Mapping[Activity, int]:
    sums: dict[Activity, int] = {}
    for segment in segments:
        ms = ((segment.ended_at or now) - segment.started_at) // MS
        sums[segment.activity] = sums.get(segment.activity, 0) + ms
    return sums
