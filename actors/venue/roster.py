"""What a staff member asks of the venue before a shift begins or ends (Rule 13).

The venue knows who else is on duty and what was planned; shifts themselves belong to the staff
actor.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from actors.runtime.state import State
from actors.venue.handovers import has_handed_over
from actors.venue.task_state import tasks_of
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.internal.duty import AskToLeave, FindSchedule, LeaveGranted, ScheduleFound
from protocol.reads import Among, Read, Since
from protocol.records.runtime import DutyPlace
from protocol.records.staff import StaffSchedule
from protocol.records.states import ScheduleStatus

SCHEDULE_READ: Final = Read(
    StaffSchedule,
    by="venue_id",
    where=(Since("ends_at", 8 * 24 * 3600), Among("deleted_at", (None,))),
)
"""What is planned from a week ago on: the whole of the running week, and what it follows."""
EARLY_MOST: Final = timedelta(hours=4)
"""Who comes earlier than this before a planned shift has come for something else."""


@decides(FindSchedule)
def decide_find_schedule(state: State, command: FindSchedule, context: Context) -> Decision:
    """Say when a planned shift was to begin, to whom it was published, if it is the one of now."""
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
    at = context.happened_at
    if not planned.starts_at - EARLY_MOST <= at < planned.ends_at:
        return Refusal(
            Code.NOT_FOUND,
            f"schedule {schedule_id} is from {planned.starts_at} to {planned.ends_at}, not what "
            "begins now; clock in without it",
        )
    found = ScheduleFound(request=command.request, starts_at=planned.starts_at)
    return Outcome(sends=(Send(Address(ActorKind.STAFF, command.staff_id), found),))


@decides(AskToLeave)
def decide_ask_to_leave(state: State, command: AskToLeave, context: Context) -> Decision:
    """Let somebody go who has handed over, or has nothing to hand over and nobody to take it."""
    others = [place for place in state.all(DutyPlace) if place.staff_id != command.staff_id]
    tasks = tasks_of(state, command.staff_id)
    if (others or tasks) and not has_handed_over(state, command.shift_id):
        return Refusal(
            Code.HANDOVER_REQUIRED,
            f"{len(others)} others are on duty and {len(tasks)} tasks of yours are unfinished; "
            "hand over first: POST /api/staff/handover, or clock out with a note",
            extra={"on_duty": len(others), "open_tasks": len(tasks)},
        )
    granted = LeaveGranted(request=command.request)
    return Outcome(sends=(Send(Address(ActorKind.STAFF, command.staff_id), granted),))
