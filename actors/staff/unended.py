"""Shifts that stop without their people saying so (Rule 13): their end is not invented.

A shift that was forgotten stops with its day, one of somebody who may not work there any more stops
at once. Either needs review: management sets its end. Its till takes no more cash and is counted.
"""

from __future__ import annotations

import attrs

from actors.rules.lifecycle import SHIFT, ShiftTrigger, transition
from actors.runtime.behaviour import decides
from actors.runtime.outcome import CancelTimer, Context, Decision, Outcome, Send
from actors.staff.figures import clocked_out
from actors.staff.state import CUTOVER_TIMER, StaffState
from actors.staff.tills import end_till
from protocol.addresses import ActorKind, Address
from protocol.internal.duty import LeaveWork, StaffOffDuty
from protocol.records.staff import StaffShift


@decides(LeaveWork)
def decide_leave_work(state: StaffState, command: LeaveWork, context: Context) -> Decision:
    """Stop the shift where its person may not work any more; one begun where they may goes on."""
    shift = state.open_shift
    if shift is None or shift.venue_id in command.works_at:
        return Outcome()
    stopped = left_open(state, shift, context)
    return attrs.evolve(stopped, timers=(*stopped.timers, CancelTimer(CUTOVER_TIMER)))


def left_open(state: StaffState, shift: StaffShift, context: Context) -> Outcome:
    """What follows when a shift stops and nobody said when it was over."""
    status = transition(SHIFT, shift.status, ShiftTrigger.CUTOVER)
    assert status is not None, f"shift {shift.id} is {shift.status.value} and counted as open"
    stopped = shift.revised(status=status, auto_ended=True)
    venue = Address(ActorKind.VENUE, shift.venue_id)
    off_duty = Send(venue, StaffOffDuty(staff_id=shift.staff_id, shift_id=shift.id), detached=True)
    outcome = Outcome(
        changes=(stopped,),
        events=(clocked_out(stopped, context.now, auto=True),),
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
