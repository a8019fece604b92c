"""Refunds and card payments as people may see them, and a day's cards for the owner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from protocol.addresses import Role
from protocol.operations.payments import GetPayment, GetReconciliation, ListPaymentMethods
from protocol.operations.refunds import ListRefunds
from protocol.records import money, payments
from protocol.records.money_states import PaymentStatus
from protocol.replies.payments import (
    ClearingTotals,
    DisputeView,
    EventView,
    PaymentStepView,
    PaymentView,
    ProviderTotals,
    Reconciliation,
    SavedCard,
    SavedCards,
)
from protocol.replies.refunds import RefundedLine, RefundList, RefundView
from storage.postgres.asked import Asked, NotOnShow, blocks_of, newest_of_venues
from storage.postgres.database import Connection
from storage.postgres.mapping import mapping_of
from storage.postgres.paging import after_of, page_of

SQL: Final = blocks_of("payments")
EVENTS_SHOWN_MAX: Final = 100


async def refunds(connection: Connection, command: ListRefunds, asked: Asked) -> RefundList:
    """Refunds, newest first: of their venues for management, those that they filed for staff, and
    one's own for everybody else.

    Raises:
        CursorInvalid: see there.
    """
    before, most = after_of(command), command.limit + 1
    status = None if command.status is None else command.status.value
    filters = (before, status, command.transaction_id)
    if asked.asking.role >= Role.MANAGEMENT:
        rows = await newest_of_venues(connection, SQL["refunds_of_venue"].sql, most, *filters)
    else:
        name = "refunds_requested_by" if asked.is_staff else "refunds_of_user"
        user_id = asked.asking.user_id
        rows = await connection.fetch(SQL[name].sql, user_id, most, *filters, command.venue_id)
    found = mapping_of(money.Refund).from_rows(rows)
    page, cursor = page_of(found, command, lambda row: row.id)
    return RefundList(items=tuple(_refund(row) for row in page), next_cursor=cursor)


async def payment(connection: Connection, command: GetPayment, asked: Asked) -> PaymentView:
    """A payment with its history: one's own, or of a venue that one manages.

    Raises:
        NotOnShow: there is none, or not for the caller.
    """
    row = await connection.fetchrow(SQL["payment"].sql, command.payment_id)
    if row is None:
        raise NotOnShow(f"payment {command.payment_id}")
    found = mapping_of(payments.Payment).from_row(row)
    return PaymentView(
        payment_id=found.id,
        transaction_id=found.transaction_id,
        venue_id=found.venue_id,
        provider_payment_id=found.provider_id,
        status=found.status,
        amount_minor=found.amount_minor,
        refunded_minor=found.refunded_minor,
        currency=found.currency,
        method_id=found.method_id,
        failure_code=found.failure_code,
        last_checked_at=found.last_checked_at,
        history=tuple(
            PaymentStepView(
                status=PaymentStatus(step.status), at=step.at, failure_code=step.failure_code
            )
            for step in found.history
        ),
        created_at=found.created_at,
        version=found.version,
    )


async def payment_methods(
    connection: Connection, command: ListPaymentMethods, asked: Asked
) -> SavedCards:
    """Own saved cards, newest first; five at most."""
    rows = await connection.fetch(SQL["payment_methods"].sql, asked.asking.user_id)
    found = mapping_of(payments.PaymentMethod).from_rows(rows)
    return SavedCards(
        items=tuple(
            SavedCard(
                method_id=row.id,
                brand=row.brand,
                last4=row.last4,
                exp_month=row.exp_month,
                exp_year=row.exp_year,
                is_default=row.is_default,
                created_at=row.created_at,
            )
            for row in found
        )
    )


async def reconciliation(
    connection: Connection, command: GetReconciliation, asked: Asked
) -> Reconciliation:
    """Our side of a business day's cards: what the clearing account moved, and what is open.

    Raises:
        NotOnShow: the venue is not the caller's, or had no such day.
    """
    venue_id, day = command.venue_id, command.business_day
    if asked.asking.role < Role.OWNER:
        raise NotOnShow(f"venue {venue_id}")
    about = await connection.fetchrow(SQL["reconciled_day"].sql, venue_id, day)
    if about is None:
        raise NotOnShow(f"business day {day.isoformat()} of venue {venue_id}")
    moved = await connection.fetchrow(SQL["clearing_of_day"].sql, venue_id, day)
    assert moved is not None, "a sum is a row"
    begun = await connection.fetch(
        SQL["payments_begun"].sql, venue_id, about["starts_at"], about["ends_at"]
    )
    parked = await connection.fetch(SQL["parked_events"].sql, EVENTS_SHOWN_MAX)
    disputes = await connection.fetch(SQL["open_disputes"].sql, venue_id, EVENTS_SHOWN_MAX)
    compared = await connection.fetchrow(SQL["compared_day"].sql, venue_id, day)
    findings = [] if compared is None else msgspec.json.decode(compared["findings"])
    return Reconciliation(
        venue_id=venue_id,
        business_day=day,
        currency=about["currency"],
        clearing=ClearingTotals(
            charges_minor=moved["charges_minor"],
            refunds_minor=moved["refunds_minor"],
            disputes_minor=moved["disputes_minor"],
            balance_minor=moved["balance_minor"],
        ),
        payments=Counter({row["status"]: row["number"] for row in begun}),
        provider=None
        if compared is None
        else msgspec.json.decode(compared["totals"], type=ProviderTotals),
        compared_at=None if compared is None else compared["compared_at"],
        missing=tuple(one for one in findings if one["kind"] == "missing_local"),
        extra=tuple(one for one in findings if one["kind"] == "missing_remote"),
        differing=tuple(one for one in findings if one["kind"] == "amount_differs"),
        parked_events=tuple(EventView(**dict(row)) for row in parked),
        open_disputes=tuple(DisputeView(**dict(row)) for row in disputes),
    )


def _refund(row: money.Refund) -> RefundView:
    shown: Mapping[str, Any] = {
        name: getattr(row, name)
        for name in (
            "transaction_id", "venue_id", "user_id", "status", "destination", "amount_minor",
            "currency", "reason_code", "requested_by", "requested_at", "decided_by", "decided_at",
            "provider_ref", "failure_code", "version",
        )
    }  # fmt: skip
    lines = tuple(
        RefundedLine(purchase_id=line.purchase_id, qty=line.qty, amount_minor=line.amount_minor)
        for line in row.lines
    )
    return RefundView(refund_id=row.id, lines=lines, **shown)
