"""Rule 13: a shift ends by a person, or needs review; its end is never invented."""

from __future__ import annotations

from datetime import time, timedelta
from uuid import UUID

import attrs
import pytest

from actors.runtime.outcome import LATER, Outcome
from actors.staff.behaviour import STAFF
from protocol.addresses import Role
from protocol.errors import Code
from protocol.internal.duty import (
    AskToLeave,
    CutOver,
    FreeDrawer,
    HandOver,
    LeaveGranted,
    StaffOffDuty,
)
from protocol.operations.staff import ClockOut, CloseTill, TillStep
from protocol.records.money_states import TillStatus
from protocol.records.states import ShiftStatus
from protocol.records.values import ShiftBreak
from protocol.replies.staff import ShiftReply, TillReply
from tests.actors.deciding import NOW, a_principal, refused_with
from tests.actors.staff.shift_kit import ELSEWHERE, ME, MINUTE, Work, a_manager, coins, me
from tests.actors.venue.emergencies import PROFILE, VENUE, VENUE_ID


def at_work() -> Work:
    """Somebody who began four hours ago."""
    work = Work()
    work.clock_in()
    work.now = NOW + timedelta(hours=4)
    return work


def test_without_a_note_the_venue_says_whether_one_may_leave() -> None:
    """Only the venue knows who else is on duty."""
    work = at_work()
    command = ClockOut(declared_tips_minor=300)
    asked = work.do(command)
    assert asked.reply is LATER
    assert asked.sends[0].target == VENUE
    assert asked.sends[0].command == AskToLeave(
        request=command, staff_id=ME, shift_id=work.shift().id
    )
    assert work.shift().status is ShiftStatus.OPEN
    outcome = work.do(LeaveGranted(request=command))
    reply = outcome.reply
    assert isinstance(reply, ShiftReply)
    assert (reply.status, reply.ended_at) == (ShiftStatus.ENDED, work.now)
    assert (reply.worked_minutes, reply.declared_tips_minor, reply.version) == (240, 300, 2)
    (event,) = outcome.events
    assert event.type == "staff.clocked_out"
    assert (event.data["auto"], event.data["needs_review"]) == (False, False)
    assert event.data["worked_minutes"] == 240
    (send,) = outcome.sends
    assert send.command == StaffOffDuty(staff_id=ME, shift_id=work.shift().id)
    assert work.timers == {}


def test_a_note_is_a_handover_and_comes_before_the_leaving() -> None:
    """It lists the tasks of whoever leaves, which are others' as soon as they have left."""
    work = at_work()
    outcome = work.do(ClockOut(note="table 4 had three"))
    assert isinstance(outcome.reply, ShiftReply)
    handover, off_duty = (send.command for send in outcome.sends)
    assert isinstance(off_duty, StaffOffDuty)
    assert handover == HandOver(staff_id=ME, shift_id=work.shift().id, note="table 4 had three")


def test_breaks_count_as_they_are_paid_and_an_open_one_ends() -> None:
    """Worked time leaves out unpaid breaks, and an open break ends with its shift."""
    work = at_work()
    pauses = (
        ShiftBreak(started_at=NOW + 60 * MINUTE, ended_at=NOW + 75 * MINUTE, paid=True),
        ShiftBreak(started_at=NOW + 210 * MINUTE),
    )
    work.state.put(work.shift().revised(status=ShiftStatus.ON_BREAK, breaks=pauses))
    reply = work.leave().reply
    assert isinstance(reply, ShiftReply)
    assert (reply.worked_minutes, reply.break_minutes) == (210, 45)
    assert work.shift().breaks[1].ended_at == work.now
    assert work.shift().worked_ms == 210 * 60_000


def test_a_repeat_returns_the_same_shift() -> None:
    """A retry without a key must not be an error, nor end another shift."""
    work = at_work()
    first = work.leave()
    work.now += timedelta(hours=12)
    again = work.do(ClockOut())
    assert again.reply == first.reply
    assert not again.writes
    work.now += timedelta(milliseconds=1)
    assert refused_with(work.do(ClockOut())) is Code.NO_OPEN_SHIFT


def test_a_shift_closed_while_the_venue_was_asked_is_returned() -> None:
    """Two clock-outs at once are one."""
    work = at_work()
    first = work.leave()
    assert work.do(LeaveGranted(request=ClockOut())).reply == first.reply


def test_nobody_clocks_out_who_never_clocked_in() -> None:
    """And the address is there for them before their first shift."""
    assert refused_with(Work().do(ClockOut())) is Code.NO_OPEN_SHIFT
    assert ClockOut in STAFF.founded_by


def test_an_open_till_is_counted_first() -> None:
    """Also when it was opened while the venue was asked. Rule 13 leaving."""
    work = at_work()
    work.open_till()
    assert refused_with(work.do(ClockOut(note="bye"))) is Code.TILL_OPEN
    assert refused_with(work.do(LeaveGranted(request=ClockOut()))) is Code.TILL_OPEN
    assert work.shift().status is ShiftStatus.OPEN


def test_a_till_that_waits_for_a_signature_keeps_nobody_at_work() -> None:
    """Signing is management's."""
    work = at_work()
    till = work.open_till()
    work.do(CloseTill(till_id=till.id, counted=coins(9000)))
    assert work.till().status is TillStatus.ENDED
    assert isinstance(work.do(ClockOut(note="bye")).reply, ShiftReply)


def test_management_clocks_out_another_and_nobody_else_does() -> None:
    """A role counts at the venue of the shift."""
    command = ClockOut(user_id=ME, note="went home ill")
    assert isinstance(at_work().do(command, a_manager()).reply, ShiftReply)
    colleague = a_principal(UUID(int=5), Role.STAFF, VENUE_ID)
    assert refused_with(at_work().do(command, colleague)) is Code.FORBIDDEN
    assert refused_with(at_work().do(command, a_manager(ELSEWHERE))) is Code.NOT_FOUND
    assert refused_with(Work().do(command, a_manager())) is Code.NOT_FOUND


def cut_over(work: Work) -> Outcome:
    """Let the timer of the end of the day come."""
    timer = work.timers.pop("cutover")
    work.now = timer.due_at
    return work.do(timer.command, in_saga=False)


def test_a_forgotten_shift_needs_review_and_its_end_is_not_invented() -> None:
    """Paying for hours that nobody knows is worse than asking. Rule 13 review."""
    work = at_work()
    outcome = cut_over(work)
    shift = work.shift()
    assert outcome.reply is None
    assert (shift.status, shift.ended_at, shift.auto_ended) == (
        ShiftStatus.NEEDS_REVIEW,
        None,
        True,
    )
    assert shift.worked_ms == 0
    data = outcome.events[0].data
    assert (data["auto"], data["needs_review"], data["worked_minutes"]) == (True, True, 0)
    assert isinstance(outcome.sends[0].command, StaffOffDuty)
    assert refused_with(work.do(ClockOut())) is Code.NO_OPEN_SHIFT


def with_cutover(work: Work, cutover: time) -> None:
    """The venue moves its cutover."""
    settings = attrs.evolve(PROFILE.settings, cutover=cutover)
    work.shared[VENUE] = attrs.evolve(PROFILE, settings=settings)


def test_a_shift_goes_on_to_a_cutover_that_was_moved_later() -> None:
    """Rule 13: who still works at 07:00 of a night that ends at 09:00 has forgotten nothing."""
    work = at_work()
    till = work.open_till()
    armed = work.timers["cutover"]
    with_cutover(work, time(9, 0))
    outcome = cut_over(work)
    assert (outcome.changes, outcome.events, outcome.sends) == ((), (), ())
    assert work.shift().status is ShiftStatus.OPEN
    assert work.state.open_till == till
    again = attrs.evolve(armed, due_at=armed.due_at + timedelta(hours=4))
    assert work.timers["cutover"] == again
    cut_over(work)
    assert work.shift().status is ShiftStatus.NEEDS_REVIEW


def test_a_shift_ends_with_its_day_when_the_cutover_was_moved_earlier() -> None:
    """The venue says that the day is over; the shift's own timer is of the old cutover."""
    work = at_work()
    with_cutover(work, time(3, 0))
    work.now = work.timers["cutover"].due_at - timedelta(hours=2)
    venue_says = CutOver(shift_id=work.shift().id)
    early = attrs.evolve(work.timers["cutover"], due_at=work.now)
    work.now -= MINUTE
    assert work.do(venue_says, in_saga=False).timers == (early,)
    work.now += MINUTE
    work.do(venue_says, in_saga=False)
    assert work.shift().status is ShiftStatus.NEEDS_REVIEW


def test_whose_shift_needs_review_may_begin_another() -> None:
    """The next night must not wait for the office."""
    work = at_work()
    cut_over(work)
    assert isinstance(work.clock_in().reply, ShiftReply)


def test_a_till_of_a_forgotten_shift_stops_and_is_counted_afterwards() -> None:
    """Rule 5: open tills end with the day; what is in them is still to be counted, blind."""
    work = at_work()
    till = work.open_till()
    outcome = cut_over(work)
    assert work.till().status is TillStatus.ENDED
    assert FreeDrawer(till_id=till.id) in [send.command for send in outcome.sends]
    assert outcome.events[1].data["expected_minor"] is None
    counted = work.do(CloseTill(till_id=till.id, counted=coins(1000)), me())
    assert isinstance(counted.reply, TillReply)
    assert counted.reply.status is TillStatus.CLOSED
    assert counted.sends == ()


@pytest.mark.parametrize("kind", [TillStep.DROP, TillStep.SIGN])
def test_a_till_that_the_day_ended_is_counted_before_anything_else(kind: TillStep) -> None:
    """A signature under a figure that nobody has counted is worth nothing."""
    work = at_work()
    till = work.open_till()
    cut_over(work)
    amount = 5 if kind is TillStep.DROP else None
    command = CloseTill(till_id=till.id, kind=kind, amount_minor=amount, note="seen")
    code = refused_with(work.do(command, a_manager()))
    assert code is (Code.TILL_CLOSED if kind is TillStep.DROP else Code.INVALID_TRANSITION)


def test_a_timer_of_an_earlier_shift_does_nothing() -> None:
    """It was for that shift; this one has its own."""
    work = at_work()
    outcome = work.do(CutOver(shift_id=UUID(int=1)), in_saga=False)
    assert not outcome.writes
    work.leave()
    assert not work.do(CutOver(shift_id=work.shift().id), in_saga=False).writes
