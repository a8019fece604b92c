"""Reports in any order, early, late and again: money moves once, and no state ever goes back."""

from __future__ import annotations

from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.account.disputes import decide_apply_dispute
from actors.account.pending import decide_void_unpaid
from actors.account.refund_results import decide_apply_refund_result
from actors.account.refunds import decide_decide_refund, decide_request_refund
from actors.rules.lifecycle import PAYMENT_RANK
from actors.rules.refunds import DEAD
from actors.runtime.outcome import Decision, Outcome
from protocol.errors import Refusal
from protocol.internal.payments import (
    ApplyDispute,
    ApplyRefundResult,
    DisputeOutcome,
    VoidUnpaid,
)
from protocol.operations.refunds import DecideRefund, RefundReason, RefundVerdict, RequestRefund
from protocol.records.money import Refund, Transaction
from protocol.records.money_states import (
    PaymentStatus,
    RefundStatus,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.payments import Payment
from tests.actors.account.card_kit import OF_THE_PLACE, begun, opened, told, wallet
from tests.actors.account.wallets import an_account, assert_books, here, sums_of
from tests.actors.deciding import NOW, after

_REPORTED = st.sampled_from(
    [
        PaymentStatus.REQUIRES_ACTION,
        PaymentStatus.PROCESSING,
        PaymentStatus.SUCCEEDED,
        PaymentStatus.SUCCEEDED,
        PaymentStatus.SUCCEEDED,
        PaymentStatus.FAILED,
        PaymentStatus.CANCELED,
    ]
)
_NOBODY = here(principal=None, in_saga=False)


class CardMachine(RuleBasedStateMachine):
    """One account, a few payments, and a provider that says whatever it likes, whenever."""

    def __init__(self) -> None:
        super().__init__()
        self.state = an_account(paid=1_000)
        self.outcomes: list[Outcome] = []
        self.ranks: dict[UUID, int] = {}
        self.ended: dict[UUID, RefundStatus] = {}
        self.posted: set[UUID] = set()
        self.voided: set[UUID] = set()
        self.won: set[UUID] = set()

    def _take(self, decision: Decision) -> None:
        if isinstance(decision, Refusal):
            return
        if isinstance(decision.reply, Refusal) and not decision.writes:
            return
        after(self.state, decision)
        self.outcomes.append(decision)
        assert_books(self.state, decision)

    def _payments(self) -> list[Payment]:
        return list(self.state.all(Payment))

    @rule(amount=st.integers(500, 9_000), bonus=st.sampled_from([0, 250]))
    @precondition(lambda self: len(self.state.rows(Payment)) < 3)
    def top_up(self, amount: int, bonus: int) -> None:
        begun(self.state, opened(self.state, amount, bonus_minor=bonus))

    @rule(data=st.data(), reported=_REPORTED)
    @precondition(lambda self: self.state.rows(Payment))
    def provider_says(self, data: st.DataObject, reported: PaymentStatus) -> None:
        payment = data.draw(st.sampled_from(self._payments()))
        outcome = told(self.state, payment.id, reported)
        self.outcomes.append(outcome)
        assert_books(self.state, outcome)

    @rule(data=st.data())
    @precondition(lambda self: self.state.rows(Transaction))
    def an_hour_passes(self, data: st.DataObject) -> None:
        transaction = data.draw(st.sampled_from(list(self.state.all(Transaction))))
        command = VoidUnpaid(transaction_id=transaction.id)
        self._take(decide_void_unpaid(self.state, command, _NOBODY))

    @rule(data=st.data(), amount=st.none() | st.integers(1, 3_000))
    @precondition(lambda self: any(self.state.posted(TransactionKind.TOPUP)))
    def refund(self, data: st.DataObject, amount: int | None) -> None:
        top_ups = list(self.state.posted(TransactionKind.TOPUP))
        transaction = data.draw(st.sampled_from(top_ups))
        ask = RequestRefund(
            transaction_id=transaction.id,
            reason_code=RefundReason.UNUSED_CREDIT,
            amount_minor=amount,
        )
        self._take(decide_request_refund(self.state, ask, here()))

    @rule(
        data=st.data(),
        verdict=st.sampled_from([RefundVerdict.APPROVE] * 3 + [RefundVerdict.REJECT]),
    )
    @precondition(lambda self: self.state.rows(Refund))
    def owner_decides(self, data: st.DataObject, verdict: RefundVerdict) -> None:
        refund = data.draw(st.sampled_from(list(self.state.all(Refund))))
        command = DecideRefund(refund_id=refund.id, decision=verdict)
        self._take(decide_decide_refund(self.state, command, here(principal=OF_THE_PLACE)))

    @rule(
        data=st.data(),
        status=st.sampled_from(
            [RefundStatus.PROCESSING, RefundStatus.SUCCEEDED, RefundStatus.FAILED]
        ),
    )
    @precondition(lambda self: self.state.rows(Refund))
    def provider_says_of_a_refund(self, data: st.DataObject, status: RefundStatus) -> None:
        refund = data.draw(st.sampled_from(list(self.state.all(Refund))))
        command = ApplyRefundResult(
            refund_id=refund.id, status=status, provider_ref=f"re_{refund.id}"
        )
        self._take(decide_apply_refund_result(self.state, command, _NOBODY))

    @rule(data=st.data(), outcome=st.sampled_from(DisputeOutcome))
    @precondition(lambda self: any(p.status_rank >= 3 for p in self.state.all(Payment)))
    def bank_disputes(self, data: st.DataObject, outcome: DisputeOutcome) -> None:
        paid = [payment for payment in self._payments() if payment.status_rank >= 3]
        payment = data.draw(st.sampled_from(paid))
        command = ApplyDispute(
            payment_id=payment.id,
            provider_id=f"dp_{payment.id}",
            outcome=outcome,
            status=outcome.value,
            amount_minor=payment.amount_minor,
            opened_at=NOW,
        )
        self._take(decide_apply_dispute(self.state, command, _NOBODY))

    @invariant()
    def no_payment_goes_back(self) -> None:
        for payment in self.state.all(Payment):
            assert payment.status_rank == PAYMENT_RANK[payment.status]
            assert payment.status_rank >= self.ranks.get(payment.id, 0)
            self.ranks[payment.id] = payment.status_rank

    @invariant()
    def no_transaction_and_no_refund_leaves_its_end(self) -> None:
        for transaction in self.state.all(Transaction):
            if transaction.id in self.voided:
                assert transaction.status is TransactionStatus.VOIDED
            if transaction.status is TransactionStatus.VOIDED:
                self.voided.add(transaction.id)
        for refund in self.state.all(Refund):
            end = self.ended.setdefault(refund.id, refund.status)
            if end in DEAD:
                assert refund.status is end
            elif end is RefundStatus.SUCCEEDED:
                assert refund.status in (end, RefundStatus.FAILED), "its bank may send it back"
            self.ended[refund.id] = refund.status

    @invariant()
    def each_payment_that_came_was_credited_once(self) -> None:
        """Clearing is what came, less what went back: whatever was said how often."""
        came = [p for p in self.state.all(Payment) if p.status_rank >= 3]
        in_minor = sum(payment.amount_minor for payment in came)
        back_minor = sum(
            refund.amount_minor
            for refund in self.state.all(Refund)
            if refund.status in (RefundStatus.PROCESSING, RefundStatus.SUCCEEDED)
        )
        disputed = sums_of(self.outcomes)
        taken_minor = -in_minor + back_minor
        cleared = disputed["platform:stripe_clearing"]
        assert cleared >= taken_minor, "more was credited than came"
        lost_minor = cleared - taken_minor
        assert lost_minor <= in_minor - back_minor, "a dispute on a refunded payment paid twice"

    @invariant()
    def the_wallet_is_the_fold_of_its_journals(self) -> None:
        sums = sums_of(self.outcomes)
        whose = next(iter(self.state.all(Payment)), None)
        if whose is not None:
            assert wallet(self.state).paid_minor == 1_000 + sums[f"user:{whose.user_id}:paid"]
            owed = sums[f"user:{whose.user_id}:receivable"]
            assert wallet(self.state).receivable_minor == owed


TestCards = CardMachine.TestCase
TestCards.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
