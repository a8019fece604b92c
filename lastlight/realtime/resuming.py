"""Where a room stands and what a client missed, from memory or from the database (Rule 17)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import attrs

from lastlight.realtime.backlog import Backlog
from lastlight.realtime.rooms import RoomKind, parse_room
from lastlight.realtime.services import Resumption
from protocol.addresses import Principal
from protocol.entries import RoomEvent
from protocol.errors import Code, Refusal
from protocol.limits import ROOM_BACKLOG_EVENTS


@attrs.frozen(kw_only=True, eq=False)
class Resumer:
    """Answers where a room stands.

    `last_seq` and `missed` read the database up to what was durable when asked; both raise a
    `LastLightError` while it is away. `missed` takes room, `after_seq` and how many at most.
    While the node starts nothing is known of any room: `wait_ready` is waited for. Whoever waits
    is in the room already, so an emergency reaches them meanwhile.
    """

    backlog: Backlog
    epoch: Callable[[], str]
    wait_ready: Callable[[], Awaitable[None]]
    venue_known: Callable[[UUID], bool]
    last_seq: Callable[[str], Awaitable[int]]
    missed: Callable[[str, int, int], Awaitable[Sequence[RoomEvent]]]

    async def resume(
        self, principal: Principal, room: str, after_seq: int | None, epoch: str | None
    ) -> Resumption | Refusal:
        """Where the room stands, and the events after `after_seq` of `epoch`."""
        await self.wait_ready()
        parsed = parse_room(room)
        venue_id = parsed.id if parsed is not None and parsed.kind is RoomKind.VENUE else None
        if venue_id is not None and not self.venue_known(venue_id):
            return Refusal(Code.NOT_FOUND, f"there is no room {room}")
        current = self.epoch()
        if after_seq is None:
            return Resumption(epoch=current, seq=await self._last(room))
        if epoch is not None and epoch != current:
            return _expired(room)
        held = self.backlog.after(room, after_seq)
        if held is None:
            held = tuple(await self.missed(room, after_seq, ROOM_BACKLOG_EVENTS + 1))
        if len(held) > ROOM_BACKLOG_EVENTS:
            return _expired(room)
        last = seq_in(held[-1], room) if held else await self._last(room)
        if last < after_seq or (held and seq_in(held[0], room) != after_seq + 1):
            return _expired(room)
        return Resumption(epoch=current, seq=max(last, after_seq), events=held)

    async def _last(self, room: str) -> int:
        known = self.backlog.last(room)
        return await self.last_seq(room) if known is None else known


def seq_in(event: RoomEvent, room: str) -> int:
    """The number of a durable event in one of its rooms."""
    seq = dict(event.rooms)[room]
    assert seq is not None
    return seq


def _expired(room: str) -> Refusal:
    return Refusal(
        Code.CURSOR_EXPIRED,
        f"what followed in {room} is not kept any more; subscribe without after_seq and load anew",
    )
