"""What a patron sees of themselves, and who else may look."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from actors.account.admission import decide_admit_patron
from actors.account.state import NO_CURRENCY
from actors.account.views import (
    decide_get_credit_balance,
    decide_list_active_sessions,
    decide_visit_described,
)
from actors.runtime.outcome import LATER
from protocol.addresses import ActorKind, Address, Principal, Role
from protocol.codec import to_json
from protocol.errors import Code
from protocol.internal.visits import DescribeVisit, VisitDescribed
from protocol.operations.sessions import ListActiveSessions
from protocol.operations.transactions import GetCreditBalance
from protocol.records.money import Credits
from protocol.records.money_states import CreditSource
from protocol.records.platform import AuditEntry
from protocol.records.states import Activity, SessionStatus
from protocol.replies.sessions import SessionList, SessionSummary
from protocol.replies.transactions import CreditBalance
from tests.actors.account.asking import an_admission
from tests.actors.account.wallets import (
    AT_COUNTER,
    OTHER_VENUE,
    SESSION,
    USER,
    VENUE,
    a_lot,
    an_account,
    here,
    rows_of,
)
from tests.actors.deciding import NOW, a_principal, accepted, after, refused_with

SUMMARY = SessionSummary(
    session_id=SESSION,
    user_id=USER,
    venue_id=VENUE,
    display_name="Somebody",
    status=SessionStatus.ACTIVE,
    activity=Activity.LOUNGE,
    station_id=None,
    zone=None,
    party_size=1,
    checked_in_at=NOW,
    charge_minor=60,
    safety_level=0,
    last_fix_age_s=None,
    version=1,
)


def test_a_wallet_shows_its_lots_in_the_order_in_which_they_burn() -> None:
    """Rule 9: priority, earliest expiry, bonus before paid, oldest; empty lots are not shown."""
    first = a_lot(10, priority=1)
    second = a_lot(20, CreditSource.BONUS, expires_at=NOW + timedelta(days=1))
    third = a_lot(30, CreditSource.BONUS)
    last = a_lot(40)
    empty = a_lot(50, remaining_minor=0)
    state = an_account(last, empty, third, second, first)
    balance = accepted(decide_get_credit_balance(state, GetCreditBalance(), here())).reply
    assert isinstance(balance, CreditBalance)
    assert [lot.grant_id for lot in balance.grants] == [
        first.id,
        second.id,
        third.id,
        last.id,
    ]
    assert (balance.paid_minor, balance.bonus_minor, balance.available_minor) == (50, 50, 100)
    assert (balance.ledger_seq, balance.version, balance.currency) == (5, 1, "JPY")


def test_a_wallet_that_nothing_was_put_into_is_empty_and_of_no_currency() -> None:
    """Before the first top-up there is an answer too, and it can be encoded."""
    balance = accepted(decide_get_credit_balance(an_account(), GetCreditBalance(), here())).reply
    assert isinstance(balance, CreditBalance)
    assert (balance.available_minor, balance.currency, balance.version) == (0, NO_CURRENCY, 0)
    assert to_json(balance)


def test_with_several_wallets_the_one_of_the_open_visit_is_shown() -> None:
    """A traveller asks what they have here, not where they are at home."""
    euros = Credits(user_id=USER, currency="EUR", paid_minor=5, ledger_seq=99)
    state = an_account(euros, a_lot(5, currency="EUR"))
    state.put(Credits(user_id=USER, currency="JPY", paid_minor=1000, ledger_seq=1))
    state.put(a_lot(1000))

    def shown() -> str:
        reply = accepted(decide_get_credit_balance(state, GetCreditBalance(), here())).reply
        assert isinstance(reply, CreditBalance)
        return reply.currency

    assert shown() == "EUR"
    after(state, accepted(decide_admit_patron(state, an_admission(), here())))
    assert shown() == "JPY"


@pytest.mark.parametrize(
    ("principal", "code"),
    [
        (a_principal(UUID(int=1), Role.MANAGEMENT, VENUE), None),
        (a_principal(UUID(int=1), Role.OWNER), None),
        (AT_COUNTER, Code.FORBIDDEN),
        (a_principal(UUID(int=1)), Code.NOT_FOUND),
        (a_principal(UUID(int=1), Role.MANAGEMENT, OTHER_VENUE), Code.NOT_FOUND),
    ],
)
def test_only_management_of_a_venue_where_one_was_a_guest_may_look(
    principal: Principal, code: Code | None
) -> None:
    """Rule 15: staff see no wallets, strangers don't learn who exists, and looking is audited."""
    decision = decide_get_credit_balance(
        an_account(paid=10), GetCreditBalance(user_id=USER), here(principal=principal)
    )
    if code is not None:
        assert refused_with(decision) is code
        return
    outcome = accepted(decision)
    assert isinstance(outcome.reply, CreditBalance)
    (line,) = rows_of(outcome, AuditEntry)
    assert (line.action, line.object_id, line.actor_id) == ("credits.read", str(USER), UUID(int=1))


def test_the_own_wallet_is_looked_at_without_a_trace() -> None:
    """A read that anybody makes every minute writes nothing."""
    outcome = accepted(decide_get_credit_balance(an_account(), GetCreditBalance(), here()))
    assert not outcome.writes


def test_the_own_open_session_is_described_by_the_session_itself() -> None:
    """The meter is known there; the account only knows which session it is."""
    state = an_account(paid=1000)
    after(state, accepted(decide_admit_patron(state, an_admission(), here())))
    asked = accepted(decide_list_active_sessions(state, ListActiveSessions(), here()))
    assert asked.reply is LATER
    (send,) = asked.sends
    assert send.target == Address(ActorKind.SESSION, SESSION)
    assert send.command == DescribeVisit(session_id=SESSION)
    told = decide_visit_described(state, VisitDescribed(summary=SUMMARY), here())
    assert accepted(told).reply == SessionList(items=(SUMMARY,))


def test_without_an_open_session_the_list_is_empty() -> None:
    """Not an error: nobody has to be somewhere. So too if the visit ended while it was asked."""
    outcome = accepted(decide_list_active_sessions(an_account(), ListActiveSessions(), here()))
    assert outcome.reply == SessionList(items=())
    over = accepted(decide_visit_described(an_account(), VisitDescribed(summary=None), here()))
    assert over.reply == SessionList(items=())
