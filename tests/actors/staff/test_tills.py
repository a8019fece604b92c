"""Rule 13: a till is counted blind, and what is off is signed for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from actors.rules.settings import DEFAULT
from actors.runtime.outcome import LATER
from protocol.addresses import Role
from protocol.errors import Code, Refusal
from protocol.internal.duty import DrawerReserved, FreeDrawer, ReserveDrawer
from protocol.operations.staff import CloseTill, Counted, OpenTill, TillStep
from protocol.records.money_states import TillStatus
from protocol.replies.staff import TillReply
from tests.actors.deciding import a_principal, refused_with
from tests.actors.staff.shift_kit import (
    ELSEWHERE,
    ME,
    Work,
    a_manager,
    coins,
    count,
    with_till,
)
from tests.actors.venue.emergencies import VENUE, VENUE_ID

MANAGEMENT_ROOMS = {
    f"venue:{VENUE_ID}:management",
    f"venue:{VENUE_ID}:owner",
    f"user:{ME}",
}
OFF_MAX = DEFAULT.till_variance_max_minor


def sign(work: Work, **fields: Any) -> CloseTill:
    return CloseTill(till_id=work.till().id, kind=TillStep.SIGN, note="seen", **fields)


def test_a_till_opens_once_the_venue_has_given_the_drawer() -> None:
    """The venue decides the drawer, the staff actor that one person has one till."""
    work = Work()
    work.clock_in()
    request = OpenTill(drawer="bar", opening_float_minor=1000)
    asked = work.do(request)
    assert asked.reply is LATER
    (send,) = asked.sends
    assert send.target == VENUE
    reserve = send.command
    assert isinstance(reserve, ReserveDrawer)
    assert (reserve.staff_id, reserve.shift_id) == (ME, work.shift().id)
    given = DrawerReserved(request=request, till_id=reserve.till_id, shift_id=reserve.shift_id)
    outcome = work.do(given)
    reply = outcome.reply
    assert isinstance(reply, TillReply)
    assert (reply.till_id, reply.drawer, reply.currency) == (reserve.till_id, "bar", "JPY")
    assert (reply.opening_minor, reply.expected_minor) == (1000, None)
    assert work.till().expected_minor == 1000
    (event,) = outcome.events
    assert event.type == "till.changed"
    assert set(event.rooms) == MANAGEMENT_ROOMS
    assert event.data["expected_minor"] is None


def test_one_person_has_one_open_till_and_an_open_shift() -> None:
    """Checked before the venue is asked, and again when it has answered."""
    request = OpenTill(drawer="bar", opening_float_minor=0)
    reserved = DrawerReserved(request=request, till_id=UUID(int=3), shift_id=UUID(int=4))
    assert refused_with(Work().do(request)) is Code.NO_OPEN_SHIFT
    assert refused_with(Work().do(reserved)) is Code.NO_OPEN_SHIFT
    work = with_till()
    assert refused_with(work.do(request)) is Code.TILL_OPEN
    assert refused_with(work.do(reserved)) is Code.TILL_OPEN


def test_a_drawer_given_for_a_shift_that_ended_opens_nothing() -> None:
    """A till belongs to the shift it was asked for."""
    work = Work()
    work.clock_in()
    request = OpenTill(drawer="bar", opening_float_minor=0)
    late = DrawerReserved(request=request, till_id=UUID(int=3), shift_id=UUID(int=4))
    assert refused_with(work.do(late)) is Code.NO_OPEN_SHIFT


@pytest.mark.parametrize(
    ("counted", "status"),
    [
        (1000, TillStatus.CLOSED),
        (1000 + OFF_MAX, TillStatus.CLOSED),
        (1000 - OFF_MAX, TillStatus.CLOSED),
        (1001 + OFF_MAX, TillStatus.ENDED),
        (999 - OFF_MAX, TillStatus.ENDED),
    ],
)
def test_a_count_closes_the_till_unless_it_is_too_far_off(counted: int, status: TillStatus) -> None:
    """500 is within, 501 needs a signature; the drawer is free either way. Rule 13 tills."""
    work = with_till()
    outcome = work.do(CloseTill(till_id=work.till().id, counted=coins(counted)))
    reply = outcome.reply
    assert isinstance(reply, TillReply)
    assert (reply.status, reply.variance_minor) == (status, counted - 1000)
    assert (reply.expected_minor, reply.counted_minor) == (1000, counted)
    assert reply.ended_at == work.now
    assert reply.closed_at == (work.now if status is TillStatus.CLOSED else None)
    assert outcome.events[0].data["variance_minor"] == counted - 1000
    assert [send.command for send in outcome.sends] == [FreeDrawer(till_id=reply.till_id)]


def test_denominations_are_added_up_and_kept() -> None:
    """What was counted is the evidence."""
    work = with_till(1500)
    lines = (Counted(denomination_minor=1000, count=1), Counted(denomination_minor=100, count=5))
    reply = work.do(CloseTill(till_id=work.till().id, counted=lines)).reply
    assert isinstance(reply, TillReply)
    assert reply.counted_minor == 1500
    assert work.till().counted == {"1000": 1, "100": 5}


def test_what_was_expected_is_not_seen_before_the_count() -> None:
    """Or it would be counted to fit. Rule 13 tills."""
    work = with_till()
    for outcome in (
        work.take_cash(700),
        work.do(CloseTill(till_id=work.till().id, kind=TillStep.DROP, amount_minor=200)),
    ):
        assert outcome.events[0].data["expected_minor"] is None
        assert outcome.events[0].data["variance_minor"] is None
        if isinstance(outcome.reply, TillReply):
            assert outcome.reply.expected_minor is None
            assert outcome.reply.drops_minor == 200
    assert count(work, 1500).expected_minor == 1500


def test_a_count_is_not_taken_back_once_the_variance_is_known() -> None:
    """A second count would not be blind."""
    work = with_till()
    count(work, 1000 + 2 * OFF_MAX)
    again = CloseTill(till_id=work.till().id, counted=coins(1000))
    assert refused_with(work.do(again)) is Code.TILL_CLOSED
    assert work.till().status is TillStatus.ENDED


def test_management_signs_what_is_off_with_a_note() -> None:
    """And with that it is closed."""
    work = with_till()
    count(work, 0)
    manager = a_manager()
    reply = work.do(sign(work), manager).reply
    assert isinstance(reply, TillReply)
    assert (reply.status, reply.signed_by) == (TillStatus.CLOSED, manager.user_id)
    assert (work.till().sign_note, work.till().closed_at) == ("seen", work.now)
    assert refused_with(work.do(sign(work), manager)) is Code.TILL_CLOSED


def test_staff_sign_nothing() -> None:
    """Nor does management of another venue, to whom the till is not there."""
    work = with_till()
    count(work, 0)
    assert refused_with(work.do(sign(work))) is Code.FORBIDDEN
    assert refused_with(work.do(sign(work), a_manager(ELSEWHERE))) is Code.NOT_FOUND


def test_a_till_is_its_owners_and_managements() -> None:
    """A colleague may not count it."""
    work = with_till()
    command = CloseTill(till_id=work.till().id, counted=coins(1000))
    colleague = a_principal(UUID(int=5), Role.STAFF, VENUE_ID)
    assert refused_with(work.do(command, colleague)) is Code.FORBIDDEN
    assert isinstance(work.do(command, a_manager()).reply, TillReply)


def test_a_till_not_known_any_more_is_closed_for_its_owner_and_not_there_for_others() -> None:
    """It was found by its row; what is not loaded was closed days ago."""
    command = CloseTill(till_id=UUID(int=404))
    assert refused_with(with_till().do(command)) is Code.TILL_CLOSED
    assert refused_with(with_till().do(command, a_manager())) is Code.NOT_FOUND


STEPS = {
    (TillStatus.OPEN, TillStep.COUNT): TillStatus.CLOSED,
    (TillStatus.OPEN, TillStep.DROP): TillStatus.OPEN,
    (TillStatus.OPEN, TillStep.SIGN): Code.INVALID_TRANSITION,
    (TillStatus.ENDED, TillStep.COUNT): Code.TILL_CLOSED,
    (TillStatus.ENDED, TillStep.DROP): Code.TILL_CLOSED,
    (TillStatus.ENDED, TillStep.SIGN): TillStatus.CLOSED,
    (TillStatus.CLOSED, TillStep.COUNT): Code.TILL_CLOSED,
    (TillStatus.CLOSED, TillStep.DROP): Code.TILL_CLOSED,
    (TillStatus.CLOSED, TillStep.SIGN): Code.TILL_CLOSED,
}


@pytest.mark.parametrize("step", TillStep)
@pytest.mark.parametrize("status", TillStatus)
def test_every_step_in_every_status(status: TillStatus, step: TillStep) -> None:
    """Of a till that was counted too far off: each pair, accepted or refused."""
    work = with_till()
    if status is not TillStatus.OPEN:
        count(work, 0)
    if status is TillStatus.CLOSED:
        work.do(sign(work), a_manager())
    command = CloseTill(
        till_id=work.till().id,
        kind=step,
        amount_minor=10 if step is TillStep.DROP else None,
        counted=coins(1000) if step is TillStep.COUNT else (),
        note="seen",
    )
    reply = work.do(command, a_manager()).reply
    wanted = STEPS[status, step]
    if isinstance(reply, Refusal):
        assert reply.code is wanted
    else:
        assert work.till().status is wanted
