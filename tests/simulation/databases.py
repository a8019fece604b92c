"""A database in memory that answers late, fails while it is asked, and is restored to its past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

import attrs
import trio

from protocol.addresses import Address
from protocol.messages import Message
from protocol.reads import Loaded, Read
from protocol.records.payments import StripeEvent
from protocol.records.platform import ActorTimer
from storage.postgres.errors import DatabaseUnavailable
from storage.write_behind.batch import Batch
from storage.write_behind.store import StoreRefused
from tests.twins.database import MemoryDatabase


@attrs.define(eq=False)
class FaultyDatabase(MemoryDatabase):
    """`slow` and `failing` are parts of the asks that are; `met` hears of each that was."""

    slow: float = 0.0
    failing: float = 0.0
    chance: Random = attrs.field(factory=lambda: Random(0))
    met: Any = lambda _fault: None
    refusals: list[str] = attrs.field(factory=list)
    """What it was told to store and could not: nobody may ever ask for that."""

    def _answer(self) -> None:
        if self.away:
            self.met("database away")
        MemoryDatabase._answer(self)

    async def _suffer(self, *, writing: bool = False) -> None:
        if self.slow and self.chance.random() < self.slow:
            self.met("database slow")
            await trio.sleep(self.chance.choice((0.01, 0.3, 2.0)))
        if self.failing and self.chance.random() < self.failing:
            self.met("flush failed" if writing else "database failed")
            raise DatabaseUnavailable("it went away while it was asked")

    async def claim(self, journal_id: UUID) -> int:
        await self._suffer()
        return await super().claim(journal_id)

    async def apply(self, batch: Batch) -> None:
        await self._suffer(writing=True)
        losing = self.lose_answers
        try:
            await super().apply(batch)
        except StoreRefused as error:
            self.refusals.append(str(error))
            raise
        finally:
            if self.lose_answers < losing:
                self.met("flush without an answer")
        await self._suffer_after()

    async def _suffer_after(self) -> None:
        """The connection ends when all is stored and before that is said."""
        if self.failing and self.chance.random() < self.failing / 2:
            self.met("flush without an answer")
            raise DatabaseUnavailable("it went away before it answered")

    async def load(self, address: Address, reads: tuple[Read, ...]) -> Loaded:
        await self._suffer()
        return await super().load(address, reads)

    async def room_seq(self, room: str) -> int:
        await self._suffer()
        return await super().room_seq(room)

    async def answer(self, key: tuple[object, ...]) -> Mapping[str, object] | None:
        await self._suffer()
        return await super().answer(key)

    async def owner_of(self, table: str, child: UUID) -> Address | None:
        await self._suffer()
        return await super().owner_of(table, child)

    async def timers(
        self, until: datetime, after: ActorTimer | None, page: int
    ) -> Sequence[ActorTimer]:
        await self._suffer()
        return await super().timers(until, after, page)

    async def pending_sends(self) -> tuple[Sequence[Message], int]:
        await self._suffer()
        return await super().pending_sends()

    def backup(self) -> dict[str, Any]:
        """All that it holds."""
        return {
            "rows": {table: dict(rows) for table, rows in self.rows.items()},
            "position": self.position,
            "cursors": dict(self.cursors),
            "views": dict(self.views),
            "sends": dict(self.sends),
            "heads": dict(self.heads),
            "kept_aside": [*self.kept_aside],
        }

    def restore(self, backup: dict[str, Any]) -> None:
        """Be as it was; the inbox of the provider's events is no part of any journal, and stays."""
        inbox = self.rows.get(StripeEvent.table.name, {})
        for name, value in backup.items():
            setattr(self, name, value)
        self.rows[StripeEvent.table.name] = inbox
