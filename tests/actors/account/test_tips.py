"""Tips after the purchase: once, soon, small, from paid credit, and to whom they are told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.account.orders import decide_post_order
from actors.account.state import AccountState
from actors.account.tips import decide_add_tip
from actors.runtime.outcome import Outcome
from protocol.addresses import ActorKind, Address
from protocol.errors import Code
from protocol.internal.wallet import AllotTip
from protocol.operations.wallet import AddTip
from protocol.records.money import Purchase, Transaction
from protocol.records.money_states import CreditSource, TransactionKind, TransactionStatus
from protocol.replies.wallet import TipAdded
from tests.actors.account.asking import a_priced_line, a_priced_order
from tests.actors.account.wallets import (
    AT_COUNTER,
    STAFF,
    TODAY,
    USER,
    VENUE,
    a_limit,
    a_lot,
    an_account,
    assert_books,
    here,
    rows_of,
    sums_of,
    types_of,
)
from tests.actors.deciding import NOW, a_principal, accepted, after, refused_with

DAY = timedelta(hours=24)


def bought(state: AccountState, total: int = 1000, **order: Any) -> tuple[AccountState, UUID]:
    """The state after a purchase at NOW, and the purchase."""
    by = AT_COUNTER if order.pop("by_staff", False) else None
    context = here() if by is None else here(principal=by)
    command = a_priced_order(a_priced_line(total), **order)
    after(state, accepted(decide_post_order(state, command, context)))
    return state, command.transaction_id


def tip(sale: UUID, amount_minor: int) -> AddTip:
    return AddTip(transaction_id=sale, amount_minor=amount_minor)


def test_a_tip_is_owed_to_staff_and_is_no_revenue() -> None:
    """Paid −, tips +: a transaction of its own about the purchase."""
    state, sale = bought(an_account(paid=2000))
    outcome = accepted(decide_add_tip(state, tip(sale, 500), here(now=NOW + DAY / 2)))
    after(state, outcome)
    assert_books(state, outcome)
    assert dict(sums_of([outcome])) == {f"user:{USER}:paid": -500, f"venue:{VENUE}:tips": 500}
    (made,) = rows_of(outcome, Transaction)
    assert (made.kind, made.about_id, made.amount_minor) == (TransactionKind.TIP, sale, 500)
    assert types_of(outcome) == ["transaction.posted", "credits.balance_changed"]
    answer = outcome.reply
    assert isinstance(answer, TipAdded)
    assert (answer.purchase_id, answer.balance.available_minor) == (sale, 500)
    assert outcome.sends == (), "the patron ordered alone, so it is for all"


def test_who_took_the_order_hears_of_the_tip_unless_somebody_else_brought_it() -> None:
    """Whoever served: the one that brought it, else the one that ordered for the patron."""
    state, sale = bought(an_account(paid=2000), by_staff=True)
    (send,) = accepted(decide_add_tip(state, tip(sale, 100), here())).sends
    assert (send.target, send.detached) == (Address(ActorKind.STAFF, STAFF), True)
    assert isinstance(send.command, AllotTip)
    assert (send.command.amount_minor, send.command.business_day) == (100, TODAY)
    waiter = UUID(int=0xD9)
    (line,) = state.all(Purchase)
    after(state, Outcome(changes=(line.revised(served_by=waiter),)))
    (send,) = accepted(decide_add_tip(state, tip(sale, 100), here())).sends
    assert send.target == Address(ActorKind.STAFF, waiter)


def test_one_tip_for_one_purchase() -> None:
    """Neither twice afterwards, nor once more after the one that came with the purchase."""
    state, sale = bought(an_account(paid=3000))
    after(state, accepted(decide_add_tip(state, tip(sale, 1), here())))
    assert refused_with(decide_add_tip(state, tip(sale, 1), here())) is Code.TIP_ALREADY_ADDED
    state, sale = bought(an_account(paid=3000), tip_minor=1)
    late = here(now=NOW + DAY)
    assert refused_with(decide_add_tip(state, tip(sale, 1), late)) is Code.TIP_ALREADY_ADDED


@pytest.mark.parametrize(
    ("later", "code"), [(DAY - DAY / 10**6, None), (DAY, Code.TIP_WINDOW_CLOSED)]
)
def test_tips_are_taken_for_a_day(later: timedelta, code: Code | None) -> None:
    """24 hours, the end not included."""
    state, sale = bought(an_account(paid=2000))
    decision = decide_add_tip(state, tip(sale, 1), here(now=NOW + later))
    assert refused_with(decision) is code if code else accepted(decision)


def test_a_purchase_of_weeks_ago_is_not_loaded_and_too_old() -> None:
    """It was found by its row, so it is known to be one's own or nobody learns."""
    unknown = tip(UUID(int=1), 1)
    assert refused_with(decide_add_tip(an_account(), unknown, here())) is Code.TIP_WINDOW_CLOSED


@pytest.mark.parametrize(
    ("total", "amount", "code"),
    [
        (1001, 500, None),
        (1001, 501, Code.VALIDATION_FAILED),
        (30_000, 10_000, None),
        (30_000, 10_001, Code.VALIDATION_FAILED),
    ],
)
def test_a_tip_is_half_of_the_total_and_ten_thousand_at_most(
    total: int, amount: int, code: Code | None
) -> None:
    """A slip of the finger must not empty a wallet."""
    state, sale = bought(an_account(paid=100_000), total)
    decision = decide_add_tip(state, tip(sale, amount), here())
    assert refused_with(decision) is code if code else accepted(decision)


def test_bonus_gives_no_tips_and_limits_hold() -> None:
    """Tips are paid credit; they are spending like any other."""
    state, sale = bought(an_account(a_lot(100), a_lot(1000, CreditSource.BONUS)), 1000)
    assert refused_with(decide_add_tip(state, tip(sale, 101), here())) is Code.INSUFFICIENT_CREDITS
    accepted(decide_add_tip(state, tip(sale, 100), here()))
    state, sale = bought(an_account(a_limit(1100), paid=3000), 1000)
    assert refused_with(decide_add_tip(state, tip(sale, 101), here())) is Code.SPEND_LIMIT_REACHED


def test_only_own_purchases_that_stand_are_tipped() -> None:
    """Another's purchase is not there; what was voided or was none neither."""
    state, sale = bought(an_account(paid=3000))
    for other in (a_principal(UUID(int=1)), AT_COUNTER):
        decision = decide_add_tip(state, tip(sale, 1), here(principal=other))
        assert refused_with(decision) is Code.NOT_FOUND
    row = state.get(Transaction, sale)
    assert row is not None
    for changed in ({"status": TransactionStatus.VOIDED}, {"kind": TransactionKind.TOPUP}):
        after(state, Outcome(changes=(row.revised(**changed),)))
        assert refused_with(decide_add_tip(state, tip(sale, 1), here())) is Code.NOT_FOUND
