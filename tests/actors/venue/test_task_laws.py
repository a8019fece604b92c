"""Laws of tasks: whatever people and the system do, in whatever order, none is lost or undone."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
)

from actors.runtime.outcome import Outcome
from actors.venue.task_state import unfinished
from protocol.commands import Command
from protocol.errors import Refusal
from protocol.internal.duty import StaffOffDuty, StaffOnDuty
from protocol.internal.tasks import CloseTask, OpenTask
from protocol.operations.staff_work import AssignTask, ReassignTask, TaskMove, UpdateTaskStatus
from protocol.records.runtime import DutyPlace
from protocol.records.staff import StaffTask
from protocol.records.states import TaskPriority, TaskStatus
from protocol.replies.staff import TaskReply
from tests.actors.deciding import IDS, NOW
from tests.actors.venue.floors import VENUE_ID
from tests.actors.venue.work_kit import ANNA, BEN, CHIEF, House, a_place, events_of, who

people = st.sampled_from((ANNA, BEN, CHIEF))
NEXT = {
    ("open", "accepted"): "accepted",
    ("accepted", "in_progress"): "in_progress",
    ("in_progress", "blocked"): "blocked",
    ("blocked", "in_progress"): "in_progress",
    ("in_progress", "done"): "done",
    ("blocked", "done"): "done",
}
"""The model: where an assignee may go from where."""


class Tasks(RuleBasedStateMachine):
    """People come, go and have breaks, and tasks are given, moved, passed on and closed."""

    tasks = Bundle("tasks")

    def __init__(self) -> None:
        super().__init__()
        self.house = House(on_duty=(ANNA, BEN))
        self.status: dict[UUID, str] = {}
        self.version: dict[UUID, int] = {}

    def _do(self, command: Command, by: UUID | None, version: int | None = None) -> Outcome:
        principal = None if by is None else who(by)
        outcome = self.house.do(command, principal, version=version, in_saga=by is not None)
        changes = [row for row in outcome.changes if isinstance(row, StaffTask)]
        for task in changes:
            assert task.version == self.version.get(task.id, 0) + 1
            self.version[task.id] = task.version
        # Every change of a task is told, and nothing is told that did not change.
        told = {
            data["task_id"]
            for kind in ("task.assigned", "task.status_changed", "task.overdue")
            for data in events_of(outcome, kind)
        }
        assert {str(task.id) for task in changes} <= told
        return outcome

    @rule(staff_id=people, on_break=st.booleans())
    def comes(self, staff_id: UUID, on_break: bool) -> None:
        place = a_place(staff_id)
        self._do(
            StaffOnDuty(
                staff_id=staff_id,
                shift_id=place.shift_id,
                display_name="Somebody",
                on_break=on_break,
                since=place.since,
            ),
            None,
        )

    @rule(staff_id=people)
    def leaves(self, staff_id: UUID) -> None:
        mine = [t.id for t in unfinished(self.house.state) if t.assignee_id == staff_id]
        there = self.house.state.get(DutyPlace, VENUE_ID, staff_id) is not None
        self._do(StaffOffDuty(staff_id=staff_id, shift_id=a_place(staff_id).shift_id), None)
        for task_id in mine if there else ():
            self.status[task_id] = "open"

    @rule(
        target=tasks,
        wanted=st.none() | people,
        priority=st.sampled_from(TaskPriority),
        due=st.none() | st.integers(0, 30),
    )
    def the_system_gives(
        self, wanted: UUID | None, priority: TaskPriority, due: int | None
    ) -> UUID:
        task_id = IDS.fresh()
        due_at = None if due is None else self.house.now + timedelta(minutes=due)
        command = OpenTask(
            task_id=task_id,
            title="x",
            kind="general",
            priority=priority,
            due_at=due_at,
            assignee_id=wanted,
        )
        self._do(command, None)
        self.status[task_id] = "open"
        return task_id

    @rule(target=tasks, wanted=st.none() | people)
    def management_gives(self, wanted: UUID | None):  # type: ignore[no-untyped-def]
        free = [p for p in self.house.state.all(DutyPlace) if not p.on_break]
        outcome = self._do(AssignTask(title="x", assignee_id=wanted), CHIEF)
        fits = bool(free) if wanted is None else wanted in {p.staff_id for p in free}
        assert isinstance(outcome.reply, TaskReply) == fits
        if not isinstance(outcome.reply, TaskReply):
            return multiple()
        self.status[outcome.reply.task_id] = "open"
        return outcome.reply.task_id

    @rule(
        task_id=tasks,
        to=st.sampled_from(TaskMove),
        other=st.none() | people,
        behind=st.sampled_from((False, False, False, True)),
    )
    def somebody_moves(self, task_id: UUID, to: TaskMove, other: UUID | None, behind: bool) -> None:
        before = self.house.task(task_id)
        by = other or before.assignee_id or ANNA
        reason = "stuck" if to is TaskMove.BLOCKED else None
        command = UpdateTaskStatus(task_id=task_id, status=to, reason=reason)
        outcome = self._do(command, by, before.version - behind)
        place = self.house.state.get(DutyPlace, VENUE_ID, by)
        takes = (
            before.assignee_id is None
            and to is TaskMove.ACCEPTED
            and place is not None
            and not place.on_break
        )
        allowed = (
            (before.assignee_id == by or takes)
            and not behind
            and (self.status[task_id], to.value) in NEXT
        )
        assert isinstance(outcome.reply, Refusal) != allowed
        if allowed:
            self.status[task_id] = NEXT[self.status[task_id], to.value]

    @rule(task_id=tasks, data=st.data())
    def the_assignee_goes_on(self, task_id: UUID, data: st.DataObject) -> None:
        """Whatever the model allows happens."""
        before = self.house.task(task_id)
        steps = [to for at, to in NEXT if at == self.status[task_id]]
        if before.assignee_id is None or not steps:
            return
        to = TaskMove(data.draw(st.sampled_from(steps)))
        reason = "stuck" if to is TaskMove.BLOCKED else None
        command = UpdateTaskStatus(task_id=task_id, status=to, reason=reason)
        outcome = self._do(command, before.assignee_id, before.version)
        assert isinstance(outcome.reply, TaskReply), outcome.reply
        self.status[task_id] = to.value

    @rule(task_id=tasks, to=st.none() | people)
    def management_passes_on(self, task_id: UUID, to: UUID | None) -> None:
        command = ReassignTask(task_id=task_id, assignee_id=to, auto=to is None)
        outcome = self._do(command, CHIEF)
        if isinstance(outcome.reply, TaskReply):
            assert self.status[task_id] not in ("done", "cancelled")
            self.status[task_id] = "open"

    @rule(task_id=consumes(tasks))
    def management_cancels(self, task_id: UUID) -> None:
        outcome = self._do(ReassignTask(task_id=task_id, cancel=True, reason="x"), CHIEF)
        if isinstance(outcome.reply, TaskReply):
            self.status[task_id] = "cancelled"

    @rule(task_id=tasks)
    def the_system_closes(self, task_id: UUID) -> None:
        self._do(CloseTask(task_id=task_id, result="over"), None)
        if self.status[task_id] != "cancelled":
            self.status[task_id] = "done"

    @rule()
    def time_goes_by(self) -> None:
        if self.house.of_tasks():
            outcome = self.house.tick()
            for task in outcome.changes:
                assert isinstance(task, StaffTask)
                self.version[task.id] = task.version

    @invariant()
    def each_task_is_where_the_model_has_it(self) -> None:
        found = {t.id: t.status.value for t in self.house.state.all(StaffTask)}
        assert found == self.status

    @invariant()
    def nobody_who_left_has_a_task(self) -> None:
        there = {place.staff_id for place in self.house.state.all(DutyPlace)}
        for task in unfinished(self.house.state):
            assert task.assignee_id is None or task.assignee_id in there

    @invariant()
    def nothing_waits_while_somebody_is_free(self) -> None:
        if any(not place.on_break for place in self.house.state.all(DutyPlace)):
            assert all(task.assignee_id is not None for task in unfinished(self.house.state))

    @invariant()
    def only_what_is_unfinished_has_a_timer_and_a_pressing_one_always(self) -> None:
        for task in self.house.state.all(StaffTask):
            armed = f"task:{task.id}" in self.house.timers
            open_ = task.status not in (TaskStatus.DONE, TaskStatus.CANCELLED)
            assert open_ or not armed
            pressing = task.priority in (TaskPriority.HIGH, TaskPriority.CRITICAL)
            if open_ and pressing and task.due_at is not None:
                assert armed

    @invariant()
    def times_are_in_order(self) -> None:
        for task in self.house.state.all(StaffTask):
            assert task.created_at >= NOW
            if task.done_at is not None:
                assert task.done_at >= (task.accepted_at or task.created_at)


TestTasks = Tasks.TestCase
TestTasks.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
