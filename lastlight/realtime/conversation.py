"""What is said with one client, whatever carries it: who it is, rooms, commands, bounds.

A transport reads messages and hands them to `hear`; what is answered goes into the outbox, in the
transport's own `Voice`. Whoever has a reason ends the connection through the outbox, so that what
was put before is said first. What a command or a room is, is asked of `Services`; rights to rooms
are decided in `rooms`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

import attrs
import trio

from lastlight.realtime.frames import Wire
from lastlight.realtime.hub import ROOM_CLOSED, TOKEN_CLOSED, Hub, Member, Membership
from lastlight.realtime.messages import Ack, ClientMessage, Command, Hello, Misread, Ping, Subscribe
from lastlight.realtime.outbox import Outbox
from lastlight.realtime.resyncing import resync_required
from lastlight.realtime.rooms import Access, decide_access
from lastlight.realtime.services import Answer, Pace, Resumption, Services
from protocol.addresses import Principal
from protocol.errors import Code, LastLightError, Refusal
from protocol.limits import (
    SOCKET_COMMANDS_MAX,
    SOCKET_MESSAGES_PER_S,
    SOCKET_ROOMS_MAX,
    SOCKET_TOKEN_GRACE_S,
    SOCKETS_PER_ADDRESS_MAX,
    SOCKETS_PER_USER_MAX,
)

TOO_MANY = 4429

Ref: TypeAlias = str | int | None
"""By what a client knows an answer for its own; None where it gave nothing."""


class Voice(Protocol):
    """How a transport says what a conversation answers, as frames for its outbox."""

    @property
    def wire(self) -> Wire:
        """The language of its events."""
        ...

    @property
    def ends_at_foreign_rooms(self) -> bool:
        """Whether asking for a room that is not one's own ends the connection with 4403."""
        ...

    def welcomed(self, principal: Principal, now: datetime, ref: Ref) -> bytes:
        """A hello was good."""
        ...

    def subscribed(self, room: str, found: Resumption, ref: Ref) -> bytes:
        """Where a room stands; its missed events follow."""
        ...

    def answered(self, answer: Answer, ref: Ref) -> bytes:
        """What became of a command; its status may be one of no."""
        ...

    def refused(self, refusal: Refusal, ref: Ref) -> bytes:
        """Why not."""
        ...

    def ponged(self) -> bytes:
        """The answer to a client's own ping."""
        ...


@attrs.frozen(kw_only=True, eq=False)
class Entered:
    """A room that a client is in, and where it stands; see `Conversation.enter`."""

    room: str
    membership: Membership
    found: Resumption


class Conversation:
    """One client. `nursery` is its connection's own and runs what takes time."""

    def __init__(
        self,
        voice: Voice,
        address: str,
        hub: Hub,
        services: Services,
        outbox: Outbox,
        nursery: trio.Nursery,
    ) -> None:
        self._voice, self._address, self._hub = voice, address, hub
        self._services, self._outbox, self._nursery = services, outbox, nursery
        self._pending = 0
        self._pace = Pace()
        self.member: Member | None = None
        """Who speaks, once greeted."""
        self.epochs: dict[str, str] = {}
        """The epoch of each room that was subscribed to."""

    async def greet(self, token: str) -> Member | Refusal:
        """Let the client of a token in. Nothing is said; the transport does."""
        assert self.member is None
        principal = await self._services.authenticate(token)
        if isinstance(principal, Refusal):
            return principal
        if (
            self._hub.count_of_user(principal.user_id) >= SOCKETS_PER_USER_MAX
            or self._hub.count_of_address(self._address) >= SOCKETS_PER_ADDRESS_MAX
        ):
            detail = f"more than {SOCKETS_PER_USER_MAX} connections; close others first"
            return Refusal(Code.RATE_LIMITED, detail)
        self.member = Member(principal, self._address, self._outbox, self._voice.wire)
        self._hub.join(self.member)
        self._services.attendance.joined(self.member)
        return self.member

    def leave(self) -> None:
        """Be forgotten by the hub."""
        if self.member is not None:
            self._hub.leave(self.member)
            self._services.attendance.left(self.member)

    async def hear(self, message: ClientMessage | Misread, ref: Ref) -> None:
        """Do what the client says. What takes time goes on by itself; its answer carries `ref`."""
        member = self._member()
        exempt = isinstance(message, Command) and message.command in self._services.exempt
        if isinstance(message, Ack) and self._services.attendance.acknowledged(member, message):
            return  # What was given may be acknowledged as fast as it was given.
        if not exempt and not self._pace.take():
            reason = f"more than {SOCKET_MESSAGES_PER_S:g} messages a second"
            self._outbox.close(TOO_MANY, reason)
            return
        match message:
            case Misread():
                self.refuse(message.refusal, ref)
            case Ping():
                self._outbox.put(self._voice.ponged())
            case Hello():
                await self._renew(member, message.token, ref)
            case Subscribe():
                self._start(self._subscribe, message, ref, exempt=False)
            case Command():
                self._start(self._command, message, ref, exempt=exempt)

    def refuse(self, refusal: Refusal, ref: Ref) -> None:
        """Say no."""
        self._outbox.put(self._voice.refused(refusal, ref))

    def token_left_s(self) -> float:
        """How long it may be until a new hello; zero or less once the connection has to end."""
        end = self._member().principal.expires_at + timedelta(seconds=SOCKET_TOKEN_GRACE_S)
        return (end - self._services.now()).total_seconds()

    def end_by_token(self) -> None:
        """Close if the token has been over for longer than a new hello may take."""
        if self.token_left_s() <= 0:
            self._outbox.close(TOKEN_CLOSED, "the token has ended; sign in again")

    async def watch_token(self) -> None:
        """Close once the token has been over for that long, for who has a task to spare."""
        # A new hello moves the end, so it is asked for again.
        while (left_s := self.token_left_s()) > 0:  # noqa: ASYNC110
            await trio.sleep(left_s)
        self.end_by_token()

    def say_welcome(self, ref: Ref) -> None:
        """Tell the client who it is, and how long that holds."""
        principal = self._member().principal
        self._outbox.put(self._voice.welcomed(principal, self._services.now(), ref))

    def end_over_token(self, refusal: Refusal, ref: Ref) -> None:
        """Say what is wrong with a token, and end."""
        self.refuse(refusal, ref)
        self._outbox.close(TOKEN_CLOSED, refusal.detail[:100])

    async def enter(
        self, room: str, after_seq: int | None, epoch: str | None, *, snapshots: bool = True
    ) -> Entered | Refusal:
        """Be in a room, where what happens is held back until `go_live`, or until `go_back`.

        See `services.Resume` for `snapshots`, and for what is raised; the client is out again then.
        """
        member = self._member()
        access = decide_access(room, member.principal)
        if access is not Access.ALLOWED:
            code = Code.FORBIDDEN if access is Access.FORBIDDEN else Code.NOT_FOUND
            return Refusal(code, f"no room {room} for you", extra={"room": room})
        if room not in member.rooms and len(member.rooms) >= SOCKET_ROOMS_MAX:
            detail = f"a connection hears at most {SOCKET_ROOMS_MAX} rooms"
            return Refusal(Code.RATE_LIMITED, detail, extra={"room": room})
        membership = self._hub.enter(member, room)
        found: Resumption | Refusal | None = None
        try:
            found = await self._services.resume(
                member.principal, room, after_seq, epoch, snapshots=snapshots
            )
        finally:
            if not isinstance(found, Resumption) and member.rooms.get(room) is membership:
                self._hub.drop(member, room)
        if isinstance(found, Refusal):
            return attrs.evolve(found, extra={**found.extra, "room": room})
        return Entered(room=room, membership=membership, found=found)

    def go_live(self, entered: Entered, opening: bytes) -> None:
        """Give `opening`, what was missed and what was held back; from now on the room is live."""
        member, found = self._member(), entered.found
        self.epochs[entered.room] = found.epoch
        self._services.attendance.entered(entered.room, entered.membership, found)
        self._hub.catch_up(
            member, entered.room, entered.membership,
            opening=opening, seq=found.seq, missed=found.events,
        )  # fmt: skip

    def go_back(self, entered: Entered) -> None:
        """Be in a room no longer that did not go live."""
        member = self._member()
        if member.rooms.get(entered.room) is entered.membership:
            self._hub.drop(member, entered.room)

    def _member(self) -> Member:
        assert self.member is not None, "nobody was greeted"
        return self.member

    def _start(
        self,
        work: Callable[[Subscribe | Command, Ref], Awaitable[None]],
        message: Subscribe | Command,
        ref: Ref,
        *,
        exempt: bool,
    ) -> None:
        """Begin what takes time, if not too much of it is under way and the token still counts."""
        if self._services.now() >= self._member().principal.expires_at:
            detail = "the access token has ended; say hello with a new one"
            self.refuse(Refusal(Code.UNAUTHENTICATED, detail), ref)
        elif self._pending >= SOCKET_COMMANDS_MAX and not exempt:
            detail = f"{SOCKET_COMMANDS_MAX} commands of this connection wait for their answers"
            self.refuse(Refusal(Code.RATE_LIMITED, detail, retry_after_s=1), ref)
        else:
            self._pending += 1
            self._nursery.start_soon(self._counted, work, message, ref)

    async def _counted(
        self,
        work: Callable[[Subscribe | Command, Ref], Awaitable[None]],
        message: Subscribe | Command,
        ref: Ref,
    ) -> None:
        try:
            await work(message, ref)
        except LastLightError as error:
            refusal, room = error.refusal(), getattr(message, "room", None)
            extra = refusal.extra if room is None else {**refusal.extra, "room": room}
            self.refuse(attrs.evolve(refusal, extra=extra), ref)
        finally:
            self._pending -= 1

    async def _subscribe(self, message: Subscribe | Command, ref: Ref) -> None:
        assert isinstance(message, Subscribe)
        entered = await self.enter(
            message.room, message.after_seq, message.epoch, snapshots=message.snapshot
        )
        if isinstance(entered, Entered):
            self.go_live(entered, self._voice.subscribed(message.room, entered.found, ref))
            return
        self.refuse(entered, ref)
        if entered.code is Code.CURSOR_EXPIRED:
            told = resync_required(self._member().principal.user_id, entered, self._services.now())
            self._outbox.put(self._voice.wire.event(told, told.rooms[0][0], None))
        access = decide_access(message.room, self._member().principal)
        if access is not Access.ALLOWED and self._voice.ends_at_foreign_rooms:
            self._outbox.close(ROOM_CLOSED, f"not allowed in {message.room}")

    async def _command(self, message: Subscribe | Command, ref: Ref) -> None:
        assert isinstance(message, Command)
        answer = await self._services.command(
            self._member().principal, message.command, message.data, message.idempotency_key
        )
        if isinstance(answer, Refusal):
            self.refuse(answer, ref)
        else:
            self._outbox.put(self._voice.answered(answer, ref))

    async def _renew(self, member: Member, token: str, ref: Ref) -> None:
        principal = await self._services.authenticate(token)
        if isinstance(principal, Refusal):
            self.end_over_token(principal, ref)
        elif principal.user_id != member.principal.user_id:
            self._outbox.close(TOKEN_CLOSED, "the token is somebody else's; open a new connection")
        else:
            self._hub.renew(member, principal)
            self.say_welcome(ref)
