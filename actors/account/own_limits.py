"""Own limits: set by the patron alone, lowered at once and raised slowly (Rule 7).

What a limit refuses is decided where money is spent. Here is how it comes to be and to change; a
limit that held is kept beside the one that took its place.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from actors.account.keeping_out import exclusions_now, shown
from actors.account.limits import COUNTED, used_minor
from actors.account.notices import notice, outside
from actors.account.standing import business_day_at, limit_now
from actors.account.state import AccountState
from actors.account.visit_limits import own_time_told
from actors.rules.own_limits import Raise, Terms, first_day, set_limit
from actors.runtime.behaviour import decides
from actors.runtime.outcome import CancelTimer, Context, Decision, Event, Outcome, SetTimer
from actors.runtime.telling import tell
from protocol.chains import rfc3339
from protocol.errors import Refusal
from protocol.events.safety import SafetyExclusionChanged
from protocol.internal.accounts import LimitRaiseLapsed, LimitRaiseReady
from protocol.operations.users import GetLimits, SetLimits, Switch
from protocol.records.runtime import TimeUsed
from protocol.records.states import LimitKind, LimitPeriod
from protocol.records.users import UserLimit
from protocol.replies.users import Limits, OwnLimit, PendingLimit

MINUTE: Final = timedelta(minutes=1)
Timer = SetTimer | CancelTimer


@decides(GetLimits)
def decide_get_limits(state: AccountState, command: GetLimits, context: Context) -> Decision:
    """All limits as they stand now."""
    return Outcome(reply=_shown(state, _living(state), context))


@decides(SetLimits)
def decide_set_limits(state: AccountState, command: SetLimits, context: Context) -> Decision:
    """Lower at once, begin or confirm a raise, or take one back."""
    known = next(
        (
            limit
            for limit in _living(state)
            if (limit.kind, limit.period) == (command.kind, command.period)
        ),
        None,
    )
    before = Terms(value=None) if known is None else _terms(known, context)
    after = set_limit(before, command.wished, context.now)
    if isinstance(after, Refusal):
        return after
    if after == before:
        return Outcome(reply=_shown(state, _living(state), context))
    others = [limit for limit in _living(state) if limit is not known]
    if after.value != before.value or known is None:
        limit = _new_limit(state, command, after, context)
        ended = () if known is None else (known.revised(superseded_at=context.now),)
        changes = (*ended, limit)
    else:
        limit = _with_raise(known, after.pending)
        changes = (limit,)
    told_time = own_time_told(state, (*others, limit), context.now)
    return Outcome(
        reply=_shown(state, [*others, limit], context),
        changes=changes,
        events=(_told(state, limit, after, context),),
        sends=told_time if command.kind is LimitKind.TIME else (),
        timers=_timers(known, limit, after),
    )


@decides(LimitRaiseReady)
def decide_limit_raise_ready(
    state: AccountState, command: LimitRaiseReady, context: Context
) -> Decision:
    """Ask the patron to confirm; nothing is raised by itself."""
    limit = state.get(UserLimit, command.limit_id)
    pending = None if limit is None else _terms(limit, context).pending
    if limit is None or limit.superseded_at is not None or pending is None:
        return Outcome()
    told = notice(
        state.user_id,
        "limit_raise_ready",
        context,
        params={
            "kind": limit.kind.value,
            "period": limit.period.value,
            "confirm_by": rfc3339(pending.lapses_at),
        },
    )
    lapse = LimitRaiseLapsed(limit_id=limit.id)
    return Outcome(
        events=(told,),
        sends=outside(state, "limit_raise_ready", Switch.SAFETY),
        timers=(SetTimer(_lapses(limit), pending.lapses_at, lapse),),
    )


@decides(LimitRaiseLapsed)
def decide_limit_raise_lapsed(
    state: AccountState, command: LimitRaiseLapsed, context: Context
) -> Decision:
    """What was not confirmed in time was not meant: the limit stays as it is."""
    limit = state.get(UserLimit, command.limit_id)
    if limit is None or limit.superseded_at is not None or limit.pending_effective_at is None:
        return Outcome()
    lapsed = _with_raise(limit, None)
    told = _told(state, lapsed, Terms(value=lapsed.value), context)
    return Outcome(changes=(lapsed,), events=(told,))


def _living(state: AccountState) -> list[UserLimit]:
    return [limit for limit in state.all(UserLimit) if limit.superseded_at is None]


def _terms(limit: UserLimit, context: Context) -> Terms:
    ready_at = limit.pending_effective_at
    pending = None if ready_at is None else Raise(to=limit.pending_value, ready_at=ready_at)
    return Terms(value=limit_now(limit, context.now), pending=pending)


def _new_limit(
    state: AccountState, command: SetLimits, terms: Terms, context: Context
) -> UserLimit:
    limit = UserLimit(
        id=context.fresh_id(),
        user_id=state.user_id,
        kind=command.kind,
        period=command.period,
        value=terms.value,
        effective_at=context.now,
        confirmed_at=context.now,
    )
    return limit if terms.pending is None else _with_raise(limit, terms.pending).evolve(version=1)


def _with_raise(limit: UserLimit, pending: Raise | None) -> UserLimit:
    return limit.revised(
        pending_value=None if pending is None else pending.to,
        pending_removal=pending is not None and pending.to is None,
        pending_effective_at=None if pending is None else pending.ready_at,
        # Of the raise that waits; without one, of what holds.
        confirmed_at=None if pending is not None else limit.effective_at,
    )


def _timers(known: UserLimit | None, limit: UserLimit, after: Terms) -> tuple[Timer, ...]:
    """The raise that waits has a timer; what waited before has none any more."""
    over: tuple[Timer, ...] = ()
    if known is not None:
        over = tuple(CancelTimer(name) for name in (_ready(known), _lapses(known)))
    if after.pending is None:
        return over
    asked = SetTimer(_ready(limit), after.pending.ready_at, LimitRaiseReady(limit_id=limit.id))
    return (*(timer for timer in over if timer.name != asked.name), asked)


def _ready(limit: UserLimit) -> str:
    return f"limit_ready:{limit.id}"


def _lapses(limit: UserLimit) -> str:
    return f"limit_lapses:{limit.id}"


def _told(state: AccountState, limit: UserLimit, terms: Terms, context: Context) -> Event:
    """A limit that holds from now, one that waits, or none any more; the amount is nobody's."""
    pending = terms.pending
    changed = SafetyExclusionChanged(
        user_id=state.user_id,
        kind="limit",
        starts_at=context.now if pending is None else pending.ready_at,
        ends_at=None if pending is None else pending.lapses_at,
        status="pending" if pending else "ended" if terms.value is None else "active",
        limit_kind=limit.kind.value,
    )
    visit = state.visit
    return tell(changed, user_id=state.user_id, venue_id=None if visit is None else visit.venue_id)


def _shown(state: AccountState, limits: list[UserLimit], context: Context) -> Limits:
    return Limits(
        items=tuple(
            _limit(state, limit, context)
            for limit in sorted(limits, key=lambda one: (one.kind, one.period))
            if limit.value is not None or limit.pending_effective_at is not None
        ),
        exclusions=tuple(shown(one) for one in exclusions_now(state, context.now)),
    )


def _limit(state: AccountState, limit: UserLimit, context: Context) -> OwnLimit:
    terms = _terms(limit, context)
    used = _used(state, limit.kind, limit.period, _today(state, context))
    return OwnLimit(
        limit_id=limit.id,
        kind=limit.kind,
        period=limit.period,
        amount_minor=None if limit.kind is LimitKind.TIME else terms.value,
        minutes=terms.value if limit.kind is LimitKind.TIME else None,
        used=used,
        remaining=None if terms.value is None else max(0, terms.value - used),
        effective_at=limit.effective_at,
        pending=None if terms.pending is None else _pending(limit, terms.pending),
    )


def _pending(limit: UserLimit, pending: Raise) -> PendingLimit:
    is_time = limit.kind is LimitKind.TIME
    return PendingLimit(
        amount_minor=None if is_time else pending.to,
        minutes=pending.to if is_time else None,
        remove=pending.to is None,
        effective_at=pending.ready_at,
        confirm_by=pending.lapses_at,
    )


def _used(state: AccountState, kind: LimitKind, period: LimitPeriod, today: date) -> int:
    """Minor units, or whole minutes of visits that are over; the open one tells its own."""
    first = first_day(period, today)
    if kind is not LimitKind.TIME:
        assert kind in COUNTED, f"nothing counts {kind}"
        return used_minor(state, kind, first, today)
    rows = (row for row in state.all(TimeUsed) if first <= row.business_day <= today)
    return timedelta(milliseconds=sum(row.active_ms for row in rows)) // MINUTE


def _today(state: AccountState, context: Context) -> date:
    """The business day where the person is, else where they last spent, else in UTC."""
    visit = state.visit
    if visit is not None:
        return business_day_at(context, visit.venue_id)
    days = [row.business_day for row in state.posted(*COUNTED[LimitKind.SPEND]) if row.business_day]
    return max([context.now.date(), *days])
