"""What our side of the comparison with the provider promises, in memory and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID

import attrs
import pytest

from lastlight.integrations.reconciling import OurBooks
from protocol.addresses import Position
from protocol.records.ledger import BusinessDay
from protocol.records.money import Refund, Transaction
from protocol.records.money_states import (
    BusinessDayStatus,
    PaymentStatus,
    RefundStatus,
    TransactionKind,
)
from protocol.records.payments import Dispute, Payment
from storage.postgres.reading import Reader
from storage.postgres.reconciling import Reconciliations, TradingDay
from tests.contracts.database_places import Rows, place_of
from tests.storage.query_world import JOURNAL, Flushed
from tests.storage.samples import NOON, a, an_id
from tests.twins.database import MemoryDatabase
from tests.twins.reconciliations import MemoryReconciliations

HERE, THERE, ME = an_id(), an_id(), an_id()
HOURS = timedelta(hours=1)
DAY = TradingDay(
    venue_id=HERE, business_day=NOON.date(), starts_at=NOON - 6 * HOURS, ends_at=NOON + 6 * HOURS
)
NEEDED = Position(JOURNAL, 0)


@attrs.frozen(eq=False)
class Place:
    """Books, and the rows behind them."""

    books: OurBooks
    rows: Rows


@pytest.fixture(params=["memory", "postgres"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    async with AsyncExitStack() as stack:
        rows = await stack.enter_async_context(place_of(request.param, url)())
        if rows.database is None:
            assert isinstance(rows.store, MemoryDatabase)
            yield Place(MemoryReconciliations(rows.store), rows)
        else:
            reader = Reader(rows.database, Flushed())
            yield Place(Reconciliations(database=rows.database, reader=reader), rows)


def a_day(*, days: int = 0, status: BusinessDayStatus = BusinessDayStatus.CLOSED) -> BusinessDay:
    back = timedelta(days=days)
    row: BusinessDay = a(
        BusinessDay, venue_id=HERE, business_day=DAY.business_day - back, status=status,
        starts_at=DAY.starts_at - back, ends_at=DAY.ends_at - back,
        z_number=100 - days if status is BusinessDayStatus.CLOSED else None,
    )  # fmt: skip
    return row


async def due(place: Place, compared_before_hours: int = 0) -> list[object]:
    found = await place.books.days_due(
        since=NOON - timedelta(days=31),
        open_since=NOON - timedelta(days=4),
        compared_before=NOON + compared_before_hours * HOURS,
        most=10,
    )
    return [day.business_day for day in found]


async def test_closed_days_are_due_once_and_with_findings_again(place: Place) -> None:
    """Each day is compared; what did not meet is looked at again, as late webhooks heal much."""
    await place.rows.put(
        a_day(), a_day(days=1), a_day(days=40), a_day(days=2, status=BusinessDayStatus.OPEN)
    )
    yesterday = DAY.business_day - timedelta(days=1)
    assert await due(place) == [yesterday, DAY.business_day]
    finding = {"kind": "missing_local", "reference": "pi_1"}
    await place.books.keep(DAY, at=NOON, totals={"charges_minor": 5}, findings=[finding])
    assert await due(place) == [yesterday]
    assert await due(place, 1) == [yesterday, DAY.business_day]
    assert list(await place.books.kept(DAY)) == [finding]
    await place.books.keep(DAY, at=NOON, totals={"charges_minor": 5}, findings=[])
    assert await due(place, 1) == [yesterday]
    assert list(await place.books.kept(DAY)) == []


async def test_entries_are_those_of_the_day_and_those_that_are_named(place: Place) -> None:
    """What the provider lists may be posted on another day, or never."""
    today, before, waits = an_id(), an_id(), an_id()
    rows = []
    for n, (id_, posted_at) in enumerate(
        ((today, NOON), (before, NOON - 20 * HOURS), (waits, None)), 1
    ):
        transaction = a(
            Transaction, id=an_id(), kind=TransactionKind.TOPUP, user_id=ME, venue_id=HERE,
            payment_id=id_, posted_at=posted_at,
        )  # fmt: skip
        status = PaymentStatus.CREATED if posted_at is None else PaymentStatus.SUCCEEDED
        rows += [
            transaction,
            a(
                Payment, id=id_, transaction_id=transaction.id, provider_id=f"pi_{n}",
                user_id=ME, venue_id=HERE, status=status, amount_minor=n,
            ),
        ]  # fmt: skip
    refund = a(
        Refund, id=an_id(), venue_id=HERE, user_id=ME, payment_id=today, provider_ref="re_1",
        status=RefundStatus.SUCCEEDED, decided_at=NOON, amount_minor=1,
    )  # fmt: skip
    dispute = a(
        Dispute, id=an_id(), venue_id=HERE, user_id=ME, payment_id=before, provider_id="dp_1"
    )
    await place.rows.put(*rows, refund, dispute)

    async def seen(names: list[str], ids: list[UUID]) -> dict[object, tuple[bool, bool]]:
        found = await place.books.entries(DAY, needed=NEEDED, provider_ids=names, our_ids=ids)
        return {one.provider_id: (one.counts, one.of_day) for one in found}

    assert await seen([], []) == {"pi_1": (True, True), "re_1": (True, True)}
    assert await seen(["dp_1", "pi_2"], [waits]) == {
        "pi_1": (True, True),
        "re_1": (True, True),
        "pi_2": (True, False),
        "pi_3": (False, False),
        "dp_1": (True, False),
    }
