"""The end of a shift (Rule 13): said by a person, or by nobody.

Whoever leaves has counted the till and handed over, or nobody is left to hand over to: that the
venue knows. The end of a forgotten shift is not invented; management sets it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import attrs

from actors.rules.lifecycle import SHIFT, ShiftTrigger, transition
from actors.rules.permissions import not_found, refuse_at_venue
from actors.runtime.behaviour import decides
from actors.runtime.outcome import (
    LATER,
    CancelTimer,
    Context,
    Decision,
    Event,
    Outcome,
    Send,
)
from actors.runtime.telling import tell
from actors.staff.figures import break_ms, minutes_of, shift_reply, worked_ms
from actors.staff.state import CUTOVER_TIMER, StaffState
from actors.staff.tills import end_till
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, Refusal
from protocol.events.staff import StaffClockedOut
from protocol.internal.duty import AskToLeave, CutOver, HandOver, LeaveGranted, StaffOffDuty
from protocol.operations.staff import ClockOut
from protocol.records.staff import StaffShift
from protocol.records.states import ShiftStatus

REPEAT_MAX: Final = timedelta(hours=12)
"""As long as an offline command may wait (Rule 12), a second clock-out is the same one again."""


@decides(ClockOut)
def decide_clock_out(state: StaffState, command: ClockOut, context: Context) -> Decision:
    """Close the shift, after asking the venue whether a handover is due if there is no note."""
    assert context.principal is not None, "whoever clocks out is signed in"
    shift = state.open_shift
    latest = shift or state.last_shift
    own = context.principal.user_id == state.staff_id
    if not own:
        if latest is None:
            return not_found("this shift")
        stranger = refuse_at_venue(context.principal, Role.MANAGEMENT, latest.venue_id)
        if stranger is not None:
            return stranger
    if shift is None:
        return _repeated(latest, context)
    if (refusal := _refuse_open_till(state)) is not None:
        return refusal
    if not command.note:
        asked = AskToLeave(request=command, staff_id=state.staff_id)
        venue = Address(ActorKind.VENUE, shift.venue_id)
        return Outcome(reply=LATER, sends=(Send(venue, asked),))
    return _close(shift, command, context)


@decides(LeaveGranted)
def decide_leave_granted(state: StaffState, command: LeaveGranted, context: Context) -> Decision:
    """Close the shift, if it still is open and no till was opened while the venue was asked."""
    shift = state.open_shift
    if shift is None:
        return _repeated(state.last_shift, context)
    return _refuse_open_till(state) or _close(shift, command.request, context)


def _repeated(latest: StaffShift | None, context: Context) -> Decision:
    """The same shift again, if it was closed lately; else there is none to close."""
    if latest is not None and latest.ended_at is not None:
        if context.now - latest.ended_at <= REPEAT_MAX:
            return Outcome(reply=shift_reply(latest, context.now))
    elif latest is not None:
        return Refusal(
            Code.NO_OPEN_SHIFT,
            f"shift {latest.id} was forgotten at the end of its day; management sets its end",
        )
    return Refusal(Code.NO_OPEN_SHIFT, "there is no open shift; clock in first")


def _refuse_open_till(state: StaffState) -> Refusal | None:
    till = state.open_till
    if till is None:
        return None
    return Refusal(
        Code.TILL_OPEN,
        f"till {till.id} on drawer {till.drawer} is open; count it first",
        extra={"till_id": str(till.id)},
    )


def _close(shift: StaffShift, command: ClockOut, context: Context) -> Outcome:
    now = context.now
    status = transition(SHIFT, shift.status, ShiftTrigger.CLOCK_OUT)
    assert status is not None, f"shift {shift.id} is {shift.status.value} and counted as open"
    breaks = tuple(b if b.ended_at else attrs.evolve(b, ended_at=now) for b in shift.breaks)
    ended = shift.revised(
        status=status,
        ended_at=now,
        breaks=breaks,
        declared_tips_minor=command.declared_tips_minor,
    )
    ended = ended.evolve(worked_ms=worked_ms(ended, now))
    venue = Address(ActorKind.VENUE, shift.venue_id)
    sends = [Send(venue, StaffOffDuty(staff_id=shift.staff_id, shift_id=shift.id), detached=True)]
    if command.note:
        left = HandOver(staff_id=shift.staff_id, shift_id=shift.id, note=command.note)
        sends.append(Send(venue, left, detached=True))
    return Outcome(
        reply=shift_reply(ended, now),
        changes=(ended,),
        events=(_clocked_out(ended, now, auto=False),),
        sends=tuple(sends),
        timers=(CancelTimer(CUTOVER_TIMER),),
    )


@decides(CutOver)
def decide_cut_over(state: StaffState, command: CutOver, context: Context) -> Decision:
    """The day is over and the shift is not: it needs review, and its till stops taking cash."""
    shift = state.open_shift
    if shift is None or shift.id != command.shift_id:
        return Outcome()
    status = transition(SHIFT, shift.status, ShiftTrigger.CUTOVER)
    assert status is not None, f"shift {shift.id} is {shift.status.value} and counted as open"
    forgotten = shift.revised(status=status, auto_ended=True)
    venue = Address(ActorKind.VENUE, shift.venue_id)
    off_duty = Send(venue, StaffOffDuty(staff_id=shift.staff_id, shift_id=shift.id), detached=True)
    outcome = Outcome(
        changes=(forgotten,),
        events=(_clocked_out(forgotten, context.now, auto=True),),
        sends=(off_duty,),
    )
    till = state.open_till
    if till is None:
        return outcome
    ended = end_till(till, context)
    return attrs.evolve(
        outcome,
        changes=(*outcome.changes, *ended.changes),
        events=(*outcome.events, *ended.events),
        sends=(*outcome.sends, *ended.sends),
    )


def _clocked_out(shift: StaffShift, now: datetime, *, auto: bool) -> Event:
    """Of a forgotten shift nobody knows how long it was, so it counts no minute until review."""
    told = StaffClockedOut(
        shift_id=shift.id,
        staff_id=shift.staff_id,
        at=now,
        worked_minutes=minutes_of(shift.worked_ms),
        break_minutes=minutes_of(break_ms(shift, now)) if not auto else 0,
        auto=auto,
        needs_review=shift.status is ShiftStatus.NEEDS_REVIEW,
    )
    return tell(told, venue_id=shift.venue_id, user_id=shift.staff_id, version=shift.version)
