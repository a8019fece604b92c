"""What is remembered of connections that ended, so that their clients may go on where they were.

A place counts only if it is known that everything up to it has arrived: what was written to a
connection that then was lost may have, or not. The client's own cursors are such knowledge, and so
is a ping that was answered, for what was sent before it. Where neither is, a connection is not
recovered, and its client subscribes anew, by its cursors or from a snapshot.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

import attrs
import trio

from protocol.socketio_limits import RECOVERIES_MAX, RECOVERY_S


@attrs.frozen
class Place:
    """How far a room was heard. `seq` is None where that is not known."""

    seq: int | None
    epoch: str | None


@attrs.frozen(kw_only=True)
class Remembered:
    """A connection that ended: whose, its id, and its rooms."""

    user_id: UUID
    sid: str
    places: Mapping[str, Place]


class Recoveries:
    """Connections by their secret `pid`: those there are, and for RECOVERY_S the ended ones."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, tuple[float, Remembered]] = OrderedDict()
        self._there: dict[str, tuple[UUID, Callable[[], None]]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def begin(self, pids: Iterable[str], user_id: UUID, end: Callable[[], None]) -> None:
        """A connection is there, by its own pid and by the one that its client came with.

        Whether the client has learnt of its own is not known. `end` makes it call `finish` at once.
        """
        for pid in pids:
            self._there[pid] = (user_id, end)

    def finish(self, pids: Iterable[str], pid: str, ended: Remembered | None) -> None:
        """A connection has ended now; nothing is remembered of who said goodbye.

        Args:
            pids: as they began.
            pid: its own.
        """
        for each in pids:
            self._there.pop(each, None)
        if ended is None:
            return
        now = trio.current_time()
        self._held[pid] = (now + RECOVERY_S, ended)
        self._held.move_to_end(pid)
        while self._held:
            until, _ = next(iter(self._held.values()))
            if until > now and len(self._held) <= RECOVERIES_MAX:
                break
            self._held.popitem(last=False)

    def take(self, pid: str, user_id: UUID) -> Remembered | None:
        """What was a user's under `pid`, once; None for what is somebody else's or too old.

        A client that comes again before it was missed ends its lost connection by that.
        """
        owner, end = self._there.get(pid, (None, None))
        if end is not None and owner == user_id:
            end()
        found = self._held.get(pid)
        if found is None or found[1].user_id != user_id:
            return None
        del self._held[pid]
        return found[1] if found[0] > trio.current_time() else None
