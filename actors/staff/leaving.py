"""The end of a shift (Rule 13), said by a person; for one that nobody ends see `unended`.

Whoever leaves has counted the till and handed over, or nobody is left to hand over to: that the
venue knows.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from actors.rules.lifecycle import SHIFT, ShiftTrigger, transition
from actors.rules.permissions import not_found, refuse_thing
from actors.runtime.behaviour import decides
from actors.runtime.outcome import (
    LATER,
    CancelTimer,
    Context,
    Decision,
    Outcome,
    Send,
)
from actors.staff.breaks import last_change_of
from actors.staff.figures import clocked_out, happened_at, shift_reply
from actors.staff.reviewing import ended, ended_by_another, refuse_end, review, shift_meant
from actors.staff.state import CUTOVER_TIMER, ON_SHIFT, StaffState
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, Refusal
from protocol.internal.duty import AskToLeave, HandOver, LeaveGranted, StaffOffDuty
from protocol.operations.staff import ClockOut
from protocol.records.staff import StaffShift
from protocol.records.states import ShiftStatus

REPEAT_MAX: Final = timedelta(hours=12)
"""As long as an offline command may wait (Rule 12), a second clock-out is the same one again."""


@decides(ClockOut)
def decide_clock_out(state: StaffState, command: ClockOut, context: Context) -> Decision:
    """Close the shift, after asking the venue whether a handover is due if there is no note."""
    principal = context.principal
    assert principal is not None, "whoever clocks out is signed in"
    own = principal.user_id == state.staff_id
    shift = shift_meant(state, command)
    latest = shift or state.last_shift
    if not own:
        if latest is None:
            return not_found("this shift")
        whose = "this shift"
        stranger = refuse_thing(principal, Role.MANAGEMENT, latest.venue_id, whose=whose)
        if stranger is not None:
            return stranger
    if command.ended_at is not None and own:
        return Refusal(
            Code.FORBIDDEN, "nobody sets the end of their own shift; somebody of management does"
        )
    if shift is not None and shift.status is ShiftStatus.NEEDS_REVIEW and not own:
        return review(shift, command, context)
    if shift is None or shift.status not in ON_SHIFT:
        return _repeated(latest, context)
    refusal = _refuse_open_till(state)
    if refusal is None and command.ended_at is not None:
        refusal = refuse_end(shift, command.ended_at, context.now)
    if refusal is not None:
        return refusal
    if not command.note:
        asked = AskToLeave(request=command, staff_id=state.staff_id, shift_id=shift.id)
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
            f"shift {latest.id} was forgotten at the end of its day; management sets its end, "
            "clocking out for them with ended_at",
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
    assert context.principal is not None
    now = context.now
    status = transition(SHIFT, shift.status, ShiftTrigger.CLOCK_OUT)
    assert status is not None, f"shift {shift.id} is {shift.status.value} and counted as open"
    at = command.ended_at or happened_at(context, not_before=last_change_of(shift))
    closed = ended(shift, status, at).evolve(declared_tips_minor=command.declared_tips_minor)
    venue = Address(ActorKind.VENUE, shift.venue_id)
    sends = [Send(venue, StaffOffDuty(staff_id=shift.staff_id, shift_id=shift.id), detached=True)]
    if command.note:
        # First, for the tasks that it lists are passed on when whoever has them leaves.
        left = HandOver(staff_id=shift.staff_id, shift_id=shift.id, note=command.note)
        sends.insert(0, Send(venue, left, detached=True))
    own = context.principal.user_id == shift.staff_id
    return Outcome(
        reply=shift_reply(closed, now),
        changes=(closed,),
        appends=() if own else (ended_by_another(shift, closed, "shift.ended", context),),
        events=(clocked_out(closed, at, auto=False),),
        sends=tuple(sends),
        timers=(CancelTimer(CUTOVER_TIMER),),
    )
