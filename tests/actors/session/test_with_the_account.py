"""Session and account together, with the account's own decisions: the books of whole visits."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs
import pytest

from actors.account.behaviour import ACCOUNT as ACCOUNT_BEHAVIOUR
from actors.account.state import AccountState
from actors.runtime.outcome import Outcome
from protocol.commands import Command
from protocol.errors import Refusal
from protocol.internal.visits import OpenSession
from protocol.operations.sessions import CheckOut, PauseSession, ResumeSession, SwitchActivity
from protocol.records.money import CreditHold, Transaction
from protocol.records.money_states import HoldStatus
from protocol.records.states import Activity, SessionStatus
from protocol.replies.sessions import CheckedOut
from tests.actors.account.wallets import USER, an_account, assert_books, here
from tests.actors.deciding import accepted, after
from tests.actors.session.visit_kit import (
    MINUTE,
    OWN,
    SECOND,
    Visit,
)
from tests.actors.session.visit_opening import (
    ROOM,
    START,
    an_opening,
)
from tests.actors.session.visit_wallet import Wallet


@attrs.define(eq=False)
class RealWallet(Wallet):
    """The account itself."""

    account: AccountState = attrs.field(kw_only=True)

    def take(self, command: Command, now: datetime, *, in_saga: bool) -> Command | Refusal | None:
        """What the account decides."""
        decide = ACCOUNT_BEHAVIOUR.decisions[type(command)]
        decision = decide(self.account, command, here(now=now, principal=None, in_saga=in_saga))
        if isinstance(decision, Refusal):
            return decision
        after(self.account, decision)
        assert_books(self.account, decision)
        return decision.sends[0].command if decision.sends else None

    @property
    def paid_for_time(self) -> int:
        """All time that was charged, by the account's transactions."""
        return sum(row.amount_minor for row in self.account.all(Transaction))


def a_guest(funds: int) -> tuple[Visit, RealWallet]:
    """Somebody who has just come in by the account's own admission."""
    account = an_account(paid=funds)
    wallet = RealWallet(available=0, account=account)
    visit = Visit(wallet)
    admission = an_opening(visit.id, held=300, available=0).admission
    admit = ACCOUNT_BEHAVIOUR.decisions[type(admission)]
    outcome = admit(account, admission, here(now=START))
    assert isinstance(outcome, Outcome)
    after(account, accepted(outcome))
    opening = outcome.sends[0].command
    assert isinstance(opening, OpenSession)
    assert opening.user_id == USER
    visit.do(opening)
    return visit, wallet


def test_a_night_adds_up_on_both_sides() -> None:
    """Arcade, a break, a room, and out: the account's sum is the charge of the segments."""
    visit, wallet = a_guest(20_000)
    visit.go_to(START + 40 * MINUTE + 7 * SECOND)
    visit.do(PauseSession(session_id=visit.id), OWN)
    visit.go_to(START + 60 * MINUTE)
    visit.do(ResumeSession(session_id=visit.id), OWN)
    visit.go_to(START + 65 * MINUTE)
    switch = SwitchActivity(session_id=visit.id, activity=Activity.KARAOKE_ROOM, room_id=ROOM)
    visit.do(switch, OWN)
    visit.reserve(Activity.KARAOKE_ROOM, room=ROOM)
    visit.go_to(START + 105 * MINUTE)
    answer = visit.do(CheckOut(session_id=visit.id), OWN)
    assert isinstance(answer, CheckedOut)
    assert answer.charge_minor == wallet.paid_for_time == visit.charge(visit.history.ended_at)
    assert answer.charge_minor == 902 + 2250
    assert wallet.account.visit is None
    (hold,) = wallet.account.all(CreditHold)
    assert hold.status is HoldStatus.CAPTURED


@pytest.mark.parametrize("funds", [500, 733])
def test_a_wallet_that_runs_dry_is_never_overdrawn(funds: int) -> None:
    """The visit stops at the instant funds end, and all of them are used."""
    visit, wallet = a_guest(funds)
    visit.go_to(START + timedelta(hours=1))
    assert visit.status is SessionStatus.CLOSED
    assert wallet.paid_for_time == funds == visit.history.time_charge_minor
    assert wallet.account.credits("JPY").held_minor == 0


def test_two_check_outs_with_a_tick_in_flight_find_one_receipt() -> None:
    """The account refuses the second as closed, and the session has the receipt by then."""
    visit, wallet = a_guest(20_000)
    visit.go_to(START + 10 * MINUTE)
    visit.held_back = True
    visit.go_to(START + 11 * MINUTE + 30 * SECOND)
    visit.do(CheckOut(session_id=visit.id), OWN)
    visit.do(CheckOut(session_id=visit.id), OWN)
    visit.deliver()
    first, second = visit.answers
    assert isinstance(first, CheckedOut)
    assert first == second
    assert wallet.paid_for_time == first.charge_minor == 230
