"""Time that goes back to the wallet: voided visits, and those that ended earlier (Rules 2, 9)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actors.account.admission import decide_admit_patron
from actors.account.state import AccountState
from actors.account.visit import decide_capture_usage, decide_settle_visit
from actors.account.voiding import decide_find_open_orders, decide_tell_again, decide_void_visit
from protocol.addresses import ActorKind, Address
from protocol.errors import Code
from protocol.internal.managing import (
    FindOpenOrders,
    NoOpenOrders,
    TellAgain,
    VisitVoided,
    VoidVisit,
)
from protocol.internal.orders import RevenueBooked
from protocol.internal.visits import VisitSettled
from protocol.records.ledger import LedgerJournal
from protocol.records.money import CreditGrant, CreditHold, Purchase, Transaction
from protocol.records.money_states import (
    CreditSource,
    HoldStatus,
    PurchaseStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.runtime import OpenVisit
from tests.actors.account.asking import a_line, a_settlement, a_tick, an_admission
from tests.actors.account.wallets import (
    SESSION,
    TODAY,
    USER,
    VENUE,
    an_account,
    assert_books,
    here,
    hold_of,
    rows_of,
    sums_of,
    types_of,
)
from tests.actors.deciding import IDS, NOW, accepted, after, refused_with

YESTERDAY = TODAY - timedelta(days=1)


def a_visitor(paid: int = 1000, bonus: int = 0) -> AccountState:
    """Someone who is in, with 150 held."""
    state = an_account(paid=paid, bonus=bonus)
    return after(state, accepted(decide_admit_patron(state, an_admission(), here())))


def charged(state: AccountState, *minors: int, tax_bp: int = 1_000) -> AccountState:
    """A tick for each amount."""
    for n, minor in enumerate(minors, 1):
        tick = a_tick(hold_of(state).id, a_line(minor, tax_bp=tax_bp), tick=n)
        after(state, accepted(decide_capture_usage(state, tick, here())))
    return state


def void(state: AccountState) -> VoidVisit:
    return VoidVisit(
        session_id=SESSION, venue_id=VENUE, hold_id=hold_of(state).id, reason="mistake"
    )


def a_bought(status: PurchaseStatus, tender: Tender = Tender.CREDITS) -> list[Purchase]:
    """Something bought in the visit, with its transaction."""
    sale = Transaction(
        id=IDS.fresh(),
        venue_id=VENUE,
        user_id=USER,
        kind=TransactionKind.PURCHASE,
        status=TransactionStatus.POSTED,
        tender=tender,
        amount_minor=300,
        currency="JPY",
        business_day=TODAY,
        session_id=SESSION,
        created_by=USER,
        occurred_at=NOW,
        posted_at=NOW,
    )
    line = Purchase(
        id=IDS.fresh(),
        transaction_id=sale.id,
        venue_id=VENUE,
        user_id=USER,
        session_id=SESSION,
        line=1,
        item_id=IDS.fresh(),
        game_id=None,
        name="Cola",
        qty=1,
        unit_price_minor=300,
        tax_rate_bp=0,
        tax_minor=0,
        total_minor=300,
        status=status,
        created_at=NOW,
    )
    return [sale, line]  # type: ignore[list-item]


def test_a_voided_visit_never_cost_anything() -> None:
    """Time charges are mirrored, the hold returns, and the wallet is as before the check-in."""
    state = charged(a_visitor(paid=1_000), 40, 60)
    outcome = accepted(decide_void_visit(state, void(state), here()))
    after(state, outcome)
    assert_books(state, outcome)
    assert state.visit is None
    assert rows_of(outcome, OpenVisit) == []
    wallet = state.credits("JPY")
    assert (wallet.paid_minor, wallet.held_minor) == (1_000, 0)
    (usage,) = rows_of(outcome, Transaction)
    assert (usage.status, usage.amount_minor) == (TransactionStatus.VOIDED, 100)
    (hold,) = rows_of(outcome, CreditHold)
    assert hold.status is HoldStatus.RELEASED
    assert sums_of([outcome]) == {
        f"user:{USER}:held": -150,
        f"user:{USER}:paid": 250,
        f"venue:{VENUE}:revenue:time": -91,
        f"venue:{VENUE}:tax": -9,
    }
    sources = [journal.source for journal in rows_of(outcome, LedgerJournal)]
    assert "void" in sources


def test_the_session_hears_what_is_back_and_the_venue_that_it_earned_nothing() -> None:
    """One answer, one telling for the live figures, and the new balance to the patron alone."""
    state = charged(a_visitor(), 110)
    outcome = accepted(decide_void_visit(state, void(state), here()))
    answer, booked = outcome.sends
    assert answer.target == Address(ActorKind.SESSION, SESSION)
    assert answer.command == VisitVoided(session_id=SESSION, reason="mistake", reversed_minor=110)
    assert booked.command == RevenueBooked(business_day=TODAY, gross_minor=-110, tax_minor=-10)
    assert booked.detached
    assert types_of(outcome) == ["credits.balance_changed"]


def test_a_session_that_could_not_hear_of_its_end_is_told_again() -> None:
    """What is posted stays, and without it the session would wait for ever."""
    voided, settled = a_visitor(), a_visitor()
    settling = decide_settle_visit(settled, a_settlement(hold_of(settled).id), here())
    for outcome in (accepted(decide_void_visit(voided, void(voided), here())), accepted(settling)):
        told = outcome.sends[0]
        assert isinstance(told.undo, TellAgain)
        (again,) = accepted(decide_tell_again(voided, told.undo, here(in_saga=False))).sends
        assert (again.target, again.command, again.detached) == (told.target, told.command, True)


def test_credit_goes_back_to_the_lots_that_it_came_from() -> None:
    """Rule 9: bonus was burnt first, and bonus it is again."""
    state = charged(a_visitor(paid=1_000, bonus=200), 120, 130)
    after(state, accepted(decide_void_visit(state, void(state), here())))
    left = {lot.source: lot.remaining_minor for lot in state.all(CreditGrant)}
    assert left == {CreditSource.PAID: 1_000, CreditSource.BONUS: 200}


def test_a_visit_that_cost_nothing_yet_is_voided_without_a_mirror() -> None:
    """The first minutes are free: only the hold returns."""
    state = a_visitor()
    outcome = accepted(decide_void_visit(state, void(state), here()))
    after(state, outcome)
    assert_books(state, outcome)
    assert len(rows_of(outcome, LedgerJournal)) == 1
    assert len(outcome.sends) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (PurchaseStatus.ORDERED, Code.SESSION_NOT_VOIDABLE),
        (PurchaseStatus.SERVED, Code.SESSION_NOT_VOIDABLE),
        (PurchaseStatus.VOIDED, None),
    ],
)
def test_what_was_bought_and_stands_keeps_the_visit(
    status: PurchaseStatus, code: Code | None
) -> None:
    """No purchases: one that was voided is none."""
    state = a_visitor()
    for row in a_bought(status):
        state.put(row)
    decision = decide_void_visit(state, void(state), here())
    if code is None:
        accepted(decision)
    else:
        assert refused_with(decision) is code


def test_a_settled_visit_is_not_voided() -> None:
    """The receipt is out; a refund is the way."""
    state = a_visitor()
    command = void(state)
    after(state, accepted(decide_settle_visit(state, a_settlement(hold_of(state).id), here())))
    assert refused_with(decide_void_visit(state, command, here())) is Code.SESSION_NOT_VOIDABLE


def test_after_a_void_nothing_is_charged_or_settled_any_more() -> None:
    """Ticks that were under way are refused, and a second void too."""
    state = charged(a_visitor(), 40)
    command, tick = void(state), a_tick(hold_of(state).id, a_line(10), tick=9)
    after(state, accepted(decide_void_visit(state, command, here())))
    assert refused_with(decide_capture_usage(state, tick, here())) is Code.SESSION_CLOSED
    assert refused_with(decide_void_visit(state, command, here())) is Code.SESSION_NOT_VOIDABLE


def test_what_was_charged_beyond_the_true_end_goes_back_by_one_mirror() -> None:
    """Rule 12: the visit cost 60 in truth, and ticks had taken 100. Rule 12 given_back."""
    state = charged(a_visitor(paid=1_000), 40, 60)
    command = a_settlement(hold_of(state).id, owed_minor={TODAY: 60}, tax_bp=1_000)
    outcome = accepted(decide_settle_visit(state, command, here()))
    after(state, outcome)
    assert_books(state, outcome)
    (usage,) = state.posted(TransactionKind.USAGE)
    assert (usage.amount_minor, usage.tax_minor) == (60, 5)
    assert sum(part.amount_minor for part in usage.sources) == 60
    assert state.credits("JPY").paid_minor == 940
    sums = sums_of([outcome])
    assert (sums[f"venue:{VENUE}:revenue:time"], sums[f"venue:{VENUE}:tax"]) == (-36, -4)
    sources = [journal.source for journal in rows_of(outcome, LedgerJournal)]
    assert sources.count(f"correction:{command.tick}") == 1
    (told,) = (event for event in outcome.events if event.type == "transaction.posted")
    assert (told.data["amount_minor"], told.data["tax_minor"]) == (-40, 4)
    answer = outcome.sends[0].command
    assert isinstance(answer, VisitSettled)
    assert answer.total_minor == 60
    (booked,) = (s.command for s in outcome.sends if isinstance(s.command, RevenueBooked))
    assert (booked.gross_minor, booked.tax_minor) == (-40, -4)


def test_a_day_that_was_not_in_truth_is_given_back_whole() -> None:
    """Who left before the cutover owes nothing of the day after it."""
    state = a_visitor(paid=1_000)
    tick = a_tick(hold_of(state).id, a_line(30, day=YESTERDAY), a_line(50))
    after(state, accepted(decide_capture_usage(state, tick, here())))
    command = a_settlement(hold_of(state).id, owed_minor={YESTERDAY: 30})
    outcome = accepted(decide_settle_visit(state, command, here()))
    after(state, outcome)
    assert_books(state, outcome)
    assert state.credits("JPY").paid_minor == 970
    amounts = {t.business_day: t.amount_minor for t in state.posted(TransactionKind.USAGE)}
    assert amounts == {YESTERDAY: 30, TODAY: 0}


@pytest.mark.parametrize("owed", [None, {TODAY: 100}, {TODAY: 140}])
def test_what_was_owed_is_never_given_back(owed: dict[object, int] | None) -> None:
    """An ordinary check-out mirrors nothing; what is still due comes as lines."""
    state = charged(a_visitor(paid=1_000), 100)
    command = a_settlement(hold_of(state).id, owed_minor=owed)
    after(state, accepted(decide_settle_visit(state, command, here())))
    assert state.credits("JPY").paid_minor == 900


@pytest.mark.parametrize(
    ("tender", "status", "code"),
    [
        (Tender.CARD, PurchaseStatus.ORDERED, Code.OPEN_ORDERS_EXIST),
        (Tender.CARD, PurchaseStatus.SERVED, None),
        (Tender.CREDITS, PurchaseStatus.ORDERED, None),
    ],
)
def test_a_check_out_waits_for_what_was_paid_by_card_and_not_served(
    tender: Tender, status: PurchaseStatus, code: Code | None
) -> None:
    """Who leaves would never get it."""
    state = a_visitor()
    for row in a_bought(status, tender):
        state.put(row)
    decision = decide_find_open_orders(state, FindOpenOrders(session_id=SESSION), here())
    if code is not None:
        assert refused_with(decision) is code
        return
    (send,) = accepted(decision).sends
    assert send.command == NoOpenOrders(session_id=SESSION)
