"""The report of a business day, out of the ledger: every figure, and who may see it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from protocol.addresses import Role
from protocol.codec import encode
from protocol.errors import Code
from protocol.records.money_states import (
    BusinessDayStatus,
)
from protocol.replies.analytics import DayState, Liability, ReportKind
from storage.postgres.asked import NotOnShow
from storage.postgres.database import Database
from storage.postgres.queries_days import VenueNotNamed
from tests.storage.day_world import (
    HERE,
    STARTS,
    THERE,
    TODAY,
    YESTERDAY,
    a_busy_day,
    a_day,
    a_place,
    report,
)
from tests.storage.query_world import (
    a_principal,
    store,
)
from tests.storage.samples import NOON


async def test_the_x_report_is_the_ledgers_sum(database: Database) -> None:
    """Sales, tax by rate, tender, tills, refunds, voids, what patrons hold, and open orders."""
    await a_busy_day(database)
    found = await report(database)
    assert (found.kind, found.status, found.z_number) == (ReportKind.X, DayState.OPEN, None)
    assert (found.gross_minor, found.currency, found.variance_minor) == (550, "JPY", -10)
    figures = found.figures
    assert figures is not None
    assert (figures.net_minor, figures.tax_minor) == (500, 50)
    assert (figures.tips_minor, figures.promo_minor) == (100, 500)
    assert figures.net_by_kind == {"food": 500}
    goods, refund = figures.tax_by_rate
    assert (goods.what, goods.rate_bp, goods.gross_minor, goods.tax_minor) == (
        "goods", 1_000, 1_100, 100,
    )  # fmt: skip
    assert (refund.what, refund.rate_bp, refund.tax_minor) == ("refund", None, 50)
    tenders = {(line.kind, line.tender): (line.count, line.amount_minor, line.tip_minor)
               for line in figures.tenders}  # fmt: skip
    assert tenders == {
        ("topup", "cash"): (1, 5_000, 0),
        ("purchase", "credits"): (1, 1_100, 100),
        ("refund", "credits"): (1, 550, 0),
    }
    assert (figures.refunds.count, figures.refunds.amount_minor) == (1, 550)
    assert (figures.voids.count, figures.voids.amount_minor) == (1, 700)
    assert [(till.drawer, till.expected_minor, till.variance_minor) for till in figures.tills] == [
        ("bar", 5_000, -10),
        ("door", None, None),
    ]
    assert figures.liability == Liability(
        opening_minor=2_000, sold_minor=5_000, granted_minor=500, used_minor=1_200,
        refunded_minor=550, expired_minor=0, other_minor=0, closing_minor=6_850,
    )  # fmt: skip
    (order,) = figures.open_orders
    assert (figures.open_orders_count, order.name, order.amount_minor) == (1, "2 × Beer", 900)
    assert order.ordered_at == NOON


async def test_a_z_report_is_what_was_frozen_whatever_the_ledger_says_now(
    database: Database,
) -> None:
    """And the next day's liability opens where it closed."""
    await a_busy_day(database)
    figures = (await report(database)).figures
    assert figures is not None
    frozen: Any = encode(figures)
    frozen = {**frozen, "net_minor": 123, "liability": {**frozen["liability"], "closing_minor": 9}}
    closed = a_day(
        YESTERDAY, status=BusinessDayStatus.CLOSED, z_number=7, totals=frozen,
        closed_at=NOON, journal_head_hash=b"\x01\x02",
    )  # fmt: skip
    await store(database, closed)
    found = await report(database, YESTERDAY)
    assert (found.kind, found.status, found.z_number) == (ReportKind.Z, DayState.CLOSED, 7)
    assert (found.gross_minor, found.journal_head_hash) == (173, "0102")
    today = (await report(database)).figures
    assert today is not None
    assert today.liability.opening_minor == 9


async def test_a_day_that_is_being_closed_says_so(database: Database) -> None:
    """It has its number; its figures are still those of the ledger."""
    await store(database, a_place(), a_day(z_number=3))
    found = await report(database)
    assert (found.kind, found.status, found.z_number) == (ReportKind.X, DayState.CLOSING, 3)


async def test_a_venue_without_a_day_has_the_one_that_it_is(database: Database) -> None:
    """Before anything was booked the X report is one of zeros; other days are 404."""
    await store(database, a_place())
    found = await report(database)
    assert (found.starts_at, found.gross_minor) == (STARTS, 0)
    for day in (YESTERDAY, TODAY + timedelta(days=1)):
        with pytest.raises(NotOnShow):
            await report(database, day)


async def test_other_venues_and_other_people_see_nothing(database: Database) -> None:
    """Rule 15, and again in the database: staff have no business with the day's figures."""
    await store(database, a_place(), a_place(THERE), a_day())
    for principal in (a_principal(roles={THERE: Role.MANAGEMENT}), a_principal()):
        with pytest.raises(NotOnShow):
            await report(database, principal=principal)


async def test_without_a_venue_the_only_one_is_meant(database: Database) -> None:
    """And with several the caller must say which: 422."""
    await store(database, a_place(), a_place(THERE), a_day())
    assert (await report(database, venue=None)).venue_id == HERE
    both = a_principal(roles={HERE: Role.MANAGEMENT, THERE: Role.MANAGEMENT})
    with pytest.raises(VenueNotNamed) as caught:
        await report(database, principal=both, venue=None)
    assert caught.value.refusal().code is Code.VALIDATION_FAILED
