"""Socket.IO on one connection: let in, recover, subscribe, command, acknowledge, say goodbye.

Rights, bounds and answers are the conversation's, the same as on `/ws`. A client that comes again
with the `pid` of its last connection is put back into its rooms, each after the place up to which
everything is known to have arrived; it is told that it was recovered only if all rooms are there
again and nothing is missing in any of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID, uuid4

import trio

from lastlight.realtime.conversation import TOO_MANY, Conversation, Entered
from lastlight.realtime.hub import ROOM_CLOSED, TOKEN_CLOSED, Hub
from lastlight.realtime.messages import ClientMessage, Misread, Subscribe, message_of
from lastlight.realtime.outbox import Outbox
from lastlight.realtime.services import Pace, Resumption, Services
from lastlight.socketio.auth import Auth, read_auth
from lastlight.socketio.language import SocketIoVoice, error_frame
from lastlight.socketio.packets import (
    Connect,
    ConnectElsewhere,
    Disconnect,
    Event,
    Ignored,
    Unread,
    connected_frame,
    disconnect_frame,
    elsewhere_frame,
    one_argument,
    read_packet,
    refused_frame,
)
from lastlight.socketio.recovery import Place, Recoveries, Remembered
from lastlight.web.problems import problem_of
from protocol.addresses import Role
from protocol.errors import Code, LastLightError, Refusal
from protocol.socketio_limits import CONNECT_S

GONE: Final = 1000
_VOICE: Final = SocketIoVoice()
_EVENTS: Final = ("subscribe", "command", "ack", "hello", "ping")
_PROBLEMS: Final = {
    TOKEN_CLOSED: Code.UNAUTHENTICATED,
    ROOM_CLOSED: Code.FORBIDDEN,
    TOO_MANY: Code.RATE_LIMITED,
}


class Talk:
    """What is said on one connection. `nursery` is its own; `leave` must be called at its end."""

    def __init__(
        self,
        *,
        address: str,
        hub: Hub,
        services: Services,
        outbox: Outbox,
        nursery: trio.Nursery,
        recoveries: Recoveries,
        end: Callable[[], None],
    ) -> None:
        """`end` ends the connection at once."""
        self._conversation = Conversation(_VOICE, address, hub, services, outbox, nursery)
        self._outbox, self._nursery = outbox, nursery
        self._recoveries, self._end = recoveries, end
        self._pace = Pace()
        self._attachments = 0
        self._connecting = False
        self._goodbye = False
        self._arrived: dict[str, int] = {}
        """Of each room, what is known to have arrived."""
        self._recovered: dict[str, Place] = {}
        """Rooms that were recovered and not asked for since, and from where."""
        self._has_left = False
        self._pids: set[str] = set()
        self.sid = secrets.token_urlsafe(15)
        self.pid = secrets.token_urlsafe(15)

    async def hear(self, text: str) -> None:
        """One Socket.IO packet of the client."""
        packet = read_packet(text)
        if self._outbox.close_code is not None or self._has_left:
            return
        if not isinstance(packet, Event | Unread) and not self._pace.take():
            self._outbox.close(TOO_MANY, "too many packets that say nothing")
            return
        match packet:
            case Connect():
                await self._connect(packet.auth)
            case ConnectElsewhere():
                refusal = Refusal(Code.NOT_FOUND, "there is no namespace but /")
                frame = elsewhere_frame(packet.namespace, problem_of(refusal, str(uuid4())))
                self._outbox.put(frame)
            case Disconnect():
                self._goodbye = True
                self.leave()
                self._outbox.close(GONE, "")
            case Event() | Unread():
                await self._converse(packet)
            case Ignored():
                pass

    async def hear_binary(self) -> None:
        """A binary message: an attachment of a packet that was refused, or nothing at all."""
        if self._attachments:
            self._attachments -= 1
            return
        await self.hear_nonsense("binary messages are not taken; send JSON")

    async def hear_nonsense(self, detail: str) -> None:
        """Something that can't be read."""
        await self._converse(Unread(Refusal(Code.MALFORMED_REQUEST, detail)))

    async def expect_connect(self) -> None:
        """End the connection if nobody is let in within CONNECT_S."""
        await trio.sleep(CONNECT_S)
        if self._conversation.member is None:
            self._outbox.close(TOKEN_CLOSED, f"no CONNECT within {CONNECT_S:g} s")

    def farewell(self) -> bytes:
        """What is said last, after the outbox was closed and emptied.

        Who was let in and has no good token any more is disconnected, so that the stock client does
        not come again with the same token; everyone else may come again at once.
        """
        code = _PROBLEMS.get(self._outbox.close_code or 0)
        if code is None or self._conversation.member is None:
            return b""
        refusal = Refusal(code, self._outbox.close_reason)
        told = error_frame(problem_of(refusal, str(uuid4())))
        return told + disconnect_frame() if code is Code.UNAUTHENTICATED else told

    @property
    def is_staff(self) -> bool:
        """Whether somebody was let in whom others count on."""
        member = self._conversation.member
        return member is not None and member.principal.role_at(None) >= Role.STAFF

    def places(self) -> dict[str, int]:
        """Up to where each live room has been given to the outbox."""
        member = self._conversation.member
        if member is None:
            return {}
        return {room: one.last_seq for room, one in member.rooms.items() if one.held is None}

    def arrived(self, places: dict[str, int]) -> None:
        """All that was given to the outbox up to these places has arrived."""
        self._arrived = places

    def is_all_arrived(self) -> bool:
        """Whether it is known that nothing is on its way."""
        return self.places() == self._arrived

    def leave(self) -> None:
        """Be forgotten by the hub, and remembered for the client that comes again."""
        if self._has_left:
            return
        self._has_left = True
        member = self._conversation.member
        if member is not None:
            ended = Remembered(
                user_id=member.principal.user_id, sid=self.sid, places=self._known_places()
            )
            self._recoveries.finish(self._pids, self.pid, None if self._goodbye else ended)
        self._conversation.leave()

    def _known_places(self) -> Mapping[str, Place]:
        member = self._conversation.member
        assert member is not None
        given, epochs = self.places(), self._conversation.epochs
        return {
            room: Place(
                given[room] if room in given and given[room] == self._arrived.get(room) else None,
                epochs.get(room),
            )
            for room in member.rooms
        }

    async def _converse(self, packet: Event | Unread) -> None:
        """Hand on what a client says that was let in; who was not hears that first."""
        if isinstance(packet, Unread):
            self._attachments += packet.attachments
        if self._conversation.member is None:
            detail = "CONNECT with an access token first"
            if isinstance(packet, Unread):
                detail = packet.refusal.detail
            self._refuse_connect(Refusal(Code.UNAUTHENTICATED, detail))
            return
        if isinstance(packet, Unread):
            await self._conversation.hear(Misread(packet.refusal), packet.ack)
            return
        values = one_argument(packet)
        message: ClientMessage | Misread
        if packet.name not in _EVENTS:
            detail = f"there is no event {packet.name[:80]!r}; there are {', '.join(_EVENTS)}"
            message = Misread(Refusal(Code.NOT_FOUND, detail))
        elif isinstance(values, Refusal):
            message = Misread(values)
        elif packet.name == "command" and "id" in values:
            detail = "command has no member 'id'; the acknowledgement is its answer's own"
            message = Misread(Refusal(Code.VALIDATION_FAILED, detail))
        else:
            given = {**values, "id": "-"} if packet.name == "command" else values
            message = message_of(packet.name, given)
        if isinstance(message, Subscribe) and (found := self._is_there(message)) is not None:
            self._outbox.put(_VOICE.subscribed(message.room, found, packet.ack))
            return
        await self._conversation.hear(message, packet.ack)

    def _is_there(self, wish: Subscribe) -> Resumption | None:
        """Where a room stands whose recovery an app overlooks that always subscribes anew.

        What follows its place is on its way to it already, and would come a second time.
        """
        place, member = self._recovered.pop(wish.room, None), self._conversation.member
        membership = member.rooms.get(wish.room) if member is not None else None
        if place is None or membership is None or membership.held is not None:
            return None
        epoch = self._conversation.epochs[wish.room]
        if wish.after_seq != place.seq or wish.epoch not in {None, epoch}:
            return None
        return Resumption(epoch=epoch, seq=membership.last_seq)

    async def _connect(self, auth: dict[str, object]) -> None:
        if self._connecting:
            await self.hear_nonsense("this connection has said CONNECT already")
            return
        self._connecting = True
        read = read_auth(auth)
        if isinstance(read, Refusal):
            self._refuse_connect(read)
            return
        found = await self._conversation.greet(read.token)
        if isinstance(found, Refusal):
            self._refuse_connect(found)
            return
        entered = await self._recover(read, found.principal.user_id)
        if self._has_left:
            return
        self._pids = {self.pid, read.pid or self.pid}
        self._recoveries.begin(self._pids, found.principal.user_id, self._end)
        self._outbox.put(connected_frame(self.sid, self.pid))
        for one in entered:
            self._conversation.go_live(one, b"")
        self._nursery.start_soon(self._conversation.watch_token)

    def _refuse_connect(self, refusal: Refusal) -> None:
        self._outbox.put(refused_frame(refusal.detail, problem_of(refusal, str(uuid4()))))
        code = TOO_MANY if refusal.code is Code.RATE_LIMITED else TOKEN_CLOSED
        self._outbox.close(code, refusal.detail[:100])

    async def _recover(self, auth: Auth, user_id: UUID) -> list[Entered]:
        """Enter the rooms of the connection before, all or none."""
        if auth.pid is None:
            return []
        before = self._recoveries.take(auth.pid, user_id)
        places = dict(before.places) if before is not None else {}
        for room, cursor in (auth.cursors or {}).items():
            places[room] = Place(cursor.seq, cursor.epoch)
        if before is None and not places:
            return []
        entered = await self._enter_all(places)
        if entered is None:
            return []
        self.pid = auth.pid
        self.sid = before.sid if before is not None else self.sid
        self._recovered = places
        self._arrived = {room: place.seq for room, place in places.items() if place.seq is not None}
        return entered

    async def _enter_all(self, places: Mapping[str, Place]) -> list[Entered] | None:
        """Each room after its place; in none of them if one can't be gone on with."""
        entered: list[Entered] = []
        for room, place in places.items():
            one: Entered | Refusal | None = None
            if place.seq is not None:
                try:
                    one = await self._conversation.enter(
                        room, place.seq, place.epoch, snapshots=False
                    )
                except LastLightError:
                    one = None
            if not isinstance(one, Entered):
                for each in entered:
                    self._conversation.go_back(each)
                return None
            entered.append(one)
        return entered
