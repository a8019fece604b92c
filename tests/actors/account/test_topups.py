"""Money in: who may, how much, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.account.lot_timers import BONUS_EXPIRY
from actors.account.state import AccountState
from actors.account.topups import decide_post_top_up, decide_top_up_credits
from actors.runtime.outcome import LATER, SetTimer
from protocol.addresses import ActorKind, Address, Principal, Role
from protocol.errors import Code
from protocol.internal.orders import PricePackage, TakeCash
from protocol.internal.wallet import ExpireBonus
from protocol.records.money import CreditGrant, Credits, Receipt, Transaction
from protocol.records.money_states import CreditSource, Tender, TransactionKind
from protocol.records.states import LimitKind, LimitPeriod, UserStatus
from protocol.records.users import UserLimit
from protocol.replies.transactions import Balance, ToppedUp
from tests.actors.account.asking import a_top_up, cash_taken
from tests.actors.account.wallets import (
    AT_COUNTER,
    OTHER_VENUE,
    PATRON,
    STAFF,
    TILL,
    USER,
    VENUE,
    a_user,
    an_account,
    an_exclusion,
    assert_books,
    here,
    rows_of,
    sums_of,
    types_of,
)
from tests.actors.deciding import IDS, NOW, a_principal, accepted, after, refused, refused_with


def a_limit(value: int) -> UserLimit:
    """An own limit on what is paid in on a day."""
    return UserLimit(
        id=IDS.fresh(),
        user_id=USER,
        kind=LimitKind.TOPUP,
        period=LimitPeriod.DAY,
        value=value,
        effective_at=NOW - timedelta(days=1),
    )


def test_cash_is_taken_by_the_till_of_whoever_asks() -> None:
    """The patron stands at the counter; the till is that of the staff member who is signed in."""
    outcome = accepted(decide_top_up_credits(an_account(), a_top_up(), here(principal=AT_COUNTER)))
    assert outcome.reply is LATER
    assert (outcome.changes, outcome.appends, outcome.events) == ((), (), ())
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.STAFF, STAFF)
    assert isinstance(send.command, TakeCash)
    assert (send.command.user_id, send.command.price_minor) == (USER, 1000)
    assert (send.command.credits_minor, send.command.bonus_minor) == (1000, 0)


def test_a_package_is_priced_by_the_venue_first() -> None:
    """Prices never come from a client."""
    topup = a_top_up(package_id=UUID(int=5))
    outcome = accepted(decide_top_up_credits(an_account(), topup, here(principal=AT_COUNTER)))
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.VENUE, VENUE)
    assert isinstance(send.command, PricePackage)


@pytest.mark.parametrize("amount", [500, 50_000])
def test_the_ends_of_the_range_are_within_it(amount: int) -> None:
    """The contract says 500 to 50000, both taken."""
    decision = decide_top_up_credits(
        an_account(), a_top_up(amount_minor=amount), here(principal=AT_COUNTER)
    )
    assert accepted(decision).reply is LATER


@pytest.mark.parametrize("amount", [0, 499, 50_001])
def test_an_amount_beyond_the_range_is_refused(amount: int) -> None:
    """The answer points at the amount and says what would do."""
    refusal = refused(
        decide_top_up_credits(
            an_account(), a_top_up(amount_minor=amount), here(principal=AT_COUNTER)
        )
    )
    assert refusal.code is Code.AMOUNT_OUT_OF_RANGE
    assert [error.pointer for error in refusal.errors] == ["/amount_minor"]


@pytest.mark.parametrize(
    ("principal", "code"),
    [
        (AT_COUNTER, None),
        (a_principal(USER, Role.STAFF, VENUE), None),
        (PATRON, Code.FORBIDDEN),
        (a_principal(UUID(int=1)), Code.NOT_FOUND),
        (a_principal(STAFF, Role.STAFF, OTHER_VENUE), Code.NOT_FOUND),
    ],
)
def test_cash_needs_staff_of_the_venue(principal: Principal, code: Code | None) -> None:
    """A patron can't credit themselves, and a stranger doesn't learn who exists."""
    decision = decide_top_up_credits(an_account(), a_top_up(), here(principal=principal))
    assert refused_with(decision) is code if code else accepted(decision).reply is LATER


def test_refusals_come_in_order() -> None:
    """Suspension before exclusion, before how and how much, before own limits."""
    suspended = a_user(status=UserStatus.SUSPENDED)
    card = a_top_up(tender=Tender.CARD, amount_minor=1)
    cases = [
        (an_account(an_exclusion(), a_limit(0), user=suspended), card, Code.ACCOUNT_SUSPENDED),
        (an_account(an_exclusion(), a_limit(0)), card, Code.EXCLUDED),
        (an_account(a_limit(0)), card, Code.AMOUNT_OUT_OF_RANGE),
        (an_account(a_limit(0)), a_top_up(amount_minor=1), Code.AMOUNT_OUT_OF_RANGE),
        (an_account(a_limit(0)), a_top_up(), Code.TOPUP_LIMIT_REACHED),
        (an_account(), a_top_up(venue_id=UUID(int=0xBAD)), Code.NOT_FOUND),
    ]
    for state, command, code in cases:
        decision = decide_top_up_credits(state, command, here(principal=AT_COUNTER))
        assert refused_with(decision) is code


def test_the_first_cash_makes_the_wallet() -> None:
    """A wallet's row is made when something is first put into it, and only by a journal (L8)."""
    state = an_account()
    assert state.first(Credits) is None
    outcome = accepted(decide_post_top_up(state, cash_taken(1000), here(principal=AT_COUNTER)))
    after(state, outcome)
    assert_books(state, outcome)
    wallet = state.credits("JPY")
    assert (wallet.paid_minor, wallet.ledger_seq, wallet.version) == (1000, 1, 1)
    answer = outcome.reply
    assert isinstance(answer, ToppedUp)
    assert (answer.amount_minor, answer.bonus_minor) == (1000, 0)
    assert answer.balance == Balance(available_minor=1000, held_minor=0)
    assert dict(sums_of([outcome])) == {
        f"venue:{VENUE}:till:{TILL}": -1000,
        f"user:{USER}:paid": 1000,
    }
    (transaction,) = rows_of(outcome, Transaction)
    assert (transaction.kind, transaction.tender) == (TransactionKind.TOPUP, Tender.CASH)
    assert (transaction.till_id, transaction.created_by) == (TILL, STAFF)
    (receipt,) = rows_of(outcome, Receipt)
    assert receipt.body["total_minor"] == 1000
    assert types_of(outcome) == ["transaction.posted", "credits.balance_changed"]
    assert outcome.sends == (), "money paid in is no revenue"
    assert outcome.timers == (), "paid credit never expires"


def test_what_a_package_gives_beyond_its_price_is_bonus_that_ends() -> None:
    """Paid is what was paid; the rest is promotion, may end, and never buys alcohol."""
    state = an_account()
    paid = cash_taken(4000, bonus_minor=300, credits_minor=4500, bonus_days=30)
    outcome = accepted(decide_post_top_up(state, paid, here(principal=AT_COUNTER)))
    after(state, outcome)
    assert_books(state, outcome)
    lots = {lot.source: lot for lot in rows_of(outcome, CreditGrant)}
    assert lots[CreditSource.PAID].remaining_minor == 4000
    assert lots[CreditSource.PAID].expires_at is None
    assert lots[CreditSource.BONUS].remaining_minor == 800
    ends_at = NOW + timedelta(days=30)
    assert lots[CreditSource.BONUS].expires_at == ends_at
    assert outcome.timers == (SetTimer(BONUS_EXPIRY, ends_at, ExpireBonus()),)
    assert sums_of([outcome])[f"venue:{VENUE}:promo_expense"] == -800
    assert isinstance(outcome.reply, ToppedUp)
    assert outcome.reply.bonus_minor == 800
    assert types_of(outcome).count("transaction.posted") == 1


@pytest.mark.parametrize(("owed", "paid", "left"), [(300, 700, 0), (1000, 0, 0), (1500, 0, -500)])
def test_what_is_owed_is_repaid_first(owed: int, paid: int, left: int) -> None:
    """Rule 9: the wallet thaws when nothing is owed any more."""
    frozen = Credits(
        user_id=USER, currency="JPY", receivable_minor=-owed, ledger_seq=3, frozen_at=NOW
    )
    state = an_account(frozen)
    outcome = accepted(decide_post_top_up(state, cash_taken(1000), here(principal=AT_COUNTER)))
    after(state, outcome)
    assert_books(state, outcome)
    wallet = state.credits("JPY")
    assert (wallet.paid_minor, wallet.receivable_minor) == (paid, left)
    assert wallet.frozen_at == (NOW if left < 0 else None)
    assert len(rows_of(outcome, CreditGrant)) == (1 if paid else 0)
    assert state.available_minor("JPY", NOW) == paid


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (an_account(user=a_user(status=UserStatus.SUSPENDED)), Code.ACCOUNT_SUSPENDED),
        (an_account(an_exclusion()), Code.EXCLUDED),
        (an_account(a_limit(999)), Code.TOPUP_LIMIT_REACHED),
    ],
)
def test_what_began_while_the_cash_was_counted_still_counts(
    state: AccountState, code: Code
) -> None:
    """The price of a package is known only here; the till's undo gives the cash back."""
    decision = decide_post_top_up(state, cash_taken(1000), here(principal=AT_COUNTER))
    assert refused_with(decision) is code


def test_top_ups_of_the_day_count_gross_against_the_limit() -> None:
    """Rule 7: what was spent meanwhile makes no room for more."""
    state = an_account(a_limit(1500))
    at_counter = here(principal=AT_COUNTER)
    after(state, accepted(decide_post_top_up(state, cash_taken(1000), at_counter)))
    assert refused_with(decide_top_up_credits(state, a_top_up(amount_minor=501), at_counter)) is (
        Code.TOPUP_LIMIT_REACHED
    )
    accepted(decide_top_up_credits(state, a_top_up(amount_minor=500), at_counter))


def test_a_package_is_sold_to_one_person_so_many_times_a_day() -> None:
    """The offer of the day is for everybody; cash that is too much goes back."""
    state, package = an_account(), UUID(int=5)
    capped: dict[str, Any] = {
        "topup": a_top_up(package_id=package),
        "package_id": package,
        "per_day_cap": 2,
    }
    at_counter = here(principal=AT_COUNTER)
    for _ in range(2):
        after(state, accepted(decide_post_top_up(state, cash_taken(1000, **capped), at_counter)))
    again = decide_post_top_up(state, cash_taken(1000, **capped), at_counter)
    assert refused_with(again) is Code.TOPUP_LIMIT_REACHED
    other = cash_taken(1000, **{**capped, "package_id": UUID(int=6)})
    accepted(decide_post_top_up(state, other, at_counter))
    tomorrow = here(principal=AT_COUNTER, now=NOW + timedelta(days=1))
    accepted(decide_post_top_up(state, cash_taken(1000, **capped), tomorrow))
