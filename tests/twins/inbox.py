"""The inbox of the provider's events in memory; its rows are the database twin's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import attrs
import trio

from protocol.records.money_states import StripeEventStatus
from protocol.records.payments import Payment, StripeEvent
from tests.twins.database import MemoryDatabase


@attrs.frozen(eq=False)
class MemoryInbox:
    """See `lastlight.integrations.inbox.EventInbox`; the rows are the database's."""

    database: MemoryDatabase

    async def keep(self, event: StripeEvent) -> bool:
        await trio.lowlevel.checkpoint()
        rows = self.database.table(StripeEvent)
        if event.primary_key in rows:
            return False
        self._put(event)
        return True

    async def due(self, now: datetime, most: int) -> Sequence[StripeEvent]:
        await trio.lowlevel.checkpoint()
        waiting = (StripeEventStatus.RECEIVED, StripeEventStatus.PARKED)
        found = [
            (event.next_try_at, event.event_id, event)
            for event in self.database.table(StripeEvent).values()
            if event.status in waiting
            and event.next_try_at is not None
            and event.next_try_at <= now
        ]
        return [event for _, _, event in sorted(found, key=lambda one: one[:2])[:most]]

    async def get(self, event_id: str) -> StripeEvent | None:
        await trio.lowlevel.checkpoint()
        found: StripeEvent | None = self.database.table(StripeEvent).get((event_id,))
        return found

    async def mark(self, event: StripeEvent) -> None:
        await trio.lowlevel.checkpoint()
        stored = self.database.table(StripeEvent).get((event.event_id,))
        if stored is not None:
            self._put(
                stored.revised(
                    status=event.status,
                    tries=event.tries,
                    next_try_at=event.next_try_at,
                    error=event.error,
                )
            )

    async def payment_named(self, provider_id: str) -> UUID | None:
        await trio.lowlevel.checkpoint()
        for payment in self.database.table(Payment).values():
            if payment.provider_id == provider_id:
                return UUID(str(payment.id))
        return None

    def _put(self, event: StripeEvent) -> None:
        table = StripeEvent.table.name
        self.database.rows.setdefault(table, {})[event.primary_key] = event
