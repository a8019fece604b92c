"""What the provider says of card payments out of turn: early, and of what others did there."""

from __future__ import annotations

from actors.account.payments import decide_begin_payment, decide_create_payment_intent
from protocol.errors import Code
from protocol.internal.payments import BeginPayment
from protocol.operations.payments import CreatePaymentIntent
from protocol.records.money_states import PaymentStatus
from protocol.records.payments import Payment
from protocol.replies.payments import PaymentIntent
from tests.actors.account.card_kit import PAYMENT, a_payment, a_transaction, opened, told
from tests.actors.account.wallets import an_account, here
from tests.actors.deciding import accepted, after, refused_with


def test_what_went_back_at_the_provider_without_us_is_told_to_the_owner() -> None:
    """Somebody refunded it elsewhere: the books can't know, so a person must."""
    state = an_account(a_transaction(), a_payment())
    outcome = told(state, PAYMENT, PaymentStatus.REFUNDED, refunded_minor=5_000)
    (mismatch,) = [e for e in outcome.events if e.type == "payment.reconciliation_mismatch"]
    assert (mismatch.data["kind"], mismatch.data["delta_minor"]) == ("missing_local", -5_000)


def test_an_end_that_was_heard_of_before_the_provider_s_answer_is_the_answer() -> None:
    """A webhook may be faster than the call that it is about; the app is told what came of it."""
    state = an_account()
    transaction_id = opened(state)
    begin = BeginPayment(transaction_id=transaction_id)
    after(state, accepted(decide_begin_payment(state, begin, here())))
    (payment,) = state.all(Payment)
    made = CreatePaymentIntent(
        transaction_id=transaction_id,
        payment_id=payment.id,
        provider_id="pi_1",
        provider_status=PaymentStatus.CREATED,
        customer_id="cus_1",
    )
    told(state, payment.id, PaymentStatus.CREATED, provider_id="pi_1")
    assert accepted(decide_create_payment_intent(state, made, here())).status is None
    told(state, payment.id, PaymentStatus.SUCCEEDED, provider_id="pi_1")
    outcome = accepted(decide_create_payment_intent(state, made, here()))
    assert isinstance(outcome.reply, PaymentIntent)
    assert outcome.reply.status is PaymentStatus.SUCCEEDED
    after(state, outcome)
    assert state.user.provider_customer_id == "cus_1"
    other = made.evolve(provider_id="pi_2")
    code = refused_with(decide_create_payment_intent(state, other, here()))
    assert code is Code.TRANSACTION_NOT_PAYABLE
