"""What a decider may approve on a business day, over the accounts of everybody."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from actors.venue.approvals import decide_release_approval, decide_reserve_approval
from actors.venue.state import VenueState
from protocol.errors import Code
from protocol.internal.approvals import (
    ApprovalKind,
    ReleaseApproval,
    ReserveApproval,
    step_of,
)
from protocol.internal.orders import RevenueBooked
from protocol.records.runtime import ApprovalUse
from tests.actors.deciding import accepted, after, refused
from tests.actors.venue.floors import GUEST, STAFF, VENUE_ID, a_floor, context

TODAY = date(2026, 11, 20)
STEP = RevenueBooked(business_day=TODAY, gross_minor=1, tax_minor=0)
"""Any step of an account will do: the venue hands it back as it is."""


def reserve(
    amount_minor: int, *, decider: UUID = STAFF, day: date = TODAY, kind: str = "refund"
) -> ReserveApproval:
    return ReserveApproval(
        account_id=GUEST,
        decider_id=decider,
        business_day=day,
        kind=ApprovalKind(kind),
        amount_minor=amount_minor,
        single_max_minor=5_000,
        day_max_minor=20_000,
        then=step_of(STEP),
    )


def reserved(state: VenueState, command: ReserveApproval) -> None:
    after(state, accepted(decide_reserve_approval(state, command, context(None))))


def used_minor(state: VenueState) -> list[int]:
    return [use.used_minor for use in state.all(ApprovalUse)]


def test_what_is_counted_lets_the_account_go_on_and_can_be_taken_back() -> None:
    """The venue knows nothing of refunds: it hands the account's own step back to it."""
    outcome = accepted(decide_reserve_approval(a_floor(), reserve(5_000), context(None)))
    (send,) = outcome.sends
    assert send.target.id == GUEST
    assert send.command == STEP
    assert send.undo == ReleaseApproval(
        decider_id=STAFF, business_day=TODAY, kind=ApprovalKind.REFUND, amount_minor=5_000
    )


def test_one_approval_may_reach_its_limit_but_not_pass_it() -> None:
    """Rule 10: management decides up to 5000 each; a unit more is the owner's."""
    refusal = refused(decide_reserve_approval(a_floor(), reserve(5_001), context(None)))
    assert refusal.code is Code.APPROVAL_LIMIT_EXCEEDED
    assert refusal.extra == {"limit_minor": 5_000}


def test_the_sum_of_a_day_is_one_decider_s_over_everybody_s_accounts() -> None:
    """Many small approvals are one big one; another decider, kind or day has a sum of its own."""
    state = a_floor()
    for _ in range(4):
        reserved(state, reserve(5_000))
    refusal = refused(decide_reserve_approval(state, reserve(1), context(None)))
    assert refusal.extra == {"limit_minor": 20_000, "used_minor": 20_000}
    reserved(state, reserve(5_000, decider=UUID(int=0xD2)))
    reserved(state, reserve(5_000, kind="grant"))
    reserved(state, reserve(5_000, day=TODAY + timedelta(days=1)))
    assert used_minor(state) == [20_000, 5_000, 5_000, 5_000]


@pytest.mark.parametrize("counted", [0, 3_000])
def test_taking_back_frees_what_was_counted_and_never_more(counted: int) -> None:
    """The step after may refuse; and where nothing was counted there is nothing to take back."""
    state = a_floor()
    release = ReleaseApproval(
        decider_id=STAFF, business_day=TODAY, kind=ApprovalKind.REFUND, amount_minor=3_000
    )
    if counted:
        reserved(state, reserve(counted))
    after(state, accepted(decide_release_approval(state, release, context(None))))
    assert used_minor(state) == ([0] if counted else [])


def test_days_long_past_are_forgotten() -> None:
    """Bounded: the venue keeps a week of sums, which is more than any decision asks for."""
    state = a_floor()
    reserved(state, reserve(100, day=TODAY - timedelta(days=8)))
    reserved(state, reserve(100, day=TODAY - timedelta(days=7)))
    reserved(state, reserve(100))
    assert [use.business_day for use in state.all(ApprovalUse)] == [
        TODAY - timedelta(days=7),
        TODAY,
    ]
    assert all(use.venue_id == VENUE_ID for use in state.all(ApprovalUse))
