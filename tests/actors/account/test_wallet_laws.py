"""Rule 9: the laws of the ledger, whatever happens to a wallet and in whatever order.

A Hypothesis state machine plays evenings against a model of a few integers. The model knows no
lots, holds or journals: only how much of each kind there must be.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from actors.account.admission import decide_admit_patron, decide_cancel_admission
from actors.account.expiry import decide_expire_bonus
from actors.account.orders import decide_post_order
from actors.account.state import AccountState
from actors.account.topups import decide_post_top_up
from actors.account.visit import (
    decide_capture_usage,
    decide_settle_visit,
    decide_visit_over,
)
from actors.account.visit_holds import decide_hold_for_visit
from actors.account.wallet import open_minor
from actors.runtime.outcome import Context, Decision, Outcome
from protocol.entries import Entry, decode_entry, encode_entry
from protocol.errors import Code, Refusal
from protocol.internal.managing import VisitOver
from protocol.internal.visit_holds import HoldForVisit
from protocol.internal.visits import CancelAdmission, UsageCaptured
from protocol.internal.wallet import ExpireBonus
from protocol.records.base import Record
from protocol.records.ledger import LedgerJournal, LedgerPosting
from protocol.records.money import Credits
from tests.actors.account.asking import (
    a_line,
    a_priced_line,
    a_priced_order,
    a_settlement,
    a_tick,
    an_admission,
    cash_taken,
)
from tests.actors.account.wallets import (
    ACCOUNT,
    USER,
    VENUE,
    an_account,
    assert_books,
    here,
    hold_of,
    rows_of,
    types_of,
)
from tests.actors.deciding import IDS, NOW, after

AMOUNTS = st.integers(0, 700)


class WalletMachine(RuleBasedStateMachine):
    """An evening: money in, visits, ticks, drinks, and days that pass."""

    state: AccountState

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOW
        self.session_id: UUID | None = None
        self.leaving: UUID | None = None
        """A visit whose books are closed, and whose session has not said that it is over."""
        self.ticks = 0
        self.versions: dict[tuple[type[Record], tuple[object, ...]], int] = {}
        self.books: Counter[str] = Counter()
        self.sources: set[tuple[object, str]] = set()
        self.owed = 0
        self.paid_in = 0
        self.earned = 0

    @initialize(owed=st.sampled_from([0, 0, 300]))
    def begin(self, owed: int) -> None:
        """Some accounts begin with a debt from a lost dispute."""
        self.owed = owed
        self.state = an_account()
        if owed:
            debt = Credits(user_id=USER, currency="JPY", receivable_minor=-owed, ledger_seq=1)
            self.state.put(debt)
            self.versions[Credits, debt.primary_key] = 1
            self.books[f"user:{USER}:receivable"] = -owed
            self.books["platform:stripe_clearing"] = owed

    @property
    def context(self) -> Context:
        return here(now=self.now)

    @property
    def held(self) -> int:
        """What the visit holds."""
        return 0 if self.state.visit is None else open_minor(hold_of(self.state))

    def take(self, decision: Decision) -> Outcome | None:
        """Apply a decision as the runtime would, and hold each outcome to the laws."""
        if isinstance(decision, Refusal):
            return None
        before = self.state.credits("JPY").ledger_seq
        entry = Entry(
            actor=ACCOUNT,
            at=self.now,
            cause=None,
            changes=decision.changes,
            appends=decision.appends,
        )
        assert decode_entry(encode_entry(entry)) == entry, "what is written can be read back"
        for row in decision.changes:
            key = (type(row), row.primary_key)
            version = getattr(row, "version", 1)
            if key in self.versions:
                assert version == self.versions[key] + 1, f"{key} skips a version"
            self.versions[key] = version
        for gone in decision.removes:
            del self.versions[type(gone), gone.primary_key]
        after(self.state, decision)
        assert_books(self.state, decision, now=self.now)
        journals = rows_of(decision, LedgerJournal)
        for journal in journals:
            named = (journal.transaction_id, journal.source)
            assert named not in self.sources, "L5: one journal per transaction and source"
            self.sources.add(named)
        for posting in rows_of(decision, LedgerPosting):
            self.books[posting.account_code] += posting.amount_minor
        told = types_of(decision)
        posted = [journal for journal in journals if journal.transaction_id is not None]
        assert told.count("transaction.posted") == len(posted)
        assert told.count("credits.balance_changed") == (1 if journals else 0)
        assert self.state.credits("JPY").ledger_seq == before + len(journals)
        return decision

    @rule(amount=st.integers(1, 3000), bonus=AMOUNTS, days=st.sampled_from([None, 1, 30]))
    def top_up(self, amount: int, bonus: int, days: int | None) -> None:
        """Cash repays a debt first."""
        decision = decide_post_top_up(
            self.state, cash_taken(amount, bonus_minor=bonus, bonus_days=days), self.context
        )
        assert self.take(decision) is not None
        self.paid_in += amount
        self.owed -= min(amount, self.owed)

    @rule(food=AMOUNTS, drink=AMOUNTS, tip=st.integers(0, 50))
    def buy(self, food: int, drink: int, tip: int) -> None:
        """A purchase goes through if, and only if, there is enough of the right kind."""
        wallet = self.state.credits("JPY")
        available = self.state.available_minor("JPY", self.now)
        lines = (a_priced_line(food, tax_minor=food // 11), a_priced_line(drink, alcoholic=True))
        order = a_priced_order(*lines, tip_minor=min(tip, (food + drink) // 2))
        decision = decide_post_order(self.state, order, self.context)
        tip = order.order.tip_minor
        enough = self.owed == 0 and (
            food + drink + tip <= available and drink + tip <= wallet.paid_minor
        )
        assert (self.take(decision) is not None) is enough
        self.earned += food + drink + tip if enough else 0

    @rule(hold=AMOUNTS)
    def check_in(self, hold: int) -> None:
        """One visit at a time, with its hold."""
        session_id = IDS.fresh()
        available = self.state.available_minor("JPY", self.now)
        question = an_admission(session_id, hold_minor=hold, funds_least_minor=0)
        decision = decide_admit_patron(self.state, question, self.context)
        if isinstance(decision, Refusal):
            visiting = self.session_id is not None or self.leaving is not None
            assert decision.code is (Code.SESSION_ACTIVE if visiting else Code.INSUFFICIENT_CREDITS)
            assert visiting or available < hold
            return
        assert self.session_id is None
        assert available >= hold
        self.take(decision)
        self.session_id = session_id
        assert self.held == hold

    @precondition(lambda self: self.session_id is not None)
    @rule()
    def cancel(self) -> None:
        """The check-in failed later on: its hold returns."""
        assert self.session_id is not None
        undo = CancelAdmission(session_id=self.session_id, hold_id=hold_of(self.state).id)
        self.take(decide_cancel_admission(self.state, undo, self.context))
        self.session_id, self.leaving = None, self.session_id

    @precondition(lambda self: self.session_id is not None)
    @rule(used=st.lists(AMOUNTS, max_size=3), wanted=AMOUNTS)
    def tick(self, used: list[int], wanted: int) -> None:
        """Time is charged as far as funds go, and what is missing is told to the unit."""
        assert self.session_id is not None
        self.ticks += 1
        held = self.held
        funds = held + self.state.available_minor("JPY", self.now)
        lines = (a_line(minor, tax_bp=1000) for minor in used)
        command = a_tick(
            hold_of(self.state).id,
            *lines,
            target=wanted,
            tick=self.ticks,
            session_id=self.session_id,
        )
        outcome = self.take(decide_capture_usage(self.state, command, self.context))
        assert outcome is not None
        answer = outcome.sends[0].command
        assert isinstance(answer, UsageCaptured)
        assert answer.captured_minor == min(sum(used), funds)
        assert answer.held_minor == min(wanted, funds - answer.captured_minor)
        assert answer.short_minor == max(0, sum(used) + wanted - funds)
        self.earned += answer.captured_minor

    @precondition(lambda self: self.session_id is not None)
    @rule(wanted=AMOUNTS)
    def hold(self, wanted: int) -> None:
        """A dearer activity holds more, or is refused."""
        assert self.session_id is not None
        funds = self.held + self.state.available_minor("JPY", self.now)
        command = HoldForVisit(
            session_id=self.session_id,
            venue_id=VENUE,
            hold_id=hold_of(self.state).id,
            hold_target_minor=wanted,
            hold_until=self.now + timedelta(hours=1),
            purpose="switch",
        )
        done = self.take(decide_hold_for_visit(self.state, command, self.context))
        assert (done is not None) is (wanted <= funds)

    @precondition(lambda self: self.session_id is not None)
    @rule(used=AMOUNTS)
    def check_out(self, used: int) -> None:
        """The end of a visit leaves nothing held."""
        assert self.session_id is not None
        self.ticks += 1
        funds = self.held + self.state.available_minor("JPY", self.now)
        command = a_settlement(
            hold_of(self.state).id, a_line(used), tick=self.ticks, session_id=self.session_id
        )
        assert self.take(decide_settle_visit(self.state, command, self.context)) is not None
        self.session_id, self.leaving = None, self.session_id
        self.earned += min(used, funds)
        assert self.held == 0

    @precondition(lambda self: self.leaving is not None)
    @rule()
    def session_ends(self) -> None:
        """The session says that it is over; only now another visit may begin."""
        assert self.leaving is not None
        over = VisitOver(session_id=self.leaving)
        self.take(decide_visit_over(self.state, over, self.context))
        self.leaving = None

    @rule(hours=st.integers(1, 40))
    def time_passes(self, hours: int) -> None:
        """Bonus ends, with its timer some time later."""
        self.now += timedelta(hours=hours)

    @rule()
    def timer_fires(self) -> None:
        """Only bonus ever goes by time."""
        paid = self.state.credits("JPY").paid_minor
        self.take(decide_expire_bonus(self.state, ExpireBonus(), self.context))
        assert self.state.credits("JPY").paid_minor == paid

    @invariant()
    def wallet_is_the_fold_of_its_postings(self) -> None:
        """L4, L6 and L8: the books alone say what there is, and they add up to nothing."""
        if not hasattr(self, "state"):
            return
        wallet = self.state.credits("JPY")
        assert wallet.paid_minor == self.books[f"user:{USER}:paid"]
        assert wallet.bonus_minor == self.books[f"user:{USER}:bonus"]
        assert wallet.held_minor == self.books[f"user:{USER}:held"]
        assert wallet.receivable_minor == self.books[f"user:{USER}:receivable"] == -self.owed
        assert sum(self.books.values()) == 0

    @invariant()
    def nothing_is_lost_and_nothing_made(self) -> None:
        """What the till took and the venue gave away is with the venue or in the wallet."""
        till = sum(minor for code, minor in self.books.items() if ":till:" in code)
        earned = sum(
            minor
            for code, minor in self.books.items()
            if any(f":{kind}" in code for kind in ("revenue", "tax", "tips"))
        )
        assert till == -self.paid_in
        assert earned == self.earned


WalletMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestWallet = WalletMachine.TestCase
