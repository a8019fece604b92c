"""Bonus given by people of the venue: within which limits, to whom, and what it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.account.grants import (
    decide_give_back_play,
    decide_grant_credits,
    decide_post_grant,
)
from actors.account.lot_timers import BONUS_EXPIRY
from actors.account.orders import decide_post_order
from actors.account.state import AccountState
from actors.runtime.outcome import LATER, SetTimer
from protocol.addresses import ActorKind, Address, Principal, Role
from protocol.errors import Code
from protocol.internal.approvals import ApprovalKind, ReserveApproval
from protocol.internal.wallet import ExpireBonus, GiveBackPlay, PostGrant
from protocol.messages import command_from_wire
from protocol.operations.wallet import GrantCredits
from protocol.records.money import CreditGrant, Purchase, Transaction
from protocol.records.money_states import CreditSource, GrantReason, TransactionKind
from protocol.records.platform import AuditEntry
from protocol.records.states import UserStatus
from protocol.replies.wallet import Granted
from tests.actors.account.asking import a_priced_line, a_priced_order
from tests.actors.account.wallets import (
    AT_COUNTER,
    OTHER_VENUE,
    PATRON,
    STAFF,
    TODAY,
    USER,
    VENUE,
    a_user,
    an_account,
    an_exclusion,
    assert_books,
    here,
    rows_of,
    sums_of,
    types_of,
)
from tests.actors.deciding import IDS, NOW, a_principal, accepted, after, refused_with

MANAGER = a_principal(STAFF, Role.MANAGEMENT, VENUE)
OWNER = a_principal(STAFF, Role.OWNER, VENUE)
GAME = UUID(int=0x6A)
MINUTE = timedelta(minutes=1)


def a_grant(amount_minor: int = 500, **changes: Any) -> GrantCredits:
    """Goodwill for the patron."""
    known: dict[str, Any] = {
        "user_id": USER,
        "venue_id": VENUE,
        "amount_minor": amount_minor,
        "reason_code": GrantReason.GOODWILL,
    }
    return GrantCredits(**(known | changes))


def post(state: AccountState, grant: GrantCredits, principal: Principal = MANAGER) -> Any:
    """The grant, as it comes back from the venue."""
    step = PostGrant(grant=grant, user_id=USER, transaction_id=IDS.fresh())
    return decide_post_grant(state, step, here(principal=principal))


def test_what_a_manager_gives_is_counted_by_the_venue_first() -> None:
    """The account sees its own grants only; the day's sum of a manager is over all accounts."""
    grant = a_grant(expires_at=NOW + timedelta(days=3), note="late food")
    outcome = accepted(decide_grant_credits(an_account(), grant, here(principal=MANAGER)))
    assert outcome.reply is LATER
    assert (outcome.changes, outcome.appends, outcome.events) == ((), (), ())
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.VENUE, VENUE)
    asked = send.command
    assert isinstance(asked, ReserveApproval)
    assert (asked.kind, asked.decider_id, asked.business_day) == (ApprovalKind.GRANT, STAFF, TODAY)
    assert (asked.amount_minor, asked.single_max_minor, asked.day_max_minor) == (500, 2000, 20_000)
    back = command_from_wire(asked.then["command"], asked.then["data"])
    assert isinstance(back, PostGrant)
    assert (back.grant, back.user_id) == (grant, USER)


def test_an_owner_is_bound_by_no_limit() -> None:
    """So nobody is asked, whatever the amount."""
    state = an_account()
    decision = decide_grant_credits(state, a_grant(1_000_000), here(principal=OWNER))
    outcome = accepted(decision)
    assert isinstance(outcome.reply, Granted)
    after(state, outcome)
    assert_books(state, outcome)
    assert state.credits("JPY").bonus_minor == 1_000_000


@pytest.mark.parametrize(
    ("principal", "code"),
    [
        (PATRON, Code.FORBIDDEN),
        (AT_COUNTER, Code.FORBIDDEN),
        (a_principal(STAFF, Role.MANAGEMENT, OTHER_VENUE), Code.NOT_FOUND),
    ],
)
def test_only_management_of_the_venue_gives(principal: Principal, code: Code) -> None:
    """Rule 15: a role counts at its venue."""
    decision = decide_grant_credits(an_account(), a_grant(), here(principal=principal))
    assert refused_with(decision) is code


def test_a_venue_that_is_not_there_gives_nothing() -> None:
    """It is named in the body, so nobody has looked for it before."""
    grant = a_grant(venue_id=UUID(int=0xBAD))
    assert refused_with(decide_grant_credits(an_account(), grant, here(principal=OWNER))) is (
        Code.NOT_FOUND
    )


def test_a_grant_is_bonus_at_the_venues_expense_and_audited() -> None:
    """Promo −b, bonus +b; with its reason, its end and its place in the burn order."""
    state, ends_at = an_account(), NOW + timedelta(days=3)
    outcome = accepted(post(state, a_grant(priority=5, expires_at=ends_at)))
    after(state, outcome)
    assert_books(state, outcome)
    assert dict(sums_of([outcome])) == {
        f"venue:{VENUE}:promo_expense": -500,
        f"user:{USER}:bonus": 500,
    }
    (lot,) = rows_of(outcome, CreditGrant)
    assert (lot.source, lot.priority, lot.expires_at) == (CreditSource.BONUS, 5, ends_at)
    (transaction,) = rows_of(outcome, Transaction)
    assert (transaction.kind, transaction.reason) == (TransactionKind.GRANT, "goodwill")
    assert transaction.created_by == STAFF
    (line,) = rows_of(outcome, AuditEntry)
    assert (line.action, line.actor_id, line.object_id) == ("credits.granted", STAFF, str(USER))
    assert types_of(outcome) == ["transaction.posted", "credits.balance_changed"]
    assert outcome.timers == (SetTimer(BONUS_EXPIRY, ends_at, ExpireBonus()),)
    answer = outcome.reply
    assert isinstance(answer, Granted)
    assert (answer.amount_minor, answer.grant_id) == (500, lot.id)


@pytest.mark.parametrize(
    ("state", "grant", "code"),
    [
        (an_account(an_exclusion()), a_grant(expires_at=NOW), Code.EXCLUDED),
        (an_account(user=a_user(status=UserStatus.SUSPENDED)), a_grant(), Code.FORBIDDEN),
        (an_account(), a_grant(expires_at=NOW), Code.VALIDATION_FAILED),
    ],
)
def test_what_the_receiver_may_not_have_is_refused_at_last(
    state: AccountState, grant: GrantCredits, code: Code
) -> None:
    """The venue's count is taken back by its undo then."""
    assert refused_with(post(state, grant)) is code


def played(at_minutes_ago: int = 5, *, qty: int = 2) -> AccountState:
    """Somebody who bought plays of the game some minutes ago, with paid credit."""
    state, then = an_account(paid=1000), NOW - at_minutes_ago * MINUTE
    plays = a_priced_line(
        100 * qty, item_id=None, game_id=GAME, qty=qty, unit_price_minor=100, revenue_kind="play"
    )
    return after(state, accepted(decide_post_order(state, a_priced_order(plays), here(now=then))))


def a_fault(**changes: Any) -> GiveBackPlay:
    """Staff found the machine stuck just now."""
    known: dict[str, Any] = {
        "venue_id": VENUE,
        "game_id": GAME,
        "reported_at": NOW,
        "reported_by": STAFF,
    }
    return GiveBackPlay(**(known | changes))


def test_a_fault_gives_the_last_play_back_as_a_grant() -> None:
    """Rule 4: one play, not the whole order, at its price, and for ever."""
    state = played()
    (play,) = state.all(Purchase)
    outcome = accepted(decide_give_back_play(state, a_fault(), here(in_saga=False)))
    assert outcome.reply is None
    after(state, outcome)
    assert_books(state, outcome)
    assert sums_of([outcome])[f"user:{USER}:bonus"] == 100
    (transaction,) = rows_of(outcome, Transaction)
    assert (transaction.reason, transaction.about_id) == ("game_fault", play.id)
    (lot,) = rows_of(outcome, CreditGrant)
    assert lot.expires_at is None
    again = accepted(decide_give_back_play(state, a_fault(), here(in_saga=False)))
    assert not again.writes, "the same fault reported twice gives nothing more"


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        (played(11), a_fault()),
        (played(5), a_fault(game_id=UUID(int=1))),
        (played(5), a_fault(venue_id=OTHER_VENUE)),
        (played(5), a_fault(reported_at=NOW - 6 * MINUTE)),
        (an_account(), a_fault()),
    ],
)
def test_what_was_no_play_of_it_in_the_ten_minutes_before_gives_nothing(
    state: AccountState, fault: GiveBackPlay
) -> None:
    """The venue asks whoever might have played; for the others it is harmless."""
    assert not accepted(decide_give_back_play(state, fault, here(in_saga=False))).writes
    assert decide_give_back_play(played(10), a_fault(), here(in_saga=False))


def test_whoever_is_erased_has_no_play_given_back() -> None:
    """Rule 16: no credit comes into the wallet of nobody."""
    state = played(5)
    state.put(state.user.revised(status=UserStatus.ERASED))
    assert not accepted(decide_give_back_play(state, a_fault(), here(in_saga=False))).writes


def test_exactly_ten_minutes_are_soon_enough() -> None:
    """The end of the window belongs to the patron. Rule 4 fault."""
    outcome = accepted(decide_give_back_play(played(10), a_fault(), here(in_saga=False)))
    assert outcome.writes
