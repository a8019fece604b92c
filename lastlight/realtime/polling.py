"""`GET /api/realtime/events`: what a socket tells, for clients that can't keep one (Rule 17).

A poll waits on a bell of its room, so nothing is asked of the database while nothing happens. The
bell is taken before the room is read: what happens in between rings it.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import attrs
import trio

from actors.runtime.answers import Answer
from lastlight.gateway.calls import Call, Refused
from lastlight.realtime.bells import Bells
from lastlight.realtime.frames import envelope_of, plain
from lastlight.realtime.resuming import seq_in
from lastlight.realtime.rooms import Access, decide_access
from lastlight.realtime.services import Resume, Resumption
from protocol.addresses import Principal
from protocol.codec import to_json
from protocol.entries import RoomEvent
from protocol.errors import Code, Refusal
from protocol.limits import POLLS_MAX
from protocol.operations.realtime import ReadEvents
from protocol.replies.realtime import HeardEvent, RoomEvents


@attrs.frozen(kw_only=True, eq=False)
class Polling:
    """Answers polls. `check` raises if a principal's token was revoked meanwhile.

    `polled` hears up to which place of a room somebody says to have it.
    """

    resume: Resume
    check: Callable[[Principal], None]
    bells: Bells
    polled: Callable[[UUID, str, int], None]

    async def read_events(self, call: Call) -> Answer:
        """The events after a place, as soon as there are any.

        Raises:
            Refused: 403 or 404 for the room, 410 for the place, 429 if too many wait.
            LastLightError: the room can't be read now, or the token ended meanwhile.
        """
        command, principal = call.command, call.signed_in
        assert isinstance(command, ReadEvents)
        access = decide_access(command.room, principal)
        if access is not Access.ALLOWED:
            code = Code.FORBIDDEN if access is Access.FORBIDDEN else Code.NOT_FOUND
            raise Refused(Refusal(code, f"no room {command.room} for you"))
        found = await self._wait(principal, command)
        items = found.events[: command.limit]
        seq = seq_in(items[-1], command.room) if items else found.seq
        reply = RoomEvents(
            room=command.room,
            epoch=found.epoch,
            seq=seq,
            items=tuple(_heard(event, command.room, principal.user_id) for event in items),
        )
        return Answer(status=200, body=to_json(reply))

    async def _wait(self, principal: Principal, command: ReadEvents) -> Resumption:
        room = command.room
        bell = self.bells.of(room)
        try:
            found = await self._read(principal, command)
            if command.after_seq is not None:
                self.polled(principal.user_id, room, command.after_seq)
            if found.events or command.after_seq is None:
                return found
            if self.bells.waiting >= POLLS_MAX:
                detail = f"{POLLS_MAX} polls wait already; ask again, or open a socket"
                raise Refused(Refusal(Code.RATE_LIMITED, detail, retry_after_s=1))
            self.bells.waiting += 1
            try:
                with trio.move_on_after(command.wait_s):
                    await bell.wait()
            finally:
                self.bells.waiting -= 1
        finally:
            self.bells.forget(room, bell)
        self.check(principal)
        return await self._read(principal, command)

    async def _read(self, principal: Principal, command: ReadEvents) -> Resumption:
        found = await self.resume(
            principal, command.room, command.after_seq, command.epoch, snapshots=False
        )
        if isinstance(found, Refusal):
            raise Refused(found)
        return found


def _heard(event: RoomEvent, room: str, user_id: UUID) -> HeardEvent:
    seq = seq_in(event, room)
    if event.hide_from == user_id:
        return HeardEvent(seq=seq, event=None)
    told = plain(envelope_of(event, room, seq))
    assert isinstance(told, dict)
    return HeardEvent(seq=seq, event=told)
