"""Cash of a top-up passes through the till of whoever takes it (Rules 9 and 13)."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.addresses import ActorKind, Address
from protocol.errors import Code
from protocol.internal.orders import PostTopUp, ReturnCash
from protocol.operations.staff import CloseTill, TillStep
from tests.actors.deciding import refused_with
from tests.actors.staff.shift_kit import (
    ELSEWHERE,
    ME,
    PATRON,
    Work,
    count,
    with_till,
)


def test_cash_goes_into_the_open_till_and_on_to_the_account() -> None:
    """The account posts it; until then it can be given back."""
    work = with_till()
    till = work.till()
    outcome = work.take_cash(700)
    assert outcome.reply is None
    assert work.till().expected_minor == 1700
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.ACCOUNT, PATRON)
    post = send.command
    assert isinstance(post, PostTopUp)
    assert (post.till_id, post.shift_id, post.staff_id) == (till.id, till.shift_id, ME)
    assert (post.price_minor, post.credits_minor, post.user_id) == (700, 700, PATRON)
    undo = send.undo
    assert undo == ReturnCash(till_id=till.id, transaction_id=UUID(int=9), amount_minor=700)
    assert undo is not None
    back = work.do(undo, in_saga=False)
    assert work.till().expected_minor == 1000
    assert back.events[0].type == "till.changed"


def test_without_an_open_till_here_no_cash_is_taken() -> None:
    """Not before the first shift, not after the count, and not into the till of another venue."""
    assert refused_with(Work().take_cash()) is Code.TILL_NOT_OPEN
    work = with_till()
    assert refused_with(work.take_cash(venue_id=ELSEWHERE)) is Code.TILL_NOT_OPEN
    count(work, 1000)
    assert refused_with(work.take_cash()) is Code.TILL_NOT_OPEN


def test_cash_given_back_after_the_count_sets_the_variance_right() -> None:
    """The count stands; what should have been there was less."""
    work = with_till()
    work.take_cash(600)
    count(work, 1000)
    assert work.till().variance_minor == -600
    back = ReturnCash(till_id=work.till().id, transaction_id=UUID(int=9), amount_minor=600)
    work.do(back, in_saga=False)
    assert (work.till().expected_minor, work.till().variance_minor) == (1000, 0)


def test_cash_of_an_unknown_till_is_given_back_nowhere() -> None:
    """An undo with nothing to undo is no error."""
    undo = ReturnCash(till_id=UUID(int=1), transaction_id=UUID(int=9), amount_minor=1)
    assert not with_till().do(undo, in_saga=False).writes


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(st.tuples(st.sampled_from(["cash", "drop", "back"]), st.integers(1, 10**5))),
    st.integers(0, 10**5),
)
def test_what_is_expected_is_the_float_and_all_that_went_through(
    opening: int, steps: list[tuple[str, int]], counted: int
) -> None:
    """Variance = counted − (float + cash − given back − drops), whatever the order."""
    work, expected = with_till(opening), opening
    for step, amount in steps:
        id_ = work.till().id
        match step:
            case "cash":
                work.take_cash(amount)
                expected += amount
            case "drop":
                work.do(CloseTill(till_id=id_, kind=TillStep.DROP, amount_minor=amount))
                expected -= amount
            case _:
                undo = ReturnCash(till_id=id_, transaction_id=UUID(int=9), amount_minor=amount)
                work.do(undo, in_saga=False)
                expected -= amount
    assert count(work, counted).variance_minor == counted - expected
    assert work.till().version == len(steps) + 2
