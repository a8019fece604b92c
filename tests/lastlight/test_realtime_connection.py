"""The `/ws` protocol through the real front door, with trio-websocket as the client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import attrs
import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from lastlight.front_door import FrontDoor, SocketEndpoint, open_front_door
from lastlight.realtime.connection import SUBPROTOCOL, serve_realtime
from lastlight.realtime.hub import Hub
from lastlight.realtime.services import Answer, Resumption, Services
from protocol.addresses import Principal, Role
from protocol.entries import RoomEvent
from protocol.errors import Code, Refusal
from protocol.limits import (
    CONNECTION_QUEUE_EVENTS,
    SOCKET_MESSAGES_BURST,
    SOCKET_ROOMS_MAX,
    SOCKETS_PER_USER_MAX,
)
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
        self, who: Principal, room: str, after_seq: int | None, epoch: str | None
    ) -> Resumption | Refusal:
        self.asked.append((who.user_id, room, after_seq, epoch))
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
async def a_stage(*, holds_resume: bool = False) -> AsyncIterator[Stage]:
    stage = Stage()
    stage.people = {str(n): principal(n) for n in range(1, 40)}
    if not holds_resume:
        stage.may_resume.set()
    services = Services(
        authenticate=stage.authenticate, resume=stage.resume, command=stage.command,
        now=lambda: datetime.now(UTC),
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


async def test_an_event_reaches_everyone_in_its_room_and_nobody_else() -> None:
    """The envelope of Rule 17, with `seq`, to two of three connections."""
    async with a_stage() as stage, a_client(stage) as a, a_client(stage, "2") as b:
        await subscribe(a)
        await subscribe(b)
        async with a_client(stage, "3") as outsider:
            stage.hub.publish(event(7, 1))
            for ws in (a, b):
                heard = await hear(ws)
                assert (heard["op"], heard["room"], heard["seq"]) == ("event", STAFF_ROOM, 1)
                assert heard["event"] == {
                    "id": str(UUID(int=7)), "room": STAFF_ROOM, "seq": 1, "type": "task.created",
                    "venue_id": str(VENUE), "occurred_at": "2026-01-01T00:00:00.000Z",
                    "version": 1, "data": {"n": 7, "filling": ""},
                }  # fmt: skip
            await tell(outsider, op="ping")
            assert await hear(outsider) == {"op": "pong"}


async def test_what_was_missed_comes_first_and_what_happens_meanwhile_comes_once() -> None:
    """No gap and no duplicate between the backlog and the live events: resume's whole point."""
    async with a_stage(holds_resume=True) as stage, a_client(stage) as ws:
        await tell(ws, op="subscribe", room=STAFF_ROOM, after_seq=3, epoch="e1")
        await stage.resuming.wait()
        assert stage.asked == [(user(1), STAFF_ROOM, 3, "e1")]
        for seq in (5, 6, 7):
            stage.hub.publish(event(seq, seq))
        stage.resumption = Resumption(
            epoch="e1", seq=6, events=tuple(event(s, s) for s in (4, 5, 6))
        )
        stage.may_resume.set()
        assert await hear(ws) == {"op": "subscribed", "room": STAFF_ROOM, "epoch": "e1", "seq": 6}
        stage.hub.publish(event(7, 7))
        stage.hub.publish(event(8, 8))
        assert [(await hear(ws))["seq"] for _ in range(5)] == [4, 5, 6, 7, 8]


async def test_a_gap_is_bridged_by_a_snapshot() -> None:
    """Whoever was away too long gets where things stand, then what follows."""
    async with a_stage() as stage, a_client(stage) as ws:
        stage.resumption = Resumption(epoch="e2", seq=90, snapshot={"present": 12})
        reply = await subscribe(ws)
        assert (reply["seq"], reply["snapshot"]) == (90, {"present": 12})
        stage.hub.publish(event(90, 90))
        stage.hub.publish(event(91, 91))
        assert (await hear(ws))["seq"] == 91


async def test_a_backlog_longer_than_the_queue_is_no_sign_of_a_slow_client() -> None:
    """Coming back after an hour must not end in 4408."""
    many = CONNECTION_QUEUE_EVENTS * 2
    async with a_stage() as stage, a_client(stage) as ws:
        missed = tuple(event(seq, seq) for seq in range(1, many + 1))
        stage.resumption = Resumption(epoch="e1", seq=many, events=missed)
        await subscribe(ws)
        assert [(await hear(ws))["seq"] for _ in range(many)] == list(range(1, many + 1))


async def test_an_urgent_copy_overtakes_and_its_numbered_copy_is_only_a_cursor() -> None:
    """An SOS must not wait for the disk, nor be shown twice, nor leave a hole in `seq`."""
    sos = event(50, None, type_="emergency.sos_raised")
    async with a_stage() as stage, a_client(stage) as ws:
        await subscribe(ws)
        stage.hub.publish(event(1, 1))
        stage.hub.publish_urgent(sos)
        stage.hub.publish(attrs.evolve(sos, rooms=((STAFF_ROOM, 2),)))
        first, second, third = [await hear(ws) for _ in range(3)]
    assert "seq" not in first
    assert first["event"]["type"] == "emergency.sos_raised"  # type: ignore[index]
    assert second["seq"] == 1
    assert (third["seq"], third["id"]) == (2, str(UUID(int=50)))
    assert "data" not in third["event"]  # type: ignore[operator]


async def test_a_silent_sos_shows_nothing_to_its_raiser() -> None:
    """Rule 8: someone may be looking over their shoulder; `seq` goes on all the same."""
    sos = event(50, None, type_="emergency.sos_raised", hide_from=user(1))
    async with a_stage() as stage, a_client(stage) as raiser, a_client(stage, "2") as colleague:
        await subscribe(raiser)
        await subscribe(colleague)
        stage.hub.publish_urgent(sos)
        stage.hub.publish(attrs.evolve(sos, rooms=((STAFF_ROOM, 1),)))
        assert await hear(raiser) == {"op": "event", "room": STAFF_ROOM, "seq": 1, "event": None}
        assert "seq" not in await hear(colleague)


async def test_a_silent_sos_shows_nothing_in_a_backlog_either() -> None:
    """Reconnecting must not undo what hiding did."""
    async with a_stage() as stage, a_client(stage) as ws:
        stage.resumption = Resumption(epoch="e1", seq=1, events=(event(50, 1, hide_from=user(1)),))
        await subscribe(ws)
        assert (await hear(ws))["event"] is None


async def test_a_slow_client_is_closed_with_4408_and_delays_nobody() -> None:
    """256 queued events are the bound; the others go on hearing at once."""
    async with a_stage() as stage, a_client(stage) as slow, a_client(stage, "2") as quick:
        await subscribe(slow)
        await subscribe(quick)
        seq = 0
        while not any(member.outbox.close_code for member in stage.hub._members):
            seq += 1
            stage.hub.publish(event(seq, seq, size=20_000))
            assert (await hear(quick))["seq"] == seq
        assert await close_code(slow) == 4408


async def test_a_burst_in_one_go_closes_nobody() -> None:
    """A group commit may let out more than the queue holds before any writer has its turn."""
    burst = CONNECTION_QUEUE_EVENTS * 3
    async with a_stage() as stage, a_client(stage) as ws:
        await subscribe(ws)
        for seq in range(1, burst + 1):
            stage.hub.publish(event(seq, seq))
        assert [(await hear(ws))["seq"] for _ in range(burst)] == list(range(1, burst + 1))


async def test_of_ephemeral_events_the_newest_is_enough() -> None:
    """A meter from a minute ago is worth nothing and must not fill the queue."""
    async with a_stage() as stage, a_client(stage) as ws:
        await subscribe(ws)
        for n in range(CONNECTION_QUEUE_EVENTS * 2):
            stage.hub.publish(event(n, None, type_="venue.occupancy_changed"))
        assert (await hear(ws))["event"]["data"]["n"] == CONNECTION_QUEUE_EVENTS * 2 - 1  # type: ignore[index]


async def test_commands_are_answered_by_their_id() -> None:
    """Success, refusal, and one that waits without holding up the next."""
    async with a_stage() as stage, a_client(stage) as ws:
        await tell(ws, op="command", id="h", command="Held", data={})
        await tell(ws, op="command", id="1", command="Do", data={"a": 1}, idempotency_key="k")
        assert await hear(ws) == {"op": "reply", "id": "1", "status": 201, "data": {"done": "Do"}}
        assert (user(1), "Do", {"a": 1}, "k") in stage.asked
        await tell(ws, op="command", id="2", command="Refused")
        refused = await hear(ws)
        assert (refused["op"], refused["id"]) == ("error", "2")
        assert refused["problem"]["code"] == "venue_closed"  # type: ignore[index]
        stage.may_answer.set()
        assert (await hear(ws))["id"] == "h"


async def test_too_many_waiting_commands_are_refused_but_not_an_sos() -> None:
    """Rule 8: nothing that someone else's bound is for may stop an SOS."""
    async with a_stage() as stage, a_client(stage) as ws:
        for n in range(17):
            await tell(ws, op="command", id=str(n), command="Held")
        refused = await hear(ws)
        assert refused["problem"]["code"] == "rate_limited"  # type: ignore[index]
        await tell(ws, op="command", id="sos", command="RaiseSos")
        assert (await hear(ws))["id"] == "sos"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "malformed_request"),
        ("[]", "malformed_request"),
        ('{"op": "shout"}', "malformed_request"),
        ('{"op": "ping", "op": "ping"}', "malformed_request"),
        ('{"op": "subscribe"}', "validation_failed"),
        ('{"op": "subscribe", "room": "owner", "after_seq": "3"}', "validation_failed"),
        ('{"op": "ack", "room": "owner", "seq": -1}', "validation_failed"),
        ('{"op": "ping", "more": 1}', "validation_failed"),
        ('{"op": "command", "id": "1", "command": "X", "data": []}', "validation_failed"),
        ("[" * 100, "malformed_request"),
    ],
)
async def test_a_message_that_is_none_is_told_and_the_connection_goes_on(
    text: str, code: str
) -> None:
    """A new client version's odd message must not cut an old server's users off."""
    async with a_stage() as stage, a_client(stage) as ws:
        await ws.send_message(text)
        assert (await hear(ws))["problem"]["code"] == code  # type: ignore[index]
        await tell(ws, op="ping")
        assert await hear(ws) == {"op": "pong"}


@pytest.mark.parametrize(
    "first", ['{"op": "hello", "token": "nobody"}', '{"op": "ping"}', "garbage"]
)
async def test_without_a_good_hello_there_is_no_connection(first: str) -> None:
    """4401 tells the client to sign in, not to try again."""
    async with a_stage() as stage:
        assert stage.door is not None
        async with a_websocket(stage.door) as ws:
            await ws.send_message(first)
            assert (await hear(ws))["op"] == "error"
            assert await close_code(ws) == 4401
        assert stage.hub.statistics().connections == 0


async def test_a_room_that_is_not_yours_closes_with_4403() -> None:
    """Only a client that is broken, or up to something, asks for it."""
    async with a_stage() as stage, a_client(stage) as ws:
        await tell(ws, op="subscribe", room=f"venue:{VENUE}:owner")
        assert (await hear(ws))["problem"]["code"] == "forbidden"  # type: ignore[index]
        assert await close_code(ws) == 4403


async def test_a_room_that_says_no_leaves_the_connection_alone() -> None:
    """A venue may be closed; its patron still wants to hear of the own session."""
    async with a_stage() as stage, a_client(stage) as ws:
        stage.resumption = Refusal(Code.VENUE_CLOSED, "closed")
        await tell(ws, op="subscribe", room=f"venue:{VENUE}:patrons")
        assert (await hear(ws))["problem"]["code"] == "venue_closed"  # type: ignore[index]
        stage.hub.publish(event(1, 1, room=f"venue:{VENUE}:patrons"))
        await tell(ws, op="ping")
        assert await hear(ws) == {"op": "pong"}


async def test_more_connections_than_a_user_may_have_close_with_4429() -> None:
    """One account must not fill the server."""
    async with a_stage() as stage, trio.open_nursery() as nursery:
        for _ in range(SOCKETS_PER_USER_MAX):
            await nursery.start(_stay, stage)
        assert stage.door is not None
        async with a_websocket(stage.door) as ws:
            await tell(ws, op="hello", token="1")
            assert await close_code(ws) == 4429
        nursery.cancel_scope.cancel()


async def _stay(stage: Stage, task_status: trio.TaskStatus[None]) -> None:
    async with a_client(stage):
        task_status.started()
        await trio.sleep_forever()


async def test_a_flood_of_messages_closes_with_4429() -> None:
    """The bound on messages a second, after a generous burst."""
    async with a_stage() as stage, a_client(stage) as ws:
        for _ in range(SOCKET_MESSAGES_BURST + 30):
            await tell(ws, op="ping")
        assert await close_code(ws) == 4429


async def test_a_connection_hears_a_bounded_number_of_rooms() -> None:
    """Each room costs memory for as long as the connection lasts."""
    people = principal(1)
    venues = [UUID(int=1_000 + n) for n in range(SOCKET_ROOMS_MAX + 1)]
    async with a_stage() as stage:
        stage.people["1"] = attrs.evolve(people, roles=dict.fromkeys(venues, Role.STAFF))
        async with a_client(stage) as ws:
            for venue in venues[:-1]:
                await subscribe(ws, f"venue:{venue}:staff")
            await tell(ws, op="subscribe", room=f"venue:{venues[-1]}:staff")
            assert (await hear(ws))["problem"]["code"] == "rate_limited"  # type: ignore[index]


async def test_a_revoked_family_is_closed_with_4401_and_others_are_not() -> None:
    """Signing out everywhere has to mean everywhere, at once."""
    async with a_stage() as stage, a_client(stage) as mine, a_client(stage, "2") as other:
        assert stage.hub.revoke(lambda who: who.family_id == UUID(int=1)) == 1
        assert await close_code(mine) == 4401
        await tell(other, op="ping")
        assert await hear(other) == {"op": "pong"}


async def test_losing_a_role_loses_its_rooms() -> None:
    """What was allowed at hello may not be allowed now."""
    async with a_stage() as stage, a_client(stage) as ws:
        await subscribe(ws)
        stage.hub.recheck(user(1), lambda who: attrs.evolve(who, roles={}))
        stage.hub.publish(event(1, 1))
        assert await close_code(ws) == 4403


async def test_a_new_hello_renews_and_somebody_elses_ends_it() -> None:
    """Tokens last 15 minutes, connections all night; a connection never changes hands."""
    async with a_stage() as stage, a_client(stage) as ws:
        await tell(ws, op="hello", token="1")
        assert (await hear(ws))["op"] == "welcome"
        await tell(ws, op="hello", token="2")
        assert await close_code(ws) == 4401


async def test_a_token_that_has_ended_commands_nothing_but_hears_for_a_while() -> None:
    """Rule 16: 60 s for a new hello; after that 4401."""
    async with a_stage() as stage:
        stage.people["1"] = principal(1, lasts=-1)
        stage.people["2"] = principal(2, lasts=-59.5)
        async with a_client(stage) as ws:
            await tell(ws, op="command", id="1", command="Do")
            assert (await hear(ws))["problem"]["code"] == "unauthenticated"  # type: ignore[index]
        async with a_client(stage, "2") as late:
            assert await close_code(late) == 4401
