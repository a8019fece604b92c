"""From events to the connections in their rooms. Satisfies `actors.runtime.ports.Publisher`.

Nothing here waits: publishing gives shared frames to bounded outboxes, `fan_out` says in which
pieces. A connection in a room gets each durable event of it once and in order: while its backlog is
being fetched, live events are held back, and what is at or before the last place it was given is
left out. A room that was lost before an event of it was given is not heard.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import attrs

from lastlight.realtime.fan_out import FanOut
from lastlight.realtime.members import Batch, Frames, Member, Membership
from lastlight.realtime.rooms import Access, decide_access
from protocol.addresses import Principal
from protocol.entries import RoomEvent
from protocol.limits import FAN_OUT_STEP, MISSED_FRAMES_MAX

TOKEN_CLOSED = 4401
ROOM_CLOSED = 4403
__all__ = ["ROOM_CLOSED", "TOKEN_CLOSED", "Hub", "HubStatistics", "Member", "Membership"]


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
        self._users: dict[UUID, set[Member]] = {}
        self._addresses: Counter[str] = Counter()
        self._fan_out = FanOut(self._giving)
        self._missed: OrderedDict[tuple[UUID, str], Frames] = OrderedDict()
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
        return len(self._users.get(user_id, ()))

    def count_of_address(self, address: str) -> int:
        """Connections from one address."""
        return self._addresses[address]

    def publish(self, event: RoomEvent, then: Callable[[], object] | None = None) -> None:
        """A durable event in its place, or an ephemeral one. Never waits.

        `then` is called once everybody in its last room was given it.
        """
        self._published += 1
        told = [room for room, _ in event.rooms if room in self._rooms]
        # Who is in no room yet finds the event in the backlog when it comes.
        for room, seq in event.rooms:
            if room in self._rooms:
                last = then if room == told[-1] else None
                self._fan_out.add(room, Frames(event, room, seq, last))
        if then is not None and not told:
            then()
        self._fan_out.go()

    def publish_urgent(self, event: RoomEvent) -> None:
        """The unnumbered copy of a durable event that is not durable yet, before all others."""
        self._published += 1
        self._fan_out.overtake(self._giving_urgent(event))

    def _giving(self, room: str, pieces: Sequence[Frames]) -> Iterator[None]:
        batch = Batch(room, pieces)
        for some in self._in(room):
            for member in some:
                batch.give(member)
            yield
        for frames in pieces:
            if frames.then is not None:
                frames.then()

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
        self._users.setdefault(member.principal.user_id, set()).add(member)
        self._addresses[member.address] += 1

    def leave(self, member: Member) -> None:
        """Forget a connection."""
        if member not in self._members:
            return
        for room in tuple(member.rooms):
            self.drop(member, room)
        self._members.discard(member)
        self._slow += member.outbox.close_code == 4408
        # When a network goes away thousands leave at once, so each must cost the same.
        mine = self._users[member.principal.user_id]
        mine.discard(member)
        if not mine:
            del self._users[member.principal.user_id]
        self._addresses[member.address] -= 1
        if not self._addresses[member.address]:
            del self._addresses[member.address]

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
        shaped = [member.shape(self._frames_of(event, room), membership) for event in missed]
        # One piece: a backlog may be longer than the outbox, and is no sign of a slow client.
        given = [opening, *(frame for frame in shaped if frame is not None)]
        member.outbox.put(member.wire.joined(given))
        membership.last_seq = max(membership.last_seq, seq)
        held, membership.held = membership.held, None
        for frames in held or ():
            member.give(frames, membership)

    def revoke(self, predicate: Callable[[Principal], bool]) -> int:
        """End the connections of principals whose tokens count no more (4401); how many."""
        return self._end([member for member in self._members if predicate(member.principal)])

    def revoke_user(self, user_id: UUID) -> int:
        """End all connections of somebody (4401); how many."""
        return self._end(tuple(self._users.get(user_id, ())))

    def _end(self, members: Sequence[Member]) -> int:
        for member in members:
            member.outbox.close(TOKEN_CLOSED, "the token was revoked; sign in again")
        return len(members)

    def recheck(self, user_id: UUID, now: Callable[[Principal], Principal]) -> None:
        """Apply changed roles: who is in a room that is no longer theirs is closed with 4403."""
        for member in tuple(self._users.get(user_id, ())):
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

    def _frames_of(self, event: RoomEvent, room: str) -> Frames:
        """A missed event, encoded once for all who come back at the same time."""
        found = self._missed.get((event.id, room))
        if found is None:
            found = Frames(event, room, dict(event.rooms)[room])
            self._missed[event.id, room] = found
            if len(self._missed) > MISSED_FRAMES_MAX:
                self._missed.popitem(last=False)
        return found

    def _in(self, room: str) -> Iterator[tuple[Member, ...]]:
        """Who is in a room when its first event is given, some at a time."""
        members = tuple(self._rooms.get(room, ()))
        self._given += len(members)
        for at in range(0, len(members), FAN_OUT_STEP):
            yield members[at : at + FAN_OUT_STEP]
