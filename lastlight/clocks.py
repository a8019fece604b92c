"""The clock and the ids of a real node."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from protocol.addresses import Position
from protocol.entries import EntryUnreadable, decode_entry
from protocol.ids import MonotonicIds
from protocol.limits import ENTRY_BYTES_MAX
from storage.journal.journal import SqliteJournal

log = structlog.get_logger(__name__)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


_BEHIND: Final = (9, 10)
"""The pace of a clock that waits for the machine's: nine tenths."""
_AHEAD_MAX: Final = timedelta(hours=1)
"""A journal that ends later than this was written by a clock that was wrong itself."""


class SystemClock:
    """The machine's clock, which never goes back while the process lives, and never stands still.

    When the machine's is set back, this one goes on more slowly until that has come up to it. Had
    it gone back with it, the tokens of the last minutes would be of the future, and whoever presses
    an SOS refused; had it waited, no timer would be due for as long, and no alarm made louder.
    """

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        steady_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall_ns = wall_ns
        self._steady_ns = steady_ns
        self._told_ns, self._told_at_ns = wall_ns(), steady_ns()
        self._last = (0, _EPOCH)

    def start_at(self, moment: datetime) -> None:
        """It was that late already when the process before this one ended; it is no earlier now."""
        self._told_ns = max(self._told_ns, (moment - _EPOCH) // _MS * 1_000_000)

    def now_ms(self) -> int:
        """Unix time in whole milliseconds."""
        wall_ns, at_ns = self._wall_ns(), self._steady_ns()
        slower, whole = _BEHIND
        least_ns = self._told_ns + (at_ns - self._told_at_ns) * slower // whole
        self._told_ns, self._told_at_ns = max(wall_ns, least_ns), at_ns
        return self._told_ns // 1_000_000

    def now(self) -> datetime:
        """UTC with whole milliseconds."""
        # Each message asks, and many come in one millisecond: the same moment is made once.
        ms = self.now_ms()
        last_ms, now = self._last
        if ms != last_ms:
            now = _EPOCH + ms * _MS
            self._last = (ms, now)
        return now


async def start_after(journal: SqliteJournal, clock: SystemClock) -> None:
    """Have a clock go on where the last process left off, if the machine's is behind that.

    Machines wake up in the past, and set their clocks only when they reach the network. Otherwise
    this would be the clock set back while the process lives.
    """
    last = journal.durable
    before = Position(last.journal_id, last.n - 1)
    if last.n == 0 or not journal.holds(before):
        return
    found = await journal.read(before, entries_max=1, bytes_max=ENTRY_BYTES_MAX)
    try:
        ended = decode_entry(found[-1][1]).at
    except EntryUnreadable:
        # Recovery comes to it next, and says what to do.
        return
    ahead = ended - clock.now()
    if ahead > timedelta():
        log.warning("clock_behind_journal", behind_s=ahead.total_seconds(), by=ended.isoformat())
    if ahead <= _AHEAD_MAX:
        clock.start_at(ended)


def system_ids(clock: SystemClock | None = None) -> MonotonicIds:
    """Ids by a clock, or the machine's, and chance."""
    return MonotonicIds((clock or SystemClock()).now_ms, secrets.randbits)
