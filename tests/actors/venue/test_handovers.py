"""Rules 7 and 13: what one shift leaves to the next, and that somebody has read it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from actors.runtime.outcome import Outcome
from protocol.addresses import ActorKind, Address
from protocol.errors import Code
from protocol.internal.duty import HandOver, HandoverKept, KeepHandover
from protocol.operations.staff_work import PostHandover, Watch
from protocol.records.staff import ShiftHandover
from protocol.records.states import TaskPriority, TaskStatus
from protocol.replies.staff import HandoverReply
from tests.actors.deciding import NOW, refused, refused_with
from tests.actors.venue.floors import OTHER_SESSION, SESSION, a_seat
from tests.actors.venue.work_kit import ANNA, BEN, MINUTE, House, a_task, events_of, who

SHIFT, NEXT_SHIFT = UUID(int=0x51), UUID(int=0x52)
THIRD_SESSION = UUID(int=0xC3)


def posted(house: House, **said: Any) -> Outcome:
    """Anna hands over."""
    command = KeepHandover(request=PostHandover(**said), staff_id=ANNA, shift_id=SHIFT)
    return house.do(command, who(ANNA))


def kept_by(outcome: Outcome) -> HandoverReply:
    """What the venue tells whoever posted it."""
    (send,) = outcome.sends
    assert isinstance(send.command, HandoverKept)
    return send.command.handover


def acknowledged(house: House, handover_id: UUID, by: UUID = BEN) -> Outcome:
    command = KeepHandover(
        request=PostHandover(ack=True, handover_id=handover_id), staff_id=by, shift_id=NEXT_SHIFT
    )
    return house.do(command, who(by))


def test_a_handover_lists_what_is_open_and_whom_to_watch() -> None:
    """Every session at level 1 or more, named or not; and whom somebody wants watched besides."""
    house = House(
        a_seat(SESSION, safety_level=3),
        a_seat(OTHER_SESSION, safety_level=0),
        a_seat(THIRD_SESSION, safety_level=0),
        a_task(priority=TaskPriority.LOW),
        a_task(id=UUID(int=2), priority=TaskPriority.CRITICAL, assignee_id=None),
        a_task(id=UUID(int=3), status=TaskStatus.DONE),
    )
    outcome = posted(
        house,
        note="ice is low",
        faults_seen=("tap 2 drips",),
        cash_note="100 short",
        watch=(Watch(session_id=OTHER_SESSION, note="alone"),),
    )
    reply = kept_by(outcome)
    assert outcome.sends[0].target == Address(ActorKind.STAFF, ANNA)
    assert (reply.note, reply.faults_seen, reply.cash_note) == (
        "ice is low",
        ("tap 2 drips",),
        "100 short",
    )
    assert {w.session_id: (w.safety_level, w.note) for w in reply.watch} == {
        SESSION: (3, None),
        OTHER_SESSION: (0, "alone"),
    }
    assert [task.task_id for task in reply.open_tasks] == [UUID(int=2), a_task().id]
    (told,) = events_of(outcome, "shift.handover_posted")
    assert (told["watch_count"], told["open_tasks"], told["acknowledged_by"]) == (2, 2, None)


def test_the_next_shift_reads_it_and_everyone_hears_that() -> None:
    """With the whole of it in the answer: there is no other way to read it."""
    house = House()
    reply = kept_by(posted(house, note="all calm"))
    house.now = NOW + MINUTE
    outcome = acknowledged(house, reply.handover_id)
    read = kept_by(outcome)
    assert (read.note, read.acknowledged_by, read.to_shift) == ("all calm", BEN, NEXT_SHIFT)
    assert (read.acknowledged_at, read.version) == (NOW + MINUTE, 2)
    (told,) = events_of(outcome, "shift.handover_posted")
    assert told["acknowledged_by"] == str(BEN)


def test_it_is_read_once_and_a_repeat_tells_nobody() -> None:
    """Whoever asks again is shown it as it is."""
    house = House()
    handover_id = kept_by(posted(house)).handover_id
    acknowledged(house, handover_id)
    again = acknowledged(house, handover_id, by=UUID(int=7))
    assert kept_by(again).acknowledged_by == BEN
    assert (again.events, again.changes) == ((), ())


def test_nobody_acknowledges_their_own_and_unknown_ones_are_not_there() -> None:
    """Reading one's own note is no handover."""
    house = House()
    handover_id = kept_by(posted(house)).handover_id
    assert refused_with(acknowledged(house, handover_id, by=ANNA)) is Code.FORBIDDEN
    assert refused_with(acknowledged(house, UUID(int=1))) is Code.NOT_FOUND


def test_only_who_is_here_can_be_watched() -> None:
    """A wrong id would let the next shift look for nobody."""
    refusal = refused(posted(House(), watch=(Watch(session_id=SESSION),)))
    assert refusal.code is Code.VALIDATION_FAILED
    assert [error.pointer for error in refusal.errors] == ["/watch/0/session_id"]


def test_a_note_at_clock_out_is_a_handover_like_any_other() -> None:
    """It lists the same, and can be acknowledged."""
    house = House(a_seat(SESSION, safety_level=1), a_task())
    command = HandOver(staff_id=ANNA, shift_id=SHIFT, note="ice is low")
    outcome = house.do(command, in_saga=False)
    (handover,) = outcome.changes
    assert isinstance(handover, ShiftHandover)
    assert [w.safety_level for w in handover.watch] == [1]
    assert len(handover.body["open_tasks"]) == 1
    read = kept_by(acknowledged(house, handover.id))
    assert (read.note, read.from_shift) == ("ice is low", SHIFT)


def test_a_handover_of_an_earlier_release_can_be_read() -> None:
    """It has a note and nothing else."""
    old = ShiftHandover(
        id=UUID(int=5),
        venue_id=House().state.venue_id,
        from_shift=SHIFT,
        from_staff=ANNA,
        body={"note": "old"},
        watch=(),
        at=NOW,
    )
    outcome = acknowledged(House(old), old.id)
    assert kept_by(outcome).note == "old"
    assert events_of(outcome, "shift.handover_posted")[0]["open_tasks"] == 0


@pytest.mark.parametrize(
    "said",
    [
        PostHandover(ack=True),
        PostHandover(handover_id=SHIFT),
        PostHandover(ack=True, handover_id=SHIFT, note="and besides"),
    ],
)
def test_one_posts_or_acknowledges(said: PostHandover) -> None:
    """Both in one would leave it open which shift was meant."""
    assert list(said.faults())
