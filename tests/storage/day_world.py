"""A venue with a busy day, for the tests of what its books say."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

from protocol.addresses import Principal, Role
from protocol.operations.analytics import GetZReport
from protocol.records.ledger import (
    BusinessDay,
    LedgerJournal,
    LedgerPosting,
    Till,
    ledger_account_id,
)
from protocol.records.money import Purchase, Transaction
from protocol.records.money_states import (
    BusinessDayStatus,
    Tender,
    TillStatus,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.states import VenueStatus
from protocol.records.venues import Venue
from protocol.replies.analytics import DayReport
from storage.postgres.database import Database
from storage.postgres.queries_days import z_report
from tests.storage.query_world import (
    a_principal,
    asked_by,
    asking,
    store,
)
from tests.storage.samples import NOON, a, an_id

HERE, THERE, PATRON = an_id(), an_id(), an_id()
TODAY = date(2026, 3, 28)
"""In Tokyo: NOON is 21:00 there."""
YESTERDAY = TODAY - timedelta(days=1)
STARTS = NOON - timedelta(hours=16)
MANAGER = a_principal(roles={HERE: Role.MANAGEMENT})
OWNER = a_principal(roles={HERE: Role.OWNER})
PAID, BONUS = f"user:{PATRON}:paid", f"user:{PATRON}:bonus"
FOOD, TAX = f"venue:{HERE}:revenue:food", f"venue:{HERE}:tax"
TILL, TIPS = f"venue:{HERE}:till:{an_id()}", f"venue:{HERE}:tips"
PROMO = f"venue:{HERE}:promo_expense"


def a_place(id_: UUID = HERE, **values: Any) -> Any:
    """A venue in Tokyo."""
    given: dict[str, Any] = {
        "cutover_local": time(5),
        "id": id_,
        "tz": "Asia/Tokyo",
        "currency": "JPY",
        "status": VenueStatus.OPEN,
    }
    return a(
        Venue, **{**given, "hours": {"always_open": True}, "radius_m": 150, "capacity": 9, **values}
    )


def a_day(day: date = TODAY, **values: Any) -> Any:
    """The row of an open day."""
    starts_at = STARTS + (day - TODAY)
    given = {
        "venue_id": HERE,
        "business_day": day,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(days=1),
        "status": BusinessDayStatus.OPEN,
    }
    return a(BusinessDay, **{**given, **values})


def business(
    kind: TransactionKind, amount_minor: int, postings: dict[str, int], **values: Any
) -> list[Any]:
    """A transaction with its journal; `postings` are signed and sum to zero."""
    transaction = a(
        Transaction,
        **{
            "venue_id": HERE,
            "user_id": PATRON,
            "kind": kind,
            "status": TransactionStatus.POSTED,
            "tender": Tender.CREDITS,
            "amount_minor": amount_minor,
            "currency": "JPY",
            "business_day": TODAY,
            "occurred_at": NOON,
            "posted_at": NOON,
            **values,
        },
    )
    day = transaction.business_day or TODAY
    journal = a(
        LedgerJournal, venue_id=HERE, transaction_id=transaction.id, business_day=day,
        source=kind.value, seq=transaction.id.int % 10**6, hash=bytes(32), prev_hash=bytes(32),
    )  # fmt: skip
    lines = [
        a(
            LedgerPosting, journal_id=journal.id, venue_id=HERE, line=n,
            account_id=ledger_account_id(code, "JPY"), account_code=code,
            amount_minor=minor, currency="JPY", balance_after_minor=0,
        )
        for n, (code, minor) in enumerate(postings.items(), 1)
    ]  # fmt: skip
    return [transaction, journal, *lines]


async def a_busy_day(database: Database) -> None:
    """Top-up with bonus, a meal with a tip, a refund, a void, an open order, and two tills."""
    topup = business(
        TransactionKind.TOPUP, 5_000, {TILL: -5_000, PAID: 5_000, PROMO: -500, BONUS: 500},
        tender=Tender.CASH,
    )  # fmt: skip
    meal = business(
        TransactionKind.PURCHASE, 1_100, {PAID: -1_200, FOOD: 1_000, TAX: 100, TIPS: 100},
        tip_minor=100,
    )  # fmt: skip
    back = business(TransactionKind.REFUND, 550, {FOOD: -500, TAX: -50, PAID: 550}, tax_minor=50)
    before = business(
        TransactionKind.TOPUP, 2_000, {TILL: -2_000, PAID: 2_000}, business_day=YESTERDAY
    )
    elsewhere = business(TransactionKind.TOPUP, 0, {}, venue_id=THERE)
    void = business(TransactionKind.PURCHASE, 700, {}, status=TransactionStatus.VOIDED)[:1]
    order = business(
        TransactionKind.PURCHASE, 900, {}, status=TransactionStatus.PENDING, posted_at=None,
        business_day=None, tender=Tender.CARD,
    )[:1]  # fmt: skip
    lines = [
        a(Purchase, transaction_id=meal[0].id, venue_id=HERE, name="Curry", item_id=an_id(), qty=1,
          line=1, tax_rate_bp=1_000, tax_minor=100, total_minor=1_100),
        a(Purchase, transaction_id=order[0].id, venue_id=HERE, name="Beer", item_id=an_id(), qty=2,
          line=1, tax_rate_bp=1_000, tax_minor=82, total_minor=900),
    ]  # fmt: skip
    counted = {"status": TillStatus.CLOSED, "expected_minor": 5_000, "counted_minor": 4_990}
    tills = [
        a(Till, venue_id=HERE, opened_at=NOON, drawer="bar", variance_minor=-10, **counted),
        a(Till, venue_id=HERE, opened_at=NOON, drawer="door", status=TillStatus.OPEN,
          expected_minor=3_000, counted_minor=None, variance_minor=None),
        a(Till, venue_id=HERE, opened_at=STARTS - timedelta(hours=1), drawer="old", **counted),
    ]  # fmt: skip
    await store(
        database, a_place(), a_day(), *topup, *meal, *back, *before, *elsewhere, *void, *order,
        *lines, *tills,
    )  # fmt: skip


async def report(
    database: Database, day: date = TODAY, principal: Principal = MANAGER, venue: UUID | None = HERE
) -> DayReport:
    """What somebody is shown of a day."""
    asked = asked_by(principal, venue)
    command = GetZReport(business_day=day, venue_id=venue)
    async with asking(database, asked) as connection:
        return await z_report(connection, command, asked)
