"""The node's timers: whose they are does not matter, only when they are due.

All that are due within TIMER_HORIZON_S are here; later ones are paged in, from a database that is
not behind. A timer is only a message: whether it still counts, its actor decides when it comes, and
a timer that is sent twice counts once.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
import trio

from actors.runtime.ports import Ids, Loader
from protocol.addresses import Address
from protocol.commands import COMMANDS
from protocol.errors import LastLightError
from protocol.limits import TIMER_HORIZON_S, TIMERS_PAGE
from protocol.messages import Message, command_from_wire
from protocol.records.platform import ActorTimer

log = structlog.get_logger(__name__)
_NAP_S = 30.0
"""Longest sleep: the machine's clock may be set forward meanwhile."""
_AT_ONCE_MAX = 100
"""Timers sent without letting other tasks run, at most."""
_STALE_MAX = 1_000
"""Places in the heap that were replaced or cancelled, besides as many as are armed."""

Key = tuple[Any, ...]


class Timers:
    """What is due, in order, and the tasks that send it and page in what comes later."""

    def __init__(
        self,
        loader: Loader,
        ids: Ids,
        now: Callable[[], datetime],
        send: Callable[[Message], None],
        wait_flushed: Callable[[], Awaitable[None]],
    ) -> None:
        """`wait_flushed` waits until the database holds all that is written when it is called."""
        self._loader = loader
        self._ids = ids
        self._now = now
        self._send = send
        self._wait_flushed = wait_flushed
        self._armed: dict[Key, ActorTimer] = {}
        self._heap: list[tuple[datetime, int, Key]] = []
        """Places of timers; one whose timer is armed for another time counts no more."""
        self._due: deque[tuple[datetime, Key]] = deque()
        """What has come due and waits for its turn, in order."""
        self._count = 0
        self._horizon = now()
        self._paged = False
        self._touched: set[Key] = set()
        """Set or cancelled since the paging under way began: it reads what is older."""
        self._sooner = trio.Event()

    def __len__(self) -> int:
        return len(self._armed)

    @property
    def places(self) -> int:
        """How much is held, with what was replaced or cancelled."""
        return len(self._heap) + len(self._due)

    def arm(self, timer: ActorTimer) -> None:
        """A timer was set or has fired; if it is due after the horizon it will be paged in."""
        key = timer.primary_key
        self._touched.add(key)
        if timer.fired_at is not None or timer.due_at > self._horizon:
            self._armed.pop(key, None)
            return
        self._armed[key] = timer
        self._count += 1
        place = (timer.due_at, self._count, key)
        heapq.heappush(self._heap, place)
        if self._heap[0] is place:
            self._sooner.set()
        if len(self._heap) > 2 * len(self._armed) + _STALE_MAX:
            self._heap = [(t.due_at, n, k) for n, (k, t) in enumerate(self._armed.items())]
            heapq.heapify(self._heap)

    def disarm(self, key: Key) -> None:
        """A timer was cancelled."""
        self._touched.add(key)
        self._armed.pop(key, None)

    async def page_in(self) -> None:
        """Bring in everything due within the horizon from now.

        What is set meanwhile is known here better than in the pages.

        Raises:
            LastLightError: the database is away.
        """
        start, until = self._horizon, self._now() + timedelta(seconds=TIMER_HORIZON_S)
        self._horizon = until
        self._touched.clear()
        try:
            if self._paged:
                # The first time, at the start, all is flushed already.
                await self._wait_flushed()
            found = await self._pages(until)
        except LastLightError:
            self._horizon = start
            raise
        known = frozenset(self._touched)
        for timer in found:
            # Those within the old horizon are here already, but for the first time none are.
            if (timer.due_at > start or not self._paged) and timer.primary_key not in known:
                self.arm(timer)
        self._paged = True

    async def _pages(self, until: datetime) -> list[ActorTimer]:
        found: list[ActorTimer] = []
        while True:
            page = await self._loader.timers(until, found[-1] if found else None, TIMERS_PAGE)
            found += page
            if len(page) < TIMERS_PAGE:
                return found

    async def run(self) -> None:
        """Send what is due, for ever."""
        while True:
            now = await self._send_due()
            wait = _NAP_S
            if self._heap:
                wait = min(_NAP_S, (self._heap[0][0] - now).total_seconds())
            self._sooner = trio.Event()
            with trio.move_on_after(max(wait, 0.0)):
                await self._sooner.wait()

    async def run_paging(self) -> None:
        """Keep at least half a horizon paged in, for ever; what is due is sent meanwhile."""
        while True:
            if self._horizon - self._now() < timedelta(seconds=TIMER_HORIZON_S / 2):
                try:
                    await self.page_in()
                except LastLightError as error:
                    # Half a horizon is left; the next round asks again.
                    log.warning("timers_not_paged_in", reason=str(error))
            self._touched.clear()
            await trio.sleep(_NAP_S)

    async def _send_due(self) -> datetime:
        """Send what is due; returns the moment up to which all is sent.

        Thousands may be due together, and what each sets going costs as much as a command. So one
        is sent each time that others have had their turn, and one more for every second that it is
        late: commands go first, and timers get what they need before long. Emergencies go at once.
        """
        while True:
            now = self._now()
            self._come_due(now)
            if not self._due:
                return now
            late_s = (now - self._due[0][0]).total_seconds()
            left = min(_AT_ONCE_MAX, 1 + int(late_s))
            while self._due and left:
                if (timer := self._taken(*self._due.popleft())) is not None:
                    self._fire(timer)
                    left -= 1
            await trio.lowlevel.checkpoint()

    def _come_due(self, now: datetime) -> None:
        while self._heap and self._heap[0][0] <= now:
            due_at, _, key = heapq.heappop(self._heap)
            timer = self._armed.get(key)
            if timer is None or not COMMANDS[timer.payload["command"]].emergency:
                self._due.append((due_at, key))
            elif (urgent := self._taken(due_at, key)) is not None:
                self._fire(urgent)

    def _taken(self, due_at: datetime, key: Key) -> ActorTimer | None:
        """The timer that was armed for then, unless it was cancelled or armed anew since."""
        timer = self._armed.get(key)
        if timer is None or timer.due_at != due_at:
            return None
        return self._armed.pop(key)

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
