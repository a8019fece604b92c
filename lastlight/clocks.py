"""The clock and the ids of a real node."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime

from protocol.ids import MonotonicIds


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """UTC with whole milliseconds."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


def system_ids() -> MonotonicIds:
    """Ids by the machine's clock and chance."""
    return MonotonicIds(lambda: time.time_ns() // 1_000_000, secrets.randbits)
