"""Rule 13: breaks begin and end within an open shift, and the venue knows."""

from __future__ import annotations

from uuid import UUID

import pytest

from actors.runtime.outcome import LATER
from actors.staff.behaviour import STAFF
from protocol.errors import Code
from protocol.internal.duty import HandoverKept, KeepHandover, StaffOnDuty
from protocol.messages import Provenance
from protocol.operations.staff_work import BreakAction, PostHandover, RecordBreak
from protocol.records.states import ShiftStatus
from protocol.records.values import ShiftBreak
from protocol.replies.staff import HandoverReply, ShiftReply
from tests.actors.deciding import NOW, refused_with
from tests.actors.staff.shift_kit import ME, MINUTE, Work
from tests.actors.venue.emergencies import VENUE, VENUE_ID

START, END = RecordBreak(action=BreakAction.START), RecordBreak(action=BreakAction.END)


def at_work() -> Work:
    work = Work()
    work.clock_in()
    work.now = NOW + 60 * MINUTE
    return work


def test_a_break_begins_and_ends_and_the_venue_gives_no_tasks_meanwhile() -> None:
    """It is unpaid unless it was said to be paid; the minutes follow."""
    work = at_work()
    outcome = work.do(START)
    reply = outcome.reply
    assert isinstance(reply, ShiftReply)
    assert (reply.status, reply.break_minutes) == (ShiftStatus.ON_BREAK, 0)
    (send,) = outcome.sends
    assert isinstance(send.command, StaffOnDuty)
    assert (send.target, send.detached, send.command.on_break) == (VENUE, True, True)
    (event,) = outcome.events
    assert event.type == "staff.break_changed"
    assert event.rooms == (f"venue:{VENUE_ID}:management", f"venue:{VENUE_ID}:staff")
    assert (event.data["on_break"], event.data["paid"]) == (True, False)
    work.now += 15 * MINUTE
    outcome = work.do(END)
    assert isinstance(outcome.reply, ShiftReply)
    assert (outcome.reply.status, outcome.reply.break_minutes) == (ShiftStatus.OPEN, 15)
    assert outcome.reply.worked_minutes == 60
    assert outcome.events[0].data["on_break"] is False
    (send,) = outcome.sends
    assert isinstance(send.command, StaffOnDuty)
    assert (send.command.on_break, send.command.since) == (False, NOW)


def test_a_paid_break_is_worked_time_and_says_so_at_its_end_too() -> None:
    """What was agreed at its beginning holds, whatever the end says."""
    work = at_work()
    work.do(RecordBreak(action=BreakAction.START, paid=True))
    work.now += 15 * MINUTE
    outcome = work.do(END)
    assert outcome.events[0].data["paid"] is True
    assert isinstance(outcome.reply, ShiftReply)
    assert (outcome.reply.worked_minutes, outcome.reply.break_minutes) == (75, 15)


def test_each_break_is_one_of_its_own() -> None:
    """Two in a night are two rows of a list, in order."""
    work = at_work()
    for command in (START, END, START, END):
        work.do(command)
        work.now += MINUTE
    assert work.shift().breaks == (
        ShiftBreak(started_at=NOW + 60 * MINUTE, ended_at=NOW + 61 * MINUTE),
        ShiftBreak(started_at=NOW + 62 * MINUTE, ended_at=NOW + 63 * MINUTE),
    )


@pytest.mark.parametrize("status", ShiftStatus)
@pytest.mark.parametrize("command", [START, END])
def test_every_pair_of_shift_and_break_is_decided(
    status: ShiftStatus, command: RecordBreak
) -> None:
    """A second start, an end without a start: 409; without an open shift: no_open_shift."""
    work = at_work()
    pauses = (ShiftBreak(started_at=NOW),) if status is ShiftStatus.ON_BREAK else ()
    ended_at = work.now if status is ShiftStatus.ENDED else None
    work.state.put(work.shift().revised(status=status, breaks=pauses, ended_at=ended_at))
    outcome = work.do(command)
    fits = (status, command) in ((ShiftStatus.OPEN, START), (ShiftStatus.ON_BREAK, END))
    if fits:
        assert isinstance(outcome.reply, ShiftReply)
    elif status in (ShiftStatus.OPEN, ShiftStatus.ON_BREAK):
        assert refused_with(outcome) is Code.INVALID_TRANSITION
    else:
        assert refused_with(outcome) is Code.NO_OPEN_SHIFT


def test_what_was_recorded_offline_counts_from_when_it_was() -> None:
    """Rule 12: but never before what was before it, nor after now."""
    work = at_work()
    for command, minutes, at in ((START, 40, 40), (END, 30, 40), (START, 99, 60)):
        work.provenance = Provenance(occurred_at=NOW + minutes * MINUTE)
        outcome = work.do(command)
        assert outcome.events[0].data["at"] == (NOW + at * MINUTE).isoformat(
            timespec="milliseconds"
        ).replace("+00:00", "Z")


def test_a_handover_goes_by_the_venue_of_the_open_shift() -> None:
    """The venue keeps it; what it says comes back as the answer."""
    work = at_work()
    command = PostHandover(note="ice is low")
    outcome = work.do(command)
    assert outcome.reply is LATER
    (send,) = outcome.sends
    kept = KeepHandover(request=command, staff_id=ME, shift_id=work.shift().id)
    assert (send.target, send.command) == (VENUE, kept)
    handover = HandoverReply(
        handover_id=UUID(int=1),
        venue_id=VENUE_ID,
        from_shift=work.shift().id,
        from_staff=ME,
        to_shift=None,
        note="ice is low",
        faults_seen=(),
        cash_note=None,
        open_tasks=(),
        watch=(),
        acknowledged_by=None,
        acknowledged_at=None,
        at=NOW,
        version=1,
    )
    assert work.do(HandoverKept(handover=handover)).reply == handover


def test_without_a_shift_there_is_neither_break_nor_handover() -> None:
    """Also for somebody who never worked yet: the address is there."""
    for command in (START, PostHandover(note="x"), PostHandover(ack=True, handover_id=ME)):
        assert refused_with(Work().do(command)) is Code.NO_OPEN_SHIFT
        assert type(command) in STAFF.founded_by
