"""Who is there: which users have a connection that lives, and since when the others have none.

Each connection gets a number that is higher than all before it, over restarts too, and can take
away only itself. So the late end of a connection that was lost long ago says nothing of the one
that its owner has now, in whatever order things are heard. That a connection is lost without a
word is noticed by its socket; see `DoorStream.watch_closely`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import attrs

from protocol.limits import PRESENCE_REMEMBERED_MAX

_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


@attrs.frozen(kw_only=True)
class Standing:
    """How it stands with one user. `epoch` is the number of the newest connection, 0 for none."""

    connected: bool
    connections: int = 0
    epoch: int = 0
    last_seen_at: datetime | None = None
    """When the last connection went; None while there is one, and if there was none since start."""


_NEVER: Final = Standing(connected=False)


class Presence:
    """All users with a connection, and when the others were last seen.

    Of those who went, the last PRESENCE_REMEMBERED_MAX are remembered.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._last = 0
        self._live: dict[UUID, set[int]] = {}
        self._gone: OrderedDict[UUID, Standing] = OrderedDict()

    def __len__(self) -> int:
        """Users that are connected."""
        return len(self._live)

    def came(self, user_id: UUID) -> int:
        """A connection has said who it is; returns its number."""
        self._last = max(self._last + 1, (self._now() - _START) // _MS)
        self._live.setdefault(user_id, set()).add(self._last)
        self._gone.pop(user_id, None)
        return self._last

    def went(self, user_id: UUID, epoch: int) -> None:
        """A connection has ended, however long ago that was. A second time is nothing new."""
        live = self._live.get(user_id, set())
        if epoch not in live:
            return
        newest = max(live)
        live.discard(epoch)
        if live:
            return
        del self._live[user_id]
        self._gone[user_id] = Standing(connected=False, epoch=newest, last_seen_at=self._now())
        if len(self._gone) > PRESENCE_REMEMBERED_MAX:
            self._gone.popitem(last=False)

    def of(self, user_id: UUID) -> Standing:
        """How it stands with a user now."""
        live = self._live.get(user_id)
        if live is None:
            return self._gone.get(user_id, _NEVER)
        return Standing(connected=True, connections=len(live), epoch=max(live))
