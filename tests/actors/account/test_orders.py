"""Buying: what the account refuses at once, and what it posts in the end."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from actors.account.admission import decide_admit_patron
from actors.account.orders import decide_post_order, decide_purchase_items
from actors.account.state import AccountState
from actors.runtime.outcome import LATER
from protocol.addresses import ActorKind, Address, Principal, Role
from protocol.errors import Code
from protocol.internal.orders import OrderPosted, PriceOrder, RevenueBooked, VouchOrder
from protocol.records.base import Record
from protocol.records.ledger import LedgerJournal
from protocol.records.money import Credits, Purchase, Receipt, Transaction
from protocol.records.money_states import (
    CreditSource,
    PurchaseStatus,
    Tender,
    TransactionStatus,
)
from protocol.records.states import ExclusionKind, LimitKind, LimitPeriod, UserStatus
from protocol.records.users import UserLimit
from protocol.replies.transactions import Balance, Purchased
from tests.actors.account.wallets import (
    AT_COUNTER,
    NOW,
    OTHER_VENUE,
    PATRON,
    SESSION,
    TODAY,
    USER,
    VENUE,
    a_lot,
    a_priced_line,
    a_priced_order,
    a_purchase,
    a_user,
    an_account,
    an_admission,
    an_exclusion,
    assert_books,
    here,
    rows_of,
    sums_of,
    types_of,
)
from tests.actors.deciding import IDS, a_principal, accepted, after, refused, refused_with


def a_visitor(*rows: Record, paid: int = 1000) -> AccountState:
    """Someone who is in, with 150 held."""
    state = an_account(*rows, paid=paid)
    return after(state, accepted(decide_admit_patron(state, an_admission(), here())))


def a_limit(value: int, period: LimitPeriod = LimitPeriod.DAY, **changes: object) -> UserLimit:
    """An own limit on spending that has held since yesterday."""
    known: dict[str, object] = {
        "id": IDS.fresh(),
        "user_id": USER,
        "kind": LimitKind.SPEND,
        "period": period,
        "value": value,
        "effective_at": NOW - timedelta(days=1),
    }
    return UserLimit(**(known | changes))  # type: ignore[arg-type]


def owing(amount_minor: int) -> Credits:
    """A wallet that has 900 in it, and owes."""
    return Credits(
        user_id=USER, currency="JPY", paid_minor=900, receivable_minor=-amount_minor, ledger_seq=2
    )


def test_an_order_in_a_visit_is_vouched_for_by_the_session_first() -> None:
    """Pace, level and persons present are the session's to know (Rule 7)."""
    outcome = accepted(decide_purchase_items(a_visitor(), a_purchase(), here()))
    assert outcome.reply is LATER
    assert (outcome.changes, outcome.appends, outcome.events) == ((), (), ()), (
        "nothing has moved yet"
    )
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.SESSION, SESSION)
    assert isinstance(send.command, VouchOrder)
    buyer = send.command.buyer
    assert (buyer.user_id, buyer.session_id, buyer.age_years_verified) == (USER, SESSION, 26)
    assert send.undo is None, "the venue takes back what the venue took"


@pytest.mark.parametrize("elsewhere", [False, True])
def test_an_order_without_a_visit_here_goes_straight_to_the_venue(elsewhere: bool) -> None:
    """Someone without a session buys too; a session elsewhere says nothing about here."""
    state = a_visitor() if elsewhere else an_account(paid=1000)
    order = a_purchase(venue_id=OTHER_VENUE if elsewhere else VENUE)
    (send,) = accepted(decide_purchase_items(state, order, here())).sends
    assert send.target == Address(ActorKind.VENUE, order.venue_id)
    assert isinstance(send.command, PriceOrder)
    assert send.command.buyer.session_id is None


def test_an_unverified_age_is_no_age() -> None:
    """What the birth date says does not count until a document was seen."""
    state = an_account(paid=1000, user=a_user(age_verified_at=None))
    (send,) = accepted(decide_purchase_items(state, a_purchase(), here())).sends
    assert isinstance(send.command, PriceOrder)
    assert send.command.buyer.age_years_verified is None


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (an_account(paid=1, user=a_user(status=UserStatus.SUSPENDED)), Code.FORBIDDEN),
        (an_account(an_exclusion(), paid=1), Code.EXCLUDED),
        (an_account(an_exclusion(ExclusionKind.VENUE_BAN), paid=1), Code.EXCLUDED),
        (an_account(owing(5), a_lot(900)), Code.INSUFFICIENT_CREDITS),
        (an_account(a_limit(0), paid=1), Code.SPEND_LIMIT_REACHED),
    ],
)
def test_what_the_account_knows_is_refused_before_anyone_is_asked(
    state: AccountState, code: Code
) -> None:
    """No stock is touched for an order that the wallet will not pay."""
    assert refused_with(decide_purchase_items(state, a_purchase(), here())) is code


@pytest.mark.parametrize("tender", [Tender.CARD, Tender.CASH])
def test_another_tender_than_credits_is_refused_with_what_is_possible(tender: Tender) -> None:
    """A client must learn from the answer what it may send."""
    state = an_account(paid=1000)
    refusal = refused(decide_purchase_items(state, a_purchase(tender=tender), here()))
    assert refusal.code is Code.VALIDATION_FAILED
    assert [error.pointer for error in refusal.errors] == ["/tender"]


@pytest.mark.parametrize(
    ("principal", "code"),
    [
        (PATRON, None),
        (AT_COUNTER, None),
        (a_principal(UUID(int=1), Role.MANAGEMENT, VENUE), None),
        (a_principal(UUID(int=1), Role.OWNER), None),
        (a_principal(UUID(int=1)), Code.NOT_FOUND),
        (a_principal(UUID(int=1), Role.OWNER, OTHER_VENUE), Code.NOT_FOUND),
    ],
)
def test_only_the_own_patron_and_people_of_the_venue_may_buy(
    principal: Principal, code: Code | None
) -> None:
    """Rule 15: that the account exists is not told to a stranger."""
    decision = decide_purchase_items(a_visitor(), a_purchase(), here(principal=principal))
    assert refused_with(decision) is code if code else accepted(decision).reply is LATER


def test_staff_order_only_for_patrons_who_are_in() -> None:
    """Staff sell to guests, not from the wallet of somebody who is at home."""
    decision = decide_purchase_items(
        an_account(paid=1000), a_purchase(), here(principal=AT_COUNTER)
    )
    assert refused_with(decision) is Code.NOT_FOUND


def test_a_venue_that_does_not_exist_is_not_found() -> None:
    """The venue is named in the body, so nobody has looked for it before."""
    order = a_purchase(venue_id=UUID(int=0xBAD))
    assert refused_with(decide_purchase_items(an_account(), order, here())) is Code.NOT_FOUND


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
