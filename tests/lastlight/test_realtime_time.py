"""What the passing of time does to a `/ws` connection; in memory, so that time is free."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import attrs
import trio
import trio.testing
import wsproto
from wsproto.events import AcceptConnection, CloseConnection, Message, Ping, Request, TextMessage

from lastlight.front_door.opening import Upgrade
from lastlight.front_door.socket_lane import SocketEndpoint, serve_socket
from lastlight.front_door.stream import DoorStream
from lastlight.realtime.connection import serve_realtime
from lastlight.realtime.hub import Hub
from lastlight.realtime.services import Answer, Resumption, Services
from protocol.addresses import Principal, Role
from protocol.limits import SOCKET_HELLO_S, SOCKET_PING_S, SOCKET_PONG_S, SOCKET_TOKEN_GRACE_S

_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_TOKEN_S = 900.0


def _now() -> datetime:
    return _BEGAN + timedelta(seconds=trio.current_time())


async def _authenticate(token: str) -> Principal:
    return Principal(
        user_id=UUID(int=1), display_name=token, roles={}, everywhere=Role.PATRON, token_version=1,
        family_id=UUID(int=1), expires_at=_now() + timedelta(seconds=_TOKEN_S),
    )  # fmt: skip


async def _resume(
    principal: Principal, room: str, after_seq: int | None, epoch: str | None, *, snapshots: bool
) -> Resumption:
    return Resumption(epoch="e", seq=0)


async def _command(who: Principal, name: str, data: object, key: str | None) -> Answer:
    return Answer(status=200, data={})


SERVICES = Services(authenticate=_authenticate, resume=_resume, command=_command, now=_now)


@attrs.define
class Peer:
    """A client that does nothing by itself: no pong, no answer to a close."""

    stream: trio.testing.MemoryStream  # type: ignore[name-defined]
    wire: wsproto.WSConnection = attrs.field(
        factory=lambda: wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
    )
    answers_pings: bool = True

    async def say(self, **message: object) -> None:
        await self.stream.send_all(self.wire.send(TextMessage(data=json.dumps(message))))

    async def next(self) -> wsproto.events.Event | None:
        """The next event; None once the server has hung up."""
        while True:
            for event in self.wire.events():
                if isinstance(event, Ping) and self.answers_pings:
                    await self.stream.send_all(self.wire.send(event.response()))
                else:
                    return event
            try:
                data = await self.stream.receive_some()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return None
            if not data:
                return None
            self.wire.receive_data(data)


async def _connect(nursery: trio.Nursery, *, answers_pings: bool = True) -> Peer:
    ours, theirs = trio.testing.memory_stream_pair()
    peer = Peer(ours, answers_pings=answers_pings)
    first = peer.wire.send(Request(host="door", target="/ws"))
    key = first.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0].decode()
    assert len(base64.b64decode(key)) == 16
    upgrade = Upgrade(path="/ws", query_string=b"", headers=(), key=key, subprotocols=())

    def hang_up() -> None:
        theirs.send_stream.close()
        theirs.receive_stream.close()

    hub = Hub()
    endpoint = SocketEndpoint(lambda socket: serve_realtime(socket, hub, SERVICES))
    nursery.start_soon(
        serve_socket, DoorStream(theirs, hang_up), upgrade, endpoint, "192.0.2.1",
        trio.CancelScope(),
    )  # fmt: skip
    assert isinstance(await peer.next(), AcceptConnection)
    return peer


async def test_who_says_nothing_is_sent_away(autojump_clock: trio.testing.MockClock) -> None:
    """An open connection that never says hello is a place taken from someone."""
    async with trio.open_nursery() as nursery:
        peer = await _connect(nursery)
        ended = await peer.next()
        assert isinstance(ended, CloseConnection)
        assert (ended.code, trio.current_time()) == (4401, SOCKET_HELLO_S)


async def test_who_does_not_answer_a_ping_is_hung_up_on(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A phone that lost its network says no goodbye."""
    async with trio.open_nursery() as nursery:
        peer = await _connect(nursery, answers_pings=False)
        await peer.say(op="hello", token="t")
        assert isinstance(await peer.next(), Message)
        assert isinstance(await peer.next(), Ping)
        assert trio.current_time() == SOCKET_PING_S
        assert await peer.next() is None
        assert trio.current_time() == SOCKET_PING_S + SOCKET_PONG_S


async def test_who_says_something_is_not_asked_for_a_sign_of_life(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Each ping wakes a phone's radio; a client that speaks is there."""
    async with trio.open_nursery() as nursery:
        peer = await _connect(nursery, answers_pings=False)
        await peer.say(op="hello", token="t")
        assert isinstance(await peer.next(), Message)
        for _ in range(10):
            await trio.sleep(SOCKET_PING_S - 1)
            await peer.say(op="ping")
            answer = await peer.next()
            assert isinstance(answer, Message)
            assert json.loads(answer.data) == {"op": "pong"}
        assert isinstance(await peer.next(), Ping)
        nursery.cancel_scope.cancel()


async def test_a_token_that_is_not_renewed_ends_the_connection(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Rule 16: 60 s after the token's end, and a renewed one counts anew. Rule 16 socket."""
    async with trio.open_nursery() as nursery:
        peer = await _connect(nursery)
        await peer.say(op="hello", token="t")
        assert isinstance(await peer.next(), Message)
        with trio.move_on_after(500):
            await peer.next()
        renewed_at = trio.current_time()
        await peer.say(op="hello", token="t")
        assert isinstance(await peer.next(), Message)
        ended = await peer.next()
        assert isinstance(ended, CloseConnection)
        assert ended.code == 4401
        assert trio.current_time() == renewed_at + _TOKEN_S + SOCKET_TOKEN_GRACE_S
