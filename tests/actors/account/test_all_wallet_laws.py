"""Rule 9, L1 to L8, with everything that can be done to a wallet, in whatever order.

The evenings of `test_wallet_laws` go on here with grants, gifts, holds, tips, cash and corrections.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from actors.account.adjustments import decide_post_adjustment
from actors.account.gifts import (
    decide_receive_gift,
    decide_take_back_gift,
    decide_transfer_credits,
)
from actors.account.grants import decide_post_grant
from actors.account.holds import (
    decide_hold_deposit,
    decide_place_hold,
    decide_release_hold,
    decide_settle_deposit,
    decide_settle_hold,
)
from actors.account.orders import decide_post_order
from actors.account.tips import decide_add_tip
from actors.account.wallet import open_minor
from protocol.addresses import Role
from protocol.errors import Refusal
from protocol.internal.wallet import (
    ExpireHold,
    HoldDeposit,
    PostGrant,
    ReceiveGift,
    ReleaseDeposit,
    SettleDeposit,
    TakeBackGift,
)
from protocol.operations.wallet import (
    AddTip,
    AdjustmentLine,
    GrantCredits,
    PlaceHold,
    PostAdjustment,
    SettleHold,
    TransferCredits,
)
from protocol.records.money import CreditHold, Transaction
from protocol.records.money_states import GrantReason, HoldPurpose, HoldStatus, TransactionKind
from tests.actors.account.asking import a_priced_line
from tests.actors.account.test_cash_orders import for_cash
from tests.actors.account.test_wallet_laws import AMOUNTS, WalletMachine
from tests.actors.account.wallets import STAFF, USER, VENUE, here
from tests.actors.deciding import IDS, a_principal

MANAGER = a_principal(STAFF, Role.OWNER, VENUE)
FRIEND = UUID(int=0xA9)
VISIT = "session"


class FullWalletMachine(WalletMachine):
    """An evening with everything in it. The model still is a few integers."""

    def own_holds(self) -> list[CreditHold]:
        return [
            hold
            for hold in self.state.all(CreditHold)
            if hold.status is HoldStatus.OPEN and hold.purpose != VISIT
        ]

    @property
    def available(self) -> int:
        return self.state.available_minor("JPY", self.now)

    @rule(amount=st.integers(1, 2000), hours=st.sampled_from([None, 5, 50]))
    def grant(self, amount: int, hours: int | None) -> None:
        """Given whatever the wallet holds or owes; it repays no debt."""
        ends_at = None if hours is None else self.now + timedelta(hours=hours)
        grant = GrantCredits(
            user_id=USER,
            venue_id=VENUE,
            amount_minor=amount,
            reason_code=GrantReason.PROMOTION,
            expires_at=ends_at,
        )
        step = PostGrant(grant=grant, user_id=USER, transaction_id=IDS.fresh())
        before = self.state.credits("JPY").bonus_minor
        assert self.take(decide_post_grant(self.state, step, self.context)) is not None
        assert self.state.credits("JPY").bonus_minor == before + amount

    @rule(amount=st.integers(100, 900), arrives=st.booleans())
    def give(self, amount: int, arrives: bool) -> None:
        """A gift leaves paid credit alone, and comes back whole if nobody takes it."""
        paid = self.state.credits("JPY").paid_minor
        asked = TransferCredits(amount_minor=amount, to_user_id=FRIEND, venue_id=VENUE)
        decision = decide_transfer_credits(self.state, asked, self.context)
        if isinstance(decision, Refusal):
            assert self.owed > 0 or paid < amount or self.given_today() + amount > 20_000
            return
        assert self.take(decision) is not None
        assert self.state.credits("JPY").paid_minor == paid - amount
        step = decision.sends[0].command
        assert isinstance(step, ReceiveGift)
        if not arrives:
            undo = TakeBackGift(given_id=step.given_id)
            self.take(decide_take_back_gift(self.state, undo, self.context))
            assert self.state.credits("JPY").paid_minor == paid

    def given_today(self) -> int:
        day = self.context.now
        return -sum(
            gift.amount_minor
            for gift in self.state.posted(TransactionKind.TRANSFER)
            if gift.amount_minor < 0 and gift.occurred_at > day - timedelta(hours=25)
        )

    @rule(amount=st.integers(100, 900))
    def receive(self, amount: int) -> None:
        """A gift comes in as paid credit, but not to who owes."""
        step = ReceiveGift(
            giver_id=FRIEND,
            venue_id=VENUE,
            currency="JPY",
            amount_minor=amount,
            given_id=IDS.fresh(),
            taken_id=IDS.fresh(),
        )
        done = self.take(decide_receive_gift(self.state, step, self.context))
        assert (done is not None) is (self.owed == 0)

    @rule(amount=st.integers(1, 900), minutes=st.integers(1, 700), deposit=st.booleans())
    def reserve(self, amount: int, minutes: int, deposit: bool) -> None:
        """Held if, and only if, that much is available."""
        available, until = self.available, self.now + timedelta(minutes=minutes)
        if deposit:
            step = HoldDeposit(
                reservation_id=IDS.fresh(),
                venue_id=VENUE,
                hold_id=IDS.fresh(),
                amount_minor=amount,
                hold_until=until,
            )
            done = self.take(decide_hold_deposit(self.state, step, self.context))
            assert (done is not None) is (available >= amount)
            return
        asked = PlaceHold(
            venue_id=VENUE, purpose=HoldPurpose.TAB, amount_minor=amount, expires_at=until
        )
        done = self.take(decide_place_hold(self.state, asked, self.context))
        assert (done is not None) is (available >= amount and len(self.own_holds()) <= 20)

    @precondition(lambda self: hasattr(self, "state") and self.own_holds())
    @rule(data=st.data(), by_hand=st.booleans())
    def settle(self, data: st.DataObject, by_hand: bool) -> None:
        """What is captured is earned, what is not returns, and it is over."""
        hold = data.draw(st.sampled_from(self.own_holds()))
        captured = data.draw(st.integers(0, open_minor(hold)))
        if by_hand:
            command = SettleHold(hold_id=hold.id, capture_minor=captured)
            context = here(now=self.now, principal=MANAGER)
            decision = decide_settle_hold(self.state, command, context)
            if isinstance(decision, Refusal):
                assert hold.expires_at is not None
                assert hold.expires_at <= self.now
                return
        else:
            deposit = SettleDeposit(hold_id=hold.id, capture_minor=captured)
            decision = decide_settle_deposit(self.state, deposit, self.context)
        assert self.take(decision) is not None
        self.earned += captured
        assert self.state.open_hold(hold.id) is None

    @precondition(lambda self: hasattr(self, "state") and self.own_holds())
    @rule(data=st.data(), timer=st.booleans())
    def let_go(self, data: st.DataObject, timer: bool) -> None:
        """All returns, to the unit, whoever says so."""
        hold = data.draw(st.sampled_from(self.own_holds()))
        wallet = self.state.credits("JPY")
        command = ExpireHold(hold_id=hold.id) if timer else ReleaseDeposit(hold_id=hold.id)
        assert self.take(decide_release_hold(self.state, command, self.context)) is not None
        after = self.state.credits("JPY")
        assert after.held_minor == wallet.held_minor - open_minor(hold)
        held = wallet.paid_minor + wallet.bonus_minor + wallet.held_minor
        assert after.paid_minor + after.bonus_minor + after.held_minor == held

    @rule(amount=st.integers(1, 400))
    def tip(self, amount: int) -> None:
        """For the last purchase, if there is one that takes it."""
        sales = [
            sale
            for sale in self.state.posted(TransactionKind.PURCHASE)
            if not any(t.about_id == sale.id for t in self.state.posted(TransactionKind.TIP))
        ]
        if not sales:
            return
        command = AddTip(transaction_id=sales[-1].id, amount_minor=amount)
        if self.take(decide_add_tip(self.state, command, self.context)) is not None:
            self.earned += amount

    @rule(total=st.integers(30, 900))
    def pay_cash(self, total: int) -> None:
        """Nothing of the wallet moves."""
        order = for_cash(total)
        order = order.evolve(lines=(a_priced_line(total),), total_minor=total, tax_minor=0)
        before = self.state.credits("JPY")
        assert self.take(decide_post_order(self.state, order, self.context)) is not None
        after = self.state.credits("JPY")
        assert (after.paid_minor, after.bonus_minor) == (before.paid_minor, before.bonus_minor)
        self.paid_in += total
        self.earned += total

    @rule(paid=st.integers(-300, 300), bonus=st.integers(-300, 300), forgiven=AMOUNTS)
    def correct(self, paid: int, bonus: int, forgiven: int) -> None:
        """By hand as well, nothing is overdrawn, and nobody owes less than nothing."""
        wallet = self.state.credits("JPY")
        wanted = {"paid": paid, "bonus": bonus, "receivable": forgiven}
        lines = [(f"user:{USER}:{kind}", amount) for kind, amount in wanted.items() if amount]
        if not sum(wanted.values()):
            return
        lines.append((f"venue:{VENUE}:promo_expense", -sum(wanted.values())))
        command = PostAdjustment(
            venue_id=VENUE,
            postings=tuple(AdjustmentLine(account=code, amount_minor=n) for code, n in lines),
            reason="put right",
            corrects_id=IDS.fresh(),
            user_id=USER,
            balances={},
        )
        context = here(now=self.now, principal=MANAGER)
        done = self.take(decide_post_adjustment(self.state, command, context))
        fits = (
            wallet.paid_minor + paid >= 0
            and wallet.bonus_minor + bonus >= 0
            and forgiven <= self.owed
        )
        if done is not None:
            assert fits
            self.owed -= forgiven
        elif fits:
            assert bonus < 0, "only bonus that ended, and is not written off yet, can't be taken"

    @invariant()
    def transit_holds_what_was_given_and_not_taken(self) -> None:
        """What left this wallet for others and what came in is all that transit knows of."""
        if not hasattr(self, "state"):
            return
        halves = [
            one for one in self.state.all(Transaction) if one.kind is TransactionKind.TRANSFER
        ]
        moved = sum(half.amount_minor for half in halves if half.status.value == "posted")
        assert self.books["platform:transit"] == -moved


FullWalletMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None
)
TestAllOfAWallet = FullWalletMachine.TestCase
