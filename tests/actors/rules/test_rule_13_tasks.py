"""Rule 13: the life of a task, who gets one, and when whom is told that it is late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.rules.lifecycle import refuse_transition, transition
from actors.rules.staff_lifecycle import FINISHED, MOVES, TASK, UNFINISHED, TaskTrigger
from actors.rules.tasks import LEVEL_MAX, is_pressing, lateness, least_loaded
from protocol.errors import Code
from protocol.records.runtime import DutyPlace
from protocol.records.states import TaskPriority, TaskStatus

DUE = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PRESSING = (TaskPriority.HIGH, TaskPriority.CRITICAL)

STEPS = """
    open: accept>accepted reassign>open cancel>cancelled settle>done
    accepted: start>in_progress reassign>open cancel>cancelled settle>done
    in_progress: block>blocked finish>done reassign>open cancel>cancelled settle>done
    blocked: start>in_progress finish>done reassign>open cancel>cancelled settle>done
    done:
    cancelled:
"""
"""One line a state: trigger>next. What is not here is refused."""


def expected(state: TaskStatus, trigger: TaskTrigger) -> str | None:
    for line in STEPS.strip().splitlines():
        start, _, steps = line.strip().partition(":")
        if start == state:
            return dict(step.split(">") for step in steps.split()).get(trigger)
    raise AssertionError(f"{state} is not in the table")


@pytest.mark.parametrize("trigger", TaskTrigger)
@pytest.mark.parametrize("state", TaskStatus)
def test_every_pair_goes_where_the_rule_says(state: TaskStatus, trigger: TaskTrigger) -> None:
    """A pair nobody thought of is how a cancelled task comes back to life. Rule 13 tasks."""
    assert transition(TASK, state, trigger) == expected(state, trigger)
    refusal = refuse_transition(TASK, state, trigger, whose="task 1")
    assert (refusal is None) == (expected(state, trigger) is not None)
    assert refusal is None or refusal.code is Code.INVALID_TRANSITION


def test_states_are_finished_or_not_and_nothing_leaves_a_finished_one() -> None:
    """The venue loads the unfinished ones, and arms timers for them."""
    assert {*FINISHED, *UNFINISHED} == set(TaskStatus)
    assert not set(FINISHED) & set(UNFINISHED)
    assert not any(state in FINISHED for state, _ in TASK)


def test_each_move_of_an_assignee_leads_where_it_says() -> None:
    """The status that is sent is the status that follows, from wherever it may be sent."""
    for status, trigger in MOVES.items():
        assert {to for (_, by), to in TASK.items() if by is trigger} == {status}


@pytest.mark.parametrize("priority", TaskPriority)
def test_nothing_is_late_before_it_is_due(priority: TaskPriority) -> None:
    """A reminder that comes too early is not believed when it counts."""
    assert lateness(priority, DUE, DUE - timedelta(milliseconds=1)) is None


@pytest.mark.parametrize(
    ("minutes", "level", "next_minutes"),
    [(0, 0, 5), (4, 0, 5), (5, 1, 10), (9, 1, 10), (10, 2, 20), (19, 2, 20), (20, 3, 30)],
)
def test_a_pressing_task_escalates_at_five_minutes_and_is_told_again_every_ten(
    minutes: int, level: int, next_minutes: int
) -> None:
    """Rule 13's vectors: due, due + 5 min, then every 10 min from due on. Rule 13 escalation."""
    for priority in PRESSING:
        late = lateness(priority, DUE, DUE + minutes * MINUTE)
        assert late is not None
        assert (late.minutes, late.level) == (minutes, level)
        assert late.next_at == DUE + next_minutes * MINUTE


@pytest.mark.parametrize("minutes", [0, 5, 600])
def test_any_other_task_is_told_once(minutes: int) -> None:
    """Who is told of everything hears nothing."""
    for priority in set(TaskPriority) - set(PRESSING):
        late = lateness(priority, DUE, DUE + minutes * MINUTE)
        assert late is not None
        assert (late.level, late.next_at, is_pressing(priority)) == (0, None, False)


@given(st.integers(0, 10**8), st.integers(0, 10**8), st.sampled_from(PRESSING))
def test_lateness_only_grows_and_is_always_told_again(
    one_ms: int, more_ms: int, priority: TaskPriority
) -> None:
    """Whenever the timer comes, late or on time, the next one is ahead and nobody is untold."""
    earlier = DUE + timedelta(milliseconds=one_ms)
    later = earlier + timedelta(milliseconds=more_ms)
    first, second = lateness(priority, DUE, earlier), lateness(priority, DUE, later)
    assert first is not None
    assert second is not None
    assert 0 <= first.level <= second.level <= LEVEL_MAX
    assert first.minutes <= second.minutes
    assert first.next_at is not None
    assert earlier < first.next_at <= earlier + 10 * MINUTE
    if first.next_at <= later:
        assert second.next_at is not None
        assert second.next_at > first.next_at


def places(*breaks: bool) -> list[DutyPlace]:
    """People on duty, the first for longest; True for those on a break."""
    return [
        DutyPlace(
            staff_id=UUID(int=n),
            venue_id=UUID(int=9),
            shift_id=UUID(int=100 + n),
            display_name="Somebody",
            on_break=on_break,
            since=DUE + n * MINUTE,
        )
        for n, on_break in enumerate(breaks)
    ]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=6))
def test_the_least_loaded_of_those_not_on_a_break_gets_a_task(
    people: list[tuple[bool, int]],
) -> None:
    """Whatever order they are known in; among equals whoever came first."""
    there = places(*(on_break for on_break, _ in people))
    loads = {UUID(int=n): load for n, (_, load) in enumerate(people) if load}
    free = [(load, n) for n, (on_break, load) in enumerate(people) if not on_break]
    wanted = UUID(int=min(free)[1]) if free else None
    assert least_loaded(there, loads) == least_loaded(there[::-1], loads) == wanted
