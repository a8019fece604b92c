"""The node's timers: whose they are does not matter, only when they are due.

All that are due within TIMER_HORIZON_S are here; later ones are paged in. A timer is only a
message: whether it still counts, its actor decides when it comes, and a timer that is sent twice
counts once.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

import trio

from actors.runtime.ports import Ids, Loader
from protocol.addresses import Address
from protocol.errors import LastLightError
from protocol.limits import TIMER_HORIZON_S, TIMERS_PAGE
from protocol.messages import Message, command_from_wire
from protocol.records.platform import ActorTimer

_NAP_S = 30.0
"""Longest sleep: the machine's clock may be set forward meanwhile."""


class Timers:
    """A heap of what is due, and the task that sends it."""

    def __init__(
        self,
        loader: Loader,
        ids: Ids,
        now: Callable[[], datetime],
        send: Callable[[Message], None],
    ) -> None:
        self._loader = loader
        self._ids = ids
        self._now = now
        self._send = send
        self._heap: list[tuple[datetime, int, ActorTimer]] = []
        self._count = 0
        self._horizon = now()
        self._paged = False
        self._sooner = trio.Event()

    def __len__(self) -> int:
        return len(self._heap)

    def arm(self, timer: ActorTimer) -> None:
        """A timer was set; if it is due later than the horizon it will be paged in."""
        if timer.fired_at is not None or timer.due_at > self._horizon:
            return
        self._count += 1
        heapq.heappush(self._heap, (timer.due_at, self._count, timer))
        if self._heap[0][2] is timer:
            self._sooner.set()

    async def page_in(self) -> None:
        """Bring in everything due within the horizon from now.

        Raises:
            LastLightError: the database is away.
        """
        start, until = self._horizon, self._now() + timedelta(seconds=TIMER_HORIZON_S)
        after: ActorTimer | None = None
        found: list[ActorTimer] = []
        while True:
            page = await self._loader.timers(until, after, TIMERS_PAGE)
            found += page
            if len(page) < TIMERS_PAGE:
                break
            after = page[-1]
        self._horizon = until
        for timer in found:
            # Those within the old horizon are here already, but for the first time none are.
            if timer.due_at > start or not self._paged:
                self.arm(timer)
        self._paged = True

    async def run(self) -> None:
        """Send what is due, for ever."""
        while True:
            now = self._now()
            while self._heap and self._heap[0][0] <= now:
                self._fire(heapq.heappop(self._heap)[2])
            if self._horizon - now < timedelta(seconds=TIMER_HORIZON_S / 2):
                await self._page_in_when_possible()
            wait = _NAP_S
            if self._heap:
                wait = min(_NAP_S, (self._heap[0][0] - now).total_seconds())
            self._sooner = trio.Event()
            with trio.move_on_after(max(wait, 0.0)):
                await self._sooner.wait()

    async def _page_in_when_possible(self) -> None:
        try:
            await self.page_in()
        except LastLightError:
            # Half a horizon is left; the next round asks again.
            return

    def _fire(self, timer: ActorTimer) -> None:
        payload = timer.payload
        self._send(
            Message(
                id=self._ids.fresh(),
                target=Address(timer.actor_type, timer.actor_id),
                command=command_from_wire(str(payload["command"]), payload["data"]),
                at=timer.due_at,
                timer=(timer.name, timer.due_at),
            )
        )
