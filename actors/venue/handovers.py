"""From shift to shift (Rules 7 and 13): what is open, and whom to have an eye on.

A handover lists every unfinished task and every session at a safety level by itself, so nobody
has to remember them; the next shift acknowledges it.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from actors.rules.permissions import not_found
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Event, Outcome, Send
from actors.runtime.state import State
from actors.runtime.telling import tell
from actors.venue.task_state import unfinished
from protocol.addresses import ActorKind, Address
from protocol.domain_limits import HANDOVER_TASKS_MAX
from protocol.errors import Code, FieldError, Refusal
from protocol.events.staff import ShiftHandoverPosted
from protocol.internal.duty import HandOver, HandoverKept, KeepHandover
from protocol.operations.staff_work import PostHandover
from protocol.reads import Read, Since
from protocol.records.runtime import FloorPlace
from protocol.records.staff import ShiftHandover
from protocol.records.states import TaskPriority, TaskStatus
from protocol.records.values import WatchedPatron
from protocol.replies.staff import HandedTask, HandoverReply, WatchedSession

HANDOVER_READ: Final = Read(ShiftHandover, by="venue_id", where=(Since("at", 14 * 24 * 3600),))
"""Also after a fortnight's holiday somebody may still acknowledge the last one."""
_URGENCY: Final = tuple(TaskPriority)


def has_handed_over(state: State, shift_id: UUID) -> bool:
    """Whether a shift has posted a handover."""
    return any(handover.from_shift == shift_id for handover in state.all(ShiftHandover))


@decides(HandOver)
def decide_hand_over(state: State, command: HandOver, context: Context) -> Decision:
    """The handover that goes with a clock-out."""
    said = PostHandover(note=command.note)
    handover = _handover(state, said, command.staff_id, command.shift_id, context)
    return Outcome(changes=(handover,), events=(_told(handover),))


@decides(KeepHandover)
def decide_keep_handover(state: State, command: KeepHandover, context: Context) -> Decision:
    """Keep a handover, or that it was read."""
    if command.request.ack:
        return _acknowledge(state, command, context)
    refusal = _refuse_watch(state, command.request)
    if refusal is not None:
        return refusal
    handover = _handover(state, command.request, command.staff_id, command.shift_id, context)
    return Outcome(
        changes=(handover,), events=(_told(handover),), sends=(_back(command, handover),)
    )


def _refuse_watch(state: State, request: PostHandover) -> Refusal | None:
    errors = tuple(
        FieldError(f"/watch/{n}/session_id", "unknown", "is no session on this venue's floor")
        for n, watch in enumerate(request.watch)
        if state.get(FloorPlace, watch.session_id) is None
    )
    if not errors:
        return None
    return Refusal(
        Code.VALIDATION_FAILED, "only patrons who are here can be watched", errors=errors
    )


def _handover(
    state: State, said: PostHandover, staff_id: UUID, shift_id: UUID, context: Context
) -> ShiftHandover:
    notes = {watch.session_id: watch.note for watch in said.watch}
    watch = tuple(
        WatchedPatron(
            session_id=place.session_id,
            safety_level=place.safety_level,
            note=notes.get(place.session_id),
        )
        for place in state.all(FloorPlace)
        if place.safety_level > 0 or place.session_id in notes
    )
    tasks = sorted(unfinished(state), key=lambda t: -_URGENCY.index(t.priority))
    body: dict[str, Any] = {
        "note": said.note,
        "faults_seen": list(said.faults_seen),
        "cash_note": said.cash_note,
        "open_tasks": [
            {
                "task_id": str(task.id),
                "title": task.title,
                "priority": task.priority.value,
                "status": task.status.value,
                "assignee_id": None if task.assignee_id is None else str(task.assignee_id),
            }
            for task in tasks[:HANDOVER_TASKS_MAX]
        ],
        "open_tasks_count": len(tasks),
    }
    return ShiftHandover(
        id=context.fresh_id(),
        venue_id=context.address.id,
        from_shift=shift_id,
        from_staff=staff_id,
        body=body,
        watch=watch,
        at=context.now,
    )


def _acknowledge(state: State, command: KeepHandover, context: Context) -> Decision:
    handover_id = command.request.handover_id
    handover = state.get(ShiftHandover, handover_id)
    if handover is None:
        return not_found(f"handover {handover_id}")
    if handover.acknowledged_by is not None:
        return Outcome(sends=(_back(command, handover),))
    if handover.from_staff == command.staff_id:
        return Refusal(
            Code.FORBIDDEN, f"handover {handover.id} is your own; somebody else acknowledges it"
        )
    read = handover.revised(
        to_shift=command.shift_id,
        acknowledged_by=command.staff_id,
        acknowledged_at=context.now,
    )
    return Outcome(changes=(read,), events=(_told(read),), sends=(_back(command, read),))


def _told(handover: ShiftHandover) -> Event:
    told = ShiftHandoverPosted(
        handover_id=handover.id,
        from_staff=handover.from_staff,
        watch_count=len(handover.watch),
        open_tasks=handover.body.get("open_tasks_count", 0),
        acknowledged_by=handover.acknowledged_by,
    )
    return tell(told, venue_id=handover.venue_id, version=handover.version)


def _back(command: KeepHandover, handover: ShiftHandover) -> Send:
    kept = HandoverKept(handover=handover_reply(handover))
    return Send(Address(ActorKind.STAFF, command.staff_id), kept)


def handover_reply(handover: ShiftHandover) -> HandoverReply:
    """A handover as it stands."""
    body = handover.body
    return HandoverReply(
        handover_id=handover.id,
        venue_id=handover.venue_id,
        from_shift=handover.from_shift,
        from_staff=handover.from_staff,
        to_shift=handover.to_shift,
        note=body["note"],
        faults_seen=tuple(body.get("faults_seen", ())),
        cash_note=body.get("cash_note"),
        open_tasks=tuple(_task(task) for task in body.get("open_tasks", ())),
        watch=tuple(
            WatchedSession(
                session_id=patron.session_id, safety_level=patron.safety_level, note=patron.note
            )
            for patron in handover.watch
        ),
        acknowledged_by=handover.acknowledged_by,
        acknowledged_at=handover.acknowledged_at,
        at=handover.at,
        version=handover.version,
    )


def _task(kept: Any) -> HandedTask:
    assignee_id = kept["assignee_id"]
    return HandedTask(
        task_id=UUID(kept["task_id"]),
        title=kept["title"],
        priority=TaskPriority(kept["priority"]),
        status=TaskStatus(kept["status"]),
        assignee_id=None if assignee_id is None else UUID(assignee_id),
    )
