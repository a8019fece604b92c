"""Rule 16: no account ends over money that its person never gave up, or that still moves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest

from actors.account.adjustments import decide_post_adjustment
from actors.account.erasure import (
    AGAIN,
    ERASURE,
    decide_erase_account,
    decide_request_erasure,
)
from actors.account.forfeiting import decide_give_up_left
from actors.account.lot_timers import LEFT_OVER
from actors.account.outstanding import CREDIT, UNDER_WAY
from actors.account.payment_states import decide_apply_payment_result
from actors.account.refund_results import decide_apply_refund_result
from actors.account.refunds import decide_request_refund
from actors.account.state import AccountState
from actors.account.voids import decide_give_void
from actors.runtime.outcome import Outcome, SetTimer
from protocol.addresses import Principal
from protocol.errors import Code
from protocol.internal.accounts import EraseAccount, GiveUpLeft, ScrubTables
from protocol.internal.payments import ApplyPaymentResult, ApplyRefundResult, GiveVoid
from protocol.internal.people import SendNotice
from protocol.operations.refunds import RefundReason, RefundVerdict, RequestRefund
from protocol.operations.users import RequestErasure
from protocol.records.base import Record
from protocol.records.money import Refund
from protocol.records.money_states import (
    ErasureKind,
    PaymentStatus,
    RefundDestination,
    RefundStatus,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.platform import ErasureJob
from protocol.records.states import UserStatus
from tests.actors.account.card_kit import (
    AT_OFFICE,
    OF_THE_PLACE,
    PAYMENT,
    SALE,
    TOP_UP,
    a_payment,
    a_refund_row,
    a_sale_from_credits,
    a_transaction,
    wallet,
)
from tests.actors.account.people import a_family, caller
from tests.actors.account.test_adjustments import PAID, PROMO, an_adjustment
from tests.actors.account.test_refunds import PENDING, a_card_top_up, decided
from tests.actors.account.wallets import USER, VENUE, an_account, assert_books, here, sums_of
from tests.actors.deciding import NOW, accepted, after, refused, refused_with

JOB = UUID(int=0x7E)
FORFEITED = f"venue:{VENUE}:revenue:forfeited"
_PENDING = PENDING | {"payment_id": None}
COMING: dict[str, tuple[Record, ...]] = {
    "requested": (a_refund_row(status=RefundStatus.REQUESTED),),
    "approved": (a_refund_row(status=RefundStatus.APPROVED),),
    "processing": (a_refund_row(status=RefundStatus.PROCESSING),),
    "top-up": (a_transaction(**_PENDING),),
    "order": (a_transaction(TransactionKind.PURCHASE, **_PENDING),),
    "payment": (a_payment(PaymentStatus.PROCESSING),),
}
OVER: tuple[Record, ...] = (
    a_refund_row(status=RefundStatus.REJECTED),
    a_refund_row(status=RefundStatus.SUCCEEDED),
    a_refund_row(status=RefundStatus.FAILED),
    a_transaction(status=TransactionStatus.VOIDED, posted_at=None, payment_id=None),
    a_payment(PaymentStatus.CREATED),
)


def a_job(*, forfeit: bool = False) -> ErasureJob:
    """An erasure whose days of grace end now."""
    return ErasureJob(
        id=JOB,
        user_id=USER,
        kind=ErasureKind.ERASE,
        status="pending",
        requested_at=NOW - timedelta(days=7),
        due_at=NOW,
        kept={"what": [], "forfeit": forfeit},
    )


def asked(state: AccountState, *, forfeit: bool = False) -> Any:
    principal: Principal = caller()
    return decide_request_erasure(state, RequestErasure(forfeit=forfeit), here(principal=principal))


def at_its_end(state: AccountState) -> Outcome:
    """The timer comes."""
    context = here(principal=None, in_saga=False)
    outcome = accepted(decide_erase_account(state, EraseAccount(job_id=JOB), context))
    after(state, outcome)
    return outcome


def mails(outcome: Outcome) -> list[str]:
    found = [send.command for send in outcome.sends if isinstance(send.command, SendNotice)]
    return [mail.text for mail in found if mail.kind == "erasure_waits"]


def is_erased(outcome: Outcome) -> bool:
    return any(isinstance(send.command, ScrubTables) for send in outcome.sends)


def erased(state: AccountState) -> AccountState:
    """The same account, whose person is gone."""
    state.put(state.user.revised(status=UserStatus.ERASED, email=None))
    return state


@pytest.mark.parametrize("coming", COMING.values(), ids=COMING)
def test_money_under_way_is_outstanding_unless_it_is_given_up(coming: tuple[Record, ...]) -> None:
    """An empty wallet today says nothing of a refund that comes back tomorrow."""
    refusal = refused(asked(an_account(a_family(), *coming)))
    assert refusal.code is Code.BALANCE_OUTSTANDING
    assert refusal.extra == {"balances": {}, "under_way": 1}
    assert accepted(asked(an_account(a_family(), *coming), forfeit=True)).changes


def test_what_is_over_keeps_nobody() -> None:
    """Refunds that ended, and a payment that nobody began, whose transaction is void."""
    assert accepted(asked(an_account(a_family(), *OVER))).changes
    assert is_erased(at_its_end(an_account(a_job(), *OVER)))


def test_credit_that_came_after_the_request_is_not_given_up_without_a_word() -> None:
    """Who did not say so keeps it, and the account, and is told once how to go on."""
    state = an_account(a_job(), paid=700)
    outcome = at_its_end(state)
    assert outcome.appends == ()
    again = SetTimer(ERASURE, NOW + AGAIN, EraseAccount(job_id=JOB))
    assert outcome.timers == (again,)
    (text,) = mails(outcome)
    assert "Sign in to have it refunded" in text
    assert (wallet(state).paid_minor, state.user.status) == (700, UserStatus.ACTIVE)
    (job,) = state.all(ErasureJob)
    assert (job.status, job.kept) == (
        "pending", {"what": [], "forfeit": False, "waits_for": CREDIT},
    )  # fmt: skip
    daily = at_its_end(state)
    assert (daily.timers, daily.sends, daily.changes) == ((again,), (), ())


def test_without_an_address_nobody_is_told_and_it_waits_all_the_same() -> None:
    """Whoever registered by phone alone is no less owed the money."""
    state = an_account(a_job(), paid=700)
    state.put(state.user.revised(email=None))
    outcome = at_its_end(state)
    assert outcome.sends == ()
    assert outcome.timers


@pytest.mark.parametrize("coming", COMING.values(), ids=COMING)
def test_what_is_under_way_is_waited_for_whatever_was_said(coming: tuple[Record, ...]) -> None:
    """Half of a refund can't be given up: what comes of it is known when it is over."""
    state = an_account(a_job(forfeit=True), *coming, paid=700)
    outcome = at_its_end(state)
    assert (outcome.appends, len(outcome.timers), len(mails(outcome))) == ((), 1, 1)
    (job,) = state.all(ErasureJob)
    assert job.kept is not None
    assert job.kept["waits_for"] == UNDER_WAY


def test_a_refund_that_is_over_lets_the_erasure_go_on() -> None:
    """Rejected, so the credit that stayed is given up, as was agreed; then the person is gone."""
    state = a_card_top_up(a_refund_row(), a_job(forfeit=True), left=4_000)
    assert mails(at_its_end(state))
    after(state, accepted(decided(state, decision=RefundVerdict.REJECT)))
    given_up = at_its_end(state)
    assert_books(state, given_up)
    assert sums_of([given_up])[FORFEITED] == 4_000
    assert is_erased(at_its_end(state))
    assert state.is_erased


def given_up(state: AccountState, outcome: Outcome) -> Outcome:
    """What the timer of a wallet of nobody leads to, once credit reached it."""
    after(state, outcome)
    assert_books(state, outcome)
    assert SetTimer(LEFT_OVER, NOW, GiveUpLeft()) in outcome.timers
    context = here(principal=None, in_saga=False)
    done = accepted(decide_give_up_left(state, GiveUpLeft(), context))
    after(state, done)
    assert_books(state, done)
    assert (wallet(state).paid_minor, wallet(state).bonus_minor) == (0, 0)
    assert done.timers == ()
    assert not accepted(decide_give_up_left(state, GiveUpLeft(), context)).writes
    return done


def test_a_refund_that_a_bank_sends_back_stays_in_no_wallet_of_nobody() -> None:
    """Weeks later there is nobody to have it: it is booked, and an owner looks at it."""
    state = a_card_top_up(a_refund_row(amount_minor=5_000))
    after(state, accepted(decided(state)))
    (refund,) = state.all(Refund)
    for word in (RefundStatus.SUCCEEDED, RefundStatus.FAILED):
        result = ApplyRefundResult(refund_id=refund.id, status=word, provider_ref="re_1")
        outcome = accepted(decide_apply_refund_result(erased(state), result, here(principal=None)))
        if word is RefundStatus.SUCCEEDED:
            assert SetTimer(LEFT_OVER, NOW, GiveUpLeft()) not in outcome.timers
            after(state, outcome)
    assert "payment.reconciliation_mismatch" in [event.type for event in outcome.events]
    assert sums_of([given_up(state, outcome)])[FORFEITED] == 5_000


def test_money_of_a_card_that_comes_for_nobody_is_shown_to_an_owner() -> None:
    """Rule 11: it is never lost; only the owner can send it back, at the provider."""
    state = erased(an_account(a_payment(PaymentStatus.PROCESSING)))
    result = ApplyPaymentResult(
        payment_id=PAYMENT, status=PaymentStatus.SUCCEEDED, provider_id="pi_1"
    )
    outcome = accepted(decide_apply_payment_result(state, result, here(principal=None)))
    (flag,) = [e.data for e in outcome.events if e.type == "payment.reconciliation_mismatch"]
    assert (flag["kind"], flag["reference"], flag["delta_minor"]) == (
        "missing_local", "pi_1", 5_000,
    )  # fmt: skip
    assert sums_of([given_up(state, outcome)])[FORFEITED] == 5_000


def test_credit_of_somebody_who_is_there_is_not_given_up() -> None:
    """The command is for wallets of nobody."""
    state = an_account(paid=700)
    context = here(principal=None, in_saga=False)
    assert not accepted(decide_give_up_left(state, GiveUpLeft(), context)).writes


def test_nobody_puts_credit_into_a_wallet_of_nobody_by_hand() -> None:
    """A refund goes to a card or not at all, and so does what is put right by hand."""
    ask = RequestRefund(
        transaction_id=SALE,
        reason_code=RefundReason.OTHER,
        destination=RefundDestination.CREDITS,
    )
    office, owner = here(principal=AT_OFFICE), here(principal=OF_THE_PLACE)
    sale = erased(a_sale_from_credits())
    code = refused_with(decide_request_refund(sale, ask, office))
    assert code is Code.TRANSACTION_NOT_REFUNDABLE
    void = GiveVoid(transaction_id=SALE, reason="wrong table")
    assert refused_with(decide_give_void(sale, void, office)) is Code.TRANSACTION_NOT_VOIDABLE
    waiting = a_sale_from_credits()
    to_credits = RefundDestination.CREDITS
    waiting.put(a_refund_row(transaction_id=SALE, destination=to_credits, payment_id=None))
    assert refused_with(decided(erased(waiting))) is Code.REFUND_EXCEEDS_REMAINDER
    assert accepted(decided(waiting, decision=RefundVerdict.REJECT)).changes
    credit = an_adjustment((PROMO, -500), (PAID, 500))
    nobody = erased(an_account(paid=700))
    assert refused_with(decide_post_adjustment(nobody, credit, owner)) is Code.VALIDATION_FAILED
    out = attrs.evolve(credit, postings=an_adjustment((PROMO, 500), (PAID, -500)).postings)
    assert accepted(decide_post_adjustment(nobody, out, owner)).changes


def test_a_card_top_up_of_an_erased_person_may_go_back_to_the_card() -> None:
    """That touches nobody's wallet; how much is left of it decides as always."""
    ask = RequestRefund(transaction_id=TOP_UP, reason_code=RefundReason.OTHER)
    decision = decide_request_refund(erased(a_card_top_up()), ask, here(principal=AT_OFFICE))
    assert accepted(decision).changes
