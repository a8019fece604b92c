"""The running visit: ticks, holds and the closing of the books."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from actors.account.admission import decide_admit_patron
from actors.account.orders import decide_post_order
from actors.account.state import AccountState
from actors.account.visit import (
    decide_capture_usage,
    decide_settle_visit,
    decide_visit_over,
)
from actors.account.visit_holds import decide_hold_for_visit, decide_return_hold
from actors.runtime.outcome import Outcome
from protocol.addresses import ActorKind, Address
from protocol.errors import Code
from protocol.internal.managing import VisitOver
from protocol.internal.orders import RevenueBooked
from protocol.internal.visit_holds import HoldForVisit, HoldReturned, ReturnHold, VisitHeld
from protocol.internal.visits import UsageCaptured, VisitSettled
from protocol.records.ledger import LedgerJournal
from protocol.records.money import CreditHold, Credits, Receipt, Transaction
from protocol.records.money_states import HoldStatus, TransactionKind
from tests.actors.account.asking import (
    a_line,
    a_priced_line,
    a_priced_order,
    a_settlement,
    a_tick,
    an_admission,
)
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
from tests.actors.deciding import NOW, accepted, after, refused, refused_with


def a_visitor(paid: int = 1000, bonus: int = 0) -> AccountState:
    """Someone who is in, with 150 held."""
    state = an_account(paid=paid, bonus=bonus)
    return after(state, accepted(decide_admit_patron(state, an_admission(), here())))


def captured(outcome: Outcome) -> UsageCaptured:
    """What the session is told."""
    command = outcome.sends[0].command
    assert outcome.sends[0].target == Address(ActorKind.SESSION, SESSION)
    assert isinstance(command, UsageCaptured)
    return command


def test_a_tick_charges_from_the_hold_and_fills_it_up_again() -> None:
    """One tick: what was used is revenue, what is held is ready for the next."""
    state = a_visitor()
    line = a_line(40, tax_bp=1000)
    tick = a_tick(hold_of(state).id, line)
    outcome = accepted(decide_capture_usage(state, tick, here(in_saga=False)))
    after(state, outcome)
    assert_books(state, outcome)
    answer = captured(outcome)
    assert (answer.captured_minor, answer.held_minor) == (40, 150)
    assert (answer.available_minor, answer.short_minor) == (810, 0)
    assert hold_of(state).expires_at == tick.hold_until
    assert dict(sums_of([outcome])) == {
        f"user:{USER}:paid": -40,
        f"user:{USER}:held": 0,
        f"venue:{VENUE}:revenue:time": 36,
        f"venue:{VENUE}:tax": 4,
    }
    hold_journal, usage_journal = rows_of(outcome, LedgerJournal)
    assert hold_journal.transaction_id is None
    assert usage_journal.source == f"usage:{line.segment_id}:1"
    assert types_of(outcome) == ["transaction.posted", "credits.balance_changed"]
    booked = outcome.sends[1]
    assert booked.detached
    assert booked.target == Address(ActorKind.VENUE, VENUE)
    assert booked.command == RevenueBooked(business_day=TODAY, gross_minor=40, tax_minor=4)


def test_all_time_of_a_visit_on_a_day_is_one_transaction() -> None:
    """L5: ticks have sources of their own within it; a patron's list shows one line a visit."""
    state = a_visitor()
    for n in (1, 2):
        tick = a_tick(hold_of(state).id, a_line(40), tick=n)
        after(state, accepted(decide_capture_usage(state, tick, here())))
    (usage,) = state.posted(TransactionKind.USAGE)
    assert (usage.amount_minor, usage.version, usage.session_id) == (80, 2, SESSION)


def test_a_tick_over_the_cutover_has_a_transaction_for_each_day() -> None:
    """Rule 5: revenue belongs to the business day in which the time passed."""
    state = a_visitor()
    lines = (a_line(10, day=TODAY - timedelta(days=1)), a_line(20))
    outcome = accepted(decide_capture_usage(state, a_tick(hold_of(state).id, *lines), here()))
    found = {row.business_day: row.amount_minor for row in rows_of(outcome, Transaction)}
    assert found == {TODAY - timedelta(days=1): 10, TODAY: 20}
    assert types_of(outcome).count("transaction.posted") == 2
    seqs = [e.data["ledger_seq"] for e in outcome.events if e.type == "transaction.posted"]
    assert seqs == sorted(set(seqs))


def test_a_tick_never_takes_more_than_there_is() -> None:
    """Never overdrawn: what can't be held is told, and the session pauses at that instant."""
    state = a_visitor(paid=500)
    command = a_tick(hold_of(state).id, a_line(400, tax_bp=1000), a_line(200, tax_bp=1000))
    outcome = accepted(decide_capture_usage(state, command, here()))
    after(state, outcome)
    assert_books(state, outcome)
    answer = captured(outcome)
    assert (answer.captured_minor, answer.held_minor, answer.available_minor) == (500, 0, 0)
    assert answer.short_minor == 400 + 200 + 150 - 500
    assert sums_of([outcome])[f"venue:{VENUE}:tax"] == 45, "tax of what was really charged"


def test_a_lower_target_gives_the_rest_back() -> None:
    """Near the daily cap less need be held, and a patron wants to spend the difference."""
    state = a_visitor()
    command = a_tick(hold_of(state).id, a_line(40), target=10)
    outcome = accepted(decide_capture_usage(state, command, here()))
    after(state, outcome)
    assert_books(state, outcome)
    assert (captured(outcome).held_minor, captured(outcome).available_minor) == (10, 950)


def test_a_frozen_wallet_pays_from_its_hold_only() -> None:
    """What was reserved before is the venue's to take; nothing more is available."""
    state = a_visitor()
    wallet = state.credits("JPY")
    state.put(wallet.revised(receivable_minor=-100, frozen_at=NOW))
    outcome = accepted(decide_capture_usage(state, a_tick(hold_of(state).id, a_line(200)), here()))
    answer = captured(outcome)
    assert (answer.captured_minor, answer.held_minor, answer.available_minor) == (150, 0, 0)
    assert answer.short_minor == 200


def test_a_tick_without_time_still_moves_the_holds_expiry() -> None:
    """A paused visit charges nothing, and its hold must not run out under it."""
    state = a_visitor()
    command = a_tick(hold_of(state).id)
    outcome = accepted(decide_capture_usage(state, command, here()))
    (hold,) = rows_of(outcome, CreditHold)
    assert hold.expires_at == command.hold_until
    assert (outcome.events, outcome.appends) == ((), ())


def held_for(state: AccountState, target: int, purpose: str = "resume") -> HoldForVisit:
    """A session's request to hold so much in all."""
    return HoldForVisit(
        session_id=SESSION,
        venue_id=VENUE,
        hold_id=hold_of(state).id,
        hold_target_minor=target,
        hold_until=NOW + timedelta(hours=1),
        purpose=purpose,
    )


@pytest.mark.parametrize("target", [150, 700, 1000, 20])
def test_a_hold_becomes_what_is_asked_and_can_be_taken_back(target: int) -> None:
    """A switch of activity that fails at the venue must leave the hold as it was."""
    state = a_visitor()
    outcome = accepted(decide_hold_for_visit(state, held_for(state, target), here()))
    after(state, outcome)
    assert_books(state, outcome)
    (send,) = outcome.sends
    assert send.command == VisitHeld(
        session_id=SESSION, purpose="resume", held_minor=target, available_minor=1000 - target
    )
    assert isinstance(send.undo, ReturnHold)
    undone = accepted(decide_return_hold(state, send.undo, here(in_saga=False)))
    after(state, undone)
    assert_books(state, undone)
    assert state.credits("JPY").held_minor == 150
    (told,) = undone.sends
    assert told.command == HoldReturned(session_id=SESSION, held_minor=150, available_minor=850)


def test_a_hold_that_can_not_be_had_changes_nothing() -> None:
    """402 says how much is missing, so that a till can ask for just that."""
    state = a_visitor()
    refusal = refused(decide_hold_for_visit(state, held_for(state, 1001), here()))
    assert refusal.code is Code.INSUFFICIENT_CREDITS
    assert refusal.extra == {"missing_minor": 1}


def test_outside_a_saga_a_hold_has_nothing_to_take_back() -> None:
    """The runtime knows undo only in sagas; a timer's hold stands by itself."""
    state = a_visitor()
    outcome = accepted(decide_hold_for_visit(state, held_for(state, 300), here(in_saga=False)))
    assert outcome.sends[0].undo is None


def test_another_visit_begins_when_the_session_says_that_the_last_is_over() -> None:
    """A closing visit is open (Rule 2): beside the next one the tables could not hold it."""
    state = a_visitor(paid=5000)
    command = a_settlement(hold_of(state).id, a_line(6))
    after(state, accepted(decide_settle_visit(state, command, here())))
    again = an_admission(UUID(int=9))
    assert refused_with(decide_admit_patron(state, again, here())) is Code.SESSION_ACTIVE
    over = VisitOver(session_id=SESSION)
    after(state, accepted(decide_visit_over(state, over, here(in_saga=False))))
    after(state, accepted(decide_admit_patron(state, again, here())))
    after(state, accepted(decide_visit_over(state, over, here(in_saga=False))))
    assert state.visit is not None, "told twice, it ends no other visit"


def test_settling_charges_the_rest_and_gives_back_what_is_held() -> None:
    """Check-out closes hold and visit, and the receipt adds up time and purchases."""
    state = a_visitor()
    after(
        state,
        accepted(decide_capture_usage(state, a_tick(hold_of(state).id, a_line(40)), here())),
    )
    order = a_priced_order(a_priced_line(300), session_id=SESSION)
    after(state, accepted(decide_post_order(state, order, here())))
    hold_id = hold_of(state).id
    outcome = accepted(decide_settle_visit(state, a_settlement(hold_id, a_line(6)), here()))
    after(state, outcome)
    assert_books(state, outcome)
    assert state.visit is None
    assert state.credits("JPY").held_minor == 0
    assert state.available_minor("JPY", NOW) == 1000 - 46 - 300
    (hold,) = rows_of(outcome, CreditHold)
    assert (hold.status, hold.captured_minor) == (HoldStatus.CAPTURED, 46)
    (receipt,) = rows_of(outcome, Receipt)
    assert (receipt.number, receipt.session_id, receipt.transaction_id) == (None, SESSION, None)
    assert receipt.body["time_minor"] == 46
    assert [line["name"] for line in receipt.body["purchases"]] == ["Karaage"]
    assert outcome.sends[0].command == VisitSettled(
        session_id=SESSION,
        receipt_id=receipt.id,
        captured_minor=6,
        purchases_minor=300,
        total_minor=346,
        currency="JPY",
    )
    assert types_of(outcome) == ["transaction.posted", "credits.balance_changed"]


def test_a_visit_that_cost_nothing_has_a_receipt_of_no_journal() -> None:
    """A short visit is free, and everyone still gets a receipt."""
    state = a_visitor()
    outcome = accepted(decide_settle_visit(state, a_settlement(hold_of(state).id), here()))
    after(state, outcome)
    assert_books(state, outcome)
    (receipt,) = rows_of(outcome, Receipt)
    assert (receipt.journal_id, receipt.body["total_minor"]) == (None, 0)
    (hold,) = rows_of(outcome, CreditHold)
    assert hold.status is HoldStatus.RELEASED
    assert types_of(outcome) == ["credits.balance_changed"]


def test_after_settlement_nothing_is_charged_or_held_any_more() -> None:
    """A late tick or a repeated settlement finds a closed visit: nothing is posted twice."""
    state = a_visitor()
    hold_id = hold_of(state).id
    requests = (held_for(state, 300), a_tick(hold_id, a_line(5)), a_settlement(hold_id))
    back = ReturnHold(session_id=SESSION, hold_id=hold_id, hold_target_minor=150)
    after(state, accepted(decide_settle_visit(state, a_settlement(hold_id), here())))
    hold, tick, settle = requests
    assert refused_with(decide_hold_for_visit(state, hold, here())) is Code.SESSION_CLOSED
    assert refused_with(decide_capture_usage(state, tick, here())) is Code.SESSION_CLOSED
    assert refused_with(decide_settle_visit(state, settle, here())) is Code.SESSION_CLOSED
    assert accepted(decide_return_hold(state, back, here())) == Outcome()


def test_a_hold_of_another_session_is_not_touched() -> None:
    """A late message of an earlier visit must not charge the one that runs now."""
    state = a_visitor()
    stray = a_tick(hold_of(state).id, a_line(5), session_id=UUID(int=0xC9))
    assert refused_with(decide_capture_usage(state, stray, here())) is Code.SESSION_CLOSED


def test_the_wallets_row_is_the_next_version_after_every_journal() -> None:
    """ETag and write-behind both rest on it: one change a record an outcome."""
    state = a_visitor()
    before = state.credits("JPY").version
    outcome = accepted(decide_capture_usage(state, a_tick(hold_of(state).id, a_line(5)), here()))
    (wallet,) = rows_of(outcome, Credits)
    assert wallet.version == before + 1
    keys = [(type(row), row.primary_key) for row in outcome.changes]
    assert len(keys) == len(set(keys))
