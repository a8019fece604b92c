"""Payments of which nothing is heard: when the provider is asked, and when no more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actors.account.polling import POLLED, decide_poll_payment, poll_timers
from actors.runtime.outcome import CancelTimer, SetTimer
from protocol.internal.payments import AskOfPayment, PollPayment
from protocol.records.money_states import PaymentStatus
from tests.actors.account.card_kit import a_payment
from tests.actors.account.wallets import an_account, here
from tests.actors.deciding import NOW, accepted

WORKED_ON = a_payment(PaymentStatus.PROCESSING)
POLL = PollPayment(payment_id=WORKED_ON.id)
NAME = f"poll:{WORKED_ON.id}"


@pytest.mark.parametrize("status", PaymentStatus)
def test_only_what_hangs_is_polled(status: PaymentStatus) -> None:
    """Rule 11: `requires_action` and `processing`; in all other states there is nothing to ask."""
    state = an_account(a_payment(status))
    outcome = accepted(decide_poll_payment(state, POLL, here(principal=None)))
    polled = status in POLLED
    assert [type(send.command) for send in outcome.sends] == ([AskOfPayment] if polled else [])
    assert len(outcome.timers) == polled
    assert outcome.changes == ()
    (timer,) = poll_timers(WORKED_ON, a_payment(status), NOW)
    due_at = NOW + timedelta(minutes=15)
    assert timer == (SetTimer(NAME, due_at, POLL) if polled else CancelTimer(NAME))


@pytest.mark.parametrize(
    ("age", "waits"),
    [
        (timedelta(minutes=15), timedelta(minutes=15)),
        (timedelta(hours=72), timedelta(days=1)),
    ],
)
def test_what_hangs_for_days_is_asked_for_seldom(age: timedelta, waits: timedelta) -> None:
    """A bank may take days, and the provider must not be asked a hundred times of each."""
    old = WORKED_ON.evolve(created_at=NOW - age)
    outcome = accepted(decide_poll_payment(an_account(old), POLL, here(principal=None)))
    assert outcome.timers == (SetTimer(NAME, NOW + waits, POLL),)


def test_what_is_not_there_or_never_reached_the_provider_is_not_asked_for() -> None:
    """A timer may outlive what it was set for."""
    nameless = WORKED_ON.evolve(provider_id=None)
    for state in (an_account(), an_account(nameless)):
        outcome = accepted(decide_poll_payment(state, POLL, here(principal=None)))
        assert (outcome.sends, outcome.timers) == ((), ())
