"""What follows from a shift or a till: durations, and both as their people are shown them.

What was expected in a till is nobody's to see until the till was counted: so the count is blind.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from actors.runtime.outcome import Context, Event
from actors.runtime.telling import tell
from protocol.events.money import TillChanged
from protocol.events.staff import StaffClockedOut
from protocol.records.ledger import Till
from protocol.records.staff import StaffShift
from protocol.records.states import ShiftStatus
from protocol.records.values import ShiftBreak
from protocol.replies.staff import ShiftReply, TillReply

_MS: Final = timedelta(milliseconds=1)
_MINUTE_MS: Final = 60_000


def minutes_of(ms: int) -> int:
    """Whole minutes, begun ones left out."""
    return ms // _MINUTE_MS


def break_ms(shift: StaffShift, now: datetime) -> int:
    """How long all breaks of a shift were until now, paid or not."""
    return sum(_length_ms(pause, now) for pause in shift.breaks)


def worked_ms(shift: StaffShift, now: datetime) -> int:
    """How long a shift was until now or its end, without its unpaid breaks; never below 0."""
    until = now if shift.ended_at is None else shift.ended_at
    unpaid = sum(_length_ms(pause, until) for pause in shift.breaks if not pause.paid)
    return max(0, (until - shift.started_at) // _MS - unpaid)


def _length_ms(pause: ShiftBreak, now: datetime) -> int:
    return max(0, ((pause.ended_at or now) - pause.started_at) // _MS)


def shift_reply(shift: StaffShift, now: datetime) -> ShiftReply:
    """A shift as it stands."""
    forgotten = shift.status is ShiftStatus.NEEDS_REVIEW
    worked = shift.worked_ms if forgotten else worked_ms(shift, now)
    return ShiftReply(
        shift_id=shift.id,
        staff_id=shift.staff_id,
        venue_id=shift.venue_id,
        status=shift.status,
        started_at=shift.started_at,
        ended_at=shift.ended_at,
        late_minutes=shift.late_minutes,
        worked_minutes=minutes_of(worked),
        break_minutes=minutes_of(break_ms(shift, shift.ended_at or now)),
        declared_tips_minor=shift.declared_tips_minor or 0,
        version=shift.version,
    )


def till_reply(till: Till) -> TillReply:
    """A till as it stands, with what was expected only once it was counted."""
    return TillReply(
        till_id=till.id,
        staff_id=till.staff_id,
        venue_id=till.venue_id,
        shift_id=till.shift_id,
        drawer=till.drawer,
        status=till.status,
        currency=till.currency,
        opening_minor=till.opening_minor,
        drops_minor=till.drops_minor,
        expected_minor=None if till.counted_minor is None else till.expected_minor,
        counted_minor=till.counted_minor,
        variance_minor=till.variance_minor,
        signed_by=till.signed_by,
        opened_at=till.opened_at,
        ended_at=till.ended_at,
        closed_at=till.closed_at,
        version=till.version,
    )


def till_changed(till: Till) -> Event:
    """That a till changed; what cash it took is not said until it was counted."""
    told = TillChanged(
        till_id=till.id,
        staff_id=till.staff_id,
        status=till.status,
        expected_minor=None if till.counted_minor is None else till.expected_minor,
        counted_minor=till.counted_minor,
        variance_minor=till.variance_minor,
    )
    return tell(told, venue_id=till.venue_id, user_id=till.staff_id, version=till.version)


def clocked_out(shift: StaffShift, at: datetime, *, auto: bool) -> Event:
    """That a shift is over. Of a forgotten one nobody knows how long it was, so it counts no
    minute until review."""
    told = StaffClockedOut(
        shift_id=shift.id,
        staff_id=shift.staff_id,
        at=at,
        worked_minutes=minutes_of(shift.worked_ms),
        break_minutes=minutes_of(break_ms(shift, at)) if not auto else 0,
        auto=auto,
        needs_review=shift.status is ShiftStatus.NEEDS_REVIEW,
    )
    return tell(told, venue_id=shift.venue_id, user_id=shift.staff_id, version=shift.version)


def happened_at(context: Context, *, not_before: datetime) -> datetime:
    """Now, or when it truly happened if that was offline (Rule 12); not before what was before."""
    happened = None if context.provenance is None else context.provenance.occurred_at
    return max(not_before, min(happened or context.now, context.now))
