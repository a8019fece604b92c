"""Rule 13: management sets the end that somebody forgot, within what is known."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest

from actors.runtime.outcome import LATER, Outcome
from protocol.errors import Code
from protocol.operations.staff import ClockOut, CloseTill, TillStep
from protocol.operations.staff_work import BreakAction, RecordBreak
from protocol.records.platform import AuditEntry
from protocol.records.staff import StaffShift
from protocol.records.states import ShiftStatus
from protocol.replies.staff import ShiftReply
from tests.actors.deciding import NOW, refused, refused_with
from tests.actors.staff.shift_kit import (
    ELSEWHERE,
    MANAGER,
    ME,
    MINUTE,
    Work,
    a_manager,
    coins,
    count,
    with_till,
)

HOUR = 60 * MINUTE


def forgotten(*, on_break: bool = False) -> Work:
    """Somebody who went home without a word, and the day is over."""
    work = Work()
    work.clock_in()
    if on_break:
        work.now = NOW + 3 * HOUR
        work.do(RecordBreak(action=BreakAction.START))
    timer = work.timers.pop("cutover")
    work.now = timer.due_at
    work.do(timer.command, in_saga=False)
    work.now += HOUR
    return work


def settle(work: Work, by: Any = None, **changes: Any) -> Outcome:
    known: dict[str, Any] = {"user_id": ME, "ended_at": NOW + 5 * HOUR, "declared_tips_minor": 200}
    return work.do(ClockOut(**(known | changes)), by or a_manager())


def test_management_sets_the_end_and_the_minutes_follow() -> None:
    """The line of the audit trail says what was known before."""
    work = forgotten()
    outcome = settle(work)
    reply = outcome.reply
    assert isinstance(reply, ShiftReply)
    assert (reply.status, reply.ended_at) == (ShiftStatus.ENDED, NOW + 5 * HOUR)
    assert (reply.worked_minutes, reply.declared_tips_minor) == (300, 200)
    shift = work.shift()
    assert (shift.reviewed_by, shift.auto_ended, shift.worked_ms) == (MANAGER, True, 5 * 3_600_000)
    (line,) = outcome.appends
    assert isinstance(line, AuditEntry)
    assert (line.action, line.actor_id, line.object_id) == (
        "shift.reviewed",
        MANAGER,
        str(shift.id),
    )
    assert line.before is not None
    assert line.before["status"] == "needs_review"
    (event,) = outcome.events
    assert (event.data["auto"], event.data["needs_review"]) == (False, False)
    assert event.data["worked_minutes"] == 300


def test_a_break_that_was_open_ends_with_the_shift() -> None:
    """It was unpaid, so it is no worked time."""
    work = forgotten(on_break=True)
    reply = settle(work).reply
    assert isinstance(reply, ShiftReply)
    assert (reply.worked_minutes, reply.break_minutes) == (180, 120)


@pytest.mark.parametrize("ended_at", [NOW - MINUTE, NOW + 100 * HOUR])
def test_an_end_is_within_what_is_known(ended_at: Any) -> None:
    """Not before the shift began, and not in the time to come."""
    work = forgotten()
    refusal = refused(settle(work, ended_at=ended_at))
    assert refusal.code is Code.VALIDATION_FAILED
    assert refusal.errors[0].pointer == "/ended_at"
    assert work.shift().status is ShiftStatus.NEEDS_REVIEW


def test_an_end_is_not_before_the_last_thing_that_was_recorded() -> None:
    """Whoever began a break at eleven was still there at ten."""
    refusal = refused(settle(forgotten(on_break=True), ended_at=NOW + 2 * HOUR))
    assert refusal.code is Code.VALIDATION_FAILED


def test_nobody_sets_the_end_of_their_own_shift() -> None:
    """Not even a manager; another one does."""
    work = forgotten()
    own_manager = attrs.evolve(a_manager(), user_id=ME)
    assert refused_with(settle(work, own_manager)) is Code.FORBIDDEN
    assert refused_with(work.do(ClockOut(), own_manager)) is Code.NO_OPEN_SHIFT


def test_another_venues_management_knows_no_such_shift() -> None:
    """Rule 15."""
    assert refused_with(settle(forgotten(), a_manager(ELSEWHERE))) is Code.NOT_FOUND


def test_a_forgotten_shift_that_is_named_needs_its_end() -> None:
    """Without one there is nothing to settle it with; without a name the open shift is meant."""
    work = forgotten()
    shift_id = work.shift().id
    refusal = refused(settle(work, ended_at=None, shift_id=shift_id))
    assert (refusal.code, refusal.errors[0].pointer) == (Code.VALIDATION_FAILED, "/ended_at")
    assert refused_with(settle(work, ended_at=None)) is Code.NO_OPEN_SHIFT


def test_a_shift_is_settled_once() -> None:
    """What one manager set the next one does not set anew."""
    work = forgotten()
    shift_id = work.shift().id
    first = settle(work, shift_id=shift_id)
    again = settle(work, shift_id=shift_id)
    assert isinstance(first.reply, ShiftReply)
    assert (again.reply, again.writes) == (first.reply, False)


def test_the_forgotten_one_is_settled_while_another_is_open() -> None:
    """By its id: without it the open shift would be meant."""
    work = forgotten()
    old = work.shift().id
    work.clock_in()
    settle(work, shift_id=old)
    statuses = {shift.id == old: shift.status for shift in work.state.all(StaffShift)}
    assert statuses == {True: ShiftStatus.ENDED, False: ShiftStatus.OPEN}


def test_management_may_end_an_open_shift_at_an_earlier_time() -> None:
    """Who left at two and is found out at four worked until two."""
    work = Work()
    work.clock_in()
    work.now = NOW + 4 * HOUR
    asked = settle(work, ended_at=NOW + 2 * HOUR)
    assert asked.reply is LATER
    outcome = settle(work, ended_at=NOW + 2 * HOUR, note="left early")
    assert isinstance(outcome.reply, ShiftReply)
    assert (outcome.reply.worked_minutes, outcome.reply.ended_at) == (120, NOW + 2 * HOUR)
    (line,) = outcome.appends
    assert isinstance(line, AuditEntry)
    assert line.action == "shift.ended"
    late = Work()
    late.clock_in()
    refusal = refused_with(settle(late, ended_at=NOW + timedelta(hours=1), note="x"))
    assert refusal is Code.VALIDATION_FAILED


def test_nobody_signs_for_their_own_till() -> None:
    """A manager at the counter is a counter like any other."""
    work = with_till()
    count(work, 9000)
    sign = CloseTill(till_id=work.till().id, kind=TillStep.SIGN, note="miscounted")
    own_manager = attrs.evolve(a_manager(), user_id=ME)
    assert refused_with(work.do(sign, own_manager)) is Code.FORBIDDEN
    outcome = work.do(sign, a_manager())
    (line,) = outcome.appends
    assert isinstance(line, AuditEntry)
    assert (line.action, work.till().signed_by) == ("till.signed", MANAGER)


def test_what_management_does_to_anothers_till_is_written_down() -> None:
    """Counting and taking to the safe, each with what was and what is."""
    work = with_till()
    till_id = work.till().id
    drop = CloseTill(till_id=till_id, kind=TillStep.DROP, amount_minor=500)
    counting = CloseTill(till_id=till_id, counted=coins(500))
    lines = [work.do(command, a_manager()).appends[0] for command in (drop, counting)]
    assert [line.action for line in lines if isinstance(line, AuditEntry)] == [
        "till.dropped",
        "till.counted",
    ]
    own = with_till()
    assert own.do(CloseTill(till_id=own.till().id, counted=coins(1000))).appends == ()
