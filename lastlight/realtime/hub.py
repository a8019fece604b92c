"""From events to the connections in their rooms. Satisfies `actors.runtime.ports.Publisher`.

Nothing here waits: publishing gives shared frames to bounded outboxes, `fan_out` says in which
pieces. A connection in a room gets each durable event of it once and in order: while its backlog is
being fetched, live events are held back, and what is at or before the last place it was given is
left out. A room that was lost before an event of it was given is not heard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import attrs

from lastlight.realtime.fan_out import FanOut
from lastlight.realtime.frames import LAST_LIGHT_WIRE, Wire
from lastlight.realtime.outbox import Outbox
from lastlight.realtime.rooms import Access, decide_access
from protocol.addresses import Principal
from protocol.entries import RoomEvent
from protocol.limits import CONNECTION_QUEUE_EVENTS, FAN_OUT_STEP

TOKEN_CLOSED = 4401
ROOM_CLOSED = 4403
_URGENT_REMEMBERED_MAX = CONNECTION_QUEUE_EVENTS


class Frames:
    """One event in one room in each of its shapes and languages, encoded when first needed."""

    def __init__(self, event: RoomEvent, room: str, seq: int | None) -> None:
        self.event, self.room, self.seq = event, room, seq
        self._full: dict[Wire, bytes] = {}
        self._cursors: dict[Wire, bytes] = {}

    def full(self, wire: Wire) -> bytes:
        """The event itself."""
        found = self._full.get(wire)
        if found is None:
            found = self._full[wire] = wire.event(self.event, self.room, self.seq)
        return found

    def cursor(self, wire: Wire) -> bytes:
        """Its place alone. It has one."""
        assert self.seq is not None
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
        if event.hide_from is not None and event.hide_from == self.principal.user_id:
            return self.wire.empty(frames.room, seq)
        if self.urgent and (event.id, frames.room) in self.urgent:
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


@attrs.frozen(kw_only=True)
class HubStatistics:
    """Connections, rooms and events on their way now; events and closures since start."""

    connections: int
    rooms: int
    waiting: int
    published_total: int
    given_total: int
    slow_total: int


class Hub:
    """All realtime connections of the node, by room."""

    def __init__(self) -> None:
        self._members: set[Member] = set()
        self._rooms: dict[str, set[Member]] = {}
        self._users: Counter[UUID] = Counter()
        self._addresses: Counter[str] = Counter()
        self._fan_out = FanOut()
        self._published = self._given = self._slow = 0

    async def run(self) -> None:
        """Give out in pieces what takes longer, until cancelled. Without it all is in one piece."""
        await self._fan_out.run()

    def statistics(self) -> HubStatistics:
        """Figures for metrics."""
        return HubStatistics(
            connections=len(self._members),
            rooms=len(self._rooms),
            waiting=len(self._fan_out),
            published_total=self._published,
            given_total=self._given,
            slow_total=self._slow,
        )

    def count_of_user(self, user_id: UUID) -> int:
        """Connections of one user."""
        return self._users[user_id]

    def count_of_address(self, address: str) -> int:
        """Connections from one address."""
        return self._addresses[address]

    def publish(self, event: RoomEvent, then: Callable[[], object] | None = None) -> None:
        """A durable event in its place, or an ephemeral one. Never waits.

        `then` is called once everybody was given it.
        """
        self._published += 1
        self._fan_out.begin(self._giving(event, then))

    def publish_urgent(self, event: RoomEvent) -> None:
        """The unnumbered copy of a durable event that is not durable yet, before all others."""
        self._published += 1
        self._fan_out.begin(self._giving_urgent(event), urgent=True)

    def _giving(self, event: RoomEvent, then: Callable[[], object] | None) -> Iterator[None]:
        for room, seq in event.rooms:
            frames = Frames(event, room, seq)
            for some in self._in(room):
                for member in some:
                    member.offer(frames)
                yield
        if then is not None:
            then()

    def _giving_urgent(self, event: RoomEvent) -> Iterator[None]:
        for room, _ in event.rooms:
            frames = Frames(event, room, None)
            for some in self._in(room):
                for member in some:
                    member.give_urgent(frames)
                yield

    def reset(self) -> None:
        """Forget urgent copies: a lost entry's event comes again under another id, or never.

        What was numbered and given out was durable, so cursors stay.
        """
        self._fan_out.finish()
        for member in self._members:
            member.urgent.clear()

    def join(self, member: Member) -> None:
        """Let a connection in that has said hello."""
        self._members.add(member)
        self._users[member.principal.user_id] += 1
        self._addresses[member.address] += 1

    def leave(self, member: Member) -> None:
        """Forget a connection."""
        if member not in self._members:
            return
        for room in tuple(member.rooms):
            self.drop(member, room)
        self._members.discard(member)
        self._slow += member.outbox.close_code == 4408
        self._users -= Counter([member.principal.user_id])
        self._addresses -= Counter([member.address])

    def enter(self, member: Member, room: str) -> Membership:
        """Hear a room from now on; its durable events are held back until `catch_up`."""
        membership = Membership()
        member.rooms[room] = membership
        self._rooms.setdefault(room, set()).add(member)
        return membership

    def drop(self, member: Member, room: str) -> None:
        """Hear a room no longer."""
        member.rooms.pop(room, None)
        members = self._rooms.get(room, set())
        members.discard(member)
        if not members:
            self._rooms.pop(room, None)

    def catch_up(
        self,
        member: Member,
        room: str,
        membership: Membership,
        *,
        opening: bytes,
        seq: int,
        missed: Sequence[RoomEvent],
    ) -> None:
        """Give `opening`, what was missed up to `seq`, and what was held back; then it is live.

        Nothing can happen in between: this does not wait. A membership that another one has
        replaced meanwhile gets nothing.
        """
        if member.rooms.get(room) is not membership:
            return
        shaped = [
            member.shape(Frames(event, room, dict(event.rooms)[room]), membership)
            for event in missed
        ]
        # One piece: a backlog may be longer than the outbox, and is no sign of a slow client.
        given = [opening, *(frame for frame in shaped if frame is not None)]
        member.outbox.put(member.wire.joined(given))
        membership.last_seq = max(membership.last_seq, seq)
        held, membership.held = membership.held, None
        for frames in held or ():
            member.give(frames, membership)

    def revoke(self, predicate: Callable[[Principal], bool]) -> int:
        """End the connections of principals whose tokens count no more (4401); how many."""
        ended = [member for member in self._members if predicate(member.principal)]
        for member in ended:
            member.outbox.close(TOKEN_CLOSED, "the token was revoked; sign in again")
        return len(ended)

    def recheck(self, user_id: UUID, now: Callable[[Principal], Principal]) -> None:
        """Apply changed roles: who is in a room that is no longer theirs is closed with 4403."""
        for member in self._members:
            if member.principal.user_id == user_id:
                self.renew(member, now(member.principal))

    def renew(self, member: Member, principal: Principal) -> None:
        """The same user with another token or other roles."""
        assert principal.user_id == member.principal.user_id
        member.principal = principal
        lost = [r for r in member.rooms if decide_access(r, principal) is not Access.ALLOWED]
        for room in lost:
            self.drop(member, room)
        if lost:
            member.outbox.close(ROOM_CLOSED, f"no longer allowed in {lost[0]}")

    def _in(self, room: str) -> Iterator[tuple[Member, ...]]:
        """Who is in a room when its first event is given, some at a time."""
        members = tuple(self._rooms.get(room, ()))
        self._given += len(members)
        for at in range(0, len(members), FAN_OUT_STEP):
            yield members[at : at + FAN_OUT_STEP]
