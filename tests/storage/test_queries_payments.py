"""Refunds and card payments as they are listed, and a day's cards for the owner."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import pytest

from protocol.addresses import Role
from protocol.chart import account_of
from protocol.operations.payments import GetPayment, GetReconciliation, ListPaymentMethods
from protocol.operations.refunds import ListRefunds
from protocol.records.ledger import BusinessDay, LedgerJournal, LedgerPosting
from protocol.records.money import Refund, Transaction
from protocol.records.money_states import (
    BusinessDayStatus,
    PaymentStatus,
    RefundStatus,
    StripeEventStatus,
    TransactionKind,
)
from protocol.records.payments import Dispute, Payment, PaymentMethod, StripeEvent
from protocol.records.values import PaymentStep
from protocol.records.venues import Venue
from storage.postgres.asked import NotOnShow
from storage.postgres.database import Database
from storage.postgres.queries_payments import (
    payment,
    payment_methods,
    reconciliation,
    refunds,
)
from storage.postgres.reading import Reader
from storage.postgres.reconciling import Reconciliations, TradingDay
from tests.storage.query_world import Flushed, a_principal, asked_by, asking, store
from tests.storage.samples import NOON, a, an_id

ME, SOMEBODY, HERE, THERE = an_id(), an_id(), an_id(), an_id()
DAY = NOON.date()


async def listed(
    database: Database, role: Role, command: ListRefunds, user_id: UUID = ME
) -> list[Any]:
    asked = asked_by(a_principal(user_id, roles={HERE: role}), command.venue_id)
    async with asking(database, asked) as connection:
        page = await refunds(connection, command, asked)
    return [row.refund_id for row in page.items]


async def test_refunds_are_listed_as_far_as_the_role_goes(database: Database) -> None:
    """Patron: own; staff: filed by them; management and owner: the venue's."""
    own = a(Refund, id=an_id(), user_id=ME, venue_id=THERE, requested_by=ME)
    filed = a(Refund, id=an_id(), user_id=SOMEBODY, venue_id=HERE, requested_by=ME)
    other = a(
        Refund, id=an_id(), user_id=SOMEBODY, venue_id=HERE, requested_by=SOMEBODY,
        status=RefundStatus.REJECTED,
    )  # fmt: skip
    await store(database, own, filed, other)
    here = ListRefunds(venue_id=HERE)
    assert await listed(database, Role.PATRON, ListRefunds()) == [own.id]
    assert await listed(database, Role.PATRON, here) == []
    assert await listed(database, Role.PATRON, ListRefunds(venue_id=THERE)) == [own.id]
    assert await listed(database, Role.STAFF, here) == [filed.id]
    assert await listed(database, Role.STAFF, ListRefunds()) == [filed.id, own.id]
    assert await listed(database, Role.MANAGEMENT, ListRefunds()) == [other.id, filed.id]
    assert await listed(database, Role.MANAGEMENT, here) == [other.id, filed.id]
    assert await listed(database, Role.OWNER, here.evolve(limit=1)) == [other.id]
    rejected = here.evolve(status=RefundStatus.REJECTED)
    assert await listed(database, Role.OWNER, rejected) == [other.id]
    of_one = here.evolve(transaction_id=filed.transaction_id)
    assert await listed(database, Role.OWNER, of_one) == [filed.id]


async def test_a_payment_is_shown_with_its_history_to_its_owner_only(database: Database) -> None:
    """And to those who manage its venue; to everybody else it is not there."""
    step = PaymentStep(status="created", at=NOON)
    row = a(
        Payment, user_id=ME, venue_id=HERE, amount_minor=5, status=PaymentStatus.FAILED,
        history=(step,), refunded_minor=0,
    )  # fmt: skip
    await store(database, row)
    command = GetPayment(payment_id=row.id)
    asked = asked_by(a_principal(ME))
    async with asking(database, asked) as connection:
        found = await payment(connection, command, asked)
    assert (found.payment_id, found.status) == (row.id, PaymentStatus.FAILED)
    assert [(one.status, one.at) for one in found.history] == [(PaymentStatus.CREATED, NOON)]
    stranger = asked_by(a_principal())
    async with asking(database, stranger) as connection:
        with pytest.raises(NotOnShow):
            await payment(connection, command, stranger)


async def test_saved_cards_are_one_s_own_and_without_what_pays(database: Database) -> None:
    """Newest first; those that were removed are gone."""
    first, second = (a(PaymentMethod, id=an_id(), user_id=ME) for _ in range(2))
    gone = a(PaymentMethod, user_id=ME, removed_at=NOON)
    await store(database, first, second, gone, a(PaymentMethod))
    asked = asked_by(a_principal(ME))
    async with asking(database, asked) as connection:
        found = await payment_methods(connection, ListPaymentMethods(), asked)
    assert [card.method_id for card in found.items] == [second.id, first.id]
    assert not hasattr(found.items[0], "provider_id")


def moved(kind: TransactionKind, amount_minor: int, day: dt.date = DAY) -> list[Any]:
    """A journal that moves the clearing account, and the transaction that it is of."""
    transaction = a(
        Transaction, id=an_id(), venue_id=HERE, kind=kind, business_day=day, posted_at=NOON
    )
    journal = a(
        LedgerJournal, id=an_id(), venue_id=HERE, transaction_id=transaction.id, business_day=day,
        source=kind.value,
    )  # fmt: skip
    lines = [
        a(
            LedgerPosting, id=an_id(), journal_id=journal.id, venue_id=HERE, line=n,
            account_code=code, account_id=account_of(code, "JPY").id, amount_minor=amount,
            currency="JPY",
        )
        for n, code, amount in (
            (1, "platform:stripe_clearing", amount_minor),
            (2, f"user:{ME}:paid", -amount_minor),
        )
    ]  # fmt: skip
    return [transaction, journal, *lines]


async def test_a_day_s_cards_are_what_the_clearing_account_moved(database: Database) -> None:
    """What came, what went back, and what is open; the provider's side is not asked yet.

    Rule 11 reconciliation.
    """
    day = a(
        BusinessDay, venue_id=HERE, business_day=DAY, starts_at=NOON - dt.timedelta(hours=12),
        ends_at=NOON + dt.timedelta(hours=12), status=BusinessDayStatus.OPEN,
    )  # fmt: skip
    rows: list[Any] = [
        a(Venue, id=HERE, currency="JPY", tz="Asia/Tokyo", radius_m=150),
        day,
        a(Payment, venue_id=HERE, amount_minor=5, refunded_minor=0, created_at=NOON),
        a(Dispute, id=an_id(), venue_id=HERE, amount_minor=70, closed_at=None),
        a(Dispute, id=an_id(), venue_id=THERE, closed_at=None),
        a(StripeEvent, event_id="evt_1", status=StripeEventStatus.PARKED, payload={"secret": 1}),
        a(StripeEvent, event_id="evt_2", status=StripeEventStatus.APPLIED),
    ]
    await store(database, *rows)
    for made in (
        moved(TransactionKind.TOPUP, -5_000),
        moved(TransactionKind.PURCHASE, -300),
        moved(TransactionKind.REFUND, 1_000),
        moved(TransactionKind.DISPUTE, 70),
        moved(TransactionKind.TOPUP, -9, DAY - dt.timedelta(days=1)),
    ):
        await store(database, *made)
    asked = asked_by(a_principal(ME, roles={HERE: Role.OWNER}), HERE)
    command = GetReconciliation(venue_id=HERE, business_day=DAY)
    async with asking(database, asked) as connection:
        found = await reconciliation(connection, command, asked)
    clearing = found.clearing
    assert (clearing.charges_minor, clearing.refunds_minor) == (5_300, 1_000)
    assert (clearing.disputes_minor, clearing.balance_minor) == (70, -4_230)
    assert (dict(found.payments), found.provider) == ({"created": 1}, None)
    assert [event.event_id for event in found.parked_events] == ["evt_1"]
    assert [dispute.amount_minor for dispute in found.open_disputes] == [70]
    other = command.evolve(business_day=DAY - dt.timedelta(days=30))
    manager = asked_by(a_principal(ME, roles={HERE: Role.MANAGEMENT}), HERE)
    for who, what in ((asked, other), (manager, command)):
        async with asking(database, who) as connection:
            with pytest.raises(NotOnShow):
                await reconciliation(connection, what, who)


async def test_a_compared_day_shows_the_provider_s_sums_and_what_does_not_meet(
    database: Database,
) -> None:
    """To the owner of its venue, and to no one else's query.

    Rule 11 reconciliation.
    """
    day = a(
        BusinessDay, venue_id=HERE, business_day=DAY, starts_at=NOON - dt.timedelta(hours=12),
        ends_at=NOON + dt.timedelta(hours=12), status=BusinessDayStatus.OPEN,
    )  # fmt: skip
    await store(database, a(Venue, id=HERE, currency="JPY", tz="Asia/Tokyo", radius_m=150), day)
    kinds = ("missing_local", "missing_remote", "amount_differs")
    books = Reconciliations(database=database, reader=Reader(database, Flushed()))
    await books.keep(
        TradingDay(venue_id=HERE, business_day=DAY, starts_at=day.starts_at, ends_at=day.ends_at),
        at=NOON,
        totals={"charges_minor": 9, "refunds_minor": 2, "disputes_minor": 1, "fees_minor": 3},
        findings=[{"kind": kind, "reference": kind} for kind in kinds],
    )
    asked = asked_by(a_principal(ME, roles={HERE: Role.OWNER}), HERE)
    command = GetReconciliation(venue_id=HERE, business_day=DAY)
    async with asking(database, asked) as connection:
        found = await reconciliation(connection, command, asked)
    assert found.compared_at == NOON
    assert found.provider is not None
    assert (found.provider.charges_minor, found.provider.fees_minor) == (9, 3)
    shown = [*found.missing, *found.extra, *found.differing]
    assert tuple(one["reference"] for one in shown) == kinds
    sql = "select count(*) from reconciliation_of($1, $2)"
    for role in (Role.PATRON, Role.STAFF, Role.MANAGEMENT):
        other = asked_by(a_principal(ME, roles={HERE: role}), HERE)
        async with asking(database, other) as connection:
            assert await connection.fetchval(sql, HERE, DAY) == 0
    elsewhere = asked_by(a_principal(ME, roles={THERE: Role.OWNER}), THERE)
    async with asking(database, elsewhere) as connection:
        assert await connection.fetchval(sql, HERE, DAY) == 0
