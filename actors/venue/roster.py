"""What a staff member asks of the venue before a shift begins or ends (Rule 13).

The venue knows who else is on duty and what was planned; shifts themselves belong to the staff
actor.
"""

from __future__ import annotations

from typing import Final

from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from actors.runtime.state import State
from actors.runtime.telling import tell
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.events.staff import ShiftHandoverPosted
from protocol.internal.duty import AskToLeave, FindSchedule, HandOver, LeaveGranted, ScheduleFound
from protocol.reads import Among, Read, Since
from protocol.records.runtime import DutyPlace, FloorPlace
from protocol.records.staff import ShiftHandover, StaffSchedule, StaffTask
from protocol.records.states import ScheduleStatus, TaskStatus
from protocol.records.values import WatchedPatron

SCHEDULE_READ: Final = Read(
    StaffSchedule, by="venue_id", where=(Since("ends_at", 24 * 3600), Among("deleted_at", (None,)))
)
"""What is planned from yesterday on."""
_OVER: Final = (TaskStatus.DONE, TaskStatus.CANCELLED)


@decides(FindSchedule)
def decide_find_schedule(state: State, command: FindSchedule, context: Context) -> Decision:
    """Say when a planned shift was to begin, to whom it was published."""
    schedule_id = command.request.schedule_id
    planned = None if schedule_id is None else state.get(StaffSchedule, schedule_id)
    if (
        planned is None
        or planned.staff_id != command.staff_id
        or planned.status is not ScheduleStatus.PUBLISHED
        or planned.deleted_at is not None
    ):
        return Refusal(
            Code.NOT_FOUND, f"schedule {schedule_id} is not one of yours here; clock in without it"
        )
    found = ScheduleFound(request=command.request, starts_at=planned.starts_at)
    return Outcome(sends=(Send(Address(ActorKind.STAFF, command.staff_id), found),))


@decides(AskToLeave)
def decide_ask_to_leave(state: State, command: AskToLeave, context: Context) -> Decision:
    """Let somebody go without a handover only if nobody is there to take it."""
    others = [place for place in state.all(DutyPlace) if place.staff_id != command.staff_id]
    if others:
        return Refusal(
            Code.HANDOVER_REQUIRED,
            f"{len(others)} others are on duty; hand over to them: clock out again with a note "
            "of what they must know",
            extra={"on_duty": len(others)},
        )
    granted = LeaveGranted(request=command.request)
    return Outcome(sends=(Send(Address(ActorKind.STAFF, command.staff_id), granted),))


@decides(HandOver)
def decide_hand_over(state: State, command: HandOver, context: Context) -> Decision:
    """Keep the note, with every session that the others must have an eye on (Rule 7)."""
    watch = tuple(
        WatchedPatron(session_id=place.session_id, safety_level=place.safety_level)
        for place in state.all(FloorPlace)
        if place.safety_level > 0
    )
    venue_id = context.address.id
    handover = ShiftHandover(
        id=context.fresh_id(),
        venue_id=venue_id,
        from_shift=command.shift_id,
        from_staff=command.staff_id,
        body={"note": command.note},
        watch=watch,
        at=context.now,
    )
    told = ShiftHandoverPosted(
        handover_id=handover.id,
        from_staff=command.staff_id,
        watch_count=len(watch),
        open_tasks=sum(1 for task in state.all(StaffTask) if task.status not in _OVER),
        acknowledged_by=None,
    )
    return Outcome(changes=(handover,), events=(tell(told, venue_id=venue_id),))
