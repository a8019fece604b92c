"""One client on `/ws` (design section 10): messages of JSON over a WebSocket.

One task reads, and watches the token while it waits; one is made when something has to wait until
it can be sent, and ends when nothing does. What is said and decided is the conversation's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import uuid4

import attrs
import trio

from lastlight.front_door.socket_lane import Socket, SocketClosed
from lastlight.realtime.conversation import TOO_MANY, Conversation, Ref
from lastlight.realtime.frames import LAST_LIGHT_WIRE, Wire, message_frame
from lastlight.realtime.hub import TOKEN_CLOSED, Hub, Member
from lastlight.realtime.messages import Command, Hello, Misread, read_message
from lastlight.realtime.outbox import Outbox
from lastlight.realtime.services import Answer, Resumption, Services
from lastlight.web.problems import problem_of
from protocol.addresses import Principal, Role
from protocol.errors import Code, Refusal
from protocol.limits import SOCKET_CLOSE_S, SOCKET_HELLO_S, SOCKET_PING_S, SOCKET_WRITE_BYTES

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
        if found.snapshot is None:
            return message_frame(told)
        # A thousand clients that come back at once are given the same bytes.
        frames = found.snapshot.frames
        if (frame := frames.get(LAST_LIGHT_WIRE)) is None:
            frame = message_frame({**told, "snapshot": found.snapshot.body})
            frames[LAST_LIGHT_WIRE] = frame
        return frame

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
    outbox = Outbox(send_nowait=socket.send_nowait)
    async with trio.open_nursery() as nursery:
        conversation = Conversation(_VOICE, socket.client, hub, services, outbox, nursery)
        connection = _Connection(socket, conversation, outbox, nursery)
        outbox.wake, outbox.closing = connection.begin_writing, connection.begin_closing
        try:
            with trio.move_on_after(SOCKET_HELLO_S) as waiting:
                await connection.greet()
            if waiting.cancelled_caught:
                outbox.close(TOKEN_CLOSED, f"no hello within {SOCKET_HELLO_S:g} s")
            elif conversation.member is not None:
                await connection.listen()
            await trio.sleep_forever()  # until the writer has said why, and hung up
        except SocketClosed:
            nursery.cancel_scope.cancel()
        finally:
            conversation.leave()
            outbox.wake = outbox.closing = None


@attrs.frozen(eq=False)
class _Connection:
    """The tasks of one connection; `nursery` is its own."""

    _socket: Socket
    _conversation: Conversation
    _outbox: Outbox
    _nursery: trio.Nursery

    def begin_writing(self) -> None:
        """Something waits to be sent, or nothing more will."""
        self._nursery.start_soon(self._write)

    def begin_closing(self) -> None:
        """Nothing more will be said."""
        self._nursery.start_soon(self._hang_up_on_the_stuck)

    async def _write(self) -> None:
        """Send what the outbox holds; if it is closed, close with its reason."""
        try:
            while frames := self._outbox.take_some(SOCKET_WRITE_BYTES):
                await self._socket.send_frame(b"".join(frames))
            if self._outbox.close_code is None:
                return
            await self._socket.close(self._outbox.close_code, self._outbox.close_reason)
        except SocketClosed:
            pass
        self._nursery.cancel_scope.cancel()

    async def _hang_up_on_the_stuck(self) -> None:
        """A frame half way out can't be stopped; a client that takes no byte is not waited for."""
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
            if found.principal.role_at(None) >= Role.STAFF:
                # Whom others count on must not seem to be there.
                self._socket.watch_closely()
            self._conversation.say_welcome(None)
        elif found.code is Code.RATE_LIMITED:
            self._outbox.close(TOO_MANY, found.detail)
        else:
            self._conversation.end_over_token(found, None)

    async def listen(self) -> None:
        """Do what the client says until the outbox is closed, or the token is over for too long."""
        while self._outbox.close_code is None:
            # Less than nothing is left of it where the machine's clock was set forward.
            left_s = max(0.0, self._conversation.token_left_s())
            with trio.move_on_after(left_s) as token:
                message = read_message(await self._socket.receive())
            if token.cancelled_caught:
                self._conversation.end_by_token()
                continue
            ref = message.id if isinstance(message, Command | Misread) else None
            await self._conversation.hear(message, ref)
