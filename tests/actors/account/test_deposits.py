"""Deposits of reservations: held for the venue, captured as far as they go, or given back."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from actors.account.admission import decide_admit_patron, decide_cancel_admission
from actors.account.holds import (
    decide_hold_deposit,
    decide_release_hold,
    decide_settle_deposit,
)
from actors.account.state import AccountState
from actors.runtime.outcome import Outcome
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code
from protocol.internal.visits import CancelAdmission
from protocol.internal.wallet import (
    DepositHeld,
    HoldDeposit,
    ReleaseDeposit,
    SettleDeposit,
)
from protocol.records.states import UserStatus
from tests.actors.account.asking import an_admission
from tests.actors.account.wallets import (
    STAFF,
    VENUE,
    a_user,
    an_account,
    an_exclusion,
    assert_books,
    here,
    sums_of,
)
from tests.actors.deciding import IDS, NOW, a_principal, accepted, after, refused_with

HOUR = timedelta(hours=1)
MANAGER = a_principal(STAFF, Role.MANAGEMENT, VENUE)
RESERVATION = UUID(int=0x7E)


def a_deposit(amount_minor: int = 300) -> HoldDeposit:
    return HoldDeposit(
        reservation_id=RESERVATION,
        venue_id=VENUE,
        hold_id=IDS.fresh(),
        amount_minor=amount_minor,
        hold_until=NOW + timedelta(days=9),
    )


def test_a_deposit_is_held_for_the_venue_and_can_be_taken_back() -> None:
    """The chain goes on at the venue; whoever refuses later gives all back by the undo."""
    state, asked = an_account(paid=1000), a_deposit()
    outcome = accepted(decide_hold_deposit(state, asked, here()))
    after(state, outcome)
    assert_books(state, outcome)
    assert outcome.reply is None
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.VENUE, VENUE)
    assert send.command == DepositHeld(reservation_id=RESERVATION, hold_id=asked.hold_id)
    assert send.undo == ReleaseDeposit(hold_id=asked.hold_id)
    assert state.credits("JPY").held_minor == 300
    hold = state.open_hold(asked.hold_id)
    assert hold is not None
    assert hold.ref_id == RESERVATION
    back = accepted(decide_release_hold(state, send.undo, here(in_saga=False)))
    after(state, back)
    assert_books(state, back)
    assert (state.credits("JPY").held_minor, state.credits("JPY").paid_minor) == (0, 1000)
    assert decide_release_hold(state, send.undo, here(in_saga=False)) == Outcome()


def test_who_comes_with_a_booking_pays_its_visit_from_the_deposit_too() -> None:
    """Rule 3: a booking holds its full price; the deposit was held for their coming."""
    state, asked = an_account(paid=1000), a_deposit()
    after(state, accepted(decide_hold_deposit(state, asked, here())))
    came = an_admission(hold_minor=1000, deposit_hold_id=asked.hold_id)
    alone = decide_admit_patron(state, an_admission(hold_minor=1000), here())
    assert refused_with(alone) is Code.INSUFFICIENT_CREDITS
    outcome = accepted(decide_admit_patron(state, came, here()))
    after(state, outcome)
    assert_books(state, outcome)
    assert state.open_hold(asked.hold_id) is None
    assert state.credits("JPY").held_minor == 1000
    # The venue's word that they have come finds nothing left to release.
    told = ReleaseDeposit(hold_id=asked.hold_id)
    assert decide_release_hold(state, told, here(in_saga=False)) == Outcome()


def test_a_check_in_that_is_taken_back_holds_the_deposit_again() -> None:
    """The booking still stands, and who does not come after all pays for it."""
    state, asked = an_account(paid=1000), a_deposit()
    after(state, accepted(decide_hold_deposit(state, asked, here())))
    came = an_admission(hold_minor=900, deposit_hold_id=asked.hold_id)
    outcome = accepted(decide_admit_patron(state, came, here()))
    after(state, outcome)
    undo = outcome.sends[0].undo
    assert isinstance(undo, CancelAdmission)
    back = accepted(decide_cancel_admission(state, undo, here(in_saga=False)))
    after(state, back)
    assert_books(state, back)
    hold = state.open_hold(asked.hold_id)
    assert hold is not None
    assert (hold.amount_minor, state.credits("JPY").held_minor) == (300, 300)
    assert state.visit is None


def test_a_deposit_of_nothing_holds_nothing_and_goes_on() -> None:
    """A room without a deposit is booked by the same chain."""
    outcome = accepted(decide_hold_deposit(an_account(), a_deposit(0), here()))
    assert (outcome.changes, len(outcome.sends)) == ((), 1)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (an_account(paid=299), Code.INSUFFICIENT_CREDITS),
        (an_account(an_exclusion(), paid=299), Code.EXCLUDED),
        (an_account(user=a_user(status=UserStatus.SUSPENDED), paid=999), Code.FORBIDDEN),
    ],
)
def test_a_deposit_that_can_not_be_held_refuses_the_booking(
    state: AccountState, code: Code
) -> None:
    """As the reservation's row of the contract says."""
    assert refused_with(decide_hold_deposit(state, a_deposit(), here())) is code


@pytest.mark.parametrize(("due", "taken"), [(0, 0), (100, 100), (300, 300), (999, 300), (-5, 0)])
def test_a_deposit_is_captured_as_far_as_it_goes(due: int, taken: int) -> None:
    """A no-show costs the deposit and never more (Rule 14)."""
    state, asked = an_account(paid=1000), a_deposit()
    after(state, accepted(decide_hold_deposit(state, asked, here())))
    settled = SettleDeposit(hold_id=asked.hold_id, capture_minor=due)
    outcome = accepted(decide_settle_deposit(state, settled, here(in_saga=False)))
    after(state, outcome)
    assert_books(state, outcome)
    assert outcome.reply is None
    assert state.credits("JPY").paid_minor == 1000 - taken
    assert sums_of([outcome])[f"venue:{VENUE}:revenue:deposit"] == taken
    assert decide_settle_deposit(state, settled, here(in_saga=False)) == Outcome()
