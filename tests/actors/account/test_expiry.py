"""Bonus credit ends by its timer, each lot once, in the books of its venue."""

from __future__ import annotations

from datetime import timedelta

from actors.account.admission import decide_admit_patron, decide_cancel_admission
from actors.account.expiry import decide_expire_bonus
from actors.account.lot_timers import BONUS_EXPIRY
from actors.account.orders import decide_post_order
from actors.runtime.outcome import CancelTimer, SetTimer
from protocol.internal.visits import CancelAdmission
from protocol.internal.wallet import ExpireBonus
from protocol.records.money import Transaction
from protocol.records.money_states import CreditSource, TransactionKind
from tests.actors.account.asking import a_priced_line, a_priced_order, an_admission
from tests.actors.account.wallets import (
    OTHER_VENUE,
    SESSION,
    USER,
    VENUE,
    a_lot,
    an_account,
    assert_books,
    here,
    hold_of,
    rows_of,
    sums_of,
    types_of,
)
from tests.actors.deciding import NOW, accepted, after

SOON = NOW + timedelta(days=1)
LATER_ON = NOW + timedelta(days=2)
FIRED = here(now=SOON, principal=None, in_saga=False)


def test_what_is_left_of_an_ended_lot_goes_back_to_promotion() -> None:
    """Rule 9: bonus −, promo +; the lot that lasts longer sets the timer anew."""
    state = an_account(
        a_lot(100, CreditSource.BONUS, remaining_minor=70, expires_at=SOON),
        a_lot(30, CreditSource.BONUS, expires_at=LATER_ON),
        paid=500,
    )
    outcome = accepted(decide_expire_bonus(state, ExpireBonus(), FIRED))
    after(state, outcome)
    assert_books(state, outcome, now=SOON)
    assert dict(sums_of([outcome])) == {
        f"user:{USER}:bonus": -70,
        f"venue:{VENUE}:promo_expense": 70,
    }
    (transaction,) = rows_of(outcome, Transaction)
    assert (transaction.kind, transaction.amount_minor) == (TransactionKind.ADJUSTMENT, -70)
    assert types_of(outcome) == ["transaction.posted", "credits.balance_changed"]
    assert outcome.timers == (SetTimer(BONUS_EXPIRY, LATER_ON, ExpireBonus()),)


def test_lots_of_two_venues_that_end_together_both_end() -> None:
    """A journal is in one venue's books, so the timer comes once more for the other."""
    state = an_account(
        a_lot(10, CreditSource.BONUS, expires_at=SOON),
        a_lot(20, CreditSource.BONUS, expires_at=SOON, venue_id=OTHER_VENUE),
    )
    first = accepted(decide_expire_bonus(state, ExpireBonus(), FIRED))
    assert first.timers == (SetTimer(BONUS_EXPIRY, SOON, ExpireBonus()),)
    after(state, first)
    second = accepted(decide_expire_bonus(state, ExpireBonus(), FIRED))
    after(state, second)
    assert_books(state, second, now=SOON)
    assert (state.credits("JPY").bonus_minor, second.timers) == (0, ())


def test_a_timer_that_finds_nothing_ended_waits_for_the_next_lot() -> None:
    """A lot may have been spent, or the timer may come again after a crash."""
    state = an_account(a_lot(10, CreditSource.BONUS, expires_at=LATER_ON))
    outcome = accepted(decide_expire_bonus(state, ExpireBonus(), FIRED))
    assert (outcome.changes, outcome.appends, outcome.events) == ((), (), ())
    assert outcome.timers == (SetTimer(BONUS_EXPIRY, LATER_ON, ExpireBonus()),)


def test_paid_credit_and_lots_of_no_venue_are_left_alone() -> None:
    """Paid credit never expires, a floor, whatever its row says."""
    state = an_account(
        a_lot(10, expires_at=NOW), a_lot(10, CreditSource.BONUS, venue_id=None, expires_at=NOW)
    )
    assert not accepted(decide_expire_bonus(state, ExpireBonus(), FIRED)).writes


def test_spending_the_lot_that_ends_first_forgets_its_timer() -> None:
    """The timer always is for the lot that ends first, of those with something left."""
    state = an_account(a_lot(10, CreditSource.BONUS, expires_at=SOON), paid=90)
    outcome = accepted(decide_post_order(state, a_priced_order(a_priced_line(10)), here()))
    assert outcome.timers == (CancelTimer(BONUS_EXPIRY),)


def test_a_lot_that_ended_while_it_was_held_ends_when_it_comes_back() -> None:
    """What was reserved in time could still be used; what returns too late is gone."""
    state = an_account(a_lot(100, CreditSource.BONUS, expires_at=SOON), paid=900)
    admitted = accepted(decide_admit_patron(state, an_admission(), here()))
    assert admitted.timers == (CancelTimer(BONUS_EXPIRY),)
    after(state, admitted)
    undo = CancelAdmission(session_id=SESSION, hold_id=hold_of(state).id)
    late = here(now=LATER_ON, in_saga=False)
    released = accepted(decide_cancel_admission(state, undo, late))
    assert released.timers == (SetTimer(BONUS_EXPIRY, SOON, ExpireBonus()),)
    after(state, released)
    assert state.available_minor("JPY", LATER_ON) == 900
    ended = accepted(decide_expire_bonus(state, ExpireBonus(), late))
    after(state, ended)
    assert_books(state, ended, now=LATER_ON)
    assert state.credits("JPY").bonus_minor == 0
