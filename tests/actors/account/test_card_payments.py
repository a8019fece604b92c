"""Card payments, decided: what is opened, begun, told, cancelled, and credited once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.account.payments import (
    decide_begin_payment,
    decide_cancel_payment,
    decide_create_payment_intent,
    decide_read_payment,
)
from actors.account.pending import decide_void_unpaid, unpaid_timer
from actors.account.topups import decide_open_card_top_up, decide_top_up_credits
from actors.rules.lifecycle import PAYMENT_RANK, PaymentReport, judge_payment_report
from actors.runtime.outcome import CancelTimer, SetTimer
from protocol.addresses import ActorKind
from protocol.errors import Code
from protocol.internal.orders import PricePackage
from protocol.internal.payments import (
    BeginPayment,
    CancelAtProvider,
    OpenCardTopUp,
    ReadPayment,
    VoidUnpaid,
)
from protocol.operations.payments import CancelPayment, CreatePaymentIntent
from protocol.operations.transactions import TopUpCredits
from protocol.records.money import CreditGrant, Transaction
from protocol.records.money_states import PaymentStatus, Tender, TransactionStatus
from protocol.records.payments import Payment
from protocol.records.states import LimitKind
from protocol.replies.transactions import ToppedUp
from tests.actors.account.card_kit import (
    PAYMENT,
    TOP_UP,
    a_payment,
    a_transaction,
    begun,
    opened,
    told,
    wallet,
)
from tests.actors.account.wallets import (
    VENUE,
    a_limit,
    a_lot,
    an_account,
    an_exclusion,
    assert_books,
    here,
    owing,
    rows_of,
    types_of,
)
from tests.actors.deciding import NOW, a_principal, accepted, after, refused_with

CARD = TopUpCredits(venue_id=VENUE, tender=Tender.CARD, amount_minor=1_000)
STRANGER = a_principal(UUID(int=0xBAD))
LIVE = (PaymentStatus.CREATED, PaymentStatus.REQUIRES_ACTION, PaymentStatus.PROCESSING)


def test_a_top_up_by_card_posts_nothing_until_it_is_paid() -> None:
    """202: it waits for an hour, and is told to whoever looks."""
    state = an_account(paid=500)
    outcome = accepted(decide_top_up_credits(state, CARD, here()))
    assert outcome.status == 202
    assert isinstance(outcome.reply, ToppedUp)
    assert outcome.reply.status is TransactionStatus.PENDING
    assert outcome.reply.expires_at == NOW + timedelta(minutes=60)
    assert (types_of(outcome), outcome.appends) == (["transaction.pending"], ())
    (transaction,) = rows_of(outcome, Transaction)
    assert (transaction.business_day, transaction.posted_at) == (None, None)
    (timer,) = outcome.timers
    assert timer == SetTimer(
        unpaid_timer(transaction.id),
        NOW + timedelta(minutes=60),
        VoidUnpaid(transaction_id=transaction.id),
    )
    assert wallet(state).paid_minor == 500


def test_a_package_is_priced_by_the_venue_and_its_bonus_is_kept_for_later() -> None:
    """What was promised when it was opened is what the payment gives, whatever changes."""
    state = an_account()
    by_package = CARD.evolve(amount_minor=None, package_id=UUID(int=5))
    (send,) = accepted(decide_top_up_credits(state, by_package, here())).sends
    assert isinstance(send.command, PricePackage)
    priced = OpenCardTopUp(
        topup=by_package,
        transaction_id=TOP_UP,
        price_minor=3_000,
        credits_minor=3_200,
        bonus_minor=100,
        bonus_days=30,
        package_id=UUID(int=5),
    )
    after(state, accepted(decide_open_card_top_up(state, priced, here())))
    payment = begun(state, TOP_UP)
    outcome = told(state, payment.id, PaymentStatus.SUCCEEDED)
    assert_books(state, outcome)
    assert (wallet(state).paid_minor, wallet(state).bonus_minor) == (3_000, 300)
    ends = {lot.expires_at for lot in state.all(CreditGrant)}
    assert ends == {None, NOW + timedelta(days=30)}


def test_who_may_not_pay_is_told_so_in_the_contract_s_order() -> None:
    """404, exclusion, own limit, then what is wrong with the transaction."""
    pending = a_transaction(status=TransactionStatus.PENDING, posted_at=None, business_day=None)
    limit = a_limit(100, kind=LimitKind.TOPUP)
    begin = BeginPayment(transaction_id=TOP_UP)
    cases: list[tuple[Any, Any, Any, Code]] = [
        (an_account(pending), begin, STRANGER, Code.NOT_FOUND),
        (an_account(), begin, None, Code.NOT_FOUND),
        (an_account(pending), begin.evolve(method_id=UUID(int=9)), None, Code.NOT_FOUND),
        (an_account(pending, an_exclusion(), limit), begin, None, Code.EXCLUDED),
        (an_account(pending, limit), begin, None, Code.TOPUP_LIMIT_REACHED),
        (an_account(a_transaction()), begin, None, Code.TRANSACTION_NOT_PAYABLE),
        (
            an_account(pending.evolve(tender=Tender.CASH)),
            begin,
            None,
            Code.TRANSACTION_NOT_PAYABLE,
        ),
    ]
    for state, command, principal, code in cases:
        context = here() if principal is None else here(principal=principal)
        assert refused_with(decide_begin_payment(state, command, context)) is code
        create = CreatePaymentIntent(
            transaction_id=command.transaction_id, method_id=command.method_id
        )
        assert refused_with(decide_create_payment_intent(state, create, context)) is code


def test_a_payment_is_written_before_the_provider_is_asked_and_named_once() -> None:
    """Asked again it is the same one, so the provider makes one intent; named, it exists."""
    state = an_account()
    transaction_id = opened(state)
    begin = BeginPayment(transaction_id=transaction_id)
    first = accepted(decide_begin_payment(state, begin, here()))
    after(state, first)
    again = accepted(decide_begin_payment(state, begin, here()))
    assert (again.reply, again.writes) == (first.reply, False)
    unnamed = CreatePaymentIntent(transaction_id=transaction_id)
    code = refused_with(decide_create_payment_intent(state, unnamed, here()))
    assert code is Code.PROVIDER_UNAVAILABLE
    begun(state, transaction_id)
    code = refused_with(decide_create_payment_intent(state, unnamed, here()))
    assert code is Code.PAYMENT_EXISTS


@pytest.mark.parametrize("current", list(PaymentStatus))
@pytest.mark.parametrize(
    "reported", [*LIVE, PaymentStatus.FAILED, PaymentStatus.CANCELED, PaymentStatus.SUCCEEDED]
)
def test_every_report_in_every_state(current: PaymentStatus, reported: PaymentStatus) -> None:
    """Rule 11: a rank never falls, and only what becomes `succeeded` moves money."""
    pending = PAYMENT_RANK[current] < PAYMENT_RANK[PaymentStatus.SUCCEEDED]
    transaction = (
        a_transaction(status=TransactionStatus.PENDING, posted_at=None, business_day=None)
        if pending
        else a_transaction()
    )
    state = an_account(transaction, a_payment(current))
    outcome = told(state, PAYMENT, reported)
    (payment,) = state.all(Payment)
    assert PAYMENT_RANK[payment.status] >= PAYMENT_RANK[current]
    verdict = judge_payment_report(current, reported)
    assert (payment.status is reported) == (verdict is PaymentReport.APPLY or current is reported)
    paid = reported is PaymentStatus.SUCCEEDED and pending
    assert wallet(state).paid_minor == (5_000 if paid else 0)
    late = verdict is PaymentReport.LATE_FAILURE
    assert ("payment.reconciliation_mismatch" in types_of(outcome)) == late
    assert_books(state, outcome)


def test_a_success_is_credited_once_and_ends_the_waiting() -> None:
    """Webhook, poll and answer may all say it. Rule 11 one_way."""
    state = an_account()
    transaction_id = opened(state)
    payment = begun(state, transaction_id)
    outcome = told(state, payment.id, PaymentStatus.SUCCEEDED)
    assert CancelTimer(unpaid_timer(transaction_id)) in outcome.timers
    assert types_of(outcome) == [
        "payment.status_changed",
        "transaction.posted",
        "credits.balance_changed",
    ]
    for _ in range(2):
        again = told(state, payment.id, PaymentStatus.SUCCEEDED)
        assert (again.events, again.appends) == ((), ())
    assert wallet(state).paid_minor == 5_000
    steps = [step.status for step in next(iter(state.all(Payment))).history]
    assert steps == ["created", "succeeded"]


def test_what_the_wallet_owes_is_repaid_first() -> None:
    """Rule 9: while something is owed the wallet is frozen; a top-up repays before it credits."""
    state = an_account(a_lot(900), owing(2_000))
    payment = begun(state, opened(state))
    told(state, payment.id, PaymentStatus.SUCCEEDED)
    assert (wallet(state).receivable_minor, wallet(state).paid_minor) == (0, 900 + 3_000)


@pytest.mark.parametrize("status", list(PaymentStatus))
def test_cancelling_in_every_state(status: PaymentStatus) -> None:
    """What may still go either way is cancelled; all else is final."""
    pending = a_transaction(status=TransactionStatus.PENDING, posted_at=None, business_day=None)
    state = an_account(pending, a_payment(status))
    command = CancelPayment(payment_id=PAYMENT, provider_status=PaymentStatus.CANCELED)
    decision = decide_cancel_payment(state, command, here())
    if status not in LIVE:
        assert refused_with(decision) is Code.PAYMENT_FINAL
        return
    outcome = accepted(decision)
    after(state, outcome)
    assert types_of(outcome) == ["payment.status_changed", "transaction.voided"]
    (transaction,) = state.all(Transaction)
    assert transaction.status is TransactionStatus.VOIDED


def test_cancelling_what_came_meanwhile_credits_it_and_says_that_it_is_final() -> None:
    """The provider says succeeded; the patron must not be told that it is cancelled."""
    state = an_account()
    payment = begun(state, opened(state))
    command = CancelPayment(payment_id=payment.id, provider_status=PaymentStatus.SUCCEEDED)
    decision = decide_cancel_payment(state, command, here())
    assert refused_with(decision) is Code.PAYMENT_FINAL
    after(state, decision)  # type: ignore[arg-type]
    assert wallet(state).paid_minor == 5_000


def test_cancelling_without_the_provider_s_word_does_nothing() -> None:
    """It might succeed there all the same."""
    state = an_account()
    payment = begun(state, opened(state))
    decision = decide_cancel_payment(state, CancelPayment(payment_id=payment.id), here())
    assert refused_with(decision) is Code.PROVIDER_ERROR


def test_payments_are_their_owner_s_alone() -> None:
    """Rule 15: 404 for everybody else."""
    state = an_account(a_transaction(), a_payment())
    context = here(principal=STRANGER)
    assert refused_with(decide_read_payment(state, ReadPayment(payment_id=PAYMENT), context)) is (
        Code.NOT_FOUND
    )
    cancel = CancelPayment(payment_id=PAYMENT)
    assert refused_with(decide_cancel_payment(state, cancel, context)) is Code.NOT_FOUND


@pytest.mark.parametrize("status", [None, *PaymentStatus])
def test_what_nobody_paid_is_void_after_an_hour(status: PaymentStatus | None) -> None:
    """Rule 11; what the provider works on is waited for, and the others are cancelled there.

    Rule 11 unpaid.
    """
    pending = a_transaction(status=TransactionStatus.PENDING, posted_at=None, business_day=None)
    rows = [] if status is None else [a_payment(status)]
    state = an_account(pending, *rows)
    context = here(principal=None, in_saga=False)
    outcome = accepted(decide_void_unpaid(state, VoidUnpaid(transaction_id=TOP_UP), context))
    after(state, outcome)
    waits = status is PaymentStatus.PROCESSING
    (transaction,) = state.all(Transaction)
    assert (transaction.status is TransactionStatus.PENDING) == waits
    assert bool(outcome.timers) == waits
    cancels = [send for send in outcome.sends if isinstance(send.command, CancelAtProvider)]
    assert bool(cancels) == (status in LIVE and not waits)
    assert all(send.target.kind is ActorKind.OUTSIDE for send in cancels)


def test_a_void_that_comes_too_late_does_nothing() -> None:
    """The timer and the payment may come in the same moment."""
    state = an_account(a_transaction(), a_payment())
    context = here(principal=None, in_saga=False)
    outcome = accepted(decide_void_unpaid(state, VoidUnpaid(transaction_id=TOP_UP), context))
    assert not outcome.writes
