"""Voids, decided: what was sold by mistake is undone to the unit, and nothing else is."""

from __future__ import annotations

from uuid import UUID

import pytest

from actors.account.state import AccountState
from actors.account.voids import decide_give_void, decide_void_transaction
from actors.runtime.outcome import LATER, Outcome
from protocol.addresses import Role
from protocol.errors import Code
from protocol.internal.orders import ReturnStock
from protocol.internal.payments import (
    CheckOpenDay,
    GiveVoid,
)
from protocol.operations.refunds import (
    VoidTransaction,
)
from protocol.records.money import Purchase, Transaction
from protocol.records.money_states import (
    HoldPurpose,
    PurchaseStatus,
    TransactionKind,
)
from protocol.records.values import RecipePart
from tests.actors.account.card_kit import (
    AT_OFFICE,
    MANAGER,
    SALE,
    a_sale_from_credits,
    a_transaction,
    statuses,
    wallet,
)
from tests.actors.account.test_holds import held, settle
from tests.actors.account.wallets import (
    AT_COUNTER,
    OTHER_VENUE,
    USER,
    VENUE,
    an_account,
    assert_books,
    here,
    rows_of,
    sums_of,
)
from tests.actors.deciding import a_principal, accepted, after, refused_with


def test_a_void_asks_the_venue_and_mirrors_to_the_unit() -> None:
    """The day must be open; then credit, revenue, tax and goods are as before. Rule 10 void."""
    taken = (RecipePart(item_id=UUID(int=3), amount_milli=3_000),)
    state = a_sale_from_credits(taken=taken)
    command = VoidTransaction(transaction_id=SALE, reason="wrong table")
    asked = accepted(decide_void_transaction(state, command, here(principal=AT_OFFICE)))
    (send,) = asked.sends
    assert isinstance(send.command, CheckOpenDay)
    step = GiveVoid(transaction_id=SALE, reason="wrong table")
    outcome = accepted(decide_give_void(state, step, here(principal=AT_OFFICE)))
    after(state, outcome)
    assert_books(state, outcome)
    assert (wallet(state).paid_minor, wallet(state).bonus_minor) == (1_000, 500)
    sums = sums_of([outcome])
    assert sums[f"venue:{VENUE}:revenue:food"] == -819
    assert statuses(state.all(Purchase)) == ["voided"]
    (back,) = [s.command for s in outcome.sends if isinstance(s.command, ReturnStock)]
    assert back.taken == taken
    assert refused_with(decide_give_void(state, step, here(principal=AT_OFFICE))) is (
        Code.TRANSACTION_NOT_VOIDABLE
    )


@pytest.mark.parametrize("purpose", [HoldPurpose.TAB, HoldPurpose.ROOM_DEPOSIT])
def test_what_was_captured_goes_back_to_where_it_came_from(purpose: HoldPurpose) -> None:
    """A captured hold has no lines: the venue's revenue gives it back, and nothing else does."""
    state, hold_id = held(400, purpose=purpose)
    captured = accepted(settle(state, hold_id, 150))
    after(state, captured)
    (sale,) = rows_of(captured, Transaction)
    step = GiveVoid(transaction_id=sale.id, reason="oops")
    outcome = accepted(decide_give_void(state, step, here(principal=AT_OFFICE)))
    after(state, outcome)
    assert_books(state, outcome)
    assert wallet(state).paid_minor == 1_000
    assert {code: minor for code, minor in sums_of([captured, outcome]).items() if minor} == {
        f"user:{USER}:paid": 400,
        f"user:{USER}:held": -400,
    }


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (a_sale_from_credits(status=PurchaseStatus.SERVED), Code.TRANSACTION_NOT_VOIDABLE),
        (an_account(a_transaction(TransactionKind.PURCHASE)), Code.TRANSACTION_NOT_VOIDABLE),
        (an_account(a_transaction(id=SALE)), Code.TRANSACTION_NOT_VOIDABLE),
        (an_account(), Code.NOT_FOUND),
    ],
)
def test_what_is_not_void_is_refunded(state: AccountState, code: Code) -> None:
    """Served, paid with money, or no purchase: there is a refund for that."""
    command = VoidTransaction(transaction_id=SALE, reason="oops")
    decision = decide_void_transaction(state, command, here(principal=AT_OFFICE))
    if isinstance(decision, Outcome) and decision.reply is LATER:
        # Whether the day is open comes before what is wrong with the purchase.
        step = GiveVoid(transaction_id=SALE, reason="oops")
        decision = decide_give_void(state, step, here(principal=AT_OFFICE))
    assert refused_with(decision) is code


def test_only_management_of_the_venue_voids() -> None:
    """Rule 15: staff request; others don't learn that it is there."""
    state = a_sale_from_credits()
    command = VoidTransaction(transaction_id=SALE, reason="oops")
    at_counter = decide_void_transaction(state, command, here(principal=AT_COUNTER))
    assert refused_with(at_counter) is Code.FORBIDDEN
    elsewhere = a_principal(MANAGER, Role.MANAGEMENT, OTHER_VENUE)
    decision = decide_void_transaction(state, command, here(principal=elsewhere))
    assert refused_with(decision) is Code.NOT_FOUND
