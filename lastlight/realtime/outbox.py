"""What waits to be sent on one connection: bounded, in order, emergencies first.

Putting something in never waits, so a publisher never waits for a slow client. Of ephemeral events
of one room and type only the newest waits. Over the bound the outbox is closed with 4408 and
forgets what it held: the client comes back and resumes by its cursors (Rule 17). A burst that comes
before the sender had a turn says nothing of the client, so up to OUTBOX_BURST_MAX it is let be.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Hashable
from itertools import count

import trio

from protocol.limits import CONNECTION_QUEUE_EVENTS, OUTBOX_BURST_MAX, OUTBOX_STUCK_S

SLOW = 4408


class Outbox:
    """Frames on their way to one client. Any task puts, one task takes."""

    def __init__(self, capacity: int = CONNECTION_QUEUE_EVENTS) -> None:
        self._capacity = capacity
        self._urgent: deque[bytes] = deque()
        # Keyed by what may be replaced; what may not has a number of its own.
        self._ordered: OrderedDict[Hashable, bytes] = OrderedDict()
        self._numbers = count()
        self._wake = trio.Event()
        self._sending_since = math.inf
        """When the frame that is now on its way was taken; infinity if none is."""
        self._closed = trio.Event()
        self.close_code: int | None = None
        """Why nothing more is taken; None while open."""
        self.close_reason = ""

    def __len__(self) -> int:
        return len(self._urgent) + len(self._ordered)

    def put(self, frame: bytes, *, urgent: bool = False, replaces: Hashable = None) -> None:
        """Take a frame, unless closed. `replaces` names what it is newer than.

        Over the bound the outbox closes itself with 4408.
        """
        if self.close_code is not None:
            return
        if urgent:
            self._urgent.append(frame)
        elif replaces is not None:
            # The newest takes the last place: what was ordered before it stays before it.
            self._ordered.pop(replaces, None)
            self._ordered[replaces] = frame
        else:
            self._ordered[next(self._numbers)] = frame
        if len(self) > self._capacity and self._is_stuck():
            self.close(SLOW, f"more than {self._capacity} events waited; resume by after_seq")
        self._wake.set()

    def _is_stuck(self) -> bool:
        sending_s = trio.current_time() - self._sending_since
        return sending_s > OUTBOX_STUCK_S or len(self) > OUTBOX_BURST_MAX

    def close(self, code: int, reason: str) -> None:
        """Take nothing more. What waits is dropped, unless closed with an error to tell first."""
        if self.close_code is not None:
            return
        self.close_code, self.close_reason = code, reason
        self._closed.set()
        if code == SLOW:
            self._urgent.clear()
            self._ordered.clear()
        self._wake.set()

    async def wait_closed(self) -> None:
        """Back once nothing more is taken."""
        await self._closed.wait()

    async def take(self) -> bytes | None:
        """The next frame, or None once closed and empty."""
        self._sending_since = math.inf
        while not self._urgent and not self._ordered:
            if self.close_code is not None:
                return None
            self._wake = trio.Event()
            await self._wake.wait()
        self._sending_since = trio.current_time()
        if self._urgent:
            return self._urgent.popleft()
        return self._ordered.popitem(last=False)[1]
