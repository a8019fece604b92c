"""Gifts: what the giver may give, what the receiver may take, and what is taken back if not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.account.gifts import (
    decide_gift_taken,
    decide_receive_gift,
    decide_return_gift,
    decide_take_back_gift,
    decide_transfer_credits,
)
from actors.account.state import AccountState
from actors.account.views import decide_get_credit_balance
from actors.rules.giving import GIFT_DAY_MAX_MINOR, UNAVAILABLE, gift_code_id
from actors.runtime.outcome import LATER, Outcome, Send
from protocol.addresses import ActorKind, Address
from protocol.errors import Code
from protocol.internal.wallet import GiftTaken, ReceiveGift, ReturnGift, TakeBackGift
from protocol.operations.transactions import GetCreditBalance
from protocol.operations.wallet import TransferCredits
from protocol.records.money import CreditGrant, Transaction
from protocol.records.money_states import CreditSource, TransactionKind, TransactionStatus
from protocol.records.states import LimitKind, UserStatus
from protocol.records.users import AuthToken
from protocol.replies.transactions import Balance, CreditBalance
from protocol.replies.wallet import Transferred
from tests.actors.account.wallets import (
    OTHER_VENUE,
    USER,
    VENUE,
    a_limit,
    a_lot,
    a_user,
    an_account,
    an_exclusion,
    assert_books,
    here,
    owing,
    rows_of,
    sums_of,
    types_of,
)
from tests.actors.deciding import IDS, NOW, accepted, after, refused, refused_with

FRIEND = UUID(int=0xA9)


def a_gift(amount_minor: int = 300, **changes: Any) -> TransferCredits:
    """Something for a friend."""
    known: dict[str, Any] = {"amount_minor": amount_minor, "to_user_id": FRIEND, "venue_id": VENUE}
    return TransferCredits(**(known | changes))


def arriving(amount_minor: int = 300, **changes: Any) -> ReceiveGift:
    """A gift from the friend, in transit."""
    known: dict[str, Any] = {
        "giver_id": FRIEND,
        "venue_id": VENUE,
        "currency": "JPY",
        "amount_minor": amount_minor,
        "given_id": UUID(int=0x61),
        "taken_id": UUID(int=0x62),
    }
    return ReceiveGift(**(known | changes))


def given(state: AccountState, amount_minor: int = 300) -> tuple[Outcome, ReceiveGift]:
    """The state after it gave, and what is in transit."""
    outcome = accepted(decide_transfer_credits(state, a_gift(amount_minor), here()))
    after(state, outcome)
    (send,) = outcome.sends
    assert isinstance(send.command, ReceiveGift)
    return outcome, send.command


def test_the_givers_half_is_in_transit_until_somebody_takes_it() -> None:
    """Paid −, transit +, and what takes it back if nobody does."""
    state = an_account(a_lot(500), a_lot(500, CreditSource.BONUS, priority=1))
    outcome, step = given(state)
    assert_books(state, outcome)
    assert outcome.reply is LATER
    assert dict(sums_of([outcome])) == {f"user:{USER}:paid": -300, "platform:transit": 300}
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.ACCOUNT, FRIEND)
    assert send.undo == TakeBackGift(given_id=step.given_id)
    (half,) = rows_of(outcome, Transaction)
    assert (half.kind, half.amount_minor) == (TransactionKind.TRANSFER, -300)
    assert (half.id, half.about_id) == (step.given_id, step.taken_id)
    assert types_of(outcome) == ["transaction.posted", "credits.balance_changed"]
    answer = accepted(decide_gift_taken(state, GiftTaken(given_id=step.given_id), here())).reply
    assert isinstance(answer, Transferred)
    assert (answer.amount_minor, answer.status) == (300, TransactionStatus.POSTED)
    assert answer.balance == Balance(available_minor=700, held_minor=0)


def test_a_gift_that_nobody_takes_goes_back_to_the_very_lots() -> None:
    """The mirror is exact, and a message that comes twice mirrors once."""
    lots = [a_lot(200, priority=1), a_lot(200, priority=2)]
    state = an_account(*lots)
    _, step = given(state)
    undo = TakeBackGift(given_id=step.given_id)
    outcome = accepted(decide_take_back_gift(state, undo, here(in_saga=False)))
    after(state, outcome)
    assert_books(state, outcome)
    assert dict(sums_of([outcome])) == {f"user:{USER}:paid": 300, "platform:transit": -300}
    assert [state.get(CreditGrant, lot.id).remaining_minor for lot in lots] == [200, 200]  # type: ignore[union-attr]
    (half,) = rows_of(outcome, Transaction)
    assert half.status is TransactionStatus.VOIDED
    assert decide_take_back_gift(state, undo, here(in_saga=False)) == Outcome()
    # What came back does not count as given.
    accepted(decide_transfer_credits(state, a_gift(400), here()))


def test_the_receivers_half_is_paid_credit_that_never_ends() -> None:
    """Transit −, paid +, and the giver is told, who answers."""
    state = an_account()
    outcome = accepted(decide_receive_gift(state, arriving(), here(principal=None)))
    after(state, outcome)
    assert_books(state, outcome)
    assert outcome.reply is None
    assert dict(sums_of([outcome])) == {f"user:{USER}:paid": 300, "platform:transit": -300}
    (lot,) = rows_of(outcome, CreditGrant)
    assert (lot.source, lot.expires_at, lot.venue_id) == (CreditSource.PAID, None, None)
    (half,) = rows_of(outcome, Transaction)
    assert (half.id, half.about_id, half.amount_minor) == (UUID(int=0x62), UUID(int=0x61), 300)
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.ACCOUNT, FRIEND)
    assert send.command == GiftTaken(given_id=UUID(int=0x61))
    assert send.undo == ReturnGift(taken_id=UUID(int=0x62), giver_id=FRIEND)
    assert send.undoes_cause, "the giver's half is taken back behind it, not beside it"


@pytest.mark.parametrize("spent_minor", [0, 200, 300])
def test_a_gift_that_the_giver_takes_back_leaves_the_receiver(spent_minor: int) -> None:
    """The giver could not answer: transit is as before, and what was spent meanwhile is owed."""
    state = an_account()
    after(state, accepted(decide_receive_gift(state, arriving(), here(principal=None))))
    if spent_minor:
        given(state, spent_minor)
    undo = ReturnGift(taken_id=UUID(int=0x62), giver_id=FRIEND)
    outcome = accepted(decide_return_gift(state, undo, here(in_saga=False)))
    back = TakeBackGift(given_id=UUID(int=0x61))
    assert outcome.sends == (Send(Address(ActorKind.ACCOUNT, FRIEND), back),)
    after(state, outcome)
    assert_books(state, outcome)
    assert sums_of([outcome])["platform:transit"] == 300
    assert state.available_minor("JPY", NOW) == 0
    assert state.credits("JPY").receivable_minor == -spent_minor
    assert decide_return_gift(state, undo, here(in_saga=False)) == Outcome()


@pytest.mark.parametrize(
    ("state", "command", "code"),
    [
        (
            an_account(user=a_user(status=UserStatus.SUSPENDED), paid=900),
            a_gift(),
            Code.TRANSFER_NOT_ALLOWED,
        ),
        (an_account(an_exclusion(), paid=900), a_gift(), Code.EXCLUDED),
        (an_account(paid=900), a_gift(to_user_id=USER), Code.TRANSFER_NOT_ALLOWED),
        (an_account(paid=299, bonus=900), a_gift(), Code.INSUFFICIENT_CREDITS),
        (an_account(owing(1), a_lot(900)), a_gift(), Code.INSUFFICIENT_CREDITS),
        (an_account(paid=900), a_gift(venue_id=UUID(int=0xBAD)), Code.NOT_FOUND),
        (an_account(), a_gift(venue_id=None), Code.INSUFFICIENT_CREDITS),
    ],
)
def test_what_may_not_be_given(state: AccountState, command: TransferCredits, code: Code) -> None:
    """Bonus does not move, and nobody gives to themselves."""
    assert refused_with(decide_transfer_credits(state, command, here())) is code


def test_a_day_holds_so_many_gifts() -> None:
    """20000 on a business day, over all venues; the next day anew."""
    state = an_account(paid=100_000)
    for _ in range(2):
        given(state, GIFT_DAY_MAX_MINOR // 2)
    for venue_id in (VENUE, OTHER_VENUE):
        more = decide_transfer_credits(state, a_gift(100, venue_id=venue_id), here())
        assert refused_with(more) is Code.TRANSFER_NOT_ALLOWED
    accepted(decide_transfer_credits(state, a_gift(100), here(now=NOW + timedelta(days=1))))


def test_without_a_venue_it_is_booked_where_the_giver_was_last() -> None:
    """A gift is from person to person; the books are always some venue's."""
    state = an_account(a_lot(900, venue_id=OTHER_VENUE))
    (half,) = rows_of(
        accepted(decide_transfer_credits(state, a_gift(venue_id=None), here())), Transaction
    )
    assert half.venue_id == OTHER_VENUE


@pytest.mark.parametrize(
    "state",
    [
        an_account(user=a_user(status=UserStatus.SUSPENDED)),
        an_account(user=a_user(deleted_at=NOW)),
        an_account(an_exclusion()),
        an_account(owing(1), a_lot(900)),
        an_account(a_limit(299, kind=LimitKind.TOPUP)),
    ],
)
def test_why_somebody_can_not_take_it_is_nobodys_business(state: AccountState) -> None:
    """Excluded, limited or closed: one and the same answer."""
    assert refused(decide_receive_gift(state, arriving(), here())) == UNAVAILABLE


def with_code(code: str = "ABCDEFGHJK") -> AccountState:
    """Somebody who has asked for a code to receive a gift by."""
    state = an_account()
    command = GetCreditBalance(gift_code=True, new_code=code)
    outcome = accepted(decide_get_credit_balance(state, command, here()))
    assert isinstance(outcome.reply, CreditBalance)
    assert outcome.reply.gift_code is not None
    assert outcome.reply.gift_code.code == code
    return after(state, outcome)


def test_a_code_receives_one_gift() -> None:
    """Once, within ten minutes, and only the newest."""
    state = with_code()
    (token,) = state.all(AuthToken)
    assert b"ABCDEFGHJK" not in token.token_hash
    step = arriving(code_id=gift_code_id("abcde-fghjk"))
    late = here(now=token.expires_at)
    assert refused_with(decide_receive_gift(state, step, late)) is Code.NOT_FOUND
    after(state, accepted(decide_receive_gift(state, step, here())))
    other = step.evolve(taken_id=IDS.fresh())
    assert refused_with(decide_receive_gift(state, other, here())) is Code.NOT_FOUND
    again = GetCreditBalance(gift_code=True, new_code="ZZZZZZZZZZ")
    after(state, accepted(decide_get_credit_balance(state, again, here())))
    assert [one.id for one in state.all(AuthToken)] == [gift_code_id("ZZZZZZZZZZ")]


def test_a_code_that_nobody_asked_for_is_not_made() -> None:
    """Looking at one's wallet changes nothing."""
    outcome = accepted(decide_get_credit_balance(an_account(), GetCreditBalance(), here()))
    assert not outcome.writes
    assert isinstance(outcome.reply, CreditBalance)
    assert outcome.reply.gift_code is None
