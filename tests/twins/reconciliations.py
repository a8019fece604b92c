"""Our side of the comparison with the provider in memory; its rows are the database twin's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs
import trio

from protocol.addresses import Position
from protocol.records.ledger import BusinessDay
from protocol.records.money import Refund, Transaction
from protocol.records.money_states import BusinessDayStatus, RefundStatus, TransactionKind
from protocol.records.payments import Dispute, Payment
from protocol.records.values import Json
from storage.postgres.reconciling import OurEntry, TradingDay
from tests.twins.database import MemoryDatabase

_PAYS = (TransactionKind.TOPUP, TransactionKind.PURCHASE)
_MOVES = (RefundStatus.PROCESSING, RefundStatus.SUCCEEDED)


@attrs.define(eq=False)
class MemoryReconciliations:
    """See `lastlight.integrations.reconciling.OurBooks`; what is not flushed it does not know."""

    database: MemoryDatabase
    outcomes: dict[tuple[UUID, Any], tuple[datetime, Json, Sequence[Json]]] = attrs.field(
        factory=dict
    )

    async def days_due(
        self, *, since: datetime, open_since: datetime, compared_before: datetime, most: int
    ) -> Sequence[TradingDay]:
        await trio.lowlevel.checkpoint()
        found = []
        for row in self.database.table(BusinessDay).values():
            if row.status is not BusinessDayStatus.CLOSED or row.ends_at < since:
                continue
            outcome = self.outcomes.get((row.venue_id, row.business_day))
            heals = (
                outcome is not None
                and bool(outcome[2])
                and row.ends_at >= open_since
                and outcome[0] < compared_before
            )
            if outcome is None or heals:
                found.append(
                    TradingDay(
                        venue_id=row.venue_id,
                        business_day=row.business_day,
                        starts_at=row.starts_at,
                        ends_at=row.ends_at,
                    )
                )
        return sorted(found, key=lambda day: (day.business_day, day.venue_id))[:most]

    async def entries(
        self,
        day: TradingDay,
        *,
        needed: Position,
        provider_ids: Sequence[str],
        our_ids: Sequence[UUID],
    ) -> Sequence[OurEntry]:
        await trio.lowlevel.checkpoint()
        return [
            entry
            for entry, near in self._all(day)
            if near or entry.provider_id in provider_ids or entry.id in our_ids
        ]

    async def kept(self, day: TradingDay) -> Sequence[Json]:
        await trio.lowlevel.checkpoint()
        outcome = self.outcomes.get((day.venue_id, day.business_day))
        return () if outcome is None else outcome[2]

    async def keep(
        self, day: TradingDay, *, at: datetime, totals: Json, findings: Sequence[Json]
    ) -> None:
        await trio.lowlevel.checkpoint()
        self.outcomes[day.venue_id, day.business_day] = (at, totals, findings)

    def _all(self, day: TradingDay) -> Iterator[tuple[OurEntry, bool]]:
        """Every entry, and whether it is of the day or near it."""
        payments = {row.id: row for row in self.database.table(Payment).values()}
        transactions = {row.id: row for row in self.database.table(Transaction).values()}
        for payment in payments.values():
            paid = transactions.get(payment.transaction_id)
            if paid is None or paid.payment_id != payment.id:
                paid = None
            posted_at = None if paid is None else paid.posted_at
            near = (
                paid is not None
                and paid.kind in _PAYS
                and payment.venue_id == day.venue_id
                and posted_at is not None
                and day.starts_at <= posted_at < day.ends_at
            )
            yield self._entry("charge", payment, payment, posted_at is not None, near), near
        for refund in self.database.table(Refund).values():
            if refund.payment_id is None:
                continue
            near = (
                refund.venue_id == day.venue_id
                and refund.decided_at is not None
                and day.starts_at <= refund.decided_at < day.ends_at
            )
            of_day = near and refund.status is RefundStatus.SUCCEEDED
            payment = payments[refund.payment_id]
            yield self._entry("refund", refund, payment, refund.status in _MOVES, of_day), near
        for dispute in self.database.table(Dispute).values():
            payment = payments[dispute.payment_id]
            yield self._entry("dispute", dispute, payment, True, False), False

    def _entry(self, kind: Any, row: Any, payment: Payment, counts: bool, of_day: bool) -> OurEntry:
        return OurEntry(
            kind=kind,
            id=row.id,
            provider_id=row.provider_ref if kind == "refund" else row.provider_id,
            provider_payment_id=payment.provider_id,
            venue_id=row.venue_id,
            amount_minor=row.amount_minor,
            counts=counts,
            of_day=of_day,
        )
