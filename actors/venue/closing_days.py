"""Closing a business day, by management or by itself an hour after its end (Rule 5).

A manager needs tills counted, orders paid or carried, and no visit being settled; the timer ends
what is still open by its name and waits for nobody. Totals come from the ledger, after the flush
of all before; whoever asked is answered then, or 202 if the books can't be read now.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

from actors.rules.business_day import business_day_of
from actors.rules.permissions import not_found, refuse_at_venue
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import (
    LATER,
    CancelTimer,
    Context,
    Decision,
    Outcome,
    Send,
    SetTimer,
)
from actors.runtime.telling import tell
from actors.venue.day_reports import report_of
from actors.venue.days import day_of, is_closing, keep_today, open_days, timer_of, trading_of
from actors.venue.state import VenueState
from protocol.addresses import OUTSIDE, ActorKind, Address, Role
from protocol.codec import encode
from protocol.errors import Code, Refusal
from protocol.events.money import BusinessDayClosed
from protocol.internal.administration import (
    CloseDay,
    CountOpenOrders,
    DayNotSummedUp,
    DaySummedUp,
    OpenOrdersCounted,
    SumUpDay,
)
from protocol.internal.duty import CutOver
from protocol.operations.admin_venues import CloseBusinessDay
from protocol.records.ledger import BusinessDay
from protocol.records.money_states import BusinessDayStatus
from protocol.records.runtime import DrawerInUse, DutyPlace, Trading
from protocol.records.states import SessionStatus

TILLS_AWAITED: Final = timedelta(seconds=5)
TILLS_AWAITED_TIMES: Final = 12
"""A till that has not ended by itself after a minute is reported as it stands."""
EARLIER_AWAITED: Final = timedelta(minutes=1)
SUMMED_AGAIN: Final = timedelta(seconds=30)
"""How often the totals are asked for until they come."""


@decides(CloseBusinessDay)
def decide_close_business_day(
    state: VenueState, command: CloseBusinessDay, context: Context
) -> Decision:
    """Close the day, once it is known whether orders are open that must be carried."""
    assert context.principal is not None, "whoever closes a day is signed in"
    stranger = refuse_at_venue(context.principal, Role.MANAGEMENT, state.venue_id)
    if stranger is not None:
        return stranger
    day = _closable(state, command, context)
    if isinstance(day, Refusal):
        return day
    if not command.carry_over:
        ends_at = min(day.ends_at, context.now)
        asked = CountOpenOrders(request=command, venue_id=state.venue_id, ends_at=ends_at)
        return Outcome(reply=LATER, sends=(Send(OUTSIDE, asked),))
    return _begin(state, day, context)


@decides(OpenOrdersCounted)
def decide_open_orders_counted(
    state: VenueState, command: OpenOrdersCounted, context: Context
) -> Decision:
    """Close the day if no order is open, and nothing came in between."""
    if command.count is None:
        return Refusal(
            Code.ACTOR_UNAVAILABLE, "the books can't be read now; ask again", retry_after_s=5
        )
    if command.count:
        return Refusal(
            Code.OPEN_ORDERS_EXIST,
            f"{command.count} orders are not paid; settle them, or close with carry_over",
            extra={"open_orders": command.count},
        )
    day = _closable(state, command.request, context)
    return day if isinstance(day, Refusal) else _begin(state, day, context)


@decides(CloseDay)
def decide_close_day(state: VenueState, command: CloseDay, context: Context) -> Decision:
    """The day is over by an hour: end what was forgotten, then close it."""
    now = context.now
    day = day_of(state, command.business_day)
    if day is None or day.status is BusinessDayStatus.CLOSED:
        kept = keep_today(state, now)
        return Outcome(changes=kept.changes, timers=kept.timers)
    if is_closing(day):
        return Outcome(sends=(Send(OUTSIDE, _sum_up(day)),), timers=(_again(day, now),))
    name = timer_of(day.business_day)
    if _earlier(state, day.business_day):
        return Outcome(timers=(SetTimer(name, now + EARLIER_AWAITED, command),))
    behind = _drawers_of(state, day)
    if behind and command.tries < TILLS_AWAITED_TIMES:
        waits = command.evolve(tries=command.tries + 1)
        return Outcome(
            sends=_cut_over(state, day) if command.tries == 0 else (),
            timers=(SetTimer(name, now + TILLS_AWAITED, waits),),
        )
    return _begin(state, day, context, sends=() if command.tries else _cut_over(state, day))


@decides(DaySummedUp)
def decide_day_summed_up(state: VenueState, command: DaySummedUp, context: Context) -> Decision:
    """Freeze the day with its totals."""
    day = day_of(state, command.business_day)
    if day is None or not is_closing(day):
        # Summed up twice, by the timer and by who asked: the first has closed it.
        known = day is not None and context.in_saga
        return Outcome(reply=report_of(state.profile, day) if known and day else None)
    assert day.z_number is not None
    figures = command.figures
    totals: Any = encode(figures)
    closed = day.revised(
        status=BusinessDayStatus.CLOSED,
        closed_at=context.now,
        totals=totals,
        journal_head_hash=None
        if command.journal_head is None
        else bytes.fromhex(command.journal_head),
    )
    told = BusinessDayClosed(
        venue_id=state.venue_id,
        business_day=day.business_day,
        z_number=day.z_number,
        gross_minor=figures.gross_minor,
        variance_minor=figures.variance_minor,
        carried_orders=figures.open_orders_count,
        auto=day.closed_by is None,
    )
    noted = audited(
        context,
        "business_day.closed",
        "business_day",
        day.business_day,
        venue_id=state.venue_id,
        after={"z_number": day.z_number, "gross_minor": figures.gross_minor},
    )
    return Outcome(
        reply=report_of(state.profile, closed) if context.in_saga else None,
        changes=(closed,),
        appends=(noted,),
        events=(tell(told, venue_id=state.venue_id, version=closed.version),),
        timers=(CancelTimer(timer_of(day.business_day)),),
    )


@decides(DayNotSummedUp)
def decide_day_not_summed_up(
    state: VenueState, command: DayNotSummedUp, context: Context
) -> Decision:
    """The timer asks again; whoever waits is told that it is being closed."""
    day = day_of(state, command.business_day)
    if day is None or not context.in_saga:
        return Outcome()
    return Outcome(reply=report_of(state.profile, day), status=202)


def _closable(
    state: VenueState, command: CloseBusinessDay, context: Context
) -> BusinessDay | Refusal:
    """The day that may be closed by hand now, or why it may not, in the order of the contract."""
    wanted = command.business_day
    calendar = business_day_of(context.now, state.profile.tz, state.profile.settings.cutover)
    trading, day = trading_of(state), day_of(state, wanted)
    if day is None:
        # The first day of a venue has no row before anything was booked.
        kept = keep_today(state, context.now).changes
        day = next((made for made in kept if made.business_day == wanted), None)
    drawers = [] if day is None else _drawers_of(state, day)
    if drawers:
        return Refusal(
            Code.TILL_OPEN,
            f"{len(drawers)} tills are open, on drawer {drawers[0].drawer} and others; "
            "have them counted first",
            extra={"till_ids": [str(drawer.till_id) for drawer in drawers]},
        )
    if trading is not None and wanted <= trading.closed_through:
        return Refusal(
            Code.BUSINESS_DAY_CLOSED,
            f"{wanted} is closed; the last day that is closed is {trading.closed_through}",
        )
    if day is None or wanted > calendar:
        return not_found(f"business day {wanted}")
    if earlier := _earlier(state, wanted):
        return Refusal(
            Code.INVALID_TRANSITION, f"{earlier[0].business_day} is open; days close in their order"
        )
    settling = [p for p in state.open_places() if p.status is SessionStatus.CLOSING]
    if settling:
        return Refusal(
            Code.INVALID_TRANSITION,
            f"{len(settling)} visits are being settled; ask again when they are closed",
            extra={"session_ids": [str(place.session_id) for place in settling[:20]]},
        )
    return day


def _earlier(state: VenueState, day: date) -> list[BusinessDay]:
    """Days before one that nobody has begun to close."""
    return [d for d in open_days(state) if d.business_day < day and not is_closing(d)]


def _begin(
    state: VenueState, day: BusinessDay, context: Context, *, sends: tuple[Send, ...] = ()
) -> Outcome:
    """Give the number, open the next day, and have the totals taken when all before is flushed."""
    now, principal = context.now, context.principal
    trading = trading_of(state)
    if trading is None:
        closing = Trading(
            venue_id=state.venue_id, z_number=1, closed_through=day.business_day, version=1
        )
    else:
        closing = trading.revised(z_number=trading.z_number + 1, closed_through=day.business_day)
    values: dict[str, Any] = {
        "z_number": closing.z_number,
        "closed_by": None if principal is None else principal.user_id,
        "ends_at": max(min(day.ends_at, now), day.starts_at + timedelta(milliseconds=1)),
    }
    is_new = day_of(state, day.business_day) is None
    ended = day.evolve(**values) if is_new else day.revised(**values)
    profile = state.profile.closed_to(day.business_day)
    kept = keep_today(state, now, profile)
    others = [timer for timer in kept.timers if timer.name != timer_of(day.business_day)]
    return Outcome(
        reply=LATER if context.in_saga else None,
        changes=(closing, ended, *kept.changes),
        sends=(*sends, Send(OUTSIDE, _sum_up(ended))),
        timers=(_again(ended, now), *others),
    )


def _sum_up(day: BusinessDay) -> SumUpDay:
    return SumUpDay(
        venue_id=day.venue_id,
        business_day=day.business_day,
        starts_at=day.starts_at,
        ends_at=day.ends_at,
    )


def _again(day: BusinessDay, now: datetime) -> SetTimer:
    command = CloseDay(business_day=day.business_day)
    return SetTimer(timer_of(day.business_day), now + SUMMED_AGAIN, command)


def _drawers_of(state: VenueState, day: BusinessDay) -> list[DrawerInUse]:
    """Tills that are open and belong to the day: not those of a shift that began after its end."""
    found = []
    for drawer in state.all(DrawerInUse):
        duty = state.get(DutyPlace, state.venue_id, drawer.staff_id)
        if duty is None or duty.since < day.ends_at:
            found.append(drawer)
    return found


def _cut_over(state: VenueState, day: BusinessDay) -> tuple[Send, ...]:
    """Tell who is on duty since before the day's end that the shift was forgotten."""
    return tuple(
        Send(
            Address(ActorKind.STAFF, place.staff_id),
            CutOver(shift_id=place.shift_id),
            detached=True,
        )
        for place in state.on_duty()
        if place.since < day.ends_at
    )
