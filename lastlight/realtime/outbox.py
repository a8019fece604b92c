"""What waits to be sent on one connection: bounded, in order, emergencies first.

Putting something in never waits, so a publisher never waits for a slow client. While nothing waits,
a frame is sent at once (`send_nowait`); only what does not fit is kept, and who sends it is called
(`wake`), so that an idle connection needs no task for it. Of ephemeral events of one room and type
only the newest waits. Over the bound the outbox is closed with 4408 and forgets what it held: the
client comes back and resumes by its cursors (Rule 17). A burst that comes before the sender had a
turn says nothing of the client, so up to OUTBOX_BURST_MAX it is let be.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

import attrs
import trio

from protocol.limits import CONNECTION_QUEUE_EVENTS, OUTBOX_BURST_MAX, OUTBOX_STUCK_S

SLOW = 4408


@attrs.define(eq=False)
class Outbox:
    """Frames on their way to one client. Any task puts, one task takes."""

    capacity: int = CONNECTION_QUEUE_EVENTS
    send_nowait: Callable[[bytes], int] | None = attrs.field(default=None, kw_only=True)
    """Writes what can be written without waiting; see `DoorStream.send_nowait`."""
    wake: Callable[[], None] | None = attrs.field(default=None, kw_only=True)
    """Called when there is something to take, or nothing more will be, and nobody takes."""
    closing: Callable[[], None] | None = attrs.field(default=None, kw_only=True)
    """Called once when nothing more will be put."""
    close_code: int | None = attrs.field(default=None, init=False)
    """Why nothing more is taken; None while open."""
    close_reason: str = attrs.field(default="", init=False)
    # What is rarely needed is made when it is: there are ten thousand of these.
    _urgent: deque[bytes] | None = attrs.field(default=None, init=False)
    _ordered: OrderedDict[Hashable, bytes] | None = attrs.field(default=None, init=False)
    """Keyed by what may be replaced; what may not has a number of its own."""
    _number: int = attrs.field(default=0, init=False)
    _sending_since: float = attrs.field(default=math.inf, init=False)
    """When what is now on its way was taken; infinity if nothing is."""
    _clear: bool = attrs.field(default=True, init=False)
    """Whether a frame would be the next to be sent: open, with nothing before it."""
    _begun: bool = attrs.field(default=False, init=False)
    """Whether the rest of a frame waits in the stream."""
    _attended: bool = attrs.field(default=False, init=False)
    """Whether somebody takes, or was called to."""
    _bell: trio.Event | None = attrs.field(default=None, init=False)

    def __len__(self) -> int:
        waiting = len(self._urgent) if self._urgent is not None else 0
        return waiting + (len(self._ordered) if self._ordered is not None else 0)

    def put_now(self, frame: bytes) -> bool:
        """Send a frame if nothing is before it and it can be sent without waiting.

        Returns:
            Whether it is on its way. If not, nothing was done.
        """
        if not self._clear or self.send_nowait is None:
            return False
        left = self.send_nowait(frame)
        if left == 0:
            return True
        if left == len(frame):
            return False
        self._begun, self._clear = True, False
        self._sending_since = trio.current_time()
        self._call()
        return True

    def put(self, frame: bytes, *, urgent: bool = False, replaces: Hashable = None) -> None:
        """Send a frame or keep it to be sent, unless closed.

        `replaces` names what it is newer than. Over the bound the outbox closes itself with 4408.
        """
        if self.close_code is not None or self.put_now(frame):
            return
        self._clear = False
        if urgent:
            if self._urgent is None:
                self._urgent = deque()
            self._urgent.append(frame)
        else:
            self._queue(frame, replaces)
        waiting = len(self)
        if waiting > self.capacity and self._is_stuck(waiting):
            self.close(SLOW, f"more than {self.capacity} events waited; resume by after_seq")
        self._call()

    def _queue(self, frame: bytes, replaces: Hashable) -> None:
        if self._ordered is None:
            self._ordered = OrderedDict()
        if replaces is None:
            self._number += 1
            replaces = self._number
        else:
            # The newest takes the last place: what was ordered before it stays before it.
            self._ordered.pop(replaces, None)
        self._ordered[replaces] = frame

    def _is_stuck(self, waiting: int) -> bool:
        sending_s = trio.current_time() - self._sending_since
        return sending_s > OUTBOX_STUCK_S or waiting > OUTBOX_BURST_MAX

    def _call(self) -> None:
        if self._bell is not None:
            self._bell.set()
        elif not self._attended and self.wake is not None:
            self._attended = True
            self.wake()

    def close(self, code: int, reason: str) -> None:
        """Take nothing more. What waits is dropped, unless closed with an error to tell first."""
        if self.close_code is not None:
            return
        self.close_code, self.close_reason = code, reason
        self._clear = False
        if code == SLOW:
            self._urgent = self._ordered = None
        if self.closing is not None:
            self.closing()
        self._call()

    async def take(self) -> bytes | None:
        """The next frame, or None once closed and empty. Empty for the rest of a begun one."""
        while (frame := self.take_nowait()) is None:
            if self.close_code is not None:
                return None
            self._attended = True
            self._bell = trio.Event()
            try:
                await self._bell.wait()
            finally:
                self._bell, self._attended = None, False
        return frame

    def take_nowait(self) -> bytes | None:
        """As `take`, but None too while open and empty; then `wake` is called for the next one."""
        frame = self._pop()
        self._attended = frame is not None
        self._clear = frame is None and self.close_code is None
        self._sending_since = math.inf if frame is None else trio.current_time()
        return frame

    def take_some(self, bytes_max: int) -> list[bytes]:
        """What waits, in order, until it is `bytes_max` bytes or more; empty as `take_nowait`."""
        first = self.take_nowait()
        if first is None:
            return []
        taken, size = [first], len(first)
        while size < bytes_max and (frame := self._pop()) is not None:
            taken.append(frame)
            size += len(frame)
        return taken

    def _pop(self) -> bytes | None:
        frame = None
        if self._begun:
            self._begun, frame = False, b""
        elif self._urgent is not None:
            frame = self._urgent.popleft()
            if not self._urgent:
                self._urgent = None
        elif self._ordered is not None:
            frame = self._ordered.popitem(last=False)[1]
            if not self._ordered:
                self._ordered = None
        return frame
