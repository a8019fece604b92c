"""Which entries the database does not hold yet, by actor: they lie over what is loaded."""

from __future__ import annotations

from collections import deque

from protocol.addresses import Address


class Tail:
    """Positions of unflushed entries. Trimmed as the write-behind advances."""

    def __init__(self, flushed: int) -> None:
        self._order: deque[tuple[int, Address]] = deque()
        self._by_actor: dict[Address, deque[int]] = {}
        self._flushed = flushed

    def __len__(self) -> int:
        return len(self._order)

    def add(self, position: int, actor: Address) -> None:
        """An entry was appended."""
        self._order.append((position, actor))
        mine = self._by_actor.get(actor)
        if mine is None:
            mine = self._by_actor[actor] = deque()
        mine.append(position)

    def flushed(self, position: int) -> None:
        """Everything up to here is in the database."""
        self._flushed = max(self._flushed, position)
        while self._order and self._order[0][0] <= position:
            _, actor = self._order.popleft()
            mine = self._by_actor[actor]
            mine.popleft()
            if not mine:
                del self._by_actor[actor]

    def after(self, position: int, actor: Address) -> tuple[int, ...]:
        """The actor's unflushed entries after a position, in order."""
        return tuple(n for n in self._by_actor.get(actor, ()) if n > position)

    def holds(self, actor: Address) -> bool:
        """Whether the actor has written what is not flushed."""
        return actor in self._by_actor
