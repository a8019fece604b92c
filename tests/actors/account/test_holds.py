"""Reserved credit: placed, settled once, and given back by itself or when it is not needed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.account.holds import (
    decide_place_hold,
    decide_release_hold,
    decide_settle_hold,
)
from actors.account.state import AccountState
from actors.runtime.outcome import CancelTimer, Outcome, SetTimer
from protocol.addresses import Principal, Role
from protocol.domain_limits import HOLDS_OPEN_MAX
from protocol.errors import Code
from protocol.internal.orders import RevenueBooked
from protocol.internal.wallet import (
    ExpireHold,
)
from protocol.operations.wallet import PlaceHold, SettleHold
from protocol.records.money import CreditHold, Receipt, Transaction
from protocol.records.money_states import CreditSource, HoldPurpose, HoldStatus
from protocol.records.platform import AuditEntry
from protocol.records.states import UserStatus
from protocol.replies.wallet import HoldPlaced, HoldSettled
from tests.actors.account.asking import a_visitor
from tests.actors.account.wallets import (
    AT_COUNTER,
    OTHER_VENUE,
    STAFF,
    TODAY,
    USER,
    VENUE,
    a_limit,
    a_lot,
    a_user,
    an_account,
    an_exclusion,
    assert_books,
    here,
    hold_of,
    owing,
    rows_of,
    sums_of,
    types_of,
)
from tests.actors.deciding import NOW, a_principal, accepted, after, refused, refused_with

HOUR = timedelta(hours=1)
MANAGER = a_principal(STAFF, Role.MANAGEMENT, VENUE)
RESERVATION = UUID(int=0x7E)


def a_request(amount_minor: int = 400, **changes: Any) -> PlaceHold:
    """A tab until in an hour."""
    known: dict[str, Any] = {
        "venue_id": VENUE,
        "purpose": HoldPurpose.TAB,
        "amount_minor": amount_minor,
        "expires_at": NOW + HOUR,
    }
    return PlaceHold(**(known | changes))


def held(amount_minor: int = 400, *, paid: int = 1000, **changes: Any) -> tuple[AccountState, UUID]:
    """An account with an open hold."""
    state = an_account(paid=paid)
    outcome = accepted(decide_place_hold(state, a_request(amount_minor, **changes), here()))
    after(state, outcome)
    assert isinstance(outcome.reply, HoldPlaced)
    return state, outcome.reply.hold_id


def settle(
    state: AccountState, hold_id: UUID, capture_minor: int, by: Principal = MANAGER, *,
    now: datetime = NOW,
) -> Any:  # fmt: skip
    command = SettleHold(hold_id=hold_id, capture_minor=capture_minor)
    return decide_settle_hold(state, command, here(principal=by, now=now))


def test_held_credit_can_not_be_spent_elsewhere_and_returns_by_itself() -> None:
    """Bonus and paid by burn order, and a timer that ends it."""
    state = an_account(a_lot(300), a_lot(200, CreditSource.BONUS))
    outcome = accepted(decide_place_hold(state, a_request(), here()))
    after(state, outcome)
    assert_books(state, outcome)
    answer = outcome.reply
    assert isinstance(answer, HoldPlaced)
    assert (answer.status, answer.amount_minor) == (HoldStatus.OPEN, 400)
    assert (answer.balance.available_minor, answer.balance.held_minor) == (100, 400)
    command = ExpireHold(hold_id=answer.hold_id)
    assert outcome.timers == (SetTimer(f"hold:{answer.hold_id}", NOW + HOUR, command),)
    assert types_of(outcome) == ["credits.balance_changed"]
    ended = accepted(decide_release_hold(state, command, here(now=NOW + HOUR, in_saga=False)))
    after(state, ended)
    assert_books(state, ended)
    hold = state.get(CreditHold, answer.hold_id)
    assert hold is not None
    assert hold.status is HoldStatus.EXPIRED
    wallet = state.credits("JPY")
    assert (wallet.paid_minor, wallet.bonus_minor, wallet.held_minor) == (300, 200, 0)
    again = decide_release_hold(state, command, here(in_saga=False))
    assert again == Outcome(), "a timer that comes twice does nothing more"


@pytest.mark.parametrize(
    ("state", "request_", "code"),
    [
        (an_account(paid=1000), a_request(expires_at=NOW), Code.VALIDATION_FAILED),
        (an_account(paid=1000), a_request(expires_at=NOW + 13 * HOUR), Code.VALIDATION_FAILED),
        (an_account(paid=399), a_request(), Code.INSUFFICIENT_CREDITS),
        (an_account(owing(1), a_lot(900)), a_request(), Code.INSUFFICIENT_CREDITS),
        (an_account(a_limit(399), paid=1000), a_request(), Code.SPEND_LIMIT_REACHED),
        (an_account(an_exclusion(), paid=1000), a_request(), Code.EXCLUDED),
        (an_account(paid=1000), a_request(venue_id=UUID(int=0xBAD)), Code.NOT_FOUND),
        (
            an_account(user=a_user(status=UserStatus.SUSPENDED), paid=1000),
            a_request(),
            Code.FORBIDDEN,
        ),
    ],
)
def test_what_keeps_credit_from_being_held(
    state: AccountState, request_: PlaceHold, code: Code
) -> None:
    """Twelve hours at most, within funds and own limits."""
    assert refused_with(decide_place_hold(state, request_, here())) is code
    accepted(decide_place_hold(an_account(paid=400), a_request(expires_at=NOW + 12 * HOUR), here()))


def test_holds_count_together_against_own_limits_and_their_number_is_bounded() -> None:
    """What is held is about to be spent; a limit of 500 holds 500 in all."""
    state = an_account(a_limit(500), paid=5000)
    after(state, accepted(decide_place_hold(state, a_request(300), here())))
    again = decide_place_hold(state, a_request(201), here())
    assert refused_with(again) is Code.SPEND_LIMIT_REACHED
    state = an_account(paid=5000)
    for _ in range(HOLDS_OPEN_MAX):
        after(state, accepted(decide_place_hold(state, a_request(1), here())))
    assert refused_with(decide_place_hold(state, a_request(1), here())) is Code.VALIDATION_FAILED


def test_a_capture_is_revenue_and_the_rest_returns() -> None:
    """Held −x, revenue +x; a transaction, a receipt, and a line in the audit trail."""
    state, hold_id = held()
    outcome = accepted(settle(state, hold_id, 150))
    after(state, outcome)
    assert_books(state, outcome)
    assert dict(sums_of([outcome])) == {
        f"user:{USER}:held": -400,
        f"user:{USER}:paid": 250,
        f"venue:{VENUE}:revenue:tab": 150,
    } | {code: n for code, n in sums_of([outcome]).items() if n == 0}
    answer = outcome.reply
    assert isinstance(answer, HoldSettled)
    assert (answer.status, answer.captured_minor, answer.released_minor) == (
        HoldStatus.CAPTURED, 150, 250,
    )  # fmt: skip
    (transaction,) = rows_of(outcome, Transaction)
    assert (transaction.id, transaction.amount_minor) == (answer.transaction_id, 150)
    (receipt,) = rows_of(outcome, Receipt)
    assert receipt.body["total_minor"] == 150
    (line,) = rows_of(outcome, AuditEntry)
    assert (line.action, line.actor_id) == ("hold.settled", STAFF)
    (told,) = outcome.sends
    assert told.command == RevenueBooked(business_day=TODAY, gross_minor=150, tax_minor=0)
    assert CancelTimer(f"hold:{hold_id}") in outcome.timers


def test_of_nothing_all_returns_without_a_sale() -> None:
    """A room that nobody needed costs nothing and has no receipt."""
    state, hold_id = held()
    outcome = accepted(settle(state, hold_id, 0))
    after(state, outcome)
    assert_books(state, outcome)
    assert rows_of(outcome, Transaction) == rows_of(outcome, Receipt) == []
    assert isinstance(outcome.reply, HoldSettled)
    assert (outcome.reply.status, outcome.reply.transaction_id) == (HoldStatus.RELEASED, None)
    assert state.credits("JPY").paid_minor == 1000


def test_a_hold_is_settled_once_and_not_after_its_time() -> None:
    """409 tells that it was done, 410 that it is too late; nothing moves."""
    for first in (0, 400):
        state, hold_id = held()
        after(state, accepted(settle(state, hold_id, first)))
        assert refused_with(settle(state, hold_id, 0)) is Code.HOLD_SETTLED
    state, hold_id = held()
    assert refused_with(settle(state, hold_id, 0, now=NOW + HOUR)) is Code.HOLD_EXPIRED
    expired = ExpireHold(hold_id=hold_id)
    after(state, accepted(decide_release_hold(state, expired, here(in_saga=False))))
    assert refused_with(settle(state, hold_id, 0)) is Code.HOLD_EXPIRED


def test_more_than_is_held_is_not_captured() -> None:
    """The end of the range is within it."""
    state, hold_id = held()
    refusal = refused(settle(state, hold_id, 401))
    assert refusal.code is Code.AMOUNT_OUT_OF_RANGE
    assert [error.pointer for error in refusal.errors] == ["/capture_minor"]
    accepted(settle(state, hold_id, 400))


def test_a_visits_hold_is_the_visits_to_settle() -> None:
    """Taking it away would leave the meter without funds."""
    state = a_visitor()
    assert refused_with(settle(state, hold_of(state).id, 0)) is Code.INVALID_TRANSITION


@pytest.mark.parametrize(
    ("by", "code"),
    [
        (AT_COUNTER, Code.FORBIDDEN),
        (a_principal(STAFF, Role.MANAGEMENT, OTHER_VENUE), Code.NOT_FOUND),
        (a_principal(USER), Code.FORBIDDEN),
    ],
)
def test_only_management_of_the_venue_settles(by: Principal, code: Code) -> None:
    """Rule 15: not the patron themselves either, who would always take all back."""
    state, hold_id = held()
    assert refused_with(settle(state, hold_id, 0, by)) is code
    assert refused_with(settle(state, UUID(int=1), 0)) is Code.NOT_FOUND
