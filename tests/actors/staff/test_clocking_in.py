"""Rule 13: a shift begins where the work is, and one person has one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest

from actors.runtime.outcome import LATER
from actors.staff.behaviour import STAFF
from protocol.addresses import Role
from protocol.codec import to_json
from protocol.errors import Code
from protocol.internal.duty import CutOver, FindSchedule, ScheduleFound, StaffOnDuty
from protocol.operations.staff import ClockIn
from protocol.records.platform import AuditEntry
from protocol.records.states import ShiftStatus, VenueStatus
from protocol.replies.staff import ShiftReply
from tests.actors.deciding import NOW, a_principal, refused, refused_with
from tests.actors.staff.shift_kit import ELSEWHERE, ME, MINUTE, Work, a_manager, here
from tests.actors.venue.emergencies import PROFILE, VENUE, VENUE_ID


def test_clocking_in_opens_a_shift_and_tells_the_venue() -> None:
    """Who is on duty is alerted first, so the venue must know."""
    work = Work()
    outcome = work.clock_in()
    shift = work.shift()
    reply = outcome.reply
    assert isinstance(reply, ShiftReply)
    assert (reply.shift_id, reply.staff_id, reply.venue_id) == (shift.id, ME, VENUE_ID)
    assert (reply.status, reply.late_minutes, reply.worked_minutes) == (ShiftStatus.OPEN, 0, 0)
    (event,) = outcome.events
    assert event.type == "staff.clocked_in"
    assert set(event.rooms) == {
        f"venue:{VENUE_ID}:management",
        f"venue:{VENUE_ID}:staff",
        f"user:{ME}",
    }
    assert (event.data["late_minutes"], event.data["scheduled"]) == (0, False)
    (send,) = outcome.sends
    assert (send.target, send.detached) == (VENUE, True)
    assert isinstance(send.command, StaffOnDuty)
    assert (send.command.staff_id, send.command.shift_id) == (ME, shift.id)
    assert STAFF.share(work.state) == VENUE_ID


def test_a_forgotten_shift_has_a_timer_for_the_end_of_its_day() -> None:
    """05:00 in Tokyo is 20:00 UTC; an hour later the day closes by itself (Rule 5)."""
    work = Work()
    work.clock_in()
    (timer,) = work.timers.values()
    assert timer.due_at == datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
    assert timer.command == CutOver(shift_id=work.shift().id)


@pytest.mark.parametrize(
    ("fix", "code"),
    [
        ({"mock": True}, Code.LOCATION_UNTRUSTED),
        ({"lat": PROFILE.lat + 1}, Code.GEOFENCE_OUTSIDE),
        ({"accuracy_m": 101.0}, Code.LOCATION_INACCURATE),
        ({"fix_at": NOW - timedelta(seconds=61)}, Code.LOCATION_INACCURATE),
    ],
)
def test_the_fence_decides_where_a_shift_begins(fix: dict[str, Any], code: Code) -> None:
    """The same rule as for patrons: the server decides, not the device."""
    work = Work()
    assert refused_with(work.clock_in(location=here(NOW, **fix))) is code
    assert not work.state.exists


def test_without_a_location_nobody_can_tell() -> None:
    """The field is optional for management's override alone."""
    assert refused_with(Work().clock_in(location=None)) is Code.LOCATION_INACCURATE


def test_management_overrides_the_fence_with_a_reason_and_staff_do_not() -> None:
    """A broken phone must not keep a manager out; whoever else claims it is checked."""
    command = ClockIn(venue_id=VENUE_ID, override_reason="phone broke")
    assert refused_with(Work().do(command)) is Code.LOCATION_INACCURATE
    manager = a_principal(ME, Role.MANAGEMENT, VENUE_ID)
    work = Work()
    outcome = work.do(command, manager)
    assert isinstance(outcome.reply, ShiftReply)
    (line,) = outcome.appends
    assert isinstance(line, AuditEntry)
    assert (line.action, line.after) == ("shift.fence_overridden", {"reason": "phone broke"})
    without = ClockIn(venue_id=VENUE_ID)
    assert refused_with(Work().do(without, manager)) is Code.LOCATION_INACCURATE


def test_one_shift_is_open_over_all_venues() -> None:
    """Rule 13; the refusal names the shift that is open. Rule 13 shifts."""
    work = Work()
    work.clock_in()
    refusal = refused(work.clock_in())
    assert refusal.code is Code.SHIFT_ALREADY_OPEN
    assert refusal.extra["shift_id"] == str(work.shift().id)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (VenueStatus.CLOSED, Code.VENUE_CLOSED),
        (VenueStatus.SUSPENDED, Code.VENUE_CLOSED),
        (VenueStatus.CLOSING, None),
        (VenueStatus.OPEN, None),
    ],
)
def test_a_venue_that_is_closed_has_no_shifts(status: VenueStatus, code: Code | None) -> None:
    """One that is closing still has work."""
    work = Work()
    work.shared[VENUE] = attrs.evolve(PROFILE, status=status)
    outcome = work.clock_in()
    assert isinstance(outcome.reply, ShiftReply) if code is None else refused_with(outcome) is code


def test_refusals_come_in_the_order_of_the_contract() -> None:
    """Outside, then already open, then closed, then a fix that says nothing."""
    work = Work()
    work.clock_in()
    work.shared[VENUE] = attrs.evolve(PROFILE, status=VenueStatus.CLOSED)
    far, vague = here(NOW, lat=0.0), here(NOW, accuracy_m=500.0)
    assert refused_with(work.clock_in(location=far)) is Code.GEOFENCE_OUTSIDE
    assert refused_with(work.clock_in(location=vague)) is Code.SHIFT_ALREADY_OPEN
    fresh = Work()
    fresh.shared = work.shared
    assert refused_with(fresh.clock_in(location=vague)) is Code.VENUE_CLOSED


def test_a_role_counts_only_at_its_venue() -> None:
    """Staff of another venue is told 404, a patron 403; a venue that is not there is 404."""
    command = ClockIn(venue_id=VENUE_ID, location=here(NOW))
    elsewhere = a_principal(ME, Role.OWNER, ELSEWHERE)
    assert refused_with(Work().do(command, elsewhere)) is Code.NOT_FOUND
    assert refused_with(Work().do(command, a_principal(ME))) is Code.FORBIDDEN
    gone = ClockIn(venue_id=ELSEWHERE, location=here(NOW))
    assert refused_with(Work().do(gone, elsewhere)) is Code.NOT_FOUND


@pytest.mark.parametrize(
    ("planned", "late_minutes"),
    [(NOW, 0), (NOW + 10 * MINUTE, 0), (NOW - 10 * MINUTE, 10), (NOW - MINUTE / 2, 0)],
)
def test_late_is_what_the_plan_says(planned: datetime, late_minutes: int) -> None:
    """The venue has the plan; the shift opens when it has answered. Early is not late."""
    work, schedule_id = Work(), UUID(int=77)
    asked = work.clock_in(schedule_id=schedule_id)
    assert asked.reply is LATER
    (send,) = asked.sends
    assert (send.target, send.detached) == (VENUE, False)
    assert isinstance(send.command, FindSchedule)
    assert not work.state.exists
    outcome = work.do(ScheduleFound(request=send.command.request, starts_at=planned))
    assert work.shift().late_minutes == late_minutes
    assert work.shift().schedule_id == schedule_id
    assert outcome.events[0].data["scheduled"]


def test_a_shift_opened_while_the_plan_was_looked_up_is_the_only_one() -> None:
    """Two requests at once are still one shift."""
    work = Work()
    asked = work.clock_in(schedule_id=UUID(int=77)).sends[0].command
    assert isinstance(asked, FindSchedule)
    work.clock_in()
    outcome = work.do(ScheduleFound(request=asked.request, starts_at=NOW))
    assert refused_with(outcome) is Code.SHIFT_ALREADY_OPEN


def test_a_manager_clocks_in_like_anybody_else() -> None:
    """Management is on duty too, which decides who is called by voice (Rule 8)."""
    outcome = Work().do(ClockIn(venue_id=VENUE_ID, location=here(NOW)), a_manager())
    assert isinstance(outcome.reply, ShiftReply)


def test_an_operator_sees_no_name_and_no_amount() -> None:
    """Snapshots of actors are for operators (design, section 5)."""
    work = Work()
    assert STAFF.masked(work.state)["shift"] is None
    assert STAFF.share(work.state) is None
    work.clock_in()
    work.open_till(opening_float_minor=123_456)
    seen = STAFF.masked(work.state)
    assert (seen["shift"], seen["venue"], seen["since"]) == ("open", VENUE_ID, NOW)
    assert (seen["till_open"], seen["shifts"], seen["tills"]) == (True, 1, 1)
    told = to_json(seen).decode()
    assert "123456" not in told
    assert str(ME) not in told
    assert STAFF.rooms(work.state) == (f"user:{ME}",)
