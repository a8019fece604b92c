"""Rule 13: who gives a task, who moves it on, and who passes it on or calls it off."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from actors.rules.staff_lifecycle import MOVES, UNFINISHED
from actors.rules.staff_lifecycle import TASK as TABLE
from actors.runtime.outcome import Outcome
from protocol.errors import Code, Refusal
from protocol.messages import Provenance
from protocol.operations.staff_work import AssignTask, ReassignTask, TaskMove, UpdateTaskStatus
from protocol.records.platform import AuditEntry
from protocol.records.states import TaskPriority, TaskStatus
from protocol.replies.staff import TaskReply
from tests.actors.deciding import NOW, a_principal, refused, refused_with
from tests.actors.venue.floors import SESSION, VENUE_ID, a_seat
from tests.actors.venue.work_kit import (
    ANNA,
    BEN,
    CHIEF,
    DAY_CHIEF,
    MINUTE,
    OTHER_VENUE,
    TASK,
    House,
    a_place,
    a_task,
    events_of,
    who,
)


def a_new_task(**changes: Any) -> AssignTask:
    return AssignTask(**({"title": "Wipe table 4"} | changes))


def move(house: House, status: TaskMove, by: UUID = ANNA, **changes: Any) -> Outcome:
    """Say of the task what its assignee would, at the version that it has."""
    reason = "no keys" if status is TaskMove.BLOCKED else None
    command = UpdateTaskStatus(task_id=TASK, status=status, reason=reason)
    given = {"version": house.task().version} | changes
    return house.do(command, who(by), **given)


def test_management_gives_a_task_to_somebody_on_duty() -> None:
    """With all that they need to know, and its time kept."""
    house = House(a_seat(SESSION))
    due_at = NOW + 30 * MINUTE
    command = a_new_task(
        kind="cleaning",
        priority=TaskPriority.HIGH,
        due_at=due_at,
        zone="bar",
        session_id=SESSION,
        assignee_id=BEN,
    )
    outcome = house.do(command, who(CHIEF))
    reply = outcome.reply
    assert isinstance(reply, TaskReply)
    assert (reply.status, reply.assignee_id, reply.created_by) == (TaskStatus.OPEN, BEN, CHIEF)
    assert (reply.kind, reply.zone, reply.session_id, reply.version) == (
        "cleaning",
        "bar",
        SESSION,
        1,
    )
    (told,) = events_of(outcome, "task.assigned")
    assert (told["assignee_id"], told["priority"]) == (str(BEN), "high")
    assert house.timers[f"task:{reply.task_id}"].due_at == due_at


@pytest.mark.parametrize("auto", [True, False])
def test_a_task_for_nobody_in_particular_goes_to_the_least_loaded(auto: bool) -> None:
    """Whether that is said or not."""
    house = House(a_task(), a_task(id=UUID(int=2), assignee_id=CHIEF))
    reply = house.do(a_new_task(auto=auto), who(CHIEF)).reply
    assert isinstance(reply, TaskReply)
    assert reply.assignee_id == BEN


def test_nobody_off_duty_or_on_a_break_gets_a_task() -> None:
    """Rule 13: a break is a break; only an SOS reaches into it."""
    house = House(a_place(BEN, on_break=True), on_duty=(ANNA,))
    for assignee_id in (BEN, DAY_CHIEF):
        refusal = house.do(a_new_task(assignee_id=assignee_id), who(CHIEF))
        assert refused_with(refusal) is Code.ASSIGNEE_OFF_DUTY
    nobody = House(a_place(BEN, on_break=True), on_duty=())
    assert refused_with(nobody.do(a_new_task(), who(CHIEF))) is Code.ASSIGNEE_OFF_DUTY


def test_what_can_not_be_done_is_said_field_by_field() -> None:
    """A time that is over, and a session that is not here."""
    command = a_new_task(due_at=NOW, session_id=UUID(int=5))
    refusal = refused(House().do(command, who(CHIEF)))
    assert refusal.code is Code.VALIDATION_FAILED
    assert [error.pointer for error in refusal.errors] == ["/due_at", "/session_id"]


def test_only_management_of_this_venue_gives_tasks() -> None:
    """Staff of it are told so; for others there is no such venue (Rule 15)."""
    assert refused_with(House().do(a_new_task(), who(ANNA))) is Code.FORBIDDEN
    assert refused_with(House().do(a_new_task(), who(CHIEF, OTHER_VENUE))) is Code.NOT_FOUND


@pytest.mark.parametrize("status", TaskStatus)
@pytest.mark.parametrize("to", TaskMove)
def test_an_assignee_moves_a_task_as_the_table_says(status: TaskStatus, to: TaskMove) -> None:
    """Every pair: what is not in the table is 409 and changes nothing."""
    house = House(a_task(status=status))
    outcome = move(house, to)
    after = TABLE.get((status, MOVES[TaskStatus(to.value)]))
    if after is None:
        assert refused_with(outcome) is Code.INVALID_TRANSITION
        assert house.task().status is status
        return
    assert house.task().status.value == to.value
    (told,) = events_of(outcome, "task.status_changed")
    assert (told["from"], told["to"], told["by"], told["version"]) == (
        status.value,
        to.value,
        str(ANNA),
        2,
    )
    assert house.task().blocked_reason == ("no keys" if to is TaskMove.BLOCKED else None)


def test_a_task_goes_from_given_to_done() -> None:
    """With the times of each, and its timer gone at the end."""
    house = House()
    reply = house.do(a_new_task(due_at=NOW + 60 * MINUTE, assignee_id=ANNA), who(CHIEF)).reply
    assert isinstance(reply, TaskReply)
    for n, status in enumerate((TaskMove.ACCEPTED, TaskMove.IN_PROGRESS, TaskMove.DONE), 1):
        house.now = NOW + n * MINUTE
        result = "shines" if status is TaskMove.DONE else None
        command = UpdateTaskStatus(task_id=reply.task_id, status=status, result=result)
        house.do(command, who(ANNA), version=n)
    task = house.task(reply.task_id)
    assert (task.status, task.result, task.version) == (TaskStatus.DONE, "shines", 4)
    assert (task.accepted_at, task.done_at) == (NOW + MINUTE, NOW + 3 * MINUTE)
    assert house.of_tasks() == {}


def test_only_the_assignee_moves_a_task() -> None:
    """Not a colleague, and not whoever gave it: management passes it on instead. Rule 13 tasks."""
    for by in (BEN, CHIEF):
        house = House(a_task())
        assert refused_with(move(house, TaskMove.ACCEPTED, by)) is Code.FORBIDDEN


def test_whoever_is_on_duty_may_take_what_nobody_has() -> None:
    """Then it is theirs, and whoever moves it on."""
    house = House(a_task(assignee_id=None))
    assert refused_with(move(house, TaskMove.DONE, BEN)) is Code.FORBIDDEN
    outcome = move(house, TaskMove.ACCEPTED, BEN)
    assert (house.task().assignee_id, house.task().status) == (BEN, TaskStatus.ACCEPTED)
    assert len(events_of(outcome, "task.assigned")) == 1
    off_duty = House(a_task(assignee_id=None), on_duty=(ANNA,))
    assert refused_with(move(off_duty, TaskMove.ACCEPTED, BEN)) is Code.FORBIDDEN


def test_of_two_with_the_same_version_one_is_let_through() -> None:
    """Rule 12: the other learns that it is late, and not that the step is impossible."""
    house = House(a_task())
    move(house, TaskMove.ACCEPTED)
    refusal = refused(move(house, TaskMove.ACCEPTED, version=1))
    assert (refusal.code, refusal.current_version) == (Code.VERSION_CONFLICT, 2)
    assert refused_with(move(house, TaskMove.DONE, version=None)) is Code.PRECONDITION_REQUIRED


def test_for_another_venue_there_is_no_such_task() -> None:
    """Rule 15: neither for its staff nor for its management."""
    house = House(a_task())
    stranger = a_principal(ANNA, who(ANNA).role_at(VENUE_ID), OTHER_VENUE)
    command = UpdateTaskStatus(task_id=TASK, status=TaskMove.ACCEPTED)
    assert refused_with(house.do(command, stranger, version=1)) is Code.NOT_FOUND
    passing = ReassignTask(task_id=TASK, auto=True)
    assert refused_with(house.do(passing, who(CHIEF, OTHER_VENUE))) is Code.NOT_FOUND


def test_a_task_that_ended_days_ago_is_over() -> None:
    """It is not loaded any more; that it was here, its row says."""
    command = UpdateTaskStatus(task_id=TASK, status=TaskMove.DONE)
    assert refused_with(House().do(command, who(ANNA), version=1)) is Code.INVALID_TRANSITION
    passing = ReassignTask(task_id=TASK, auto=True)
    assert refused_with(House().do(passing, who(CHIEF))) is Code.INVALID_TRANSITION


def test_what_was_done_offline_counts_from_when_it_was_done() -> None:
    """Rule 12: but not before it was given, and not in the time to come."""
    for minutes, at in ((-5, NOW), (10, NOW + 10 * MINUTE), (90, NOW + 30 * MINUTE)):
        house = House(a_task())
        house.now = NOW + 30 * MINUTE
        when = Provenance(occurred_at=NOW + minutes * MINUTE)
        house.provenance = when
        move(house, TaskMove.ACCEPTED)
        assert house.task().accepted_at == at


@pytest.mark.parametrize("status", TaskStatus)
@pytest.mark.parametrize("cancel", [True, False])
def test_management_passes_on_or_cancels_what_is_unfinished(
    status: TaskStatus, cancel: bool
) -> None:
    """Every state: what is over stays over."""
    house = House(a_task(status=status, accepted_at=NOW))
    command = ReassignTask(
        task_id=TASK,
        assignee_id=None if cancel else BEN,
        cancel=cancel,
        reason="not needed" if cancel else None,
    )
    outcome = house.do(command, who(CHIEF))
    if status not in UNFINISHED:
        assert refused_with(outcome) is Code.INVALID_TRANSITION
        return
    task = house.task()
    (told,) = events_of(outcome, "task.status_changed")
    assert (told["from"], told["by"]) == (status.value, str(CHIEF))
    line = next(row for row in outcome.appends if isinstance(row, AuditEntry))
    if cancel:
        assert (task.status, task.result, task.done_at) == (TaskStatus.CANCELLED, "not needed", NOW)
        assert line.action == "task.cancelled"
    else:
        assert (task.status, task.assignee_id, task.accepted_at) == (TaskStatus.OPEN, BEN, None)
        assert line.action == "task.reassigned"
        assert outcome.events[0].rooms[0] == f"user:{ANNA}"
        assert outcome.events[1].rooms[0] == f"user:{BEN}"


def test_a_task_is_passed_on_to_somebody_on_duty_only() -> None:
    """By name, or to whoever has least to do but for whoever has it now."""
    house = House(a_task(), on_duty=(ANNA,))
    for command in (
        ReassignTask(task_id=TASK, assignee_id=BEN),
        ReassignTask(task_id=TASK, auto=True),
    ):
        assert refused_with(house.do(command, who(CHIEF))) is Code.ASSIGNEE_OFF_DUTY
    there = House(a_task(), a_task(id=UUID(int=2), assignee_id=CHIEF))
    there.do(ReassignTask(task_id=TASK, auto=True), who(CHIEF))
    assert there.task().assignee_id == BEN


def test_passing_on_is_managements_and_heeds_a_version_that_is_given() -> None:
    """If-Match is not asked for here; who sends it means it."""
    house = House(a_task(version=3))
    command = ReassignTask(task_id=TASK, assignee_id=BEN)
    assert refused_with(house.do(command, who(ANNA))) is Code.FORBIDDEN
    assert refused_with(house.do(command, who(CHIEF), version=2)) is Code.VERSION_CONFLICT
    assert not isinstance(house.do(command, who(CHIEF), version=3).reply, Refusal)


@pytest.mark.parametrize(
    "command",
    [
        a_new_task(auto=True, assignee_id=ANNA),
        UpdateTaskStatus(task_id=TASK, status=TaskMove.BLOCKED),
        UpdateTaskStatus(task_id=TASK, status=TaskMove.DONE, reason="because"),
        UpdateTaskStatus(task_id=TASK, status=TaskMove.ACCEPTED, result="done"),
        ReassignTask(task_id=TASK),
        ReassignTask(task_id=TASK, assignee_id=ANNA, auto=True),
        ReassignTask(task_id=TASK, cancel=True),
    ],
)
def test_commands_that_contradict_themselves_have_faults(command: Any) -> None:
    """They are refused before anybody decides on them."""
    assert list(command.faults())
