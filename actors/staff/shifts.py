"""The beginning of a shift (Rule 13): one at a time over all venues, begun where the work is.

Every open shift has a timer for the end of its business day, in case its end is forgotten.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from actors.rules.geofence import Fence, Fix, refuse_entry
from actors.rules.permissions import not_found, refuse_at_venue
from actors.rules.profile import VenueProfile
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import (
    LATER,
    Context,
    Decision,
    Outcome,
    Send,
)
from actors.runtime.telling import tell
from actors.staff.figures import happened_at, shift_reply
from actors.staff.state import StaffState
from actors.staff.unended import cutover_timer
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, Refusal
from protocol.events.staff import StaffClockedIn
from protocol.internal.duty import (
    FindSchedule,
    ScheduleFound,
    StaffOnDuty,
)
from protocol.operations.staff import ClockIn
from protocol.records.platform import AuditEntry
from protocol.records.staff import StaffShift
from protocol.records.states import ShiftStatus, VenueStatus

_SHUT: Final = (VenueStatus.CLOSED, VenueStatus.SUSPENDED)


@decides(ClockIn)
def decide_clock_in(state: StaffState, command: ClockIn, context: Context) -> Decision:
    """Open a shift, once the venue has said when a planned one was to begin."""
    assert context.principal is not None, "whoever clocks in is signed in"
    refusal = refuse_at_venue(context.principal, Role.STAFF, command.venue_id)
    profile = _profile(context, command)
    if refusal is not None or profile is None:
        return refusal or not_found(f"venue {command.venue_id}")
    refusal = _refuse_clock_in(state, command, context, profile)
    if refusal is not None:
        return refusal
    if command.schedule_id is not None:
        asked = FindSchedule(request=command, staff_id=state.staff_id)
        return Outcome(reply=LATER, sends=(Send(_venue(command), asked),))
    return _begin(state, command, context, profile, planned_at=None)


@decides(ScheduleFound)
def decide_schedule_found(state: StaffState, command: ScheduleFound, context: Context) -> Decision:
    """Open the shift, unless another was opened while the venue was asked."""
    profile = _profile(context, command.request)
    assert profile is not None, "the venue answered, so it is here"
    refusal = _refuse_second(state)
    return refusal or _begin(state, command.request, context, profile, planned_at=command.starts_at)


def _refuse_clock_in(
    state: StaffState, command: ClockIn, context: Context, profile: VenueProfile
) -> Refusal | None:
    """Why not, in the order of the contract: not here, here already, closed, and who can tell."""
    where = _refuse_place(command, context, profile, _began_at(state, context))
    if where is not None and where.code is not Code.LOCATION_INACCURATE:
        return where
    if (second := _refuse_second(state)) is not None:
        return second
    if profile.status in _SHUT:
        return Refusal(
            Code.VENUE_CLOSED, f"{profile.name} is {profile.status.value}; management opens it"
        )
    return where


def _refuse_second(state: StaffState) -> Refusal | None:
    shift = state.open_shift
    if shift is None:
        return None
    return Refusal(
        Code.SHIFT_ALREADY_OPEN,
        f"shift {shift.id} is open since {shift.started_at:%H:%M} UTC; clock out of it first",
        extra={"shift_id": str(shift.id), "venue_id": str(shift.venue_id)},
    )


def _refuse_place(
    command: ClockIn, context: Context, profile: VenueProfile, at: datetime
) -> Refusal | None:
    if command.override_reason is not None and _manages(command, context):
        return None
    fix = command.location
    if fix is None:
        return Refusal(
            Code.LOCATION_INACCURATE,
            "send where you are; management may clock in without it, with override_reason",
        )
    fence = Fence.of(profile.lat, profile.lon, profile.settings)
    return refuse_entry(Fix(**attrs.asdict(fix)), at, fence)


def _begin(
    state: StaffState,
    command: ClockIn,
    context: Context,
    profile: VenueProfile,
    *,
    planned_at: datetime | None,
) -> Outcome:
    assert context.principal is not None
    now = _began_at(state, context)
    late = timedelta() if planned_at is None else max(timedelta(), now - planned_at)
    shift = StaffShift(
        id=context.fresh_id(),
        venue_id=command.venue_id,
        staff_id=state.staff_id,
        display_name=context.principal.display_name,
        schedule_id=command.schedule_id,
        status=ShiftStatus.OPEN,
        started_at=now,
        late_minutes=late // timedelta(minutes=1),
    )
    told = StaffClockedIn(
        shift_id=shift.id,
        staff_id=shift.staff_id,
        display_name=shift.display_name,
        at=now,
        late_minutes=shift.late_minutes,
        scheduled=shift.schedule_id is not None,
    )
    on_duty = StaffOnDuty(
        staff_id=shift.staff_id,
        shift_id=shift.id,
        display_name=shift.display_name,
        on_break=False,
        since=now,
    )
    return Outcome(
        reply=shift_reply(shift, now),
        changes=(shift,),
        appends=_noted_override(shift, command, context),
        events=(tell(told, venue_id=shift.venue_id, user_id=shift.staff_id, version=1),),
        sends=(Send(_venue(command), on_duty, detached=True),),
        timers=(cutover_timer(shift, profile),),
    )


def _manages(command: ClockIn, context: Context) -> bool:
    assert context.principal is not None
    return context.principal.role_at(command.venue_id) >= Role.MANAGEMENT


def _noted_override(
    shift: StaffShift, command: ClockIn, context: Context
) -> tuple[AuditEntry, ...]:
    """Whose place was not looked at, and why: management may, and it is known."""
    if command.override_reason is None or not _manages(command, context):
        return ()
    noted = audited(
        context,
        "shift.fence_overridden",
        "shift",
        shift.id,
        venue_id=shift.venue_id,
        after={"reason": command.override_reason},
    )
    return (noted,)


def _began_at(state: StaffState, context: Context) -> datetime:
    """When the shift begins: now, or when it truly did, but not before the last one was over."""
    last = state.last_shift
    if last is None:
        return happened_at(context, not_before=datetime.min.replace(tzinfo=UTC))
    return happened_at(context, not_before=last.ended_at or last.started_at)


def _profile(context: Context, command: ClockIn) -> VenueProfile | None:
    found = context.shared(_venue(command))
    return found if isinstance(found, VenueProfile) else None


def _venue(command: ClockIn) -> Address:
    return Address(ActorKind.VENUE, command.venue_id)
