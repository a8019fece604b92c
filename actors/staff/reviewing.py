"""The end of a shift as management sets it (Rule 13): who forgot it is not asked to invent it.

A forgotten shift counts no minute until then. Nobody reviews their own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from actors.rules.lifecycle import SHIFT, ShiftTrigger, refuse_transition
from actors.runtime.auditing import audited
from actors.runtime.outcome import Context, Decision, Outcome
from actors.staff.breaks import last_change_of
from actors.staff.figures import clocked_out, shift_reply, worked_ms
from actors.staff.state import StaffState
from protocol.errors import Code, FieldError, Refusal
from protocol.operations.staff import ClockOut
from protocol.records.platform import AuditEntry
from protocol.records.staff import StaffShift
from protocol.records.states import ShiftStatus


def shift_meant(state: StaffState, command: ClockOut) -> StaffShift | None:
    """The shift that a clock-out is about: the one named, else the open one, else, if an end is
    given, the latest whose end was forgotten."""
    if command.shift_id is not None:
        return state.get(StaffShift, command.shift_id)
    if state.open_shift is not None or command.ended_at is None:
        return state.open_shift
    forgotten = (s for s in state.all(StaffShift) if s.status is ShiftStatus.NEEDS_REVIEW)
    return max(forgotten, key=lambda shift: shift.started_at, default=None)


def refuse_end(shift: StaffShift, ended_at: datetime, now: datetime) -> Refusal | None:
    """422 for an end that can't have been: before what is known of the shift, or to come."""
    first = last_change_of(shift)
    if first <= ended_at <= now:
        return None
    detail = f"must be from {first}, when the shift is known to have run, to now; is {ended_at}"
    return Refusal(
        Code.VALIDATION_FAILED, detail, errors=(FieldError("/ended_at", "out_of_range", detail),)
    )


def review(shift: StaffShift, command: ClockOut, context: Context) -> Decision:
    """Settle a forgotten shift."""
    assert context.principal is not None
    refusal = refuse_transition(SHIFT, shift.status, ShiftTrigger.REVIEW, whose=f"shift {shift.id}")
    if refusal is not None:
        return refusal
    if command.ended_at is None:
        detail = f"shift {shift.id} was forgotten; say when it ended"
        return Refusal(
            Code.VALIDATION_FAILED, detail, errors=(FieldError("/ended_at", "required", detail),)
        )
    refusal = refuse_end(shift, command.ended_at, context.now)
    if refusal is not None:
        return refusal
    settled = ended(shift, SHIFT[shift.status, ShiftTrigger.REVIEW], command.ended_at)
    settled = settled.evolve(
        reviewed_by=context.principal.user_id,
        declared_tips_minor=command.declared_tips_minor,
    )
    return Outcome(
        reply=shift_reply(settled, context.now),
        changes=(settled,),
        appends=(ended_by_another(shift, settled, "shift.reviewed", context),),
        events=(clocked_out(settled, command.ended_at, auto=False),),
    )


def ended(shift: StaffShift, status: ShiftStatus, at: datetime) -> StaffShift:
    """The shift as it ended: an open break ends with it, and its minutes are known."""
    breaks = tuple(b if b.ended_at else attrs.evolve(b, ended_at=at) for b in shift.breaks)
    over = shift.revised(status=status, ended_at=at, breaks=breaks)
    return over.evolve(worked_ms=worked_ms(over, at))


def ended_by_another(
    before: StaffShift, after: StaffShift, action: str, context: Context
) -> AuditEntry:
    """The line of the audit trail for a shift that somebody else ended."""

    def shown(shift: StaffShift) -> dict[str, Any]:
        return {"status": shift.status, "ended_at": shift.ended_at, "worked_ms": shift.worked_ms}

    return audited(
        context,
        action,
        "shift",
        before.id,
        venue_id=before.venue_id,
        before=shown(before),
        after=shown(after),
    )
