"""Sales that no credit pays for, and sales that a device made while it was offline."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from actors.account.orders import decide_post_order
from protocol.errors import Code
from protocol.internal.orders import PostOrder
from protocol.messages import Provenance
from protocol.records.money import Receipt, Transaction
from protocol.records.money_states import CreditSource, Tender
from protocol.replies.transactions import Balance, Purchased
from tests.actors.account.asking import a_priced_line, a_priced_order
from tests.actors.account.wallets import (
    AT_COUNTER,
    STAFF,
    TILL,
    USER,
    VENUE,
    a_limit,
    a_lot,
    an_account,
    assert_books,
    here,
    owing,
    rows_of,
    sums_of,
)
from tests.actors.deciding import IDS, NOW, accepted, after, refused_with

AT_TILL = here(principal=AT_COUNTER)


def for_cash(total_minor: int = 300) -> PostOrder:
    """A till's word that the cash of an order is in it."""
    order = a_priced_order(
        a_priced_line(total_minor, tax_rate_bp=1000, tax_minor=27, alcoholic=True),
        tender=Tender.CASH,
        user_id=USER,
    )
    return order.evolve(buyer=attrs.evolve(order.buyer, till_id=TILL), shift_id=IDS.fresh())


def test_a_sale_for_cash_moves_no_credit() -> None:
    """Till −, revenue +, tax +: the wallet stays as it is, even a frozen one (Rule 9)."""
    for state in (an_account(paid=100), an_account(owing(5), a_lot(900))):
        order = for_cash()
        outcome = accepted(decide_post_order(state, order, AT_TILL))
        before = state.credits("JPY")
        after(state, outcome)
        assert_books(state, outcome)
        assert dict(sums_of([outcome])) == {
            f"venue:{VENUE}:till:{TILL}": -300,
            f"venue:{VENUE}:revenue:food": 273,
            f"venue:{VENUE}:tax": 27,
        }
        assert state.credits("JPY").paid_minor == before.paid_minor
        (transaction,) = rows_of(outcome, Transaction)
        assert (transaction.tender, transaction.till_id) == (Tender.CASH, TILL)
        assert (transaction.created_by, transaction.shift_id) == (STAFF, order.shift_id)
        assert transaction.sources == ()
        (receipt,) = rows_of(outcome, Receipt)
        assert receipt.body["tender"] == "cash"


def test_cash_counts_against_own_limits() -> None:
    """A limit is on what is spent, however it is paid."""
    state = an_account(a_limit(299))
    assert refused_with(decide_post_order(state, for_cash(), AT_TILL)) is Code.SPEND_LIMIT_REACHED


def test_a_sale_remembers_which_lots_paid_for_it() -> None:
    """A refund goes back to where the money came from."""
    paid, bonus = a_lot(300), a_lot(100, CreditSource.BONUS)
    state = an_account(paid, bonus)
    outcome = accepted(
        decide_post_order(state, a_priced_order(a_priced_line(200), tip_minor=50), here())
    )
    (transaction,) = rows_of(outcome, Transaction)
    assert [(part.grant_id, part.amount_minor) for part in transaction.sources] == [
        (bonus.id, 100), (paid.id, 100),
    ]  # fmt: skip
    assert [(p.grant_id, p.amount_minor) for p in transaction.tip_sources] == [(paid.id, 50)]
    assert isinstance(outcome.reply, Purchased)
    assert outcome.reply.balance == Balance(available_minor=150, held_minor=0)


@pytest.mark.parametrize(("total", "code"), [(2000, None), (2001, Code.VALIDATION_FAILED)])
def test_what_was_sold_offline_is_small_and_flagged(total: int, code: Code | None) -> None:
    """Rule 12: up to 2000 from credits, with the time when it truly happened."""
    state = an_account(paid=5000)
    then = NOW - timedelta(hours=2)
    context = attrs.evolve(here(), provenance=Provenance(occurred_at=then))
    decision = decide_post_order(state, a_priced_order(a_priced_line(total)), context)
    if code is not None:
        assert refused_with(decision) is code
        return
    (transaction,) = rows_of(accepted(decision), Transaction)
    assert (transaction.reason, transaction.occurred_at) == ("offline", then)
    assert transaction.posted_at == NOW
