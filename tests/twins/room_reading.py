"""What the read side of a node in memory tells of rooms, in place of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import attrs

from actors.runtime.node import Node
from lastlight.realtime.backlog import Backlog
from lastlight.realtime.resuming import Resumer
from protocol.addresses import ActorKind, Address
from protocol.entries import RoomEvent
from protocol.records.ledger import LedgerAccount
from protocol.records.users import AuthSession, User
from storage.postgres.queries_realtime import RevocationFacts
from storage.postgres.room_views import KeptView
from storage.write_behind.standing import Standing
from tests.twins.database import MemoryDatabase
from tests.twins.journal import MemoryJournal
from tests.twins.room_views import MemoryRoomViews


@attrs.frozen(eq=False)
class Reading:
    """What the read side tells of rooms, once all that was durable when asked is flushed."""

    database: MemoryDatabase
    journal: MemoryJournal
    write_behind: Standing

    @property
    def views(self) -> MemoryRoomViews:
        """Of the database as it is."""
        return MemoryRoomViews(database=self.database, now=self.database.now)

    async def balances(self, ids: Sequence[UUID]) -> Mapping[str, int]:
        await self.write_behind.wait_flushed(self.journal.durable)
        accounts = self.database.table(LedgerAccount).values()
        return {one.code: one.balance_minor for one in accounts if one.id in ids}

    async def last_seq(self, room: str) -> int:
        await self.write_behind.wait_flushed(self.journal.durable)
        return await self.database.room_seq(room)

    async def missed(self, room: str, after_seq: int, most: int) -> Sequence[RoomEvent]:
        await self.write_behind.wait_flushed(self.journal.durable)
        return self.views.events(room, after_seq)[:most]

    async def revocation_facts(self, since: datetime) -> RevocationFacts:
        await self.write_behind.wait_flushed(self.journal.durable)
        logins = [*self.database.table(AuthSession).values()]
        given = {row.user_id for row in logins if (row.rotated_at or row.created_at) >= since}
        people = [row for row in self.database.table(User).values() if row.id in given]
        ended = [row for row in logins if row.revoked_at is not None and row.revoked_at >= since]
        return RevocationFacts(
            raised=tuple(
                (row.id, row.token_version, self.database.now())
                for row in people
                if row.token_version > 1
            ),
            ended=tuple((row.family_id, row.revoked_at) for row in ended),
        )

    async def view(self, room: str) -> KeptView:
        await self.write_behind.wait_flushed(self.journal.durable)
        return await self.views.view(room)


def make_resumer(node: Node, backlog: Backlog, journal: MemoryJournal, reading: Reading) -> Resumer:
    return Resumer(
        backlog=backlog,
        epoch=lambda: journal.journal_id.hex,
        wait_ready=node.wait_ready,
        venue_known=lambda id_: _is_known(node, id_),
        last_seq=reading.last_seq,
        missed=reading.missed,
        view=reading.view,
    )


def _is_known(node: Node, venue_id: UUID) -> bool:
    return node.shared(Address(ActorKind.VENUE, venue_id)) is not None
