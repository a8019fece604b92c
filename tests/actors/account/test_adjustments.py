"""The books put right by hand: balanced, within L2, on the right accounts, and traceable."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from actors.account.adjustments import decide_post_adjustment
from actors.account.state import AccountState
from protocol.addresses import Principal, Role
from protocol.chains import text_digest
from protocol.errors import Code
from protocol.internal.orders import RevenueBooked
from protocol.operations.wallet import AdjustmentLine, PostAdjustment
from protocol.records.ledger import LedgerJournal
from protocol.records.money import CreditGrant, Transaction
from protocol.records.money_states import CreditSource, TransactionKind
from protocol.records.platform import AuditEntry
from protocol.replies.wallet import Adjusted
from tests.actors.account.wallets import (
    OTHER_VENUE,
    STAFF,
    TODAY,
    USER,
    VENUE,
    a_lot,
    an_account,
    assert_books,
    here,
    owing,
    rows_of,
    sums_of,
    types_of,
)
from tests.actors.deciding import NOW, a_principal, accepted, after, refused, refused_with

OWNER = a_principal(STAFF, Role.OWNER, VENUE)
WRONG = UUID(int=0x77)
PAID, BONUS = f"user:{USER}:paid", f"user:{USER}:bonus"
HELD, OWED = f"user:{USER}:held", f"user:{USER}:receivable"
PROMO, TIPS = f"venue:{VENUE}:promo_expense", f"venue:{VENUE}:tips"
FOOD, TAX = f"venue:{VENUE}:revenue:food", f"venue:{VENUE}:tax"
TILL = f"venue:{VENUE}:till:{UUID(int=0xE1)}"


def an_adjustment(*lines: tuple[str, int], **changes: Any) -> PostAdjustment:
    """A journal of these lines, for the patron's wallet."""
    known: dict[str, Any] = {
        "venue_id": VENUE,
        "postings": tuple(AdjustmentLine(account=code, amount_minor=n) for code, n in lines),
        "reason": "booked twice",
        "corrects_id": WRONG,
        "user_id": USER,
        "balances": {},
    }
    return PostAdjustment(**(known | changes))


def adjust(state: AccountState, command: PostAdjustment, by: Principal = OWNER) -> Any:
    return decide_post_adjustment(state, command, here(principal=by))


def test_credit_given_by_hand_is_a_lot_with_a_journal() -> None:
    """L8: even an owner puts nothing into a wallet but by a journal, which says why."""
    state = an_account(paid=100)
    outcome = accepted(adjust(state, an_adjustment((FOOD, -300), (TAX, -27), (PAID, 327),
                                                   balances={FOOD: 300, TAX: 27})))  # fmt: skip
    after(state, outcome)
    assert_books(state, outcome)
    assert dict(sums_of([outcome])) == {FOOD: -300, TAX: -27, PAID: 327}
    (lot,) = rows_of(outcome, CreditGrant)
    assert (lot.source, lot.remaining_minor) == (CreditSource.PAID, 327)
    (transaction,) = rows_of(outcome, Transaction)
    assert (transaction.kind, transaction.about_id) == (TransactionKind.ADJUSTMENT, WRONG)
    assert (transaction.amount_minor, transaction.created_by) == (327, STAFF)
    (journal,) = rows_of(outcome, LedgerJournal)
    assert journal.memo == "booked twice"
    assert journal.memo_digest == text_digest(journal.memo_salt, journal.memo)
    (line,) = rows_of(outcome, AuditEntry)
    assert (line.action, line.actor_id) == ("ledger.adjusted", STAFF)
    assert line.after["postings"] == {FOOD: -300, TAX: -27, PAID: 327}
    (told,) = outcome.sends
    assert told.command == RevenueBooked(business_day=TODAY, gross_minor=-327, tax_minor=-27)
    assert types_of(outcome) == ["transaction.posted", "credits.balance_changed"]
    answer = outcome.reply
    assert isinstance(answer, Adjusted)
    assert (answer.journal_id, answer.amount_minor) == (journal.id, 327)


def test_credit_taken_by_hand_comes_out_of_its_lots() -> None:
    """Bonus from bonus lots, paid from paid ones: lots and accounts tell the same (L4)."""
    state = an_account(paid=500, bonus=500)
    outcome = accepted(adjust(state, an_adjustment((BONUS, -200), (PROMO, 200))))
    after(state, outcome)
    assert_books(state, outcome)
    assert (state.credits("JPY").paid_minor, state.credits("JPY").bonus_minor) == (500, 300)
    assert outcome.sends == (), "no revenue was touched"


def test_a_debt_is_forgiven_by_hand_and_the_wallet_thaws() -> None:
    """Receivable is at most 0: nobody can be made to owe less than nothing."""
    state = an_account(owing(100), a_lot(900))
    loss = f"venue:{VENUE}:dispute_loss"
    asked = an_adjustment((OWED, 101), (loss, -101), balances={loss: 200})
    assert refused_with(adjust(state, asked)) is Code.BALANCE_WOULD_BE_NEGATIVE
    asked = an_adjustment((OWED, 100), (loss, -100), balances={loss: 200})
    outcome = accepted(adjust(state, asked))
    after(state, outcome)
    assert_books(state, outcome)
    assert state.available_minor("JPY", NOW) == 900


def test_venue_accounts_are_put_right_without_any_wallet() -> None:
    """Tips paid out of the till: the owner who writes it is its author, nobody's wallet moves."""
    state = an_account(paid=100)
    asked = an_adjustment((TIPS, -50), (TILL, 50), user_id=None, balances={TIPS: 50, TILL: -80})
    outcome = accepted(adjust(state, asked))
    after(state, outcome)
    assert_books(state, outcome)
    assert state.credits("JPY").paid_minor == 100
    assert isinstance(outcome.reply, Adjusted)
    assert outcome.reply.amount_minor == 50


@pytest.mark.parametrize(
    "lines",
    [
        ((PAID, -501), (PROMO, 501)),
        ((BONUS, -1), (PROMO, 1)),
        ((TIPS, -50), (TILL, 50)),
        ((FOOD, -1), (PROMO, 1)),
        (("platform:transit", -1), (PROMO, 1)),
        ((PAID, -400), (PROMO, 901), (PAID, -501)),
    ],
)
def test_no_account_is_overdrawn_that_may_not_be(lines: tuple[tuple[str, int], ...]) -> None:
    """L2: of shared accounts, what stood there when it was asked counts."""
    refusal = refused(
        adjust(an_account(paid=500), an_adjustment(*lines, balances={TIPS: 49, TILL: 0}))
    )
    assert refusal.code is Code.BALANCE_WOULD_BE_NEGATIVE
    assert "account" in refusal.extra


def test_tills_promo_and_clearing_may_be_negative() -> None:
    """L2 names them: cash in the drawer stands as a debit."""
    lines = ((TILL, -700), (PROMO, -100), ("platform:stripe_clearing", -100), (PAID, 900))
    accepted(adjust(an_account(), an_adjustment(*lines)))


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (((PAID, 1), (PROMO, -2)), Code.JOURNAL_UNBALANCED),
        (((PAID, -9999), (PROMO, 9998)), Code.JOURNAL_UNBALANCED),
        (((PROMO, 5), (PROMO, -5)), Code.VALIDATION_FAILED),
        (((HELD, 5), (PROMO, -5)), Code.VALIDATION_FAILED),
        (((f"user:{STAFF}:paid", 5), (PROMO, -5)), Code.VALIDATION_FAILED),
        (((f"venue:{OTHER_VENUE}:tax", 5), (PROMO, -5)), Code.VALIDATION_FAILED),
        ((("venue:somewhere", 5), (PROMO, -5)), Code.VALIDATION_FAILED),
        ((("cash", 5), (PROMO, -5)), Code.VALIDATION_FAILED),
    ],
)
def test_what_is_no_journal_of_this_wallet_and_venue_is_refused(
    lines: tuple[tuple[str, int], ...], code: Code
) -> None:
    """Unbalanced, of nothing, or on accounts of others."""
    assert refused_with(adjust(an_account(paid=1), an_adjustment(*lines))) is code


def test_without_a_user_no_wallet_can_be_touched() -> None:
    """Whose wallet it is must be said, or the wrong account would decide."""
    asked = an_adjustment((PAID, 5), (PROMO, -5), user_id=None)
    refusal = refused(adjust(an_account(), asked))
    assert [error.pointer for error in refusal.errors] == ["/postings/0/account"]


@pytest.mark.parametrize(
    ("by", "code"),
    [
        (a_principal(STAFF, Role.MANAGEMENT, VENUE), Code.FORBIDDEN),
        (a_principal(STAFF, Role.OWNER, OTHER_VENUE), Code.NOT_FOUND),
    ],
)
def test_only_owners_of_the_venue_adjust(by: Principal, code: Code) -> None:
    """Rule 15: staff and management never edit an amount."""
    asked = an_adjustment((PAID, 5), (PROMO, -5))
    assert refused_with(adjust(an_account(), asked, by)) is code
    nowhere = an_adjustment((PAID, 5), (PROMO, -5), venue_id=UUID(int=0xBAD))
    assert refused_with(adjust(an_account(), nowhere)) is Code.NOT_FOUND
