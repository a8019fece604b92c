"""Commands are let in no faster than the database follows, once it follows late.

What is answered is durable in the journal, so a flush that lags harms nobody until the journal is
full; then everybody would be refused at once. So above FLUSH_LAG_SLOW_S a command waits until the
flush has got as much further as a command usually writes, and longer the later the flush is; who
can't be let in soon hears 503. Emergencies never come here. A database that is away, or that hangs
and has not been given up yet, is no reason to wait: nothing would get further by it.
"""

from __future__ import annotations

import trio

from actors.runtime.ports import Flushed, Journal
from protocol.addresses import Position
from protocol.flush_limits import (
    ADMISSION_COMMAND_ENTRIES,
    ADMISSION_HOLD_S,
    ADMISSION_LOOK_S,
    ADMISSION_SHARE_MIN,
    ADMISSION_STILL_S,
    ADMISSION_WAITING_MAX,
    FLUSH_LAG_SLOW_S,
)
from protocol.limits import FLUSH_LAG_DEGRADED_S


class Admission:
    """The way in for commands that are no emergencies."""

    def __init__(self, flushed: Flushed, journal: Journal) -> None:
        self._flushed = flushed
        self._journal = journal
        self._look_at = 0.0
        self._lag_s = 0.0
        self._given_n = 0.0
        self._waiting = 0
        self.slowed = 0
        """How many commands had to wait."""
        self.refused = 0
        """How many were told to come again."""

    async def enter(self) -> bool:
        """Wait for a turn, if there is need to; False if none comes soon.

        At most ADMISSION_WAITING_MAX wait, each ADMISSION_HOLD_S seconds.
        """
        if not self._is_late():
            return True
        if self._waiting < ADMISSION_WAITING_MAX:
            self.slowed += 1
            self._waiting += 1
            try:
                with trio.move_on_after(ADMISSION_HOLD_S):
                    await self._flushed.wait_flushed(self._turn())
                    return True
            finally:
                self._waiting -= 1
            if not self._is_late():
                return True
        self.refused += 1
        return False

    def _is_late(self) -> bool:
        now = trio.current_time()
        if now >= self._look_at:
            self._look_at = now + ADMISSION_LOOK_S
            stuck = self._flushed.away or self._flushed.still_s > ADMISSION_STILL_S
            self._lag_s = 0.0 if stuck else self._flushed.lag_s
        return self._lag_s > FLUSH_LAG_SLOW_S

    def _turn(self) -> Position:
        """How far the flush must be for the next command to come in: behind everybody before it."""
        flushed = self._flushed.flushed
        over = (self._lag_s - FLUSH_LAG_SLOW_S) / (FLUSH_LAG_DEGRADED_S - FLUSH_LAG_SLOW_S)
        share = max(ADMISSION_SHARE_MIN, 1.0 - over)
        given_n = max(self._given_n, flushed.n) + ADMISSION_COMMAND_ENTRIES / share
        # There is nothing to wait for beyond the last entry that there is.
        self._given_n = min(given_n, self._journal.last.n)
        return flushed._replace(n=int(self._given_n))
