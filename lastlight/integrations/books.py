"""Looks things up in the books for venues that ask: what is in the ledger only the database knows.

An answer sees everything that was durable when the question left, so nothing that the venue knew
of is missing. If the books can't be read, that is the answer, and the venue asks again: an effect
that waited would keep others from being performed, an alarm among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

import attrs
import msgspec
import structlog

from actors.runtime.effect_terms import EffectTerms, Lane
from actors.runtime.outcome import Send
from lastlight.integrations.performing import Perform
from protocol.addresses import ActorKind, Address, Position
from protocol.commands import Command
from protocol.internal.administration import (
    CountOpenOrders,
    DayNotSummedUp,
    DaySummedUp,
    FindJournals,
    JournalsFound,
    OpenOrdersCounted,
    SumUpDay,
)
from protocol.messages import Message
from protocol.replies.analytics import DayFigures
from storage.postgres.asked import blocks_of
from storage.postgres.reading import Reader, StaleRead

log = structlog.get_logger(__name__)
BOOKS_TERMS: Final[Mapping[type[Command], EffectTerms]] = {
    command: EffectTerms(lane=Lane("books"))
    for command in (CountOpenOrders, SumUpDay, FindJournals)
}
SQL: Final = blocks_of("days")


@attrs.frozen(kw_only=True, eq=False)
class Books:
    """Answers venues out of the ledger. `durable` tells how far the journal is."""

    reader: Reader
    durable: Callable[[], Position]

    def performers(self) -> Mapping[type[Command], Perform]:
        """What is done for which command."""
        return {
            CountOpenOrders: self.count_open_orders,
            SumUpDay: self.sum_up_day,
            FindJournals: self.find_journals,
        }

    async def count_open_orders(self, message: Message) -> Sequence[Send]:
        """How many orders nobody has paid."""
        asked = cast("CountOpenOrders", message.command)
        count: int | None = None
        try:
            async with self.reader.own_snapshot(self.durable()) as connection:
                sql = SQL["open_orders"].sql
                count = int(await connection.fetchval(sql, asked.venue_id, asked.ends_at))
        except StaleRead as error:
            log.warning("open_orders_not_counted", venue=str(asked.venue_id), reason=str(error))
        venue = Address(ActorKind.VENUE, asked.venue_id)
        return (Send(venue, OpenOrdersCounted(request=asked.request, count=count)),)

    async def sum_up_day(self, message: Message) -> Sequence[Send]:
        """The totals of a business day."""
        asked = cast("SumUpDay", message.command)
        venue = Address(ActorKind.VENUE, asked.venue_id)
        try:
            async with self.reader.own_snapshot(self.durable()) as connection:
                found = await connection.fetchval(
                    SQL["own_day_figures"].sql,
                    asked.venue_id,
                    asked.business_day,
                    asked.starts_at,
                    asked.ends_at,
                )
        except StaleRead as error:
            log.warning("day_not_summed_up", venue=str(asked.venue_id), reason=str(error))
            return (Send(venue, DayNotSummedUp(business_day=asked.business_day)),)
        told = DaySummedUp(
            business_day=asked.business_day,
            figures=msgspec.json.decode(found, type=DayFigures),
            journal_head=msgspec.json.decode(found)["journal_head"],
        )
        return (Send(venue, told),)

    async def find_journals(self, message: Message) -> Sequence[Send]:
        """Whether anything was ever posted at a venue."""
        asked = cast("FindJournals", message.command)
        found: bool | None = None
        try:
            async with self.reader.own_snapshot(self.durable()) as connection:
                found = bool(await connection.fetchval(SQL["has_journals"].sql, asked.venue_id))
        except StaleRead as error:
            log.warning("journals_not_looked_for", venue=str(asked.venue_id), reason=str(error))
        venue = Address(ActorKind.VENUE, asked.venue_id)
        told = JournalsFound(request=asked.request, version=asked.version, found=found)
        return (Send(venue, told),)
