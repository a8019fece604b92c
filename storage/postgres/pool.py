"""A small pool of things that break: what was in doubt is thrown away, never handed out again.

A permit is held from `acquire` until the thing is back or is closed, so there are never more than
`size` of them, closing ones included. Waiting has a deadline and a bound, and its end is an
answer, not a hang. Knows nothing of PostgreSQL.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, Protocol, TypeVar

import attrs
import trio

from storage.postgres.errors import DatabaseUnavailable

__all__ = ["Pool", "PoolStatistics", "Pooled"]


class Pooled(Protocol):
    """What a pool holds."""

    def is_usable(self) -> bool:
        """Whether the next borrower may have it: open, idle, in no doubt."""

    async def discard(self) -> None:
        """Close it, politely for a moment and then by force."""

    def discard_nowait(self) -> None:
        """Close it by force."""


T = TypeVar("T", bound=Pooled)


@attrs.frozen(kw_only=True)
class PoolStatistics:
    """Counts at this moment, and since the pool was opened."""

    name: str
    size: int
    idle: int
    borrowed: int
    waiting: int
    connect_count: int
    discard_count: int


class Pool(Generic[T]):
    """At most `size` connections of one kind, made when needed and kept."""

    def __init__(
        self,
        name: str,
        connect: Callable[[], Awaitable[T]],
        nursery: trio.Nursery,
        *,
        size: int,
        waiting_max: int,
    ) -> None:
        self._name = name
        self._connect = connect
        self._nursery = nursery
        self._size = size
        self._waiting_max = waiting_max
        self._permits = trio.Semaphore(size, max_value=size)
        self._idle: deque[T] = deque(maxlen=size)
        self._waiting = 0
        self._connect_count = 0
        self._discard_count = 0

    def statistics(self) -> PoolStatistics:
        """What the pool holds now."""
        return PoolStatistics(
            name=self._name,
            size=self._size,
            idle=len(self._idle),
            borrowed=self._size - self._permits.value,
            waiting=self._waiting,
            connect_count=self._connect_count,
            discard_count=self._discard_count,
        )

    @contextlib.asynccontextmanager
    async def acquire(self, timeout_s: float) -> AsyncIterator[T]:
        """Borrow one for the block; `timeout_s` bounds waiting and connecting together.

        Raises:
            DatabaseUnavailable: none came free in time, too many wait, or it can't be made.
        """
        item = await self._take(timeout_s)
        try:
            yield item
        finally:
            self._give_back(item)

    def forget_idle(self) -> None:
        """Throw the idle ones away: their server has gone, even if they have not noticed."""
        while self._idle:
            self._idle.popleft().discard_nowait()
            self._discard_count += 1

    async def _take(self, timeout_s: float) -> T:
        if self._waiting >= self._waiting_max:
            raise DatabaseUnavailable(
                f"{self._waiting} callers already wait for one of {self._size} {self._name}"
                " connections"
            )
        self._waiting += 1
        try:
            with trio.move_on_after(timeout_s):
                await self._permits.acquire()
                try:
                    return self._reuse() or await self._make()
                except BaseException:
                    self._permits.release()
                    raise
        finally:
            self._waiting -= 1
        raise DatabaseUnavailable(
            f"no {self._name} connection of {self._size} came free or up in {timeout_s:g} s"
        )

    def _reuse(self) -> T | None:
        while self._idle:
            # The newest first: the others may grow old, and the caches stay warm.
            item = self._idle.pop()
            if item.is_usable():
                return item
            item.discard_nowait()
            self._discard_count += 1
        return None

    async def _make(self) -> T:
        item = await self._connect()
        self._connect_count += 1
        return item

    def _give_back(self, item: T) -> None:
        if item.is_usable():
            self._idle.append(item)
            self._permits.release()
        else:
            # In the background: whoever was cancelled must not wait for a polite goodbye.
            self._nursery.start_soon(self._discard, item)

    async def _discard(self, item: T) -> None:
        self._discard_count += 1
        try:
            await item.discard()
        finally:
            item.discard_nowait()
            self._permits.release()
