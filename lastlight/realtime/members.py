"""Connections in their rooms, and how each of them is given an event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

import attrs

from lastlight.realtime.frames import LAST_LIGHT_WIRE, Wire
from lastlight.realtime.outbox import Outbox
from protocol.addresses import Principal
from protocol.entries import RoomEvent
from protocol.limits import CONNECTION_QUEUE_EVENTS

_URGENT_REMEMBERED_MAX = CONNECTION_QUEUE_EVENTS


class Frames:
    """One event in one room in each of its shapes and languages, encoded when first needed."""

    __slots__ = ("_cursors", "_full", "event", "room", "seq", "then")

    def __init__(
        self,
        event: RoomEvent,
        room: str,
        seq: int | None,
        then: Callable[[], object] | None = None,
    ) -> None:
        self.event, self.room, self.seq, self.then = event, room, seq, then
        self._full: dict[Wire, bytes] = {}
        self._cursors: dict[Wire, bytes] | None = None

    def full(self, wire: Wire) -> bytes:
        """The event itself."""
        found = self._full.get(wire)
        if found is None:
            found = self._full[wire] = wire.event(self.event, self.room, self.seq)
        return found

    def cursor(self, wire: Wire) -> bytes:
        """Its place alone. It has one."""
        assert self.seq is not None
        if self._cursors is None:
            self._cursors = {}
        found = self._cursors.get(wire)
        if found is None:
            found = self._cursors[wire] = wire.cursor(self.event, self.room, self.seq)
        return found


@attrs.define(eq=False)
class Membership:
    """One connection in one room. `held` is None once the backlog has been given."""

    last_seq: int = 0
    acked_seq: int = 0
    held: list[Frames] | None = attrs.field(factory=list)


@attrs.define(eq=False)
class Member:
    """One connection as the hub knows it."""

    principal: Principal
    address: str
    outbox: Outbox
    wire: Wire = LAST_LIGHT_WIRE
    rooms: dict[str, Membership] = attrs.field(factory=dict)
    urgent: dict[tuple[UUID, str], None] = attrs.field(factory=dict)
    """Event and room of urgent copies whose numbered ones have not come yet."""

    def offer(self, frames: Frames) -> None:
        """Give a live event, or keep it until the backlog has been given."""
        membership = self.rooms.get(frames.room)
        if membership is None:
            return
        if membership.held is None or frames.seq is None:
            self.give(frames, membership)
        elif len(membership.held) >= CONNECTION_QUEUE_EVENTS:
            self.outbox.close(4408, "too much happened while the room was being resumed")
        else:
            membership.held.append(frames)

    def give(self, frames: Frames, membership: Membership) -> None:
        """Put a live event into the outbox in the shape that this connection may see."""
        if frames.seq is not None:
            if (shaped := self.shape(frames, membership)) is not None:
                self.outbox.put(shaped)
        elif frames.event.hide_from != self.principal.user_id:
            self.outbox.put(frames.full(self.wire), replaces=(frames.room, frames.event.type))

    def shape(self, frames: Frames, membership: Membership) -> bytes | None:
        """A durable event as this connection may see it; None if it was given before."""
        event, seq = frames.event, frames.seq
        assert seq is not None
        if seq <= membership.last_seq:
            return None
        membership.last_seq = seq
        if event.hide_from == self.principal.user_id:
            return self.wire.empty(frames.room, seq)
        if (event.id, frames.room) in self.urgent:
            del self.urgent[event.id, frames.room]
            return frames.cursor(self.wire)
        return frames.full(self.wire)

    def give_urgent(self, frames: Frames) -> None:
        """Put the unnumbered copy before everything that waits."""
        if frames.room not in self.rooms or frames.event.hide_from == self.principal.user_id:
            return
        if (frames.event.id, frames.room) in self.urgent:
            return
        self.urgent[frames.event.id, frames.room] = None
        if len(self.urgent) > _URGENT_REMEMBERED_MAX:
            # The numbered copy of the oldest will be shown whole: twice, not never.
            del self.urgent[next(iter(self.urgent))]
        self.outbox.put(frames.full(self.wire), urgent=True)


class Batch:
    """Events of one room that wait together, in order: one write each for most connections."""

    __slots__ = ("_alike", "_first", "_joined", "_last", "_pieces", "_room")

    def __init__(self, room: str, pieces: Sequence[Frames]) -> None:
        self._room, self._pieces = room, pieces
        seqs = [frames.seq for frames in pieces if frames.seq is not None]
        self._first, self._last = (seqs[0], seqs[-1]) if seqs else (0, 0)
        self._alike = len(seqs) == len(pieces) and all(f.event.hide_from is None for f in pieces)
        """Whether they are the same for all who miss none of them."""
        self._joined: dict[Wire, bytes] = {}

    def give(self, member: Member) -> None:
        """Give all of them, each as this connection may see it."""
        membership = member.rooms.get(self._room)
        if membership is None:
            return
        if (
            self._alike
            and membership.held is None
            and membership.last_seq < self._first
            and not member.urgent
            and member.outbox.put_now(self._whole(member.wire))
        ):
            membership.last_seq = self._last
            return
        for frames in self._pieces:
            member.offer(frames)

    def _whole(self, wire: Wire) -> bytes:
        found = self._joined.get(wire)
        if found is None:
            whole = [frames.full(wire) for frames in self._pieces]
            found = self._joined[wire] = whole[0] if len(whole) == 1 else wire.joined(whole)
        return found
