"""What venues are told of their books, out of the database in memory; see `integrations.books`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import cast

import attrs

from actors.runtime.outcome import Send
from protocol.addresses import ActorKind, Address
from protocol.commands import Command
from protocol.internal.administration import (
    CountOpenOrders,
    DaySummedUp,
    FindJournals,
    JournalsFound,
    OpenOrdersCounted,
    SumUpDay,
)
from protocol.messages import Message
from protocol.records.ledger import LedgerJournal, LedgerPosting
from protocol.records.money import Transaction
from protocol.records.money_states import TransactionKind, TransactionStatus
from protocol.replies.analytics import DayFigures, Liability, Tally
from tests.twins.database import MemoryDatabase
from tests.twins.outside import Answer


@attrs.frozen(eq=False)
class MemoryBooks:
    """Answers once everything written is flushed. Sums only what the tests look at."""

    database: MemoryDatabase
    wait_flushed: Callable[[], Awaitable[None]]

    def answers(self) -> dict[type[Command], Answer]:
        """By the class of the question."""
        return {
            CountOpenOrders: self.count_open_orders,
            SumUpDay: self.sum_up_day,
            FindJournals: self.find_journals,
        }

    async def count_open_orders(self, message: Message) -> Sequence[Send]:
        """How many orders nobody has paid."""
        asked = cast("CountOpenOrders", message.command)
        await self.wait_flushed()
        count = sum(
            row.venue_id == asked.venue_id
            and row.status is TransactionStatus.PENDING
            and row.kind is TransactionKind.PURCHASE
            for row in self.database.table(Transaction).values()
        )
        told = OpenOrdersCounted(request=asked.request, count=count)
        return (Send(Address(ActorKind.VENUE, asked.venue_id), told),)

    async def sum_up_day(self, message: Message) -> Sequence[Send]:
        """What was earned on a day, and the credit that it left."""
        asked = cast("SumUpDay", message.command)
        await self.wait_flushed()
        journals = {
            row.id
            for row in self.database.table(LedgerJournal).values()
            if row.venue_id == asked.venue_id and row.business_day == asked.business_day
        }
        lines = [
            row for row in self.database.table(LedgerPosting).values() if row.journal_id in journals
        ]
        net_minor = sum(row.amount_minor for row in lines if ":revenue:" in row.account_code)
        tax_minor = sum(row.amount_minor for row in lines if row.account_code.endswith(":tax"))
        nothing = Tally(count=0, amount_minor=0)
        credit_minor = sum(row.amount_minor for row in lines if row.account_code.startswith("user"))
        figures = DayFigures(
            net_minor=net_minor,
            tax_minor=tax_minor,
            tips_minor=0,
            promo_minor=0,
            net_by_kind={},
            tax_by_rate=(),
            tenders=(),
            refunds=nothing,
            voids=nothing,
            tills=(),
            liability=Liability(
                opening_minor=0,
                sold_minor=0,
                granted_minor=0,
                used_minor=0,
                refunded_minor=0,
                expired_minor=0,
                other_minor=credit_minor,
                closing_minor=credit_minor,
            ),
            open_orders_count=0,
            open_orders=(),
        )
        told = DaySummedUp(business_day=asked.business_day, figures=figures, journal_head=None)
        return (Send(Address(ActorKind.VENUE, asked.venue_id), told),)

    async def find_journals(self, message: Message) -> Sequence[Send]:
        """Whether anything was ever posted at a venue."""
        asked = cast("FindJournals", message.command)
        await self.wait_flushed()
        found = any(
            row.venue_id == asked.venue_id for row in self.database.table(LedgerJournal).values()
        )
        told = JournalsFound(request=asked.request, version=asked.version, found=found)
        return (Send(Address(ActorKind.VENUE, asked.venue_id), told),)
