"""One client on `/ws` (design section 10): messages of JSON over a WebSocket.

One task reads, one writes what the outbox holds, one watches the token, one pings. What is said
and decided is the conversation's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import uuid4

import trio

from lastlight.front_door.socket_lane import Socket, SocketClosed
from lastlight.realtime.conversation import TOO_MANY, Conversation, Ref
from lastlight.realtime.frames import LAST_LIGHT_WIRE, Wire, message_frame
from lastlight.realtime.hub import TOKEN_CLOSED, Hub, Member
from lastlight.realtime.messages import Command, Hello, Misread, read_message
from lastlight.realtime.outbox import Outbox
from lastlight.realtime.services import Answer, Resumption, Services
from lastlight.web.problems import problem_of
from protocol.addresses import Principal
from protocol.errors import Code, Refusal
from protocol.limits import SOCKET_CLOSE_S, SOCKET_HELLO_S, SOCKET_PING_S, SOCKET_PONG_S

SUBPROTOCOL = "lastlight.v1"


class LastLightVoice:
    """`lastlight.v1`: an object with `op`, and with the `id` of what it answers."""

    wire: Wire = LAST_LIGHT_WIRE
    ends_at_foreign_rooms = True

    def welcomed(self, principal: Principal, now: datetime, ref: Ref) -> bytes:
        """A hello was good."""
        return message_frame(
            {
                "op": "welcome",
                "user_id": principal.user_id,
                "display_name": principal.display_name,
                "expires_at": principal.expires_at,
                "server_time": now,
                "ping_interval_s": SOCKET_PING_S,
            }
        )

    def subscribed(self, room: str, found: Resumption, ref: Ref) -> bytes:
        """Where a room stands."""
        told = {"op": "subscribed", "room": room, "epoch": found.epoch, "seq": found.seq}
        if found.snapshot is not None:
            told["snapshot"] = found.snapshot
        return message_frame(told)

    def answered(self, answer: Answer, ref: Ref) -> bytes:
        """What became of a command."""
        if answer.status >= 400:
            return message_frame({"op": "error", "id": ref, "problem": answer.data})
        reply = {"op": "reply", "id": ref, "status": answer.status, "data": answer.data}
        return message_frame(reply)

    def refused(self, refusal: Refusal, ref: Ref) -> bytes:
        """Why not."""
        told: dict[str, object] = {"op": "error", "problem": problem_of(refusal, str(uuid4()))}
        if ref is not None:
            told["id"] = ref
        return message_frame(told)

    def ponged(self) -> bytes:
        """The answer to a client's own ping."""
        return message_frame({"op": "pong"})


_VOICE: Final = LastLightVoice()


async def serve_realtime(socket: Socket, hub: Hub, services: Services) -> None:
    """Talk to one client until either side ends it."""
    outbox = Outbox()
    async with trio.open_nursery() as nursery:
        conversation = Conversation(_VOICE, socket.client, hub, services, outbox, nursery)
        connection = _Connection(socket, conversation, outbox, nursery)
        nursery.start_soon(connection.write)
        try:
            with trio.move_on_after(SOCKET_HELLO_S) as waiting:
                await connection.greet()
            if waiting.cancelled_caught:
                outbox.close(TOKEN_CLOSED, f"no hello within {SOCKET_HELLO_S:g} s")
            elif conversation.member is not None:
                nursery.start_soon(connection.ping)
                nursery.start_soon(conversation.watch_token)
                await connection.listen()
            await trio.sleep_forever()  # until the writer has said why, and hung up
        except SocketClosed:
            nursery.cancel_scope.cancel()
        finally:
            conversation.leave()


class _Connection:
    """The tasks of one connection; `nursery` is its own."""

    def __init__(
        self, socket: Socket, conversation: Conversation, outbox: Outbox, nursery: trio.Nursery
    ) -> None:
        self._socket, self._conversation = socket, conversation
        self._outbox, self._nursery = outbox, nursery

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

    async def greet(self) -> None:
        """Read the hello, and let the client in; the outbox is closed if it was not good."""
        message = read_message(await self._socket.receive())
        if not isinstance(message, Hello):
            refusal = Refusal(Code.UNAUTHENTICATED, "say hello with an access token first")
            self._conversation.refuse(refusal, message.id if isinstance(message, Misread) else None)
            self._outbox.close(TOKEN_CLOSED, "the first message was no hello")
            return
        found = await self._conversation.greet(message.token)
        if isinstance(found, Member):
            self._conversation.say_welcome(None)
        elif found.code is Code.RATE_LIMITED:
            self._outbox.close(TOO_MANY, found.detail)
        else:
            self._conversation.end_over_token(found, None)

    async def listen(self) -> None:
        """Do what the client says until the outbox is closed."""
        while self._outbox.close_code is None:
            message = read_message(await self._socket.receive())
            ref = message.id if isinstance(message, Command | Misread) else None
            await self._conversation.hear(message, ref)

    async def ping(self) -> None:
        """Hang up on a client that does not answer."""
        while True:
            await trio.sleep(SOCKET_PING_S)
            if not await self._socket.ping(SOCKET_PONG_S):
                self._socket.abort()
                return
