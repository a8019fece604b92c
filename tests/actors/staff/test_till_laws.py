"""Laws of tills: what is expected is what went in, and is nobody's to see before the count."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.runtime.outcome import Outcome
from protocol.errors import Code, Refusal
from protocol.internal.orders import ReturnCash
from protocol.operations.staff import CloseTill, TillStep
from protocol.records.ledger import Till
from protocol.records.money_states import TillStatus
from protocol.replies.staff import TillReply
from tests.actors.deciding import refused_with
from tests.actors.staff.shift_kit import MINUTE, Work, a_manager, coins

VARIANCE_MAX = 500
amounts = st.integers(1, 2_000)


class OneTill(RuleBasedStateMachine):
    """One till from its float to its end, against a few numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.work = Work()
        self.work.clock_in()
        self.work.open_till(1_000)
        self.expected = 1_000
        self.counted: int | None = None
        self.status = "open"
        self.taken: list[int] = []

    @property
    def till(self) -> Till:
        return self.work.till()

    def _looked_at(self, outcome: Outcome) -> None:
        """Neither answer nor event says what was expected, before it was counted."""
        shown: list[Any] = [event.data["expected_minor"] for event in outcome.events]
        if isinstance(outcome.reply, TillReply):
            shown.append(outcome.reply.expected_minor)
        hidden = self.counted is None
        assert all((amount is None) == hidden for amount in shown)

    @rule(amount=amounts)
    def cash_comes(self, amount: int) -> None:
        outcome = self.work.take_cash(amount)
        if self.status == "open":
            self.expected += amount
            self.taken.append(amount)
            self._looked_at(outcome)
        else:
            assert refused_with(outcome) is Code.TILL_NOT_OPEN

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def cash_goes_back(self, data: st.DataObject) -> None:
        amount = self.taken.pop(data.draw(st.integers(0, len(self.taken) - 1)))
        command = ReturnCash(till_id=self.till.id, transaction_id=self.till.id, amount_minor=amount)
        outcome = self.work.do(command, in_saga=False)
        self.expected -= amount
        self._looked_at(outcome)

    @rule(amount=amounts)
    def some_goes_to_the_safe(self, amount: int) -> None:
        command = CloseTill(till_id=self.till.id, kind=TillStep.DROP, amount_minor=amount)
        outcome = self.work.do(command)
        if self.status == "open":
            self.expected -= amount
            self._looked_at(outcome)
        else:
            assert refused_with(outcome) is Code.TILL_CLOSED

    @rule(off=st.integers(-1_500, 1_500))
    def it_is_counted(self, off: int) -> None:
        amount = max(0, self.expected + off)
        outcome = self.work.do(CloseTill(till_id=self.till.id, counted=coins(amount)))
        if self.counted is not None:
            assert refused_with(outcome) is Code.TILL_CLOSED
            return
        self.counted = amount
        self.status = "closed" if abs(amount - self.expected) <= VARIANCE_MAX else "ended"
        assert isinstance(outcome.reply, TillReply)
        assert outcome.reply.variance_minor == amount - self.expected
        self._looked_at(outcome)

    @rule()
    def management_signs(self) -> None:
        command = CloseTill(till_id=self.till.id, kind=TillStep.SIGN, note="seen")
        outcome = self.work.do(command, a_manager())
        if self.status == "closed":
            assert refused_with(outcome) is Code.TILL_CLOSED
        elif self.counted is None:
            assert refused_with(outcome) is Code.INVALID_TRANSITION
        else:
            assert not isinstance(outcome.reply, Refusal)
            self.status = "closed"

    @precondition(lambda self: "cutover" in self.work.timers)
    @rule()
    def the_day_ends(self) -> None:
        timer = self.work.timers.pop("cutover")
        self.work.now = max(self.work.now + MINUTE, timer.due_at)
        self.work.do(timer.command, in_saga=False)
        if self.status == "open":
            self.status = "ended"

    @invariant()
    def the_till_is_as_the_numbers_say(self) -> None:
        till = self.till
        assert till.status is TillStatus(self.status)
        assert till.expected_minor == self.expected
        assert till.counted_minor == self.counted
        if self.counted is not None:
            assert till.variance_minor == self.counted - self.expected

    @invariant()
    def a_closed_till_with_a_great_variance_is_signed(self) -> None:
        till = self.till
        if till.status is TillStatus.CLOSED and till.signed_by is None:
            # What goes back after the count may widen it; the count itself was within bounds.
            assert till.closed_at == till.ended_at


TestOneTill = OneTill.TestCase
TestOneTill.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
