"""What the account tells the open visit of how money is spent (Rule 7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from actors.account.patterns import patterns_seen
from actors.account.state import AccountState
from protocol.addresses import ActorKind, Address
from protocol.internal.safety import PatternSeen
from protocol.records.money import Transaction
from protocol.records.money_states import Tender, TransactionKind, TransactionStatus
from tests.actors.account.asking import a_visitor
from tests.actors.account.wallets import (
    OTHER_VENUE,
    SESSION,
    TODAY,
    USER,
    VENUE,
    an_account,
    here,
)
from tests.actors.deciding import IDS, NOW, filled

NIGHT = NOW.replace(hour=17, minute=30)  # 02:30 in Tokyo
YESTERDAY = TODAY - timedelta(days=1)


def posted(kind: TransactionKind, amount: int, at: datetime = NOW, **values: Any) -> Transaction:
    known: dict[str, Any] = {
        "id": IDS.fresh(),
        "venue_id": VENUE,
        "user_id": USER,
        "kind": kind,
        "status": TransactionStatus.POSTED,
        "tender": Tender.CASH,
        "amount_minor": amount,
        "currency": "JPY",
        "business_day": TODAY,
        "created_by": USER,
        "occurred_at": at,
        "posted_at": at,
    }
    return Transaction(**(known | values))


def told(state: AccountState, transaction: Transaction, at: datetime = NOW) -> PatternSeen | None:
    sends = patterns_seen(state, here(now=at), transaction)
    if not sends:
        return None
    (send,) = sends
    assert send.target == Address(ActorKind.SESSION, SESSION)
    assert send.detached
    assert isinstance(send.command, PatternSeen)
    return send.command


def test_the_third_top_up_within_the_hour_is_told() -> None:
    """topup_velocity: level 2, with what was counted. Rule 7 topup_velocity."""
    topup = TransactionKind.TOPUP
    state = a_visitor()
    filled(state, [posted(topup, 1000, NOW - timedelta(minutes=ago)) for ago in (20, 59)])
    seen = told(state, posted(topup, 1000))
    assert seen is not None
    assert (seen.rule, seen.level, seen.value, seen.limit) == ("topup_velocity", 2, 3, 3)
    assert told(state, posted(topup, 1000), NOW + timedelta(minutes=2)) is None


def test_a_late_night_beyond_the_own_mean_is_told() -> None:
    """late_spend: what was spent on other days is what is usual. Rule 7 late_spend."""
    spend = TransactionKind.PURCHASE
    state = a_visitor()
    filled(state, [posted(spend, 4000, NIGHT)])
    seen = told(state, posted(spend, 1001, NIGHT), NIGHT)
    assert seen is not None
    assert (seen.rule, seen.level, seen.value) == ("late_spend", 1, 5001)
    filled(state, [posted(spend, 90_000, NIGHT, business_day=YESTERDAY)])
    assert told(state, posted(spend, 1001, NIGHT), NIGHT) is None
    assert told(state, posted(spend, 9000), NOW) is None


def test_without_a_visit_here_nobody_is_told() -> None:
    """There is nobody to see to, or they are somewhere else."""
    grant = posted(TransactionKind.GRANT, 9000, NIGHT)
    assert told(a_visitor(), grant, NIGHT) is None
    sale = posted(TransactionKind.PURCHASE, 9000, NIGHT)
    assert told(an_account(paid=1000), sale, NIGHT) is None
    elsewhere = sale.evolve(venue_id=OTHER_VENUE)
    assert told(a_visitor(), elsewhere, NIGHT) is None
