"""Buying: what is posted in the end, and what is not after all."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from actors.account.orders import decide_post_order
from actors.account.state import AccountState
from protocol.addresses import ActorKind
from protocol.errors import Code
from protocol.internal.orders import OrderPosted, RevenueBooked
from protocol.records.ledger import LedgerJournal
from protocol.records.money import Purchase, Receipt, Transaction
from protocol.records.money_states import (
    CreditSource,
    PurchaseStatus,
    TransactionStatus,
)
from protocol.records.states import LimitKind, LimitPeriod
from protocol.records.users import UserLimit
from protocol.replies.transactions import Balance, Purchased
from tests.actors.account.asking import (
    a_priced_line,
    a_priced_order,
    a_visitor,
)
from tests.actors.account.wallets import (
    SESSION,
    TODAY,
    USER,
    VENUE,
    a_limit,
    a_lot,
    an_account,
    an_exclusion,
    assert_books,
    here,
    owing,
    rows_of,
    sums_of,
    types_of,
)
from tests.actors.deciding import NOW, accepted, after, refused, refused_with


def test_a_priced_order_is_posted_whole() -> None:
    """Journal, transaction, lines, receipt, balance, events, and who is told."""
    state = a_visitor()
    food = a_priced_line(300, tax_rate_bp=1000, tax_minor=27)
    play = a_priced_line(
        200, item_id=None, game_id=UUID(int=3), qty=2, unit_price_minor=100, revenue_kind="play"
    )
    command = a_priced_order(food, play, session_id=SESSION)
    outcome = accepted(decide_post_order(state, command, here()))
    after(state, outcome)
    assert_books(state, outcome)
    answer = outcome.reply
    assert isinstance(answer, Purchased)
    assert (answer.transaction_id, answer.status) == (
        command.transaction_id,
        TransactionStatus.POSTED,
    )
    assert (answer.total_minor, answer.tax_minor, answer.tip_minor) == (500, 27, 0)
    assert answer.balance == Balance(available_minor=350, held_minor=150)
    assert dict(sums_of([outcome])) == {
        f"user:{USER}:paid": -500,
        f"venue:{VENUE}:revenue:food": 273,
        f"venue:{VENUE}:revenue:play": 200,
        f"venue:{VENUE}:tax": 27,
    }
    (transaction,) = rows_of(outcome, Transaction)
    assert (transaction.business_day, transaction.session_id) == (TODAY, SESSION)
    assert [(row.line, row.status) for row in rows_of(outcome, Purchase)] == [
        (1, PurchaseStatus.ORDERED),
        (2, PurchaseStatus.SERVED),
    ]
    (receipt,) = rows_of(outcome, Receipt)
    (journal,) = rows_of(outcome, LedgerJournal)
    assert receipt.journal_id == journal.id
    assert receipt.body["tax_by_rate_bp"] == {"1000": 27, "0": 0}
    assert types_of(outcome) == ["transaction.posted", "credits.balance_changed"]
    assert outcome.events[0].rooms == (
        f"user:{USER}",
        f"venue:{VENUE}:management",
        f"venue:{VENUE}:owner",
    )
    told = {send.target.kind: send for send in outcome.sends}
    assert told[ActorKind.VENUE].command == RevenueBooked(
        business_day=TODAY, gross_minor=500, tax_minor=27
    )
    assert told[ActorKind.SESSION].command == OrderPosted(
        transaction_id=command.transaction_id, total_minor=500, standard_drinks_milli=0, plays=2
    )
    assert all(send.detached for send in outcome.sends)


def test_alcohol_is_never_paid_by_bonus() -> None:
    """Rule 7, a floor: whatever the burn order says."""
    state = an_account(paid=400, bonus=1000)
    drink = a_priced_line(300, alcoholic=True, standard_drinks_milli=1400)
    outcome = accepted(decide_post_order(state, a_priced_order(drink), here()))
    after(state, outcome)
    assert_books(state, outcome)
    assert (state.credits("JPY").paid_minor, state.credits("JPY").bonus_minor) == (100, 1000)
    again = decide_post_order(state, a_priced_order(drink, a_priced_line(50)), here())
    assert refused_with(again) is Code.INSUFFICIENT_CREDITS


def test_food_beside_a_drink_may_use_bonus() -> None:
    """Only the alcohol needs paid credit; the rest follows the burn order."""
    state = an_account(paid=300, bonus=200)
    order = a_priced_order(a_priced_line(300, alcoholic=True), a_priced_line(200))
    after(state, accepted(decide_post_order(state, order, here())))
    assert (state.credits("JPY").paid_minor, state.credits("JPY").bonus_minor) == (0, 0)


def test_a_tip_has_a_journal_of_its_own_and_comes_from_paid_credit() -> None:
    """Tips are a liability to staff, never revenue, and bonus does not pay them."""
    state = an_account(paid=100, bonus=1000)
    order = a_priced_order(a_priced_line(400), tip_minor=100)
    outcome = accepted(decide_post_order(state, order, here()))
    after(state, outcome)
    assert_books(state, outcome)
    assert sums_of([outcome])[f"venue:{VENUE}:tips"] == 100
    assert [journal.source for journal in rows_of(outcome, LedgerJournal)] == ["purchase", "tip"]
    kinds = [e.data["kind"] for e in outcome.events if e.type == "transaction.posted"]
    assert kinds == ["purchase", "tip"]
    command = outcome.sends[0].command
    assert isinstance(command, RevenueBooked)
    assert command.gross_minor == 400
    assert state.credits("JPY").paid_minor == 0
    again = decide_post_order(state, a_priced_order(a_priced_line(400), tip_minor=1), here())
    assert refused_with(again) is Code.INSUFFICIENT_CREDITS


def test_a_tip_of_more_than_half_is_refused() -> None:
    """A slip of the thumb must not give away the evening's credit."""
    order = a_priced_order(a_priced_line(400), tip_minor=201)
    refusal = refused(decide_post_order(an_account(paid=1000), order, here()))
    assert [error.pointer for error in refusal.errors] == ["/tip_minor"]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (an_account(an_exclusion(), paid=1000), Code.EXCLUDED),
        (an_account(owing(5), a_lot(900)), Code.INSUFFICIENT_CREDITS),
        (an_account(a_limit(299), paid=1000), Code.SPEND_LIMIT_REACHED),
        (an_account(paid=299), Code.INSUFFICIENT_CREDITS),
    ],
)
def test_what_began_while_the_order_was_priced_still_counts(
    state: AccountState, code: Code
) -> None:
    """Exclusion is immediate; the stock then returns by the venue's undo."""
    decision = decide_post_order(state, a_priced_order(a_priced_line(300)), here())
    assert refused_with(decision) is code


@pytest.mark.parametrize(
    ("limit", "days_ago", "code"),
    [
        (a_limit(500), 0, Code.SPEND_LIMIT_REACHED),
        (a_limit(500), 1, None),
        (a_limit(500, LimitPeriod.WEEK), 6, Code.SPEND_LIMIT_REACHED),
        (a_limit(500, LimitPeriod.WEEK), 7, None),
        (a_limit(500, LimitPeriod.MONTH), 29, Code.SPEND_LIMIT_REACHED),
        (a_limit(500, LimitPeriod.MONTH), 30, None),
        (a_limit(501), 0, None),
        (a_limit(500, effective_at=NOW + timedelta(hours=1)), 0, None),
        (a_limit(500, kind=LimitKind.TOPUP), 0, None),
        (
            a_limit(500, pending_value=900, pending_effective_at=NOW),
            0,
            Code.SPEND_LIMIT_REACHED,
        ),
        (
            a_limit(500, pending_value=900, pending_effective_at=NOW, confirmed_at=NOW),
            0,
            None,
        ),
        (
            a_limit(500, pending_removal=True, pending_effective_at=NOW, confirmed_at=NOW),
            0,
            None,
        ),
    ],
)
def test_own_limits_count_business_days(limit: UserLimit, days_ago: int, code: Code | None) -> None:
    """Rule 7: at 100 % new spending stops; a raise needs its day and a second confirmation."""
    state = an_account(limit, paid=1000)
    spent = accepted(
        decide_post_order(an_account(paid=400), a_priced_order(a_priced_line(400)), here())
    )
    (earlier,) = rows_of(spent, Transaction)
    state.put(earlier.evolve(business_day=TODAY - timedelta(days=days_ago)))
    decision = decide_post_order(state, a_priced_order(a_priced_line(101)), here())
    assert refused_with(decision) is code if code else accepted(decision)


def test_an_order_that_outlived_its_visit_stands_alone() -> None:
    """The visit's receipt is written by then; the purchase has its own and hangs on no session."""
    order = a_priced_order(a_priced_line(100), session_id=SESSION)
    outcome = accepted(decide_post_order(an_account(paid=1000), order, here()))
    (transaction,) = rows_of(outcome, Transaction)
    assert transaction.session_id is None
    assert [send.target.kind for send in outcome.sends] == [ActorKind.VENUE]


def test_of_two_hundred_purchases_against_funds_for_fifty_exactly_fifty_are_posted() -> None:
    """However many were priced at once, the account takes them one by one."""
    state = an_account(
        a_lot(1200), a_lot(800, CreditSource.BONUS), a_lot(500, CreditSource.BONUS, priority=1)
    )
    orders = [a_priced_order(a_priced_line(50)) for _ in range(200)]
    posted = []
    for order in orders:
        decision = decide_post_order(state, order, here())
        if hasattr(decision, "code"):
            assert refused_with(decision) is Code.INSUFFICIENT_CREDITS
            continue
        outcome = accepted(decision)
        after(state, outcome)
        posted.append(outcome)
    assert len(posted) == 50
    assert state.available_minor("JPY", NOW) == 0
    assert_books(state, posted[-1])
    assert sum(sums_of(posted).values()) == 0
    assert sums_of(posted)[f"venue:{VENUE}:revenue:food"] == 2500


def test_an_order_of_nothing_moves_nothing() -> None:
    """A free item is ordered and served like others, without a journal of no lines."""
    outcome = accepted(
        decide_post_order(an_account(paid=10), a_priced_order(a_priced_line(0)), here())
    )
    assert rows_of(outcome, LedgerJournal) == []
    assert outcome.events == ()
    assert len(rows_of(outcome, Purchase)) == 1
