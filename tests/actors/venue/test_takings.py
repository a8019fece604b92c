"""The live takings, and packages of credit that are on sale."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.runtime.outcome import SetTimer
from actors.venue.state import VenueState
from actors.venue.takings import (
    decide_price_package,
    decide_revenue_booked,
    decide_tell_revenue,
)
from protocol.addresses import ActorKind, Address
from protocol.errors import Code
from protocol.internal.floor import TellRevenue
from protocol.internal.orders import PricePackage, RevenueBooked, TakeCash
from protocol.operations.transactions import TopUpCredits
from protocol.records.ledger import BusinessDay
from protocol.records.money_states import BusinessDayStatus, Tender
from protocol.records.payments import CreditPackage
from tests.actors.deciding import NOW, accepted, after, refused_with
from tests.actors.venue.floors import (
    AT_DOOR,
    GUEST,
    STAFF,
    TRANSACTION,
    VENUE_ID,
    a_floor,
    context,
)

TODAY = date(2026, 11, 20)
PACKAGE = UUID(int=0x61)


def booked(state: VenueState, gross_minor: int, tax_minor: int, day: date = TODAY) -> None:
    """An account books revenue."""
    command = RevenueBooked(business_day=day, gross_minor=gross_minor, tax_minor=tax_minor)
    after(state, accepted(decide_revenue_booked(state, command, context(None))))


def a_package(**changes: Any) -> CreditPackage:
    """3000 for 3000, and 150 on top for 90 days."""
    known: dict[str, Any] = {
        "id": PACKAGE,
        "venue_id": VENUE_ID,
        "name": "30 credits",
        "price_minor": 3_000,
        "credits_minor": 3_000,
        "bonus_minor": 150,
        "bonus_days": 90,
    }
    return CreditPackage(**(known | changes))


def a_top_up() -> PricePackage:
    """Staff sell the package to a guest."""
    topup = TopUpCredits(venue_id=VENUE_ID, tender=Tender.CASH, package_id=PACKAGE, user_id=GUEST)
    return PricePackage(topup=topup, user_id=GUEST, transaction_id=TRANSACTION)


def test_the_first_revenue_opens_the_day() -> None:
    """From cutover to cutover at the venue's wall clock (Rule 5)."""
    state = a_floor()
    booked(state, 1_100, 100)
    day = state.one(BusinessDay)
    assert (day.version, day.status) == (1, BusinessDayStatus.OPEN)
    assert day.starts_at == datetime(2026, 11, 19, 20, 0, tzinfo=UTC)
    assert day.ends_at == datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


def test_takings_are_the_sum_of_what_was_booked() -> None:
    """Each journal is booked once, so the screen shows what the ledger will say."""
    state = a_floor()
    booked(state, 1_100, 100)
    booked(state, 550, 50)
    (event,) = accepted(decide_tell_revenue(state, TellRevenue(), context(None))).events
    assert event.type == "revenue.tick"
    assert not event.durable
    assert event.data["gross_minor"] == 1_650
    assert event.data["net_minor"] == 1_500
    assert event.data["last_minor"] == 550
    assert event.data["currency"] == "JPY"


def test_takings_are_told_at_whole_seconds() -> None:
    """A hundred sales within a second set one and the same timer."""
    state = a_floor()
    command = RevenueBooked(business_day=TODAY, gross_minor=1, tax_minor=0)
    due = NOW + timedelta(seconds=1)
    for ms in (0, 999):
        now = NOW + timedelta(milliseconds=ms)
        outcome = accepted(decide_revenue_booked(state, command, context(None, now=now)))
        assert outcome.timers[0] == SetTimer("revenue", due, TellRevenue())


def test_a_day_is_told_apart_from_the_day_before() -> None:
    """After the cutover the screen begins at nothing again."""
    state = a_floor()
    booked(state, 1_000, 0)
    booked(state, 70, 0, TODAY + timedelta(days=1))
    (event,) = accepted(decide_tell_revenue(state, TellRevenue(), context(None))).events
    assert event.data["gross_minor"] == 70


def test_a_closed_day_is_frozen() -> None:
    """Rule 5: what is posted late belongs to the open day, and no screen changes the Z report."""
    closed = BusinessDay(
        venue_id=VENUE_ID,
        business_day=TODAY,
        starts_at=NOW - timedelta(days=1),
        ends_at=NOW,
        status=BusinessDayStatus.CLOSED,
    )
    command = RevenueBooked(business_day=TODAY, gross_minor=1, tax_minor=0)
    assert not accepted(decide_revenue_booked(a_floor(closed), command, context(None))).writes


def test_before_the_first_revenue_there_is_nothing_to_tell() -> None:
    """A timer of yesterday may fire in a venue without a day."""
    outcome = accepted(decide_tell_revenue(a_floor(), TellRevenue(), context(None)))
    assert outcome.events == ()


def test_a_package_goes_on_to_the_till_of_who_sells_it() -> None:
    """The price is the venue's: nobody at the counter names an amount."""
    outcome = accepted(decide_price_package(a_floor(a_package()), a_top_up(), context(AT_DOOR)))
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.STAFF, STAFF)
    assert send.command == TakeCash(
        topup=a_top_up().topup,
        user_id=GUEST,
        transaction_id=TRANSACTION,
        price_minor=3_000,
        credits_minor=3_000,
        bonus_minor=150,
        bonus_days=90,
        package_id=PACKAGE,
    )


@pytest.mark.parametrize(
    "changes",
    [{"id": UUID(int=0x62)}, {"active": False}, {"retired_at": NOW}, {"valid_hours": {}}],
)
def test_a_package_that_is_not_on_sale_is_not_found(changes: dict[str, Any]) -> None:
    """Another venue's, switched off, withdrawn, or not at this hour."""
    decision = decide_price_package(a_floor(a_package(**changes)), a_top_up(), context(AT_DOOR))
    assert refused_with(decision) is Code.NOT_FOUND
