"""Shifts that stop without their people saying so (Rule 13): their end is not invented.

A shift that was forgotten stops with its day, one of somebody who may not work there any more stops
at once. Either needs review: management sets its end. Its till takes no more cash and is counted.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from actors.rules import business_day
from actors.rules.lifecycle import SHIFT, ShiftTrigger, transition
from actors.rules.profile import VenueProfile
from actors.runtime.behaviour import decides
from actors.runtime.outcome import CancelTimer, Context, Decision, Outcome, Send, SetTimer
from actors.staff.figures import clocked_out
from actors.staff.state import CUTOVER_TIMER, StaffState
from actors.staff.tills import end_till
from protocol.addresses import ActorKind, Address
from protocol.internal.duty import CutOver, LeaveWork, StaffOffDuty
from protocol.records.staff import StaffShift


def forgotten_at(profile: VenueProfile, began_at: datetime) -> datetime:
    """An hour after the business day of a shift ends, when the day closes by itself (Rule 5)."""
    cutover = profile.settings.cutover
    day = business_day.business_day_of(began_at, profile.tz, cutover)
    end = business_day.bounds(day, profile.tz, cutover).end
    return end + business_day.CLOSE_AFTER_CUTOVER


def cutover_timer(shift: StaffShift, profile: VenueProfile) -> SetTimer:
    """What stops a shift whose end nobody says."""
    due_at = forgotten_at(profile, shift.started_at)
    return SetTimer(CUTOVER_TIMER, due_at, CutOver(shift_id=shift.id))


@decides(CutOver)
def decide_cut_over(state: StaffState, command: CutOver, context: Context) -> Decision:
    """The day is over and the shift is not: it needs review, and its till stops taking cash.

    Nothing tells a shift of a cutover that was moved: whether its day is over is found out now.
    """
    shift = state.open_shift
    if shift is None or shift.id != command.shift_id:
        return Outcome()
    profile = context.shared(Address(ActorKind.VENUE, shift.venue_id))
    if isinstance(profile, VenueProfile):
        timer = cutover_timer(shift, profile)
        if timer.due_at > context.now:
            return Outcome(timers=(timer,))
    return left_open(state, shift, context)


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
