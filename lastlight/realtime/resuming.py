"""Where a room stands and what a client missed, from memory or from the database (Rule 17).

Whoever asks is in the room already: what is published meanwhile is held for them. So an answer is
right as of any moment after they asked, and what followed comes after it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Literal, Protocol, TypeAlias
from uuid import UUID

import attrs
import trio

from lastlight.realtime.backlog import Backlog, Snapshot
from lastlight.realtime.rooms import RoomKind, parse_room
from lastlight.realtime.services import Resumption
from protocol.addresses import Principal
from protocol.entries import RoomEvent
from protocol.errors import Code, Refusal
from protocol.folding import RoomView
from protocol.limits import ROOM_BACKLOG_EVENTS, ROOM_LOADS_AT_ONCE

Reason: TypeAlias = Literal["gap", "expired", "overflow"]
"""Why there are no events to resume with: the place is of another epoch or beyond the end; what
followed it is not kept any more; or that is more than is given at once."""
_WHY: Final[dict[Reason, str]] = {
    "gap": "{room} never stood there",
    "expired": "what followed in {room} is not kept any more",
    "overflow": "more happened in {room} than is told at once",
}


class StoodAt(Protocol):
    """A view as the database has it."""

    @property
    def seq(self) -> int:
        """Of the last event in it."""
        ...

    @property
    def view(self) -> RoomView:
        """What the events came to."""
        ...


@attrs.frozen(kw_only=True, eq=False)
class Resumer:
    """Answers where a room stands.

    `last_seq`, `missed` and `view` read the database up to what was durable when asked, and raise
    a `LastLightError` while it is away. `missed` takes room, `after_seq` and how many at most.
    While the node starts nothing is known of any room: `wait_ready` is waited for. Whoever waits
    is in the room already, so an emergency reaches them meanwhile.
    """

    backlog: Backlog
    epoch: Callable[[], str]
    wait_ready: Callable[[], Awaitable[None]]
    venue_known: Callable[[UUID], bool]
    last_seq: Callable[[str], Awaitable[int]]
    missed: Callable[[str, int, int], Awaitable[Sequence[RoomEvent]]]
    view: Callable[[str], Awaitable[StoodAt]]
    # A thousand clients that come back at once wait here, not for connections to the database.
    _loads: trio.CapacityLimiter = attrs.field(
        factory=lambda: trio.CapacityLimiter(ROOM_LOADS_AT_ONCE), init=False
    )

    async def resume(
        self,
        principal: Principal,
        room: str,
        after_seq: int | None,
        epoch: str | None,
        *,
        snapshots: bool,
    ) -> Resumption | Refusal:
        """Where the room stands, and how to get there from `after_seq` of `epoch`.

        See `services.Resume`.
        """
        await self.wait_ready()
        parsed = parse_room(room)
        venue_id = parsed.id if parsed is not None and parsed.kind is RoomKind.VENUE else None
        if venue_id is not None and not self.venue_known(venue_id):
            return Refusal(Code.NOT_FOUND, f"there is no room {room}")
        current, least = self.epoch(), 0
        if after_seq is not None:
            same = epoch is None or epoch == current
            found = await self._followed(room, after_seq) if same else "gap"
            if not isinstance(found, str):
                seq = seq_in(found[-1], room) if found else after_seq
                return Resumption(epoch=current, seq=seq, events=found)
            if not snapshots:
                return _expired(room, found)
            # Nobody goes back behind a place that was truly given.
            least = 0 if found == "gap" else after_seq
        elif not snapshots:
            return Resumption(epoch=current, seq=await self._last(room))
        seq, snapshot = await self._snapshot(principal, room, least)
        return Resumption(epoch=current, seq=seq, snapshot=snapshot)

    async def _followed(self, room: str, after_seq: int) -> tuple[RoomEvent, ...] | Reason:
        """All events after a place, or why not."""
        found = self.backlog.after(room, after_seq)
        if found is None:
            async with self._loads:
                read = await self.missed(room, after_seq, ROOM_BACKLOG_EVENTS + 1)
            # While it was read, the room may have had its first event here.
            found = tuple(read) or self.backlog.after(room, after_seq) or ()
        if len(found) > ROOM_BACKLOG_EVENTS:
            return "overflow"
        if found:
            return found if seq_in(found[0], room) == after_seq + 1 else "expired"
        last = await self._last(room)
        if last < after_seq:
            # What is durable and not published yet may have been given already.
            async with self._loads:
                last = await self.last_seq(room)
        if last == after_seq:
            return ()
        return "gap" if last < after_seq else "expired"

    async def _snapshot(self, principal: Principal, room: str, least: int) -> tuple[int, Snapshot]:
        """Where the room stands, at `least` or later."""
        known = self.backlog.snapshot(room, principal.user_id)
        if known is not None and known[0] >= least:
            return known
        async with self._loads:
            forgotten = self.backlog.forgotten
            read = await self.view(room)
        self.backlog.load(room, read.seq, read.view, forgotten)
        known = self.backlog.snapshot(room, principal.user_id)
        if known is not None and known[0] >= least:
            return known
        return read.seq, Snapshot.of_view(read.view.of(principal.user_id), room, iter(()))

    async def _last(self, room: str) -> int:
        known = self.backlog.last(room)
        if known is not None:
            return known
        async with self._loads:
            return await self.last_seq(room)


def seq_in(event: RoomEvent, room: str) -> int:
    """The number of a durable event in one of its rooms."""
    seq = dict(event.rooms)[room]
    assert seq is not None
    return seq


def _expired(room: str, reason: Reason) -> Refusal:
    return Refusal(
        Code.CURSOR_EXPIRED,
        f"{_WHY[reason].format(room=room)}; subscribe without after_seq and load anew",
        extra={"room": room, "reason": reason},
    )
