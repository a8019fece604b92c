"""Rules 7 and 13: a task of the system is never dropped: somebody has it, or people hear of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.rules.staff_lifecycle import FINISHED
from protocol.internal.duty import StaffOffDuty, StaffOnDuty
from protocol.internal.tasks import CloseTask, OpenTask, TaskDue
from protocol.records.staff import StaffTask
from protocol.records.states import TaskPriority, TaskStatus
from tests.actors.deciding import NOW
from tests.actors.venue.floors import VENUE_ID
from tests.actors.venue.work_kit import (
    ANNA,
    BEN,
    CHIEF,
    DAY_CHIEF,
    MINUTE,
    OWNER,
    TASK,
    House,
    a_place,
    a_task,
    events_of,
)

SESSION = UUID(int=0xC1)


def an_errand(**changes: Any) -> OpenTask:
    """A welfare check within five minutes."""
    known: dict[str, Any] = {
        "task_id": TASK,
        "title": "Look after a guest",
        "kind": "welfare_check",
        "priority": TaskPriority.HIGH,
        "due_at": NOW + 5 * MINUTE,
        "session_id": SESSION,
    }
    return OpenTask(**(known | changes))


def comes(house: House, staff_id: UUID, *, on_break: bool = False) -> Any:
    """Somebody's shift begins, or a break of it does."""
    place = a_place(staff_id)
    command = StaffOnDuty(
        staff_id=staff_id,
        shift_id=place.shift_id,
        display_name="Somebody",
        on_break=on_break,
        since=place.since,
    )
    return house.do(command, in_saga=False)


def leaves(house: House, staff_id: UUID) -> Any:
    command = StaffOffDuty(staff_id=staff_id, shift_id=a_place(staff_id).shift_id)
    return house.do(command, in_saga=False)


def test_a_task_goes_to_the_least_loaded_and_they_hear_of_it() -> None:
    """Nobody is answered: who asked for it has other things to do."""
    house = House(a_task(id=UUID(int=1)))
    outcome = house.do(an_errand(), in_saga=False)
    assert outcome.reply is None
    task = house.task()
    assert (task.assignee_id, task.status, task.venue_id) == (BEN, TaskStatus.OPEN, VENUE_ID)
    (event,) = outcome.events
    assert event.type == "task.assigned"
    assert event.rooms == (f"user:{BEN}", f"venue:{VENUE_ID}:management")
    assert house.timers[f"task:{TASK}"].due_at == NOW + 5 * MINUTE


def test_whoever_is_wanted_gets_it_unless_they_have_a_break() -> None:
    """The break is theirs; somebody else goes."""
    house = House(on_duty=(ANNA, BEN))
    house.do(an_errand(assignee_id=BEN), in_saga=False)
    assert house.task().assignee_id == BEN
    comes(house, BEN, on_break=True)
    other = UUID(int=2)
    house.do(an_errand(task_id=other, assignee_id=BEN), in_saga=False)
    assert house.task(other).assignee_id == ANNA


def test_what_is_for_management_goes_to_a_manager_if_one_is_there() -> None:
    """Rule 7, level 3; if none is, to somebody rather than to nobody."""
    house = House()
    house.do(an_errand(for_management=True), in_saga=False)
    assert house.task().assignee_id == CHIEF
    alone = House(on_duty=(ANNA,))
    alone.do(an_errand(for_management=True), in_saga=False)
    assert alone.task().assignee_id == ANNA


@pytest.mark.parametrize("due_at", [NOW + 5 * MINUTE, None])
def test_where_nobody_is_the_task_waits_and_management_hears_at_once(due_at: Any) -> None:
    """Whether it was to be done by a time or not."""
    house = House(on_duty=())
    outcome = house.do(an_errand(due_at=due_at), in_saga=False)
    assert house.task().assignee_id is None
    (told,) = events_of(outcome, "task.overdue")
    assert set(told["escalated_to"]) == {str(CHIEF), str(DAY_CHIEF)}
    assert f"user:{DAY_CHIEF}" in outcome.events[0].rooms
    assert f"venue:{VENUE_ID}:management" in outcome.events[0].rooms


def test_whoever_comes_next_has_what_waits_but_not_during_a_break() -> None:
    """And each of them hears of it as of any task."""
    house = House(on_duty=())
    house.do(an_errand(), in_saga=False)
    assert events_of(comes(house, ANNA, on_break=True), "task.assigned") == []
    (told,) = events_of(comes(house, ANNA), "task.assigned")
    assert told["assignee_id"] == str(ANNA)
    assert house.task().assignee_id == ANNA


def test_a_second_word_of_the_same_task_is_nothing() -> None:
    """A send may be handed out again after a crash."""
    house = House()
    house.do(an_errand(), in_saga=False)
    assert not house.do(an_errand(), in_saga=False).writes


@pytest.mark.parametrize("status", TaskStatus)
def test_a_task_ends_with_what_it_was_for(status: TaskStatus) -> None:
    """The guest left: nobody has to look after them. What is over stays as it was."""
    house = House(a_task(status=status))
    outcome = house.do(CloseTask(task_id=TASK, result="left", by=BEN), in_saga=False)
    if status in FINISHED:
        assert not outcome.writes
        return
    task = house.task()
    assert (task.status, task.done_at, task.result) == (TaskStatus.DONE, NOW, "left")
    (told,) = events_of(outcome, "task.status_changed")
    assert (told["from"], told["to"], told["by"]) == (status.value, "done", str(BEN))
    assert house.of_tasks() == {}


def test_the_end_of_an_unknown_task_is_nothing() -> None:
    """It ended long ago."""
    assert not House().do(CloseTask(task_id=TASK, result="x"), in_saga=False).writes


def test_a_pressing_task_goes_from_its_assignee_to_everyone_in_charge() -> None:
    """Due, due + 5 min, then every 10 min: more people each time, never fewer."""
    house = House(a_task(priority=TaskPriority.CRITICAL))
    house.do(TaskDue(task_id=TASK), in_saga=False)
    told = []
    for _ in range(5):
        (data,) = events_of(house.tick(), "task.overdue")
        told.append((data["overdue_minutes"], set(data["escalated_to"])))
    on_duty, all_of_them = {str(CHIEF)}, {str(CHIEF), str(DAY_CHIEF)}
    everyone = all_of_them | {str(OWNER)}
    assert told == [
        (0, set()),
        (5, on_duty),
        (10, all_of_them),
        (20, everyone),
        (30, everyone),
    ]
    assert house.task().overdue_level == 3


def test_an_ordinary_task_is_told_once() -> None:
    """And its timer is gone then."""
    house = House(a_task(due_at=NOW))
    (told,) = events_of(house.do(TaskDue(task_id=TASK), in_saga=False), "task.overdue")
    assert (told["overdue_minutes"], told["escalated_to"], told["priority"]) == (0, [], "normal")
    assert house.of_tasks() == {}


def test_where_no_manager_is_on_duty_the_next_tier_hears_at_once() -> None:
    """A tier where nobody is counts for nothing."""
    house = House(a_task(priority=TaskPriority.HIGH, due_at=NOW), on_duty=(ANNA,))
    house.now = NOW + 5 * MINUTE
    (told,) = events_of(house.do(TaskDue(task_id=TASK), in_saga=False), "task.overdue")
    assert set(told["escalated_to"]) == {str(CHIEF), str(DAY_CHIEF)}


def test_a_timer_of_a_task_that_is_over_or_unknown_does_nothing() -> None:
    """It may have fired before it was cancelled."""
    for house in (House(), House(a_task(status=TaskStatus.DONE)), House(a_task(due_at=None))):
        assert not house.do(TaskDue(task_id=TASK), in_saga=False).writes


def test_tasks_of_whoever_leaves_are_spread_over_those_who_stay() -> None:
    """The least loaded first, and each of them anew to be accepted."""
    mine = [
        a_task(id=UUID(int=n), status=TaskStatus.IN_PROGRESS, accepted_at=NOW) for n in range(1, 5)
    ]
    house = House(*mine, a_task(id=UUID(int=9), assignee_id=BEN), on_duty=(ANNA, BEN, CHIEF))
    outcome = leaves(house, ANNA)
    now_theirs = [house.task(task.id).assignee_id for task in mine]
    assert sorted(now_theirs, key=str) == sorted([BEN, BEN, CHIEF, CHIEF], key=str)
    assert all(house.task(t.id).status is TaskStatus.OPEN for t in mine)
    assert all(house.task(t.id).accepted_at is None for t in mine)
    assert len(events_of(outcome, "task.assigned")) == 4
    assert all(data["by"] == str(ANNA) for data in events_of(outcome, "task.status_changed"))


def test_tasks_of_the_last_one_wait_and_management_hears() -> None:
    """Nobody is there, so nobody has them; the next to come does."""
    house = House(a_task(), on_duty=(ANNA,))
    outcome = leaves(house, ANNA)
    assert house.task().assignee_id is None
    assert len(events_of(outcome, "task.overdue")) == 1
    comes(house, BEN)
    assert house.task().assignee_id == BEN


def test_a_task_that_is_overdue_when_it_is_given_is_told_at_once() -> None:
    """Its timer is due already."""
    house = House()
    house.do(an_errand(due_at=NOW - timedelta(minutes=1)), in_saga=False)
    (told,) = events_of(house.tick(), "task.overdue")
    assert told["overdue_minutes"] == 1
    assert isinstance(house.task(), StaffTask)
