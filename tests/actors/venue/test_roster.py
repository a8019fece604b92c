"""Rule 13: what the venue says before a shift begins or ends."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest

from actors.rules.staff_lifecycle import FINISHED
from actors.runtime.outcome import Decision
from actors.runtime.state import State
from actors.venue.roster import EARLY_MOST, decide_ask_to_leave, decide_find_schedule
from protocol.addresses import ActorKind, Address
from protocol.errors import Code
from protocol.internal.duty import AskToLeave, FindSchedule, LeaveGranted, ScheduleFound
from protocol.messages import Provenance
from protocol.operations.staff import ClockIn, ClockOut
from protocol.records.runtime import DutyPlace
from protocol.records.staff import StaffSchedule
from protocol.records.states import RoleName, ScheduleStatus, TaskStatus
from tests.actors.deciding import NOW, a_context, accepted, filled, refused, refused_with
from tests.actors.venue.emergencies import OTHER, RESPONDER, VENUE, VENUE_ID
from tests.actors.venue.work_kit import a_handover, a_task

SCHEDULE = UUID(int=77)
SHIFT = UUID(int=78)
MINUTE, LENGTH = timedelta(minutes=1), timedelta(hours=8)
AT_STAFF = Address(ActorKind.STAFF, RESPONDER)


def on_duty(*people: UUID) -> State:
    """A venue where these work."""
    return filled(
        State(VENUE),
        [
            DutyPlace(staff_id=user, venue_id=VENUE_ID, shift_id=SHIFT, display_name="X", since=NOW)
            for user in people
        ],
    )


def planned(**changes: Any) -> State:
    """A venue with one planned shift."""
    schedule = StaffSchedule(
        id=SCHEDULE,
        venue_id=VENUE_ID,
        week=date(2026, 11, 16),
        staff_id=RESPONDER,
        role=RoleName.STAFF,
        starts_at=NOW,
        ends_at=NOW + LENGTH,
        status=ScheduleStatus.PUBLISHED,
    )
    return filled(State(VENUE), [schedule.evolve(**changes)])


def a_request() -> FindSchedule:
    return FindSchedule(
        request=ClockIn(venue_id=VENUE_ID, schedule_id=SCHEDULE), staff_id=RESPONDER
    )


def test_a_planned_shift_is_found_for_whom_it_was_published() -> None:
    """Its beginning says who is late."""
    outcome = accepted(decide_find_schedule(planned(), a_request(), a_context(VENUE)))
    (send,) = outcome.sends
    assert send.target == AT_STAFF
    assert send.command == ScheduleFound(request=a_request().request, starts_at=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"staff_id": OTHER},
        {"staff_id": None},
        {"status": ScheduleStatus.DRAFT},
        {"status": ScheduleStatus.CANCELLED},
        {"deleted_at": NOW},
        {"id": UUID(int=1)},
    ],
)
def test_a_plan_that_is_not_ones_own_is_not_there(changes: dict[str, Any]) -> None:
    """Nobody clocks in on a colleague's plan, nor on a draft."""
    decision = decide_find_schedule(planned(**changes), a_request(), a_context(VENUE))
    assert refused_with(decision) is Code.NOT_FOUND


@pytest.mark.parametrize(
    ("early", "found"),
    [
        (EARLY_MOST, True),
        (EARLY_MOST + MINUTE, False),
        (MINUTE - LENGTH, True),
        (-LENGTH, False),
        (-timedelta(days=6), False),
    ],
)
def test_a_plan_of_another_day_makes_nobody_late(early: timedelta, found: bool) -> None:
    """Last week's plan, still in the app, is not what somebody is six days late for."""
    context = a_context(VENUE, now=NOW - early)
    decision = decide_find_schedule(planned(), a_request(), context)
    if found:
        assert accepted(decision).sends
    else:
        assert refused_with(decision) is Code.NOT_FOUND


def test_a_beginning_that_comes_late_finds_the_plan_of_its_own_time() -> None:
    """Rule 12: a device that was offline says when, and is not told that the plan is over."""
    later = a_context(VENUE, now=NOW + LENGTH + MINUTE)
    offline = attrs.evolve(later, provenance=Provenance(occurred_at=NOW + 10 * MINUTE))
    assert accepted(decide_find_schedule(planned(), a_request(), offline)).sends


def asked_to_leave(state: State) -> Decision:
    command = AskToLeave(request=ClockOut(), staff_id=RESPONDER, shift_id=SHIFT)
    return decide_ask_to_leave(state, command, a_context(VENUE))


def test_who_leaves_others_behind_hands_over_first() -> None:
    """And is told how. Rule 13 leaving."""
    refusal = refused(asked_to_leave(on_duty(RESPONDER, OTHER)))
    assert refusal.code is Code.HANDOVER_REQUIRED
    assert refusal.extra == {"on_duty": 1, "open_tasks": 0}
    assert "POST /api/staff/handover" in refusal.detail


def test_the_last_one_may_just_leave() -> None:
    """There is nobody to hand over to."""
    for state in (on_duty(RESPONDER), on_duty()):
        (send,) = accepted(asked_to_leave(state)).sends
        assert (send.target, send.command) == (AT_STAFF, LeaveGranted(request=ClockOut()))


@pytest.mark.parametrize("status", TaskStatus)
def test_tasks_are_done_or_handed_over_before_the_last_one_leaves(status: TaskStatus) -> None:
    """What nobody knows of nobody does, also if the next shift is tomorrow's."""
    state = filled(on_duty(RESPONDER), [a_task(status=status, assignee_id=RESPONDER)])
    decision = asked_to_leave(state)
    if status in FINISHED:
        accepted(decision)
    else:
        assert refused(decision).extra == {"on_duty": 0, "open_tasks": 1}
        accepted(asked_to_leave(filled(state, [a_handover(SHIFT)])))


def test_a_handover_of_this_shift_counts_and_of_an_earlier_one_does_not() -> None:
    """What was handed over yesterday says nothing of tonight."""
    others = on_duty(RESPONDER, OTHER)
    stale = asked_to_leave(filled(others, [a_handover(UUID(int=9))]))
    assert refused_with(stale) is Code.HANDOVER_REQUIRED
    accepted(asked_to_leave(filled(others, [a_handover(SHIFT)])))
