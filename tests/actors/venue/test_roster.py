"""Rule 13: what the venue says before a shift begins or ends."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.runtime.state import State
from actors.venue.roster import decide_ask_to_leave, decide_find_schedule, decide_hand_over
from protocol.addresses import ActorKind, Address
from protocol.errors import Code
from protocol.internal.duty import AskToLeave, FindSchedule, HandOver, LeaveGranted, ScheduleFound
from protocol.operations.staff import ClockIn, ClockOut
from protocol.records.runtime import DutyPlace, FloorPlace
from protocol.records.staff import ShiftHandover, StaffSchedule
from protocol.records.states import Activity, RoleName, ScheduleStatus, SessionStatus
from tests.actors.deciding import IDS, NOW, a_context, accepted, filled, refused, refused_with
from tests.actors.venue.emergencies import OTHER, RESPONDER, VENUE, VENUE_ID

SCHEDULE = UUID(int=77)
SHIFT = UUID(int=78)
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
        ends_at=NOW + timedelta(hours=8),
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


def test_who_leaves_others_behind_hands_over_first() -> None:
    """And is told how."""
    command = AskToLeave(request=ClockOut(), staff_id=RESPONDER)
    refusal = refused(decide_ask_to_leave(on_duty(RESPONDER, OTHER), command, a_context(VENUE)))
    assert refusal.code is Code.HANDOVER_REQUIRED
    assert "note" in refusal.detail


def test_the_last_one_may_just_leave() -> None:
    """There is nobody to hand over to."""
    command = AskToLeave(request=ClockOut(), staff_id=RESPONDER)
    for state in (on_duty(RESPONDER), on_duty()):
        outcome = accepted(decide_ask_to_leave(state, command, a_context(VENUE)))
        (send,) = outcome.sends
        assert (send.target, send.command) == (AT_STAFF, LeaveGranted(request=ClockOut()))


def test_a_handover_lists_everyone_to_have_an_eye_on() -> None:
    """Rule 7: every session at level 1 or more, whether the note names it or not."""
    state = on_duty(OTHER)
    places = [
        FloorPlace(
            session_id=IDS.fresh(),
            venue_id=VENUE_ID,
            user_id=IDS.fresh(),
            display_name="X",
            party_size=1,
            activity=Activity.LOUNGE,
            status=SessionStatus.ACTIVE,
            safety_level=level,
            started_at=NOW,
        )
        for level in (0, 1, 3)
    ]
    command = HandOver(staff_id=RESPONDER, shift_id=SHIFT, note="ice is low")
    outcome = accepted(decide_hand_over(filled(state, places), command, a_context(VENUE)))
    (handover,) = outcome.changes
    assert isinstance(handover, ShiftHandover)
    assert (handover.from_staff, handover.from_shift) == (RESPONDER, SHIFT)
    assert handover.body == {"note": "ice is low"}
    assert [w.safety_level for w in handover.watch] == [1, 3]
    (event,) = outcome.events
    assert event.type == "shift.handover_posted"
    assert (event.data["watch_count"], event.data["acknowledged_by"]) == (2, None)
