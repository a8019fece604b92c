"""What was tried lately with addresses, so that a stranger's is refused as an account's would be.

An account counts its failed logins itself, for good; for an address that nobody has there is no
actor to count. Were it not counted all the same, the lock would tell who has an account.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from uuid import UUID

from protocol.limits import STRANGERS_MAX


class Recent:
    """Times within a window, by the identity of an address; the address itself is not held.

    Bounded: over `keys_max` the one that nothing happened with for longest is forgotten.
    """

    def __init__(self, *, window: timedelta, each_max: int, keys_max: int = STRANGERS_MAX) -> None:
        self._window = window
        self._each_max = each_max
        self._keys_max = keys_max
        self._times: OrderedDict[UUID, tuple[datetime, ...]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._times)

    def times(self, key: UUID, now: datetime) -> tuple[datetime, ...]:
        """When it happened within the window, oldest first, `each_max` times at most."""
        return tuple(at for at in self._times.get(key, ()) if now - at < self._window)

    def note(self, key: UUID, now: datetime) -> None:
        """It happened now."""
        self._times[key] = (*self.times(key, now), now)[-self._each_max :]
        self._times.move_to_end(key)
        while len(self._times) > self._keys_max or self._oldest_is_past(now):
            self._times.popitem(last=False)

    def _oldest_is_past(self, now: datetime) -> bool:
        return now - next(iter(self._times.values()))[-1] >= self._window
