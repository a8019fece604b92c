"""One client on `/ws` (design section 10): hello, subscribe, command, ack, ping.

One task reads, one writes what the outbox holds, one watches the token, one pings. Whoever has a
reason ends the connection through the outbox, so that what was put before is said first. What a
command or a room is, is asked of `Services`; rights to rooms are decided in `rooms`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import attrs
import trio

from lastlight.front_door.socket_lane import Socket, SocketClosed
from lastlight.realtime.frames import message_frame
from lastlight.realtime.hub import ROOM_CLOSED, TOKEN_CLOSED, Hub, Member
from lastlight.realtime.messages import Ack, Command, Hello, Misread, Ping, Subscribe, read_message
from lastlight.realtime.outbox import Outbox
from lastlight.realtime.rooms import Access, decide_access
from lastlight.realtime.services import Pace, Resumption, Services
from lastlight.web.problems import problem_of
from protocol.addresses import Principal
from protocol.errors import Code, LastLightError, Refusal
from protocol.limits import (
    SOCKET_CLOSE_S,
    SOCKET_COMMANDS_MAX,
    SOCKET_HELLO_S,
    SOCKET_MESSAGES_PER_S,
    SOCKET_PING_S,
    SOCKET_PONG_S,
    SOCKET_ROOMS_MAX,
    SOCKET_TOKEN_GRACE_S,
    SOCKETS_PER_ADDRESS_MAX,
    SOCKETS_PER_USER_MAX,
)

SUBPROTOCOL = "lastlight.v1"
TOO_MANY = 4429


async def serve_realtime(socket: Socket, hub: Hub, services: Services) -> None:
    """Talk to one client until either side ends it."""
    outbox = Outbox()
    async with trio.open_nursery() as nursery:
        connection = _Connection(socket, hub, services, outbox, nursery)
        nursery.start_soon(connection.write)
        try:
            with trio.move_on_after(SOCKET_HELLO_S) as waiting:
                member = await connection.greet()
            if waiting.cancelled_caught:
                outbox.close(TOKEN_CLOSED, f"no hello within {SOCKET_HELLO_S:g} s")
            elif member is not None:
                nursery.start_soon(connection.ping)
                nursery.start_soon(connection.watch_token, member)
                await connection.listen(member)
            await trio.sleep_forever()  # until the writer has said why, and hung up
        except SocketClosed:
            nursery.cancel_scope.cancel()
        finally:
            connection.leave()


class _Connection:
    """The tasks of one connection; `nursery` is its own."""

    def __init__(
        self,
        socket: Socket,
        hub: Hub,
        services: Services,
        outbox: Outbox,
        nursery: trio.Nursery,
    ) -> None:
        self._socket, self._hub, self._services = socket, hub, services
        self._outbox, self._nursery = outbox, nursery
        self._member: Member | None = None
        self._pending = 0
        self._pace = Pace()

    async def write(self) -> None:
        """Send what the outbox holds, then close with its reason."""
        self._nursery.start_soon(self._hang_up_on_the_stuck)
        try:
            while (frame := await self._outbox.take()) is not None:
                await self._socket.send_frame(frame)
            assert self._outbox.close_code is not None
            await self._socket.close(self._outbox.close_code, self._outbox.close_reason)
        except SocketClosed:
            pass
        self._nursery.cancel_scope.cancel()

    async def _hang_up_on_the_stuck(self) -> None:
        """A frame half way out can't be stopped; a client that takes no byte is not waited for."""
        await self._outbox.wait_closed()
        await trio.sleep(SOCKET_CLOSE_S)
        self._socket.abort()

    async def greet(self) -> Member | None:
        """Read until a good hello, and let the client in; None if the outbox was closed."""
        while self._outbox.close_code is None:
            message = read_message(await self._socket.receive())
            if not isinstance(message, Hello):
                refusal = Refusal(Code.UNAUTHENTICATED, "say hello with an access token first")
                self._say_no(refusal, message.id if isinstance(message, Misread) else None)
                self._outbox.close(TOKEN_CLOSED, "the first message was no hello")
                return None
            principal = await self._principal(message)
            if principal is None:
                return None
            if (
                self._hub.count_of_user(principal.user_id) >= SOCKETS_PER_USER_MAX
                or self._hub.count_of_address(self._socket.client) >= SOCKETS_PER_ADDRESS_MAX
            ):
                reason = f"more than {SOCKETS_PER_USER_MAX} connections; close others first"
                self._outbox.close(TOO_MANY, reason)
                return None
            member = Member(principal, self._socket.client, self._outbox)
            self._member = member
            self._hub.join(member)
            self._welcome(principal)
            return member
        return None

    def leave(self) -> None:
        """Be forgotten by the hub."""
        if self._member is not None:
            self._hub.leave(self._member)

    async def listen(self, member: Member) -> None:
        """Do what the client says until the outbox is closed."""
        while self._outbox.close_code is None:
            message = read_message(await self._socket.receive())
            exempt = isinstance(message, Command) and message.command in self._services.exempt
            if not exempt and not self._pace.take():
                reason = f"more than {SOCKET_MESSAGES_PER_S:g} messages a second"
                self._outbox.close(TOO_MANY, reason)
                return
            match message:
                case Misread():
                    self._say_no(message.refusal, message.id)
                case Ping():
                    self._outbox.put(message_frame({"op": "pong"}))
                case Ack():
                    membership = member.rooms.get(message.room)
                    if membership is not None:
                        membership.acked_seq = min(message.seq, membership.last_seq)
                case Hello():
                    await self._renew(member, message)
                case Subscribe():
                    self._start(None, False, self._subscribe, member, message)
                case Command():
                    self._start(message.id, exempt, self._command, member, message)

    def _start(
        self,
        id_: str | None,
        exempt: bool,
        work: Callable[..., Awaitable[None]],
        member: Member,
        message: Subscribe | Command,
    ) -> None:
        """Begin what takes time, if not too much of it is under way and the token still counts."""
        if self._services.now() >= member.principal.expires_at:
            detail = "the access token has ended; say hello with a new one"
            self._say_no(Refusal(Code.UNAUTHENTICATED, detail), id_)
        elif self._pending >= SOCKET_COMMANDS_MAX and not exempt:
            detail = f"{SOCKET_COMMANDS_MAX} commands of this connection wait for their answers"
            self._say_no(Refusal(Code.RATE_LIMITED, detail, retry_after_s=1), id_)
        else:
            self._pending += 1
            self._nursery.start_soon(self._counted, work, member, message)

    async def _counted(
        self,
        work: Callable[..., Awaitable[None]],
        member: Member,
        message: Subscribe | Command,
    ) -> None:
        try:
            await work(member, message)
        except LastLightError as error:
            self._say_no(error.refusal(), message.id if isinstance(message, Command) else None)
        finally:
            self._pending -= 1

    async def _subscribe(self, member: Member, message: Subscribe) -> None:
        room = message.room
        access = decide_access(room, member.principal)
        if access is not Access.ALLOWED:
            code = Code.FORBIDDEN if access is Access.FORBIDDEN else Code.NOT_FOUND
            self._say_no(Refusal(code, f"no room {room} for you", extra={"room": room}), None)
            self._outbox.close(ROOM_CLOSED, f"not allowed in {room}")
            return
        if room not in member.rooms and len(member.rooms) >= SOCKET_ROOMS_MAX:
            detail = f"a connection hears at most {SOCKET_ROOMS_MAX} rooms"
            self._say_no(Refusal(Code.RATE_LIMITED, detail, extra={"room": room}), None)
            return
        membership = self._hub.enter(member, room)
        found: Resumption | Refusal | None = None
        try:
            found = await self._services.resume(
                member.principal, room, message.after_seq, message.epoch
            )
        finally:
            if not isinstance(found, Resumption) and member.rooms.get(room) is membership:
                self._hub.drop(member, room)
        if isinstance(found, Refusal):
            self._say_no(attrs.evolve(found, extra={**found.extra, "room": room}), None)
            return
        told = {"op": "subscribed", "room": room, "epoch": found.epoch, "seq": found.seq}
        if found.snapshot is not None:
            told["snapshot"] = found.snapshot
        self._hub.catch_up(
            member, room, membership,
            opening=message_frame(told), seq=found.seq, missed=found.events,
        )  # fmt: skip

    async def _command(self, member: Member, message: Command) -> None:
        answer = await self._services.command(
            member.principal, message.command, message.data, message.idempotency_key
        )
        if isinstance(answer, Refusal):
            self._say_no(answer, message.id)
        elif answer.status >= 400:
            problem = {"op": "error", "id": message.id, "problem": answer.data}
            self._outbox.put(message_frame(problem))
        else:
            reply = {"op": "reply", "id": message.id, "status": answer.status, "data": answer.data}
            self._outbox.put(message_frame(reply))

    async def _principal(self, message: Hello) -> Principal | None:
        found = await self._services.authenticate(message.token)
        if isinstance(found, Principal):
            return found
        self._say_no(found, None)
        self._outbox.close(TOKEN_CLOSED, found.detail[:100])
        return None

    async def _renew(self, member: Member, message: Hello) -> None:
        principal = await self._principal(message)
        if principal is None:
            return
        if principal.user_id != member.principal.user_id:
            self._outbox.close(TOKEN_CLOSED, "the token is somebody else's; open a new connection")
            return
        self._hub.renew(member, principal)
        self._welcome(principal)

    async def ping(self) -> None:
        """Hang up on a client that does not answer."""
        while True:
            await trio.sleep(SOCKET_PING_S)
            if not await self._socket.ping(SOCKET_PONG_S):
                self._socket.abort()
                return

    async def watch_token(self, member: Member) -> None:
        """Close once the token has been over for longer than a new hello may take."""
        while True:
            end = member.principal.expires_at + timedelta(seconds=SOCKET_TOKEN_GRACE_S)
            left_s = (end - self._services.now()).total_seconds()
            if left_s <= 0:
                self._outbox.close(TOKEN_CLOSED, "the token has ended; sign in again")
                return
            await trio.sleep(left_s)

    def _welcome(self, principal: Principal) -> None:
        self._outbox.put(
            message_frame(
                {
                    "op": "welcome",
                    "user_id": principal.user_id,
                    "display_name": principal.display_name,
                    "expires_at": principal.expires_at,
                    "server_time": self._services.now(),
                    "ping_interval_s": SOCKET_PING_S,
                }
            )
        )

    def _say_no(self, refusal: Refusal, id_: str | None) -> None:
        told: dict[str, object] = {"op": "error", "problem": problem_of(refusal, str(uuid4()))}
        if id_ is not None:
            told["id"] = id_
        self._outbox.put(message_frame(told))
