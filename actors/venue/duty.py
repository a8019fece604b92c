"""Who is on duty and which drawers are in use: what the venue knows of its staff (Rules 8 and 13).

Shifts and tills belong to the staff actor; that one drawer has one till is decided here.
"""

from __future__ import annotations

from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from actors.venue.days import keep_today
from actors.venue.errands import given_up, taken_over
from actors.venue.state import VenueState
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.internal.duty import (
    DrawerReserved,
    FreeDrawer,
    ReserveDrawer,
    StaffOffDuty,
    StaffOnDuty,
)
from protocol.records.runtime import DrawerInUse, DutyPlace


@decides(StaffOnDuty)
def decide_staff_on_duty(state: VenueState, command: StaffOnDuty, context: Context) -> Decision:
    """Somebody's shift began, or a break of it did or ended. Tasks that wait are theirs then."""
    known = state.get(DutyPlace, state.venue_id, command.staff_id)
    place = DutyPlace(
        staff_id=command.staff_id,
        venue_id=state.venue_id,
        shift_id=command.shift_id,
        display_name=command.display_name,
        on_break=command.on_break,
        since=command.since,
        version=1 if known is None else known.version + 1,
    )
    waiting = taken_over(state, place, context)
    # Cash is taken by people on duty: there is a business day for it from the first of them on.
    kept = keep_today(state, context.now)
    return Outcome(
        changes=(place, *waiting.changes, *kept.changes),
        events=waiting.events,
        timers=kept.timers,
    )


@decides(StaffOffDuty)
def decide_staff_off_duty(state: VenueState, command: StaffOffDuty, context: Context) -> Decision:
    """The shift is over; one begun since is another. Unfinished tasks go to those who stay."""
    known = state.get(DutyPlace, state.venue_id, command.staff_id)
    if known is None or known.shift_id != command.shift_id:
        return Outcome()
    left = given_up(state, known.staff_id, context)
    return Outcome(changes=left.changes, removes=(known,), events=left.events)


@decides(ReserveDrawer)
def decide_reserve_drawer(state: VenueState, command: ReserveDrawer, context: Context) -> Decision:
    """One drawer, one till."""
    name = command.request.drawer
    in_use = state.drawer(name)
    if in_use is not None and in_use.till_id != command.till_id:
        return Refusal(
            Code.DRAWER_IN_USE,
            f"drawer {name} has the open till {in_use.till_id}; take another drawer, "
            "or have that till counted",
            extra={"till_id": str(in_use.till_id)},
        )
    reserved = DrawerReserved(
        request=command.request, till_id=command.till_id, shift_id=command.shift_id
    )
    undo = FreeDrawer(till_id=command.till_id) if context.in_saga else None
    row = DrawerInUse(
        till_id=command.till_id, venue_id=state.venue_id, drawer=name, staff_id=command.staff_id
    )
    staff = Address(ActorKind.STAFF, command.staff_id)
    return Outcome(
        changes=() if in_use is not None else (row,), sends=(Send(staff, reserved, undo=undo),)
    )


@decides(FreeDrawer)
def decide_free_drawer(state: VenueState, command: FreeDrawer, context: Context) -> Decision:
    """The till is counted, or was never opened."""
    row = state.get(DrawerInUse, command.till_id)
    return Outcome() if row is None else Outcome(removes=(row,))
