"""The output gate: nothing leaves the node before what it rests on is durable.

An actor goes straight on to its next message; what it lets out waits here until the journal is
durable up to the highest position that the actor has written or been told of. Outputs pass in the
order of the journal.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import trio

from actors.runtime.ports import Journal
from protocol.addresses import Position
from protocol.journal import CommitLost
from protocol.limits import GATE_OUTPUTS_MAX

Output = Callable[[], None]
_PASS_S = 0.005
"""How long outputs pass without letting other tasks run."""


class Gate:
    """Outputs held until their position is durable."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._durable = journal.durable.n
        self._held: list[tuple[int, int, Output]] = []
        self._count = 0
        self._moved = trio.Event()
        self._lost: CommitLost | None = None

    @property
    def durable(self) -> int:
        """The last position known to be durable."""
        return self._durable

    @property
    def backlog(self) -> int:
        """How many outputs wait."""
        return len(self._held)

    @property
    def full(self) -> bool:
        """Whether new commands must be refused until some outputs have left."""
        return len(self._held) >= GATE_OUTPUTS_MAX

    def pass_out(self, position: int, output: Output) -> None:
        """Let `output` out once `position` is durable: at once if it is, else in journal order.

        What is on its way out is not overtaken: an older ephemeral event would come last.
        """
        if position <= self._durable and not self._holds_up_to(position):
            output()
            return
        self._count += 1
        heapq.heappush(self._held, (position, self._count, output))

    async def wait_durable(self, position: int) -> None:
        """Wait until `position` is durable and what was held for it has left.

        Raises:
            CommitLost: it never will be.
        """
        while self._durable < position or self._holds_up_to(position):
            if self._lost is not None:
                raise self._lost
            await self._moved.wait()

    def _holds_up_to(self, position: int) -> bool:
        return bool(self._held) and self._held[0][0] <= position

    async def run(self) -> None:
        """Open for what became durable, until a commit is lost; then return.

        What was lost is still held then: it never leaves.
        """
        position = Position(self._journal.journal_id, self._durable)
        while True:
            try:
                position = await self._journal.wait_durable_beyond(position)
            except CommitLost as error:
                # What became durable before the failure may still leave.
                self._lost = error
                await self._open(self._journal.durable.n)
                return
            await self._open(position.n)

    async def _open(self, durable: int) -> None:
        self._durable = max(self._durable, durable)
        started = trio.current_time()
        while self._held and self._held[0][0] <= durable:
            heapq.heappop(self._held)[2]()
            if trio.current_time() - started > _PASS_S:
                await trio.lowlevel.checkpoint()
                started = trio.current_time()
        moved, self._moved = self._moved, trio.Event()
        moved.set()
