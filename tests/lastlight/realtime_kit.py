"""A stage for `/ws`: the real front door, a hub, and services that a test can hold up."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import attrs
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from lastlight.front_door import FrontDoor, SocketEndpoint, open_front_door
from lastlight.realtime.attending import Attending
from lastlight.realtime.connection import SUBPROTOCOL, serve_realtime
from lastlight.realtime.hub import Hub
from lastlight.realtime.services import Answer, Resumption, Services
from protocol.addresses import Principal, Role
from protocol.entries import RoomEvent
from protocol.errors import Code, Refusal
from tests.lastlight.door_kit import Desk, a_websocket

VENUE = UUID("00000000-0000-7000-8000-000000000001")
STAFF_ROOM = f"venue:{VENUE}:staff"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def user(n: int) -> UUID:
    return UUID(int=n)


def principal(n: int, role: Role = Role.STAFF, *, lasts: float = 900) -> Principal:
    return Principal(
        user_id=user(n), display_name=f"user {n}", roles={VENUE: role}, everywhere=Role.PATRON,
        token_version=1, family_id=UUID(int=n), expires_at=datetime.now(UTC)
        + timedelta(seconds=lasts),
    )  # fmt: skip


def event(
    n: int, seq: int | None, *, type_: str = "task.created", room: str = STAFF_ROOM,
    hide_from: UUID | None = None, size: int = 0,
) -> RoomEvent:  # fmt: skip
    return RoomEvent(
        id=UUID(int=n), type=type_, venue_id=VENUE, occurred_at=NOW,
        data={"n": n, "filling": "x" * size}, rooms=((room, seq),), hide_from=hide_from,
    )  # fmt: skip


@attrs.define
class Stage:
    """Services that a test can see through and hold up. Tokens are user numbers."""

    hub: Hub = attrs.field(factory=Hub)
    attending: Attending = attrs.field(factory=lambda: Attending(lambda: datetime.now(UTC)))
    people: dict[str, Principal] = attrs.field(factory=dict)
    resumption: Resumption | Refusal = attrs.field(factory=lambda: Resumption(epoch="e1", seq=0))
    resuming: trio.Event = attrs.field(factory=trio.Event)
    may_resume: trio.Event = attrs.field(factory=trio.Event)
    may_answer: trio.Event = attrs.field(factory=trio.Event)
    asked: list[tuple[object, ...]] = attrs.field(factory=list)
    door: FrontDoor | None = None

    async def authenticate(self, token: str) -> Principal | Refusal:
        return self.people.get(token, Refusal(Code.UNAUTHENTICATED, "no such token"))

    async def resume(
        self,
        principal: Principal,
        room: str,
        after_seq: int | None,
        epoch: str | None,
        *,
        snapshots: bool,
    ) -> Resumption | Refusal:
        self.asked.append((principal.user_id, room, after_seq, epoch))
        self.resuming.set()
        await self.may_resume.wait()
        return self.resumption

    async def command(
        self, who: Principal, name: str, data: Mapping[str, object], key: str | None
    ) -> Answer | Refusal:
        self.asked.append((who.user_id, name, dict(data), key))
        if name == "Refused":
            return Refusal(Code.VENUE_CLOSED, "closed until six")
        if name == "Held":
            await self.may_answer.wait()
        return Answer(status=201, data={"done": name})


@asynccontextmanager
async def a_stage(
    *, holds_resume: bool = False, attending: Attending | None = None
) -> AsyncIterator[Stage]:
    stage = Stage() if attending is None else Stage(attending=attending)
    stage.people = {str(n): principal(n) for n in range(1, 40)}
    if not holds_resume:
        stage.may_resume.set()
    services = Services(
        authenticate=stage.authenticate, resume=stage.resume, command=stage.command,
        now=lambda: datetime.now(UTC), attendance=stage.attending,
    )  # fmt: skip

    endpoint = SocketEndpoint(lambda s: serve_realtime(s, stage.hub, services), SUBPROTOCOL)
    with trio.fail_after(30):
        async with open_front_door(
            host="127.0.0.1", port=0, handler=Desk().handle, sockets={"/ws": endpoint}
        ) as door:
            stage.door = door
            yield stage


async def hear(ws: WebSocketConnection) -> dict[str, object]:
    with trio.fail_after(10):
        message = json.loads(await ws.get_message())
    assert isinstance(message, dict)
    return message


async def tell(ws: WebSocketConnection, **message: object) -> None:
    await ws.send_message(json.dumps(message))


@asynccontextmanager
async def a_client(stage: Stage, who: str = "1") -> AsyncIterator[WebSocketConnection]:
    """A connection that has said hello."""
    assert stage.door is not None
    async with a_websocket(stage.door, subprotocols=[SUBPROTOCOL]) as ws:
        await tell(ws, op="hello", token=who)
        welcome = await hear(ws)
        assert (welcome["op"], welcome["user_id"]) == ("welcome", str(user(int(who))))
        yield ws


async def subscribe(ws: WebSocketConnection, room: str = STAFF_ROOM) -> dict[str, object]:
    await tell(ws, op="subscribe", room=room)
    reply = await hear(ws)
    assert reply["op"] == "subscribed"
    return reply


async def close_code(ws: WebSocketConnection) -> int:
    """Read until the server ends it."""
    with trio.fail_after(15):
        while True:
            try:
                await ws.get_message()
            except ConnectionClosed:
                break
    assert ws.closed is not None
    return int(ws.closed.code)
