"""Breaks within a shift (Rule 13): whoever has one gets no new tasks, and still hears an SOS."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import attrs

from actors.rules.lifecycle import SHIFT, ShiftTrigger, refuse_transition
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from actors.runtime.telling import tell
from actors.staff.figures import happened_at, shift_reply
from actors.staff.state import StaffState
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.events.staff import StaffBreakChanged
from protocol.internal.duty import StaffOnDuty
from protocol.operations.staff_work import BreakAction, RecordBreak
from protocol.records.staff import StaffShift
from protocol.records.values import ShiftBreak


@decides(RecordBreak)
def decide_record_break(state: StaffState, command: RecordBreak, context: Context) -> Decision:
    """Begin or end a break, and tell the venue, which gives tasks."""
    shift = state.open_shift
    if shift is None:
        return Refusal(Code.NO_OPEN_SHIFT, "a break belongs to an open shift; clock in first")
    starts = command.action is BreakAction.START
    trigger = ShiftTrigger.START_BREAK if starts else ShiftTrigger.END_BREAK
    refusal = refuse_transition(SHIFT, shift.status, trigger, whose=f"shift {shift.id}")
    if refusal is not None:
        return refusal
    at = happened_at(context, not_before=last_change_of(shift))
    if starts:
        breaks = (*shift.breaks, ShiftBreak(started_at=at, paid=command.paid))
    else:
        breaks = (*shift.breaks[:-1], attrs.evolve(shift.breaks[-1], ended_at=at))
    changed = shift.revised(status=SHIFT[shift.status, trigger], breaks=breaks)
    told = StaffBreakChanged(
        shift_id=shift.id,
        staff_id=shift.staff_id,
        on_break=starts,
        paid=breaks[-1].paid,
        at=at,
    )
    return Outcome(
        reply=shift_reply(changed, context.now),
        changes=(changed,),
        events=(tell(told, venue_id=shift.venue_id, version=changed.version),),
        sends=(_tell_venue(changed, starts),),
    )


def last_change_of(shift: StaffShift) -> datetime:
    """When the shift last began, or a break of it began or ended."""
    if not shift.breaks:
        return shift.started_at
    last = shift.breaks[-1]
    return last.ended_at or last.started_at


def _tell_venue(shift: StaffShift, on_break: bool) -> Send:
    known = StaffOnDuty(
        staff_id=shift.staff_id,
        shift_id=shift.id,
        display_name=shift.display_name,
        on_break=on_break,
        since=shift.started_at,
    )
    return Send(_venue(shift.venue_id), known, detached=True)


def _venue(venue_id: UUID) -> Address:
    return Address(ActorKind.VENUE, venue_id)
