"""The flush process's side: entries come over a channel from the node, and word of them goes back.

Whatever ends the channel ends the flush: the node has gone, and the next one reads the position in
the database first. The same loop as in one process runs here, with a supply that asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

import attrs
import msgspec
import trio

from protocol.addresses import Position
from protocol.journal import CommitLost
from storage.write_behind.standing import Standing
from storage.write_behind.store import Store, StoreUnusable
from storage.write_behind.wire import (
    BeyondAsked,
    Channel,
    DurableBeyond,
    Entries,
    EntriesAsked,
    Gone,
    Holds,
    HoldsAsked,
    Lost,
    Moved,
    Released,
    Unusable,
)
from storage.write_behind.write_behind import WriteBehind

__all__ = ["flush_for"]


@attrs.frozen(eq=False)
class _Far:
    """The node's journal as a supply. One ask at a time; the answer comes through `answers`."""

    journal_id: UUID
    channel: Channel
    answers: trio.MemoryReceiveChannel[msgspec.Struct]

    async def holds(self, position: Position) -> bool:
        """See `Supply`."""
        await self.channel.send(HoldsAsked(position.n))
        answer = await self.answers.receive()
        assert isinstance(answer, Holds)
        return answer.yes

    async def wait_beyond(self, position: Position) -> None:
        """See `Supply`."""
        await self.channel.send(BeyondAsked(position.n))
        answer = await self.answers.receive()
        if isinstance(answer, Lost):
            raise CommitLost(durable=Position(self.journal_id, answer.durable_n))
        assert isinstance(answer, DurableBeyond)

    async def read(self, after: Position) -> Sequence[tuple[Position, bytes]]:
        """See `Supply`."""
        await self.channel.send(EntriesAsked(after.n))
        answer = await self.answers.receive()
        assert isinstance(answer, Entries)
        return [(Position(self.journal_id, n), data) for n, data in answer.entries]

    async def release(self, up_to: Position) -> None:
        """See `Supply`."""
        await self.channel.send(Released(up_to.n))


@attrs.define(eq=False)
class _Here:
    """What a standing looks at here: the lag is told where the journal is."""

    journal_id: UUID

    @property
    def durable(self) -> Position:
        """Nothing that is known here."""
        return Position(self.journal_id, 0)


@attrs.define(eq=False)
class _Telling:
    """Tells the node how the flush stands whenever that changed, the latest only."""

    channel: Channel
    standing: Standing
    _changed: trio.Event = attrs.field(factory=trio.Event)
    _told: frozenset[str] = frozenset()

    def changed(self) -> None:
        """Something did."""
        self._changed.set()

    async def tell(self) -> None:
        """Tell it now."""
        self._changed = trio.Event()
        standing = self.standing
        refused = standing.refused_actors
        news, self._told = refused - self._told, refused
        await self.channel.send(
            Moved(
                flushed_n=standing.flushed.n if standing.claimed else None,
                away=standing.away,
                refused_rows=standing.refused_rows,
                refused_actors=sorted(news),
                flushes=standing.flushes,
                last_flush_s=standing.last_flush_s,
            )
        )

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._changed.wait()
            await self.tell()


async def flush_for(
    channel: Channel, journal_id: UUID, store: Store, *, when_gone: Callable[[], None]
) -> None:
    """Flush a node's journal into `store` until the store proves unusable, which the node is told.

    `when_gone` is called as soon as the node has gone, whatever is under way then. If that returns,
    so does this.
    """
    send, receive = trio.open_memory_channel[msgspec.Struct](1)
    standing = Standing(_Here(journal_id))
    telling = _Telling(channel, standing)
    loop = WriteBehind(
        _Far(journal_id, channel, receive), store, standing, when_moved=telling.changed
    )

    async def listen() -> None:
        try:
            while True:
                await send.send(await channel.receive())
        except Gone:
            when_gone()
            raise

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            nursery.start_soon(telling.run)
            try:
                await loop.run()
            except StoreUnusable as error:
                await channel.send(Unusable(str(error)))
            nursery.cancel_scope.cancel()
    except* Gone:
        pass
